package table

import (
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
	"nightdesk/drivers/sim"
)

// shelfOnly is a central that knows one loan and one event.
type shelfOnly struct{ b Book }

func (s shelfOnly) Loans(context.Context, bool) ([]record.Loan, error) {
	return []record.Loan{{Item: s.b.ID, Card: people()[0].Card, Due: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)}}, nil
}

func (s shelfOnly) Events(context.Context, string, int) ([]store.Event, error) {
	body := fmt.Sprintf(`{"n":1,"t":"loan.issued","d":{"item":%q}}`, s.b.ID)
	return []store.Event{{N: 1, Body: []byte(body), Out: record.Accepted}}, nil
}

func (shelfOnly) Cases(context.Context, bool) ([]record.Case, error) { return nil, nil }

// newPage is a table's page, and a browser that knows its name.
func newPage(t *testing.T) (*Page, func(method, path, form string, change func(*http.Request)) *httptest.ResponseRecorder) {
	t.Helper()
	ctx, s := withTimeout(t), newStock(t)
	room, err := NewRoom(t.TempDir(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	cable, err := NewCable(ctx, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	d := &Desk{Room: room, Cable: cable, Power: NewPower([]string{"/nowhere/kiosk"}, io.Discard), Central: shelfOnly{s.Books[0]},
		Config: config.Config{Data: t.TempDir()}, Log: slog.New(slog.DiscardHandler)}
	p, err := NewPage(ctx, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := room.PlugPrinter(); err != nil {
		t.Fatal(err)
	}
	shown, stop := context.WithCancel(context.Background()) // outlives t.Context, to be ended in order
	served := make(chan error, 1)
	go func() { served <- p.gallery.run(shown) }()
	t.Cleanup(func() {
		p.listener.Close()
		cable.Close()
		room.Close()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	h := p.handler()
	return p, func(method, path, form string, change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(form))
		r.Host = p.listener.Addr().String()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

func TestThePageIsForThisBrowserOnly(t *testing.T) {
	p, ask := newPage(t)
	for _, c := range []struct {
		name, method string
		change       func(*http.Request)
		want         int
	}{
		{"its own name", "GET", nil, 200},
		{"localhost", "GET", func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) }, 303},
		{"another name for this address", "GET", func(r *http.Request) { r.Host = "evil.example" }, 403},
		{"another port", "GET", func(r *http.Request) { r.Host = "127.0.0.1:9" }, 403},
		{"a form of another site", "POST", func(r *http.Request) { r.URL.Path = "/do"; r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
	} {
		if got := ask(c.method, "/", "act=power-off", c.change).Code; got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
	if !strings.HasPrefix(p.URL(), "http://127.0.0.1:") {
		t.Errorf("the page is at %s", p.URL())
	}
}

func TestHandsAtTheTable(t *testing.T) {
	p, ask := newPage(t)
	set := p.desk.Room.Stock.Books[0]
	for _, b := range p.desk.Room.Stock.Books {
		if len(b.Tags) == 2 {
			set = b
		}
	}
	do := func(act, id string, want int) stateView {
		t.Helper()
		if w := ask("POST", "/do", "act="+act+"&id="+id, nil); w.Code != want {
			t.Fatalf("%s: got %d, %s", act, w.Code, w.Body)
		}
		var s stateView
		if err := json.Unmarshal(ask("GET", "/state.json", "", nil).Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := do("put", string(set.ID), 204); len(s.Pad) != 2 {
		t.Errorf("on the pad: %v, want two tags", s.Pad)
	}
	if s := do("lift", set.Tags[0].String(), 204); len(s.Pad) != 1 || s.Pad[0] != set.Tags[1].String() {
		t.Errorf("on the pad: %v, want the second disc", s.Pad)
	}
	if s := do("lift", string(set.ID), 204); len(s.Pad) != 0 {
		t.Errorf("on the pad: %v, want nothing", s.Pad)
	}
	if s := do("network-off", "", 204); s.Network {
		t.Error("the network is not cut")
	}
	if s := do("network-on", "", 204); !s.Network {
		t.Error("the network is not restored")
	}
	do("put", "39999999999999", 409)
	do("burn", "", 409)
	s := do("power-off", "", 204)
	if s.Power || len(s.Loans) != 1 || s.Loans[0].Who != "Amira" || s.Loans[0].Due != "2027-01-02" {
		t.Errorf("state %+v", s)
	}
	if len(s.Events) != 1 || s.Events[0].Type != contract.LoanIssued || s.Events[0].Out != "accepted" || s.Events[0].Title == "" {
		t.Errorf("events %+v", s.Events)
	}
	if w := ask("GET", "/screen", "", nil); w.Code != 409 {
		t.Errorf("the screen of a dark kiosk: got %d, want 409", w.Code)
	}
	if w := ask("POST", "/do", "act=power-on", nil); w.Code != 409 || !strings.Contains(w.Body.String(), "start the kiosk") {
		t.Errorf("a kiosk that cannot start: got %d, %s", w.Code, w.Body)
	}
}

// What a person sees of a picture they can hear of, too: it leads to the real
// screen, which shows it in the language that was chosen.
func TestTheGalleryShowsEveryPicture(t *testing.T) {
	p, ask := newPage(t)
	local := func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) }
	if w := ask("GET", "/gallery?lang=ur", "", nil); w.Code != 303 || w.Header().Get("Location") != strings.Replace(p.URL(), "127.0.0.1", "localhost", 1)+"gallery?lang=ur" {
		t.Errorf("as 127.0.0.1: %d, to %q", w.Code, w.Header().Get("Location"))
	}
	index := ask("GET", "/gallery?lang=ur&theme=dark&nonsense=1", "", local).Body.String()
	for _, picture := range gallery.All() {
		if want := `href="/gallery/` + picture.Name + `?lang=ur&amp;theme=dark"`; !strings.Contains(index, want) {
			t.Errorf("the index has no link %s", want)
		}
	}
	if w := ask("GET", "/gallery/no-such", "", local); w.Code != 404 {
		t.Errorf("a picture that there is not: %d", w.Code)
	}
	w := ask("GET", "/gallery/borrow-parts?lang=pl&side=left", "", local)
	if at := w.Header().Get("Location"); w.Code != 303 || !strings.HasPrefix(at, "http://localhost:") {
		t.Fatalf("a picture: %d, to %q", w.Code, at)
	}
	h, err := NewHand(withTimeout(t), w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.Look(withTimeout(t))
	if err != nil || v.Screen != visit.Borrow || v.Lang != "pl" || len(v.Lines) != 2 {
		t.Errorf("the screen shows %s in %s, %v", brief(v), v.Lang, err)
	}
	form := url.Values{"button": {"finish"}, "item": {""}, "serial": {v.Serial}}
	if err := h.do(withTimeout(t), "POST", h.base+"/tap", form, nil); err != nil {
		t.Errorf("a tap in the gallery: %v", err)
	}
	if after, err := h.Look(withTimeout(t)); err != nil || after.Screen != visit.Borrow {
		t.Errorf("after a tap the gallery shows %s, %v", brief(after), err)
	}
}

func TestAPrinterOnTheTable(t *testing.T) {
	p, ask := newPage(t)
	f, err := os.OpenFile(filepath.Join(p.desk.Room.dir, "printer"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\x1B@Middlemarch\n\x1DVB\x00"); err != nil { // ESC @, a line, cut
		t.Fatal(err)
	}
	var s stateView
	for len(s.Papers) == 0 {
		if !pause(withTimeout(t), lookEvery) {
			t.Fatal("no paper came out")
		}
		if err := json.Unmarshal(ask("GET", "/state.json", "", nil).Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
	}
	if s.Papers[0].Text != "Middlemarch" {
		t.Errorf("the paper says %q", s.Papers[0].Text)
	}
	w := ask("GET", fmt.Sprintf("/paper/%d", s.Papers[0].N), "", nil)
	if picture, err := png.Decode(w.Body); err != nil || picture.Bounds().Dx() != 576 {
		t.Errorf("its picture: %d, %v", w.Code, err)
	}
	if w := ask("GET", "/paper/99", "", nil); w.Code != 404 {
		t.Errorf("a paper that there is not: %d", w.Code)
	}
	for fault, want := range map[string]int{sim.PaperOut: 204, sim.CoverOpen: 204, sim.Silent: 204, sim.PaperOutMidJob: 204, "on fire": 409, "": 204} {
		if w := ask("POST", "/do", "act=printer&id="+fault, nil); w.Code != want {
			t.Errorf("fault %q: got %d, want %d", fault, w.Code, want)
		}
	}
}

func TestATechniciansWord(t *testing.T) {
	p, ask := newPage(t)
	for mode, want := range map[string]int{"closed": 204, "emergency": 409, "": 409} {
		if w := ask("POST", "/do", "act=mode&id="+mode, nil); w.Code != want {
			t.Errorf("mode %q: got %d, want %d: %s", mode, w.Code, want, w.Body)
		}
	}
	if got := agent.ReadMode(p.desk.Config); got != visit.Closed {
		t.Errorf("the kiosk reads %q, want closed", got)
	}
	if w := ask("POST", "/do", "act=help", nil); w.Code != 409 {
		t.Errorf("help at a dark kiosk: got %d, want 409", w.Code)
	}
}
