package screen

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

func (s *Screen) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /state.json", s.serveState)
	mux.HandleFunc("POST /tap", s.serveTap)
	mux.HandleFunc("POST /focus", s.serveFocus)
	mux.HandleFunc("GET /accessibility", s.serveStatement)
	mux.HandleFunc("GET /style.css", serveStyle)
	mux.HandleFunc("GET /display.css", serveText("text/css; charset=utf-8", s.shell.display))
	mux.HandleFunc("GET /fonts.css", serveText("text/css; charset=utf-8", s.shell.fonts))
	mux.HandleFunc("GET /fonts/{version}/{name}", s.shell.serveFont)
	mux.HandleFunc("GET /sound/{name}", serveSound)
	mux.HandleFunc("GET /kiosk.js", serveAsset("page/kiosk.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", serveAsset("page/icon.svg", "image/svg+xml"))
	return s.whole(s.guard(mux))
}

// whole does not let half a screen live on: net/http would pass over a panic,
// and whatever was locked would stay so.
func (s *Screen) whole(next http.Handler) http.Handler {
	if s.fell == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler: // how a handler breaks a connection off
				panic(v)
			default:
				s.fell(v)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (s *Screen) servePage(w http.ResponseWriter, r *http.Request) {
	v, _, _ := s.current()
	s.html(w, http.StatusOK, "page", s.draw.face(v, r.URL.Query(), s.shell))
}

// html draws into memory first, so that half a page is never sent.
func (s *Screen) html(w http.ResponseWriter, status int, name string, data any) {
	b, err := draw(name, data)
	if err != nil {
		s.log.Error("draw the screen", "template", name, "err", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b)
}

func (s *Screen) serveState(w http.ResponseWriter, _ *http.Request) {
	v, _, _ := s.current()
	b, err := json.Marshal(v)
	if err != nil {
		s.log.Error("write the screen as JSON", "err", err)
		http.Error(w, "the state cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
}

// here is a tap that presses nothing: the borrower turned the list, or moved
// on with a key, and is still there.
const here visit.Button = ""

// tapped is the form of a tap.
type tapped struct {
	button visit.Button
	item   circ.ItemID
	value  string
	serial string
}

// serveTap hands on a tap that is meant for what is on the screen now.
func (s *Screen) serveTap(w http.ResponseWriter, r *http.Request) {
	t, status := readTap(w, r)
	if status != 0 {
		http.Error(w, "a tap is a form of button, item, value and serial", status)
		return
	}
	v, current, _ := s.current()
	if t.serial != v.Serial || !v.takes(t) {
		s.tooLate(w, r)
		return
	}
	s.tap(visit.Tapped{Button: t.button, Item: t.item, Value: visit.Secret(t.value), Visit: current})
	if wantsPage(r) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// serveFocus is told where a key has moved to, and has it said. The form is
// that of a tap, with the id of the element as its item.
func (s *Screen) serveFocus(w http.ResponseWriter, r *http.Request) {
	t, status := readTap(w, r)
	if status != 0 {
		http.Error(w, "a focus is a form of button, item and serial", status)
		return
	}
	v, _, _ := s.current()
	if t.serial != v.Serial || !v.Ease.Speech {
		http.Error(w, "the screen has moved on", http.StatusConflict)
		return
	}
	if text := s.draw.focusSpoken(v, string(t.item)); text != "" {
		s.focused(text)
	}
	w.WriteHeader(http.StatusNoContent)
}

// readTap reads the form; a status other than 0 says what is wrong with it.
func readTap(w http.ResponseWriter, r *http.Request) (tapped, int) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return tapped{}, http.StatusUnsupportedMediaType
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return tapped{}, http.StatusRequestEntityTooLarge
		}
		return tapped{}, http.StatusBadRequest
	}
	f := r.PostForm
	if len(f["button"]) != 1 || len(f["serial"]) != 1 || len(f["item"]) > 1 || len(f["value"]) > 1 {
		return tapped{}, http.StatusBadRequest
	}
	return tapped{visit.Button(f.Get("button")), circ.ItemID(f.Get("item")), f.Get("value"), f.Get("serial")}, 0
}

// takes says whether a tap presses something that is on the screen. A mere
// sign of life must not cut a visit's end short.
func (v View) takes(t tapped) bool {
	if t.button == here {
		return v.Screen != visit.Bye && v.Screen != visit.Settle
	}
	if t.button == visit.TapChoose && strings.HasPrefix(t.value, "volume:") { // a key of the keypad, on every screen
		return true
	}
	return slices.ContainsFunc(v.Buttons, func(b Button) bool { return b.Button == t.button && b.Item == t.item && b.Value == t.value })
}

func (s *Screen) tooLate(w http.ResponseWriter, r *http.Request) {
	if wantsPage(r) {
		s.notice(w, http.StatusConflict, "page.late", "/")
		return
	}
	http.Error(w, "the screen has moved on", http.StatusConflict)
}

// wantsPage tells a browser's own form from a program.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// notice is a plain page with a heading, a sentence, and a way on if there is one.
func (s *Screen) notice(w http.ResponseWriter, status int, key, on string) {
	s.html(w, status, "notice", notice{
		Lang: s.draw.Lang(), Dir: s.draw.Dir(),
		Heading: s.draw.Say(key, nil), Body: s.draw.Say(key+"_body", nil),
		On: on, OnLabel: s.draw.Say("page.late_on", nil),
	})
}
