package screen

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/agent/fonts"
	"nightdesk/agent/visit"
)

// heaviest is the weight of the page with all that it loads, fonts apart.
const heaviest = 150 << 10

var loads = regexp.MustCompile(`(?:href|src)="(/[a-z][^"?]*)"`)

// TestPageIsLight sums the page of each picture, what it names, and the two
// sounds that its module fetches beforehand.
func TestPageIsLight(t *testing.T) {
	k := start(t, nil)
	sum := map[string]int{}
	get := func(path string) int {
		if sum[path] == 0 {
			status, _, body := k.ask("GET", path, "", nil)
			if status != http.StatusOK {
				t.Fatalf("%s is answered %d", path, status)
			}
			sum[path] = len(body)
		}
		return sum[path]
	}
	most, which := 0, ""
	for _, p := range drawings() {
		k.screen.Show(p.state, p.at)
		_, _, page := k.ask("GET", "/", "", nil)
		n := len(page) + get("/sound/done.wav") + get("/sound/needs.wav")
		for _, m := range loads.FindAllStringSubmatch(page, -1) {
			n += get(m[1])
		}
		if n > most {
			most, which = n, p.name
		}
	}
	if sum["/style.css"] == 0 || sum["/kiosk.js"] == 0 {
		t.Errorf("the page was not understood: it loads %v", sum)
	}
	if most > heaviest {
		t.Errorf("%s weighs %d bytes, more than %d", which, most, heaviest)
	}
	t.Logf("the heaviest page is %s: %d bytes with all it loads", which, most)
}

func TestFontsAreKeptAndNothingElse(t *testing.T) {
	k := start(t, nil)
	_, h, css := k.ask("GET", "/fonts.css", "", nil)
	if h.Get("Cache-Control") != "no-store" {
		t.Errorf("the list of fonts is kept: %s", h.Get("Cache-Control"))
	}
	faces := regexp.MustCompile(`url\("([^"]+)"\)`).FindAllStringSubmatch(css, -1)
	if len(faces) != len(fonts.Web()) {
		t.Fatalf("%d faces in the style sheet, %d in the program", len(faces), len(fonts.Web()))
	}
	for _, f := range faces {
		status, h, body := k.ask("GET", f[1], "", nil)
		if status != http.StatusOK || h.Get("Content-Type") != "font/woff2" || !strings.Contains(h.Get("Cache-Control"), "immutable") || !strings.HasPrefix(body, "wOF2") {
			t.Errorf("%s: %d, %v", f[1], status, h)
		}
	}
	for path, want := range map[string]int{"/fonts/x/none.woff2": 404, "/sound/none.wav": 404, "/sound/done.wav": 200, "/display.css": 200} {
		status, h, _ := k.ask("GET", path, "", nil)
		if status != want || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %s", path, status, h.Get("Cache-Control"))
		}
	}
}

func TestATapGivesItsValueBack(t *testing.T) {
	k := start(t, nil)
	k.screen.Show(on(visit.PIN, all, signedIn), drawnAt)
	serial := k.view().Serial
	for value, want := range map[string]int{"7": 204, "77": 409, "": 409, "x": 409} {
		if got, _, _ := k.ask("POST", "/tap", form(visit.TapDigit, "", serial)+"&value="+value, nil); got != want {
			t.Errorf("digit %q is answered %d, want %d", value, got, want)
		}
	}
	if got := <-k.taps; got != (visit.Tapped{Button: visit.TapDigit, Value: "7", Visit: theVisit}) {
		t.Errorf("got %+v", got)
	}
	if got, _, _ := k.ask("POST", "/tap", form(visit.TapChoose, "", serial)+"&value=volume:up", nil); got != http.StatusNoContent {
		t.Errorf("a key for the loudness is answered %d", got)
	}
	<-k.taps
	if got, _, _ := k.ask("POST", "/tap", form(visit.TapDigit, "", serial)+"&value=7&value=8", nil); got != http.StatusBadRequest {
		t.Errorf("two values are answered %d", got)
	}
}

func TestTheHeadsetHearsTheFocus(t *testing.T) {
	var heard []string
	d := testDrawer(t)
	k := start(t, nil)
	k.screen.focused = func(s string) { heard = append(heard, s) }
	k.screen.Show(on(visit.Home, all), drawnAt)
	serial := k.view().Serial
	if got, _, _ := k.ask("POST", "/focus", form("", "return", serial), nil); got != http.StatusConflict {
		t.Errorf("nobody listens, and it is answered %d", got)
	}
	st := on(visit.Home, all, func(st *visit.State) { st.Ease.Speech = true })
	k.screen.Show(st, drawnAt)
	for id, want := range map[circ.ItemID]string{"heading": "What would you like to do?", "return": d.focusSpoken(d.view(st, drawnAt), "return"), "nothing": ""} {
		heard = nil
		if got, _, _ := k.ask("POST", "/focus", form("", id, serial), nil); got != http.StatusNoContent {
			t.Errorf("%s is answered %d", id, got)
		}
		if got := strings.Join(heard, "|"); got != want || id == "return" && !strings.HasPrefix(got, "Button 2 of ") {
			t.Errorf("of %s it says %q, want %q", id, got, want)
		}
	}
}

// testKeys goes through screens with four keys, and types a PIN with digits.
func testKeys(c page, k *kiosk) {
	key := func(keys ...string) {
		for _, name := range keys {
			c.do(chromedp.KeyEvent(name))
		}
	}
	k.screen.Show(on(visit.Home, all, func(st *visit.State) { st.Visit[15] = 7 }), drawnAt)
	c.until("home", `document.querySelector("#borrow") && document.activeElement.id === "heading"`)
	press := func(code string) {
		c.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { code: "` + code + `", key: "` + code + `", bubbles: true, cancelable: true }))`))
	}
	focus := func(id string) {
		c.until("the focus on "+id, `document.activeElement.id === "`+id+`"`)
	}
	for _, step := range [][2]string{{"ArrowDown", "borrow"}, {"ArrowRight", "return"}, {"ArrowUp", "borrow"}, {"ArrowLeft", "heading"}, {"ArrowUp", "ease"}, {"ArrowDown", "heading"}, {"ArrowDown", "borrow"}} {
		press(step[0])
		focus(step[1])
	}
	key("\r")
	wantTap(c, k, visit.Tapped{Button: visit.TapBorrow})

	k.screen.Show(on(visit.PIN, all, signedIn, func(st *visit.State) { st.Visit[15] = 8 }), drawnAt)
	c.until("the number pad", `document.querySelector("#digit-1") && document.activeElement.id === "heading"`)
	key("4", "0", "4", "4")
	for _, digit := range []visit.Secret{"4", "0", "4", "4"} {
		wantTap(c, k, visit.Tapped{Button: visit.TapDigit, Value: digit})
	}
	press("Escape")
	wantTap(c, k, visit.Tapped{Button: visit.TapBack})
}

// wantTap is the next tap that is more than a sign of life.
func wantTap(c page, k *kiosk, want visit.Tapped) {
	c.t.Helper()
	for got := range k.taps {
		if got.Button == here && want.Button != here {
			continue
		}
		if want.Visit = got.Visit; got != want {
			c.t.Errorf("got %#v, want %#v", got, want)
		}
		return
	}
}
