package screen

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func styleText(t *testing.T) string {
	t.Helper()
	b, err := stylesheet()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/`)
	themeCSS = regexp.MustCompile(`(?s):root(?::has\(main\[data-theme="([a-z]+)"\]\))? \{(.*?)\}`)
	colours  = regexp.MustCompile(`(--[a-z-]+): (#[0-9a-f]{6})`)
)

// palettes reads the colours of each theme from the style sheet itself.
func palettes(t *testing.T) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, block := range themeCSS.FindAllStringSubmatch(styleText(t), -1) {
		name := block[1]
		if name == "" {
			name = "light"
		}
		for _, c := range colours.FindAllStringSubmatch(block[2], -1) {
			if out[name] == nil {
				out[name] = map[string]string{}
			}
			out[name][c[1]] = c[2]
		}
	}
	for name, own := range out { // what a theme does not say is as in the first
		for variable, colour := range out["light"] {
			if own[variable] == "" {
				out[name][variable] = colour
			}
		}
	}
	return out
}

// contrast is the ratio of two colours by WCAG 2.2, "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	light, dark := luminance(t, a), luminance(t, b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		s := float64(c&0xff) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

// TestThemesCanBeRead measures every pair of colours that text or a button is
// made of, in every theme.
func TestThemesCanBeRead(t *testing.T) {
	text := [][2]string{
		{"--ink", "--paper"}, {"--ink", "--ground"}, {"--ink", "--wash"}, {"--hint", "--ground"}, {"--link", "--paper"}, {"--link", "--ground"},
		{"--on-primary", "--primary"}, {"--on-second", "--second"}, {"--on-done", "--done"}, {"--on-working", "--working"},
		{"--on-needs", "--needs"}, {"--on-refused", "--refused"}, {"--on-plain", "--plain"}, {"--on-alarm", "--alarm"}, {"--link", "--wash"},
	}
	parts := [][2]string{
		{"--primary-rim", "--paper"}, {"--primary-rim", "--ground"}, {"--second-rim", "--ground"}, {"--quiet-rim", "--ground"}, {"--quiet-rim", "--paper"},
		{"--drawing", "--ground"}, {"--brand", "--paper"}, {"--rule", "--ground"}, {"--focus", "--focus-rim"}, {"--paper", "--link"}, {"--paper", "--brand"},
	}
	all := palettes(t)
	if len(all) != 4 {
		t.Fatalf("%d themes, want 4", len(all))
	}
	for name, p := range all {
		check := func(pairs [][2]string, least float64) {
			for _, pair := range pairs {
				if p[pair[0]] == "" || p[pair[1]] == "" {
					t.Errorf("%s has no %v", name, pair)
				} else if got := contrast(t, p[pair[0]], p[pair[1]]); got < least {
					t.Errorf("%s: %s on %s is %.2f to 1, want %.1f", name, pair[0], pair[1], got, least)
				}
			}
		}
		if name == "contrast" {
			check(slices.Concat(text, parts), 7)
			continue
		}
		check(text, 4.5)
		check(parts, 3)
	}
	if got := contrast(t, "#0b0c0c", "#ffdd00"); math.Abs(got-14.6) > 0.1 {
		t.Errorf("the measure itself is wrong: %.2f", got)
	}
}

// TestStyleHasNoSides: what is on the left in English is on the right in Urdu.
func TestStyleHasNoSides(t *testing.T) {
	sided := regexp.MustCompile(`(?i)\b(left|right|translateX|direction: *(ltr|rtl))\b`)
	css := comments.ReplaceAllString(styleText(t), "")
	for n, line := range strings.Split(css, "\n") {
		if found := sided.FindString(line); found != "" {
			t.Errorf("line %d of the style says %q: %s", n+1, found, strings.TrimSpace(line))
		}
	}
	if found := regexp.MustCompile(`[;{ ](min-|max-)?(width|height)\s*:`).FindString(css); found != "" {
		t.Errorf("the style says %q, and not inline-size or block-size", found)
	}
}

// TestNothingIsDragged: the page listens to what is done with one finger, when
// it is lifted, and to nothing else (WCAG 2.5.2 and 2.5.7).
func TestNothingIsDragged(t *testing.T) {
	b, err := assets.ReadFile("page/kiosk.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"drag", "touchstart", "touchmove", "touchend", "pointerdown", "pointermove", "mousedown", "mousemove", "wheel", "speechSynthesis", "localStorage", "sessionStorage", "indexedDB"} {
		if strings.Contains(string(b), event) {
			t.Errorf("the page knows of %s", event)
		}
	}
}

// TestDisplaySizes computes the rows of a table of panels that are sold: pixels
// in a millimetre, the side of a 20 mm button, and the font size at which a
// capital fills 0.7 degrees at 400, 500 and 600 mm.
func TestDisplaySizes(t *testing.T) {
	const inch = 25.4
	for _, row := range []struct {
		inches        float64
		width, height int
		perMM, target float64
		text          [3]float64
	}{
		{10.1, 1280, 800, 5.88, 118, [3]float64{40, 50, 60}},
		{13.3, 1920, 1080, 6.52, 130, [3]float64{45, 56, 67}},
		{15.6, 1920, 1080, 5.56, 111, [3]float64{38, 48, 57}},
		{17, 1280, 1024, 3.80, 76, [3]float64{26, 32, 39}},
		{21.5, 1920, 1080, 4.03, 81, [3]float64{28, 35, 41}},
		{23.8, 1920, 1080, 3.64, 73, [3]float64{25, 31, 37}},
	} {
		d := Display{DiagonalMM: row.inches * inch, WidthPX: row.width, HeightPX: row.height}
		if got := d.perMM(); math.Abs(got-row.perMM) > 0.011 {
			t.Errorf("%v inches: %.3f pixels in a millimetre, want %.2f", row.inches, got, row.perMM)
		}
		if got := d.target(); math.Abs(got-row.target) > 0.6 {
			t.Errorf("%v inches: a button of %.1f pixels, want %v", row.inches, got, row.target)
		}
		for i, want := range row.text {
			d.ViewingMM = 400 + 100*float64(i)
			if got := d.text(); math.Abs(got-want) > 0.6 {
				t.Errorf("%v inches at %v mm: %.1f pixels, want %v", row.inches, d.ViewingMM, got, want)
			}
		}
	}
	known := Display{DiagonalMM: 256.5, ViewingMM: 400, WidthPX: 1280, HeightPX: 800}
	if css := known.css(); !strings.HasPrefix(css, ":root{--mm:5.88") || !strings.Contains(css, "--text:calc(var(--mm)*6.84") {
		t.Errorf("the page is told %q", css)
	}
	if css := (Display{DiagonalMM: 396}).css(); !strings.Contains(css, "--mm:calc(hypot(100vw,100vh)/396.0)") {
		t.Errorf("of a panel of which only the diagonal is known the page is told %q", css)
	}
	if css := (Display{WidthPX: 1280}).css(); strings.Contains(css, "--mm") {
		t.Errorf("of a panel that nobody knows the page is told %q", css)
	}
}
