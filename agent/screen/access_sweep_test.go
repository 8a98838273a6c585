package screen_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// The sweep shows every picture of the gallery to a few tabs at once, over the
// event stream as on a kiosk, and never by loading a page.
//
// Every picture in each of four languages gets all of axe's rules, in the usual
// theme and size. The rules whose answer depends on the style sheet (contrast,
// size of targets) are asked in every theme and every size. All pictures x 4
// themes x 3 sizes x 4 languages are some eight thousand drawings, which take
// ten minutes of two processors; by default the sweep takes a covering design:
// each picture is seen in every theme, in every size and in every language, and
// over the gallery each theme meets each size in each language many times.
// -access-full looks at all of them.
//
// What does not depend on the theme (how large, whether it fits, where the
// focus is) is measured in the usual size, and in the largest in all languages.
const tabs = 4

// axeAll is every rule of WCAG up to 2.2 AA, and axe's own best practice. The
// rule target-size is off in axe unless it is asked for.
func axeAll() any {
	return map[string]any{
		"runOnly": map[string]any{"type": "tag", "values": []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}},
		"rules":   map[string]any{"target-size": map[string]bool{"enabled": true}},
	}
}

// axeStyle is the rules whose answer depends on theme and size.
func axeStyle() any {
	return map[string]any{"runOnly": map[string]any{"type": "rule", "values": []string{"color-contrast", "target-size"}}, "preload": false}
}

// drawing is one thing to look at, and what to look for.
type drawing struct {
	combo
	wants
}

// drawings is the whole sweep.
func drawings(full bool) []drawing {
	var out []drawing
	for n, p := range gallery.All() {
		for l, lang := range sweptLanguages() {
			out = append(out, drawing{combo{Picture: p, lang: lang}, wants{
				Checks: []string{"AX03", "AX05", "AX07", "AX09", "AX11", "AX13", "AX17b", "AX23"}, Headed: true, Axe: axeAll(),
				Language: []string{lang, direction(lang)}, Pages: true,
			}})
			for i, theme := range themes() {
				for j, size := range sizes() {
					usual := theme == visit.Light && size == visit.Normal // has had all rules already
					if !usual && (full || covered(n, i, j, l)) {
						out = append(out, drawing{combo{Picture: p, lang: lang, theme: theme, size: size}, wants{Axe: axeStyle()}})
					}
				}
			}
		}
		for _, lang := range everyLanguage() {
			w := wants{Checks: []string{"AX03", "AX07"}, Pages: true}
			if lang == words.English || lang == "ur" {
				w.Checks = append(w.Checks, "AX11") // a matter of place, not of words
			}
			out = append(out, drawing{combo{Picture: p, lang: lang, size: visit.Largest}, w})
		}
	}
	return out
}

// covered is the covering design for the n-th picture: each theme but the usual
// once, in a size and a language that go round from picture to picture, and the
// usual theme once in each of the larger sizes.
func covered(n, theme, size, lang int) bool {
	if theme == 0 {
		return size > 0 && lang == (n+size)%len(sweptLanguages())
	}
	return size == (n+theme)%len(sizes()) && lang == (n/len(sizes())+theme)%len(sweptLanguages())
}

// TestCoveringDesign proves what is said of it.
func TestCoveringDesign(t *testing.T) {
	type triple struct{ theme, size, lang int }
	all := map[triple]int{}
	for n := range gallery.All() {
		var seen [3]map[int]bool
		for i := range seen {
			seen[i] = map[int]bool{}
		}
		for i := range themes() {
			for j := range sizes() {
				for l := range sweptLanguages() {
					if usual := i == 0 && j == 0; usual || covered(n, i, j, l) {
						all[triple{i, j, l}]++
						seen[0][i], seen[1][j], seen[2][l] = true, true, true
					}
				}
			}
		}
		if len(seen[0]) != 4 || len(seen[1]) != 3 || len(seen[2]) != 4 {
			t.Errorf("picture %d is seen in %d themes, %d sizes, %d languages", n, len(seen[0]), len(seen[1]), len(seen[2]))
		}
	}
	if len(all) != 4*3*4 {
		t.Errorf("%d of the 48 ways to look occur", len(all))
	}
	for way, times := range all {
		if times < 10 {
			t.Errorf("theme %d in size %d and language %d is looked at %d times only", way.theme, way.size, way.lang, times)
		}
	}
}

// direction is ltr or rtl.
func direction(lang string) string {
	if lang == "ur" || lang == words.Mirrored {
		return "rtl"
	}
	return "ltr"
}

// sweep looks at drawings in all tabs at once. prepare, if there is one, is
// done to each tab first.
func (b *browser) sweep(t *testing.T, list []drawing, prepare func(*tab), each func(drawing, looked)) {
	t.Helper()
	next := make(chan drawing)
	var wait sync.WaitGroup
	var mu sync.Mutex
	for n := range tabs {
		p := b.open(t, n, nil)
		if prepare != nil {
			prepare(p)
		}
		wait.Go(func() {
			for d := range next {
				got, err := p.look(d.combo, d.wants)
				if err != nil {
					t.Errorf("look: %v", err)
					continue
				}
				mu.Lock()
				each(d, got)
				mu.Unlock()
			}
		})
	}
	for _, d := range list {
		next <- d
	}
	close(next)
	wait.Wait()
}

