package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// soon is the longest that anything on the page may take.
const soon = 20 * time.Second

// page is the screen in Chromium. It tells of everything that it has painted.
type page struct {
	b      *testing.B
	ctx    context.Context
	paints chan paint
	last   paint
	apart  clocks
}

// paint is what was on the screen when a changed frame had been painted.
type paint struct {
	At     float64           `json:"at"` // ms since 1970, by the page's clock
	Screen string            `json:"screen"`
	Over   string            `json:"over"`
	Words  string            `json:"words"` // beside the tiles
	Tiles  map[string]string `json:"tiles"` // class by item
}

// watchPaints tells of each frame in which the page is another one. An observer
// hears of the change, the next animation frame is the one that shows it, and a
// message sent from there arrives when that frame's style, layout and paint are
// done (HTML standard, 8.1.7.3). The two lines for screen readers are left out:
// they speak with a delay that is wanted.
const watchPaints = `(() => {
	const around = new MessageChannel(), drawn = [];
	let asked = false;
	const main = () => document.querySelector("main");
	const seen = (e) => { const r = e.getBoundingClientRect(); return e.checkVisibility() && r.bottom > 0 && r.top < innerHeight; };
	const look = () => ({
		screen: /(?:^| )s-(\S+)/.exec(main().className)?.[1] ?? "",
		over: main().dataset.over ?? "",
		words: main().querySelector(".words, .rail")?.textContent.replace(/\s+/g, " ") ?? "",
		tiles: Object.fromEntries([...main().querySelectorAll(".tile[id]")].filter(seen).map((e) => [e.id, e.className])),
	});
	around.port1.onmessage = () => painted(JSON.stringify({ at: performance.timeOrigin + performance.now(), ...drawn.shift() }));
	new MutationObserver((all) => {
		const element = (n) => n.nodeType === Node.ELEMENT_NODE ? n : n.parentElement;
		if (asked || all.every((m) => element(m.target)?.closest("#said, #urgent"))) return;
		asked = true;
		requestAnimationFrame(() => { asked = false; drawn.push(look()); around.port2.postMessage(0); });
	}).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
})()`

// chromium finds the browser. Where it may be missing, the benchmark is
// skipped; under CI=true it may not.
func chromium(b *testing.B) string {
	b.Helper()
	program, err := exec.LookPath("chromium")
	if err == nil {
		return program
	}
	const say = "this benchmark needs Chromium; run: apt-get install chromium"
	if os.Getenv("CI") == "true" {
		b.Fatal(say)
	}
	b.Skip(say)
	return ""
}

// browse opens the screen in Chromium.
func browse(b *testing.B, url string) *page {
	b.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(b)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(b.TempDir()))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), options...) // outlives b.Context, to be closed in order
	ctx, stopPage := chromedp.NewContext(ctx)
	b.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			b.Errorf("close the browser: %v", err)
		}
		stopPage()
		stopAll()
	})
	p := &page{b: b, ctx: ctx, paints: make(chan paint, 1<<12)}
	must(b, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)))
	must(b, chromedp.Listen(ctx, p.hear))
	p.do(chromedp.Navigate(url))
	_, err := chromedp.Call(ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "painted"})
	must(b, err)
	p.do(chromedp.Poll[chromedp.Void](`document.fonts.status === "loaded"`))
	p.do(chromedp.Evaluate[chromedp.Void](watchPaints))
	p.apart = p.compare()
	return p
}

// hear takes what the page tells. It must not wait.
func (p *page) hear(e any) {
	called, ok := e.(*runtime.EventBindingCalled)
	if !ok || called.Name != "painted" {
		return
	}
	var one paint
	if json.Unmarshal([]byte(called.Payload), &one) != nil {
		return // what is not understood is missed by who waits for it
	}
	select {
	case p.paints <- one:
	default:
	}
}

func (p *page) do(a chromedp.Action[chromedp.Void]) {
	p.b.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, soon)
	defer cancel()
	must(p.b, chromedp.Do(ctx, a))
}

// until waits for an expression to be true. It is for what is not measured.
func (p *page) until(expression string) {
	p.b.Helper()
	p.do(chromedp.Poll[chromedp.Void](expression))
}

// await gives the instant at which something had been painted, on the page's
// clock, in ms since 1970.
func (p *page) await(what string, is func(paint) bool) float64 {
	p.b.Helper()
	late := time.NewTimer(soon)
	defer late.Stop()
	for {
		select {
		case p.last = <-p.paints:
			if is(p.last) {
				return p.last.At
			}
		case <-late.C:
			p.b.Fatalf("in vain waited for %s; last painted: %+v", what, p.last)
		}
	}
}

// screen waits for a screen with nothing over it.
func (p *page) screen(name string) float64 {
	p.b.Helper()
	return p.await("the screen "+name, func(s paint) bool { return s.Screen == name && s.Over == "" })
}

// tap presses a button of the page and gives the instant, on the page's clock.
func (p *page) tap(button string) float64 {
	p.b.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](fmt.Sprintf(
		`(() => { const at = performance.timeOrigin + performance.now(); document.getElementById(%q).click(); return at; })()`, button)))
	must(p.b, err)
	return at
}

// clocks is how far the page's clock is ahead of this program's, and how well
// that is known.
type clocks struct{ ahead, unsure time.Duration }

// compare asks the page for its time again and again, and believes the answer
// that came soonest: it was given somewhere between question and answer. Both
// clocks are the same computer's, but the page's is set once, at its start, and
// runs on by itself.
func (p *page) compare() clocks {
	p.b.Helper()
	best := clocks{unsure: time.Hour}
	for range 50 {
		asked := time.Now()
		at, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](`performance.timeOrigin + performance.now()`))
		took := time.Since(asked)
		must(p.b, err)
		if took/2 < best.unsure {
			best = clocks{instant(at).Sub(asked.Add(took / 2)), took / 2}
		}
	}
	return best
}

// since is how long after an instant of this program something was painted.
func (p *page) since(began time.Time, at float64) time.Duration {
	return instant(at).Sub(began) - p.apart.ahead
}

// instant turns the page's time into ours, as far as the clocks agree.
func instant(ms float64) time.Time {
	return time.UnixMicro(int64(ms * 1000))
}

// weight is what the page holds after its garbage has been collected.
type weight struct{ heap, nodes, listeners float64 }

func (p *page) weigh() weight {
	p.b.Helper()
	for range 2 {
		_, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{})
		must(p.b, err)
	}
	all, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
	must(p.b, err)
	by := map[string]float64{}
	for _, m := range all.Metrics {
		by[m.Name] = m.Value
	}
	return weight{by["JSHeapUsedSize"], by["Nodes"], by["JSEventListeners"]}
}

// load is the bytes of all that the page has loaded so far, as they came with
// their headers, apart from the fonts and the stream of events.
func (p *page) load() float64 {
	p.b.Helper()
	n, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](`[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
		.filter((e) => !new URL(e.name).pathname.startsWith("/fonts/") && !e.name.includes("/events"))
		.reduce((n, e) => n + e.encodedBodySize, 0)`))
	must(p.b, err)
	return n
}
