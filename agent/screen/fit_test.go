package screen

import (
	"encoding/binary"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

var everything = flag.Bool("everything", false, "measure every picture in every language, size and reach, which takes minutes")

// measure puts a page in and lists what does not fit: what can be scrolled,
// what is cut off or lies over something else, and what is too small for a
// finger or, where everything must lie low, too high.
const measure = `(async (serial, page) => {
	const until = (there) => new Promise((resolve) => {
		if (there()) return resolve();
		const watch = new MutationObserver(() => { if (there()) { watch.disconnect(); resolve(); } });
		watch.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
	});
	await until(() => document.querySelector("main")?.dataset.serial?.startsWith(serial) && (page > 1 || !document.querySelector("#newer")));
	if (page > 1) {
		const shown = document.querySelector(".pager p").textContent;
		document.querySelector("#older").click();
		await until(() => document.querySelector(".pager p") && document.querySelector(".pager p").textContent !== shown);
	}
	document.body.getBoundingClientRect();
	await document.fonts.ready;
	const wrong = [], main = document.querySelector("main"), low = main.dataset.reach === "low";
	const short = (e) => (e.id || e.className) + " “" + e.textContent.trim().replace(/\s+/g, " ").slice(0, 40) + "”";
	const root = document.scrollingElement;
	if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) wrong.push("the page can be scrolled");
	for (const e of document.querySelectorAll("main, .top, .band, .ask, .foot, .row, .tile, .state, .what, .why, .telling, .button, .choice, .setting, .pad, .picture"))
		if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 8 * innerHeight / 800)
			wrong.push(short(e) + " is cut off: " + e.scrollWidth + "x" + e.scrollHeight + " in " + e.clientWidth + "x" + e.clientHeight);
	const box = (e) => e.getBoundingClientRect();
	const lower = document.querySelector(".lower")?.getBoundingClientRect() ?? { top: innerHeight };
	const top = Math.max(0, ...[...document.querySelectorAll(".top, .band")].map((e) => box(e).bottom));
	for (const e of document.querySelectorAll(".rail > *, .items > *, .words > *, .pad, .picks, .choices"))
		if (e.checkVisibility() && !e.closest(".lower") && (box(e).bottom > lower.top + 1 || box(e).top < top - 1)) wrong.push(short(e) + " runs out of the middle");
	const least = 118 * innerHeight / 800 - .5;
	const all = [...document.querySelectorAll("main button, main a")].filter((e) => e.checkVisibility());
	for (const e of all) {
		const r = box(e);
		if (r.height < least || r.width < least) wrong.push(e.id + " is " + Math.round(r.width) + " by " + Math.round(r.height));
		if (r.right > innerWidth + 1 || r.bottom > innerHeight + 1 || r.left < -1 || r.top < -1) wrong.push(e.id + " is off the screen");
		if (low && e.id !== "curtain" && r.top < .55 * innerHeight - 1) wrong.push(e.id + " is too high to reach");
		for (const other of all) {
			const o = box(other);
			if (e !== other && e.id !== "curtain" && other.id !== "curtain" && r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom) wrong.push(e.id + " lies over " + other.id);
		}
	}
	for (const e of document.querySelectorAll(".telling, .body, h1, .pager p, .typed, .ask, .tiles"))
		for (const b of all) {
			const r = box(e), o = box(b);
			if (e.checkVisibility() && !e.contains(b) && b.id !== "curtain" && r.left < o.right - 1 && o.left < r.right - 1 && r.top < o.bottom - 3 && o.top < r.bottom - 3) wrong.push(b.id + " lies over " + short(e));
		}
	if (main.dataset.tight >= 4 && !["en-XA", "ar-XB"].includes(main.lang)) // no language is as long as these wrong.push("the letters had to become much smaller: step " + main.dataset.tight);
	return wrong;
})`

// look is one way to be served.
type look struct {
	lang string
	size visit.Size
	low  bool
}

// looks are the ways in which the n-th picture is measured: as it is, and a
// harder one that goes through all of them from picture to picture.
func looks(n int) []look {
	var hard []look
	for _, size := range []visit.Size{visit.Largest, visit.Larger, visit.Normal} {
		for _, low := range []bool{false, true} {
			for _, lang := range append(spoken(), words.Accented, words.Mirrored) {
				hard = append(hard, look{lang, size, low})
			}
		}
	}
	if *everything {
		return hard
	}
	return []look{{words.English, visit.Normal, false}, hard[n%len(hard)]}
}

// testEverythingFits measures every picture, and every reason on a tile.
func testEverythingFits(c page, k *kiosk) {
	d := testDrawer(c.t)
	var shown uint32 // every look is a visit of its own
	for _, size := range [][2]int64{{1280, 800}, {1920, 1080}} {
		c.do(chromedp.EmulateViewport(size[0], size[1]))
		for n, p := range append(drawings(), everyReason(c.t)...) {
			if !wanted(p.name) {
				continue
			}
			ways := looks(n)
			if size[0] > 1280 && !*everything { // the same but for the shape of the panel
				ways = ways[1:][:n%2]
			}
			for _, l := range ways {
				st := p.state
				st.Ease.Lang, st.Ease.Size, st.Ease.Low = l.lang, l.size, l.low || st.Ease.Low
				shown++
				binary.BigEndian.PutUint32(st.Visit[:], shown)
				k.screen.Show(st, p.at)
				for i := range pagesOf(d, st, p.at) {
					wrong, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`%s(%q, %d)`, measure, st.Visit, i+1), chromedp.EvalAwaitPromise))
					if err != nil {
						c.t.Fatalf("%s page %d in %v: %v", p.name, i+1, l, err)
					}
					for _, w := range wrong {
						c.t.Errorf("%s page %d in %s %s low=%v at %v: %s", p.name, i+1, l.lang, l.size, l.low, size, w)
					}
				}
			}
		}
	}
}

// pagesOf is how many pages a state has.
func pagesOf(d drawer, st visit.State, at circ.Moment) int {
	if p := d.face(d.view(st, at), nil, shell{}).Pager; p != nil {
		return p.Pages
	}
	return 1
}

// everyReason puts every reason on a tile, with a long title and the longest
// of the places to put it.
func everyReason(t *testing.T) []picture {
	var out []picture
	for reasons := range slices.Chunk(constants(t, "../circ", "Reason"), 8) {
		var l []visit.Line
		for _, r := range reasons {
			l = append(l, refused(circ.ItemID(r), titles()[3], circ.Issue, circ.Reason(r), circ.OnTheShelf))
		}
		out = append(out, picture{"reasons from " + reasons[0], "", on(visit.Borrow, offline, signedIn, lines(l...)), drawnAt})
	}
	provisional := lent("1", titles()[3], time.Date(2026, time.September, 23, 0, 0, 0, 0, time.UTC)) // a Wednesday: long words
	provisional.Decision.Provisional = true
	unsecured := provisional
	unsecured.Item, unsecured.State = "2", visit.LineUnsecured
	return append(out, picture{"long dates", "", on(visit.Borrow, offline, signedIn, lines(provisional, unsecured)), drawnAt})
}
