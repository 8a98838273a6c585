package screen_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// hasHelp says where Help must be offered: wherever a touch on it is listened to.
func hasHelp(st visit.State) bool {
	switch {
	case st.Shows() != visit.InService || st.Over != visit.NoOverlay:
		return false
	case st.Screen == visit.Settle || st.Screen == visit.Bye || st.Screen == visit.Warn:
		return false
	}
	return true
}

// samePlace compares two boxes to two pixels.
func samePlace(a, b []float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 2 {
			return false
		}
	}
	return true
}

// testSides proves that Help is in the same place on every screen (WCAG 3.2.6), and
// that the next step changes sides with the borrower's hand.
func testSides(t *testing.T, b *browser) {
	var list []drawing
	langs := []string{words.English, "ur"}
	for _, p := range gallery.All() {
		for _, lang := range langs {
			for _, left := range []bool{false, true} {
				list = append(list, drawing{combo{Picture: p, lang: lang, with: func(e *visit.Ease) { e.Left, e.Low = left, false }}, wants{}})
			}
		}
	}
	help, primary := map[string]looked{}, map[string][2]looked{}
	var f findings
	b.sweep(t, list, nil, func(d drawing, got looked) {
		e := visit.Ease{}
		d.with(&e)
		side := fmt.Sprintf("%s, left hand %v", d.lang, e.Left)
		if got.Help == nil && hasHelp(d.State) {
			f.add("AX24", "there is no Help", d.Name+" "+side)
		}
		if was, known := help[side]; got.Help != nil && !known {
			help[side] = got
		} else if got.Help != nil && !samePlace(was.Help, got.Help) {
			f.add("AX24", fmt.Sprintf("Help is at %.0f, and on another screen at %.0f", got.Help, was.Help), d.Name+" "+side)
		}
		pair := primary[d.Name+" "+d.lang]
		pair[map[bool]int{false: 0, true: 1}[e.Left]] = got
		primary[d.Name+" "+d.lang] = pair
	})
	mirrored := 0
	for where, p := range primary {
		right, left := p[0].Primary, p[1].Primary
		if right == nil || left == nil {
			continue
		}
		mirrored++
		if !samePlace(left, []float64{1280 - right[0] - right[2], right[1], right[2], right[3]}) {
			f.add("AX25", fmt.Sprintf("the next step is at %.0f for the right hand, and at %.0f for the left", right, left), where)
		}
		if right[0]+right[2]/2 < 640 {
			f.add("AX25", fmt.Sprintf("the next step is not on the right: %.0f", right), where)
		}
	}
	if mirrored < 50 {
		t.Errorf("AX25: only %d pictures have a next step", mirrored)
	}
	f.report(t, "AX24")
	f.report(t, "AX25")
}

// lowDown is also without motion, which is asked in the same sweep.
func lowDown(e *visit.Ease) { e.Low, e.Still = true, true }

// testLowReach proves that everything can be reached from a wheelchair.
func testLowReach(t *testing.T, b *browser) {
	var list []drawing
	for _, p := range gallery.All() {
		for _, size := range []visit.Size{visit.Normal, visit.Largest} {
			for _, lang := range []string{words.English, "ur"} {
				list = append(list, drawing{combo{Picture: p, lang: lang, size: size, with: lowDown},
					wants{Checks: []string{"AX26", "AX03", "AX07", "AX17"}, Pages: true}})
			}
		}
	}
	var f findings
	b.sweep(t, list, nil, func(d drawing, got looked) { f.all(got, d.combo) })
	for _, id := range []string{"AX26", "AX03", "AX07", "AX17"} {
		f.report(t, id)
	}
}

// textSpacing is WCAG 1.4.12's: what a reader may set, and nothing is lost.
const textSpacing = `* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p:not(:last-child) { margin-block-end: 2em !important; }`

// style puts rules over the page's own for as long as a test looks.
func (p *tab) style(css string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		`(() => { const s = new CSSStyleSheet(); s.replaceSync(%q); document.adoptedStyleSheets = [s]; })()`, css)))
}

// testSpacing is asked of languages whose letters can be spaced.
func testSpacing(t *testing.T, b *browser) {
	var list []drawing
	for _, p := range gallery.All() {
		for _, lang := range []string{words.English, "pl"} {
			list = append(list, drawing{combo{Picture: p, lang: lang}, wants{Checks: []string{"AX08"}, Pages: true}})
		}
	}
	var f findings
	b.sweep(t, list, func(p *tab) { p.style(textSpacing) }, func(d drawing, got looked) { f.all(got, d.combo) })
	f.report(t, "AX08")
}

// testMotion proves that nothing moves where the computer is set so; that
// nothing moves either for whoever chose it in the visit, testLowReach does.
func testMotion(t *testing.T, b *browser) {
	reduce := func(p *tab) {
		features := []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}
		if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			t.Fatal(err)
		}
	}
	var list []drawing
	for _, p := range gallery.All() {
		list = append(list, drawing{combo{Picture: p, lang: words.English}, wants{Checks: []string{"AX17"}}})
	}
	var f findings
	b.sweep(t, list, reduce, func(d drawing, got looked) { f.all(got, d.combo) })
	f.report(t, "AX17")
}

// testNews: what happens is said to those who listen at most
// once in a second and a half; what is urgent is said once.
func testNews(t *testing.T, b *browser) {
	p, d := b.atDesk(t, 1, usualDevices())
	p.on(visit.Home)
	d.hear(visit.Tapped{Button: visit.TapBorrow})
	d.card()
	p.on(visit.Borrow)
	p.do(chromedp.Evaluate[chromedp.Void](`window.heard = { polite: [], assertive: [] };
		for (const kind of ["polite", "assertive"])
			for (const e of document.querySelectorAll("[aria-live=" + kind + "]"))
				new MutationObserver(() => { if (e.textContent) heard[kind].push(performance.now()); }).observe(e, { childList: true, characterData: true, subtree: true });`))
	for n := range byte(8) {
		d.put(n + 1)
		p.until("the item", fmt.Sprintf(`document.querySelectorAll(".tile").length === %d`, n+1))
	}
	p.until("it is said how the list stands", `heard.polite.length >= 2 || document.querySelector("#said").textContent === document.querySelector("main").dataset.say`)
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[map[string][]float64](`heard`))
	if err != nil {
		t.Fatal(err)
	}
	if len(got["polite"]) == 0 {
		t.Error("AX13: nothing is said of eight items")
	}
	for i, at := range got["polite"] {
		if i > 0 && at-got["polite"][i-1] < 1450 {
			t.Errorf("AX13: two things are said within %.0f ms", at-got["polite"][i-1])
		}
	}
	if len(got["assertive"]) > 0 {
		t.Errorf("AX13: %d items that went well interrupt whoever listens", len(got["assertive"]))
	}
	urgentOnce(t, p, d)
}

// urgentOnce lifts an item too early: it is said at once, and once.
func urgentOnce(t *testing.T, p *tab, d *desk) {
	t.Helper()
	i := slices.IndexFunc(gallery.All(), func(p gallery.Picture) bool { return p.Name == "borrow-put-back" })
	c := gallery.All()[i]
	c.State.Visit = d.state().Visit
	for range 3 {
		p.screen.Show(c.State, c.At)
		p.settle()
	}
	p.until("the item is asked back", `document.querySelector("main").innerText.includes("put this back")`)
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[int](`heard.assertive.length`))
	if err != nil {
		t.Fatal(err)
	}
	if got != 1 {
		t.Errorf("AX13: an item that was lifted too early is told %d times as urgent, want once", got)
	}
}