func inSeconds(took map[string]float64) string {
	var parts []string
	for what, s := range took {
		parts = append(parts, fmt.Sprintf("%s %.0f", what, s))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// TestAccess is everything that is looked at in Chromium, by its AX number.
func TestAccess(t *testing.T) {
	b := newBrowser(t)
	t.Run("the eyes see", func(t *testing.T) { testEyes(t, b) })
	t.Run("sweep", func(t *testing.T) { testSweep(t, b) })
	t.Run("AX06 states differ without colour", func(t *testing.T) { testShapes(t, b) })
	t.Run("AX08 text spacing", func(t *testing.T) { testSpacing(t, b) })
	t.Run("AX09 by keyboard alone", func(t *testing.T) { testKeyboard(t, b) })
	t.Run("AX10 by four keys", func(t *testing.T) { testFourKeys(t, b) })
	t.Run("AX13 news does not rush", func(t *testing.T) { testNews(t, b) })
	t.Run("AX17 motion", func(t *testing.T) { testMotion(t, b) })
	t.Run("AX24 AX25 sides", func(t *testing.T) { testSides(t, b) })
	t.Run("AX26 low reach", func(t *testing.T) { testLowReach(t, b) })
	t.Run("AX27 AX28 touch is forgiving", func(t *testing.T) { testTouch(t, b) })
}

// testSweep is the sweep, and what each number of the list says of it.
func testSweep(t *testing.T, b *browser) {
	var f findings
	began, took, said := time.Now(), map[string]float64{}, map[string]map[visit.Size]looked{}
	list := drawings(*accessFull)
	b.sweep(t, list, nil, func(d drawing, got looked) {
		for what, ms := range got.Took {
			took[what] += ms / 1000 // of all tabs together
		}
		f.all(got, d.combo)
		for _, i := range got.Incomplete {
			f.add("incomplete", i, d.String())
		}
		if where := d.Name + " " + d.lang; d.Pages {
			if said[where] == nil {
				said[where] = map[visit.Size]looked{}
			}
			said[where][d.size] = got
		}
	})
	t.Logf("%d drawings of %d pictures in %v; seconds in the page: %s", len(list), len(gallery.All()), time.Since(began).Round(time.Second), inSeconds(took))
	enlarged(t, &f, said)
	for _, c := range []struct{ id, what string }{
		{"AX01", "axe finds nothing"}, {"AX02", "axe's target size"}, {"AX03", "20 mm for a finger"},
		{"AX05", "no state by colour alone"}, {"AX07", "all of it fits"}, {"AX09", "focus in the order of the eye"},
		{"AX11", "the focus can be seen"}, {"AX12", "a new screen has the focus on its heading"}, {"AX13", "live regions"},
		{"AX17b", "nothing flashes"}, {"AX22", "language and direction"}, {"AX23", "names"}, {"incomplete", "axe doubts nothing"},
	} {
		t.Run(c.id+" "+c.what, func(t *testing.T) { f.report(t, c.id) })
	}
}

// alreadyLarge is the size in pixels from which the smallest letters of a
// screen need not grow by half: large-scale text is 24 px (WCAG 2.2), and a
// screen without anything smaller is large for everybody.
const alreadyLarge = 28

// enlarged compares the usual size with the largest (WCAG 1.4.4): no word is
// lost, and the letters are larger. Where a text is longer than its place the
// page makes all letters smaller again, but never back to less than one and a
// half times.
func enlarged(t *testing.T, f *findings, said map[string]map[visit.Size]looked) {
	whole, n := 0, 0
	number := regexp.MustCompile(`[0-9A-F]{6}`) // of a payment: it is made of the visit, and each drawing is a visit
	for where, by := range said {
		usual, largest := by[visit.Normal], by[visit.Largest]
		if largest.Words == nil || usual.Words == nil {
			continue
		}
		all := map[string]bool{}
		for _, w := range largest.Words {
			all[number.ReplaceAllString(w, "")] = true
		}
		for _, w := range usual.Words {
			if !all[number.ReplaceAllString(w, "")] {
				f.add("AX07", fmt.Sprintf("%q is not there at the largest size, on any page", w), where)
			}
		}
		times := largest.Smallest / usual.Smallest
		if n++; times > 1.95 {
			whole++
		}
		if times < 1.5 && usual.Smallest < alreadyLarge {
			f.add("AX07", fmt.Sprintf("the smallest letters are only %.2f times as large at the largest size: %.1f px and %.1f px", times, usual.Smallest, largest.Smallest), where)
		}
	}
	t.Logf("twice as large to the smallest letter: %d of %d pictures; at least one and a half times: the others", whole, n)
}
