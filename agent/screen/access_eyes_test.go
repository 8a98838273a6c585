package screen_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// named gives a picture of the gallery.
func named(t *testing.T, name string) gallery.Picture {
	t.Helper()
	all := gallery.All()
	i := slices.IndexFunc(all, func(p gallery.Picture) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("the gallery has no picture %q", name)
	}
	return all[i]
}

// testEyes breaks a page on purpose, once for each thing that the tests look
// for, and wants it found: a test that cannot fail proves nothing. Each page is
// without that finding before it is broken.
func testEyes(t *testing.T, b *browser) {
	p := b.open(t, 1, nil)
	css := func(rules string) string {
		return fmt.Sprintf(`const s = new CSSStyleSheet(); s.replaceSync(%q); document.adoptedStyleSheets = [s];`, rules)
	}
	all := []string{"AX03", "AX05", "AX07", "AX09", "AX11", "AX13", "AX17", "AX17b", "AX23", "AX26"}
	for _, c := range []struct{ id, picture, broken string }{
		{"AX01", "card", css(`.body { color: #ccc !important }`)},
		{"AX01", "borrow-mixed", `document.querySelector(".tiles").setAttribute("role", "heading")`},
		{"AX02", "home", css(`.always form { margin-inline-end: -8rem }`)},
		{"AX03", "card", css(`.quiet { min-block-size: 100px !important; block-size: 100px !important }`)},
		{"AX03", "card", css(`.always { gap: 2px !important }`)},
		{"AX05", "borrow-mixed", `document.querySelector(".tile .state svg").remove()`},
		{"AX05", "borrow-mixed", `document.querySelector(".tile .state b").textContent = ""`},
		{"AX07", "card", css(`h1 { white-space: nowrap; inline-size: 4000px }`)},
		{"AX07", "card", css(`.body { block-size: 8px !important; overflow: hidden !important }`)},
		{"AX07", "card", css(`.foot { margin-block-start: -30rem }`)},
		{"AX07", "borrow-mixed", css(`.state b { white-space: nowrap; inline-size: 20px; overflow: hidden; text-overflow: ellipsis }`)},
		{"AX09", "card", `document.querySelector("#help").tabIndex = 5`},
		{"AX09", "home", css(`.always { flex-direction: row-reverse }`)},
		{"AX11", "card", css(`:focus-visible { outline: none !important; box-shadow: none !important }`)},
		{"AX11", "card", css(`main::after { content: ""; position: fixed; inset: 0; z-index: 9 }`)},
		{"AX12", "card", `document.activeElement.blur()`},
		{"AX13", "card", `document.querySelector("h1").setAttribute("role", "status")`},
		{"AX17", "card", css(`button { transition: opacity 1s }`)},
		{"AX17", "check", css(`@keyframes x { to { opacity: 0 } } h1 { animation: x 9s infinite }`)},
		{"AX17b", "check", css(`@keyframes x { to { opacity: 0 } } h1 { animation: x .2s infinite }`)},
		{"AX22", "card", `document.documentElement.lang = "de"`},
		{"AX22", "titles-foreign", `for (const b of document.querySelectorAll(".tile bdi")) b.replaceWith(b.textContent)`},
		{"AX23", "card", `document.querySelector("#help").setAttribute("aria-label", "Something else")`},
		{"AX23", "card", `document.querySelector("#help span").textContent = ""`},
		{"AX26", "home", css(`main { transform: translateY(-50%) }`)},
	} {
		as := combo{Picture: named(t, c.picture), lang: words.English}
		if c.id == "AX26" {
			as.with = lowDown
		}
		w := wants{Checks: all, Headed: true, Language: []string{words.English, "ltr"}, Axe: axeAll()}
		p.do(chromedp.Evaluate[chromedp.Void](`document.adoptedStyleSheets = []; document.documentElement.lang = "en-GB"`))
		before, err := p.look(as, w)
		if err != nil {
			t.Fatal(err)
		}
		id := p.show(as)
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`access.drawn(%q).then(() => { %s })`, id, c.broken), chromedp.EvalAwaitPromise))
		after, err := p.again(id, w)
		if err != nil {
			t.Fatal(err)
		}
		if len(after.Found[c.id]) <= len(before.Found[c.id]) {
			t.Errorf("%s does not see %s broken by %q: %v", c.id, c.picture, c.broken, after.Found[c.id])
			t.Logf("axe is in doubt about %v", after.Incomplete)
		}
	}
}
