package screen_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// get fetches a path as the kiosk's own browser would.
func get(t *testing.T, s *screen.Screen, paths ...string) []string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Jar: jar, Transport: transport, Timeout: 10 * time.Second}
	var out []string
	for _, url := range append([]string{s.URL()}, paths...) {
		if strings.HasPrefix(url, "/") {
			url = "http://" + s.Addr() + url
		}
		r, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != http.StatusOK {
			body = nil
		}
		out = append(out, string(body))
	}
	return out
}

// tokens are the colours that a theme gives names to, by name.
type tokens map[string]color.NRGBA

// palette reads the themes out of the style sheet: every rule that gives
// colours to names, the unnamed theme first and the others over it.
func palette(t *testing.T, css string) map[visit.Theme]tokens {
	t.Helper()
	rule := regexp.MustCompile(`(?s)([^{}]*)\{([^{}]*)\}`)
	token := regexp.MustCompile(`--([a-z-]+):\s*#([0-9a-fA-F]{6})\b`)
	theme := regexp.MustCompile(`data-theme="?([a-z]+)"?`)
	out := map[visit.Theme]tokens{}
	for _, name := range themes() {
		out[name] = tokens{}
	}
	for _, r := range rule.FindAllStringSubmatch(regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(css, ""), -1) {
		for _, c := range token.FindAllStringSubmatch(r[2], -1) {
			n, err := strconv.ParseUint(c[2], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			is := color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
			if of := theme.FindStringSubmatch(r[1]); of != nil && of[1] != "light" {
				if out[visit.Theme(of[1])] == nil {
					t.Fatalf("the style sheet has a theme %q that nobody can choose", of[1])
				}
				out[visit.Theme(of[1])][c[1]] = is
				continue
			}
			for _, name := range themes() {
				if _, own := out[name][c[1]]; !own || name == visit.Light {
					out[name][c[1]] = is
				}
			}
		}
	}
	return out
}

// linear is a channel of sRGB as light (IEC 61966-2-1).
func linear(v uint8) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// luminance is WCAG's relative luminance.
func luminance(c color.NRGBA) float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// contrast is WCAG's contrast ratio, 1 to 21.
func contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// TestAX04EveryThemeHasContrast measures the pairs of colours that the style
// sheet is made of: text 4.5 to 1, what is drawn or touched 3 to 1 (WCAG 1.4.3,
// 1.4.11), and in yellow on black 7 to 1 (1.4.6).
func TestAX04EveryThemeHasContrast(t *testing.T) {
	s := served(t, func(visit.Event) {})
	for theme, have := range palette(t, get(t, s, "/style.css")[1]) {
		least := 4.5
		if theme == visit.Contrast {
			least = 7
		}
		if len(have) < 20 {
			t.Fatalf("AX04: theme %q has only %d colours: is the test reading the style sheet?", theme, len(have))
		}
		check := func(text, on string, least float64) {
			a, okA := have[text]
			b, okB := have[on]
			if !okA || !okB {
				t.Errorf("AX04: theme %q has no --%s or no --%s", theme, text, on)
				return
			}
			if got := contrast(a, b); got < least {
				t.Errorf("AX04: theme %q: --%s on --%s is %.2f to 1, want %.1f", theme, text, on, got, least)
			}
		}
		for name := range have {
			if of, is := strings.CutPrefix(name, "on-"); is {
				check(name, of, least)
			}
		}
		for _, ground := range []string{"paper", "ground"} {
			for _, text := range []string{"ink", "hint", "link"} {
				check(text, ground, least)
			}
			for _, drawn := range []string{"drawing", "brand", "primary-rim", "second-rim", "quiet-rim"} {
				check(drawn, ground, 3)
			}
		}
		check("ink", "wash", least)
		check("focus", "focus-rim", 3)
	}
}

// TestAX04HasTeeth: the reference's own bad pair is found.
func TestAX04HasTeeth(t *testing.T) {
	yellow, white := color.NRGBA{0xff, 0xdd, 0, 255}, color.NRGBA{255, 255, 255, 255}
	if got := contrast(yellow, white); math.Abs(got-1.35) > 0.01 {
		t.Errorf("yellow on white is %.2f to 1, want 1.35", got)
	}
	if got := contrast(color.NRGBA{0x0b, 0x0c, 0x0c, 255}, white); math.Abs(got-19.6) > 0.05 {
		t.Errorf("ink on white is %.2f to 1, want 19.6", got)
	}
}

// deuteranopia is how a colour looks without the middle cones (Viénot, Brettel
// and Mollon 1999): in linear light, a matrix. Grey is its luminance.
func deuteranopia(c color.NRGBA) (r, g, b float64) {
	r, g, b = linear(c.R), linear(c.G), linear(c.B)
	yellow := 0.29275*r + 0.70725*g
	return yellow, yellow, max(0, -0.02234*r+0.02234*g+b)
}

// badge is the drawing of a tile's state as it is on the screen.
type badge struct {
	Icon string     `json:"icon"`
	Tone string     `json:"tone"`
	Word string     `json:"word"`
	Box  [4]float64 `json:"box"`
	seen []float64  // for an eye without the middle cones, as grey, 0 to 1
}

const grain = 24 // the picture of a badge is compared at so many pixels a side

// badges takes pictures of every tile's drawing.
func badges(t *testing.T, p *tab, c combo) []badge {
	t.Helper()
	if _, err := p.look(c, wants{}); err != nil {
		t.Fatal(err)
	}
	list, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]badge](`[...document.querySelectorAll(".tile")].map((e) => {
		const icon = e.querySelector(".state svg"), r = icon.getBoundingClientRect();
		return { icon: icon.querySelector("use").getAttribute("href"), tone: [...e.classList].find((c) => c.startsWith("t-")),
			word: e.querySelector(".state").innerText.trim(), box: [r.left, r.top, r.width, r.height] };
	}).filter((b) => b.box[1] + b.box[3] < innerHeight)`))
	if err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].seen = grey(img, list[i].Box)
	}
	return list
}

// grey is a part of a picture as somebody without the middle cones sees how
// light it is: what differs here differs in shape or in lightness. It is
// stretched to the full range, and turned so that its corners are dark.
func grey(img image.Image, box [4]float64) []float64 {
	out := make([]float64, grain*grain)
	low, high := 1.0, 0.0
	for i := range out {
		x := int(box[0] + (float64(i%grain)+0.5)*box[2]/grain)
		y := int(box[1] + (float64(i/grain)+0.5)*box[3]/grain)
		r, g, b := deuteranopia(color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA))
		out[i] = 0.2126*r + 0.7152*g + 0.0722*b
		low, high = min(low, out[i]), max(high, out[i])
	}
	turn := out[0] > (low+high)/2
	for i := range out {
		out[i] = (out[i] - low) / max(high-low, 1e-6)
		if turn {
			out[i] = 1 - out[i]
		}
	}
	return out
}

// apart is the share of a badge that differs from another's.
func apart(a, b []float64) float64 {
	n := 0
	for i := range a {
		if math.Abs(a[i]-b[i]) > 0.5 {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// everyTile are pictures that together have every kind of tile.
func everyTile() []gallery.Picture {
	type kind struct {
		state   visit.LineState
		act     circ.Kind
		shelf   circ.Shelf
		flagged bool
	}
	had := map[kind]bool{}
	var out []gallery.Picture
	for _, p := range gallery.All() {
		if p.State.Over != visit.NoOverlay || len(p.State.Lines) > 8 {
			continue
		}
		before := len(had)
		for _, l := range p.State.Lines {
			had[kind{l.State, l.Kind, l.Decision.Shelf, len(l.Decision.Flags) > 0}] = true
		}
		if len(had) > before {
			out = append(out, p)
		}
	}
	return out
}

// testShapes shows every state of an item and compares the drawings, as grey as
// an eye without the middle cones sees them.
func testShapes(t *testing.T, b *browser) {
	p := b.open(t, 1, nil)
	for _, theme := range themes() {
		seen := map[string]badge{}
		tones, wordsOf := map[string]string{}, map[string]string{}
		for _, c := range everyTile() {
			for _, b := range badges(t, p, combo{Picture: c, lang: words.English, theme: theme}) {
				if tone, known := tones[b.Icon]; known && tone != b.Tone {
					t.Errorf("AX06 %s theme %q: the drawing %s is used in two colours, %s and %s: only colour tells them apart", c.Name, theme, b.Icon, tone, b.Tone)
				}
				if icon, known := wordsOf[b.Word]; known && icon != b.Icon {
					t.Errorf("AX06 %s theme %q: %q has two drawings, %s and %s", c.Name, theme, b.Word, icon, b.Icon)
				}
				seen[b.Icon], tones[b.Icon], wordsOf[b.Word] = b, b.Tone, b.Icon
			}
		}
		if len(seen) < 6 {
			t.Errorf("AX06 theme %q: only %d drawings were seen", theme, len(seen))
		}
		for _, a := range seen {
			for _, b := range seen {
				if d := apart(a.seen, b.seen); a.Icon < b.Icon && d < 0.06 {
					t.Errorf("AX06 theme %q: the drawings %s and %s differ in %.0f %% only", theme, a.Icon, b.Icon, 100*d)
				}
			}
		}
	}
}

// TestAX20NumbersAreNobodysBusiness: what is typed of a PIN is neither on the
// page, nor in what is said, nor in what the page is made from.
func TestAX20NumbersAreNobodysBusiness(t *testing.T) {
	s := served(t, func(visit.Event) {})
	digits := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}[.0-9]*`) // the serial, which is made of the boot and a number
	for _, p := range gallery.All() {
		for _, lang := range []string{words.English, "ur"} {
			st := p.State
			st.House.Languages, st.Ease.Lang = everyLanguage(), lang
			s.Show(st, p.At)
			for _, text := range get(t, s, "/state.json", "/")[1:] {
				text = digits.ReplaceAllString(text, "")
				if st.Screen == visit.PIN && st.Typed != "" && strings.Contains(text, string(st.Typed)) {
					t.Errorf("AX20 %s %s: the page holds what was typed", p.Name, lang)
				}
				if strings.Contains(text, string(gallery.Card)) || st.Typing && len(st.Typed) > 4 && strings.Contains(text, string(st.Typed)) {
					t.Errorf("AX20 %s %s: the page holds the number of a card", p.Name, lang)
				}
				if !json.Valid([]byte(text)) && !strings.Contains(text, "<main") {
					t.Fatalf("AX20 %s %s: neither a view nor a page: %.80q", p.Name, lang, text)
				}
			}
		}
	}
}
