package screen

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// browse starts Chromium on the screen. Without Chromium on the computer there
// is nothing to test with, and it says so and returns nil.
func browse(t *testing.T, k *kiosk) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Log("no chromium here: the page was not shown to a browser")
		return nil
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), options...) // outlives t.Context, to be closed in order
	ctx, stopPage := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		stopPage()
		stopAll()
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatal(err)
	}
	complain(t, ctx)
	if err := chromedp.Do(ctx, chromedp.Navigate(k.screen.URL())); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// complain fails the test on whatever the browser objects to: an exception, a
// thing that the Content-Security-Policy forbids, a file that is not there.
func complain(t *testing.T, ctx context.Context) {
	var mu sync.Mutex // guards heard
	var heard []string
	err := chromedp.Listen(ctx, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := e.(type) {
		case *log.EventEntryAdded:
			heard = append(heard, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			heard = append(heard, e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, h := range heard {
			// The program is ended under an open page: the page's stream breaks
			// off, and what it asks for next is refused or gets no answer.
			ended := strings.Contains(h, "ERR_CONNECTION_REFUSED") || strings.Contains(h, "INCOMPLETE_CHUNKED") ||
				strings.Contains(h, "ERR_EMPTY_RESPONSE")
			if !ended {
				t.Errorf("the browser says: %s", h)
			}
		}
	})
}

// measure puts a page in and lists what does not fit: what can be scrolled,
// what is cut off, and what is too small for a finger.
const measure = `(async (path) => {
	const page = new DOMParser().parseFromString(await (await fetch(path)).text(), "text/html");
	document.querySelector("main").replaceWith(page.querySelector("main"));
	const wrong = [];
	const root = document.scrollingElement;
	if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) wrong.push("the page can be scrolled");
	for (const e of document.querySelectorAll("main, .top, .band, .middle, .rail, .ask, .items, .foot, .tile, .state, .what, .why, .telling, .button, .choice, .picture"))
		if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
			wrong.push(e.className + " is cut off: " + e.textContent.trim().slice(0, 60));
	const foot = document.querySelector(".foot").getBoundingClientRect();
	for (const e of document.querySelectorAll(".rail > *, .items > *, .words > *"))
		if (e.getBoundingClientRect().bottom > foot.top) wrong.push(e.className + " runs into the buttons");
	const least = 118 * innerHeight / 800;
	for (const e of document.querySelectorAll("button, a")) {
		const r = e.getBoundingClientRect();
		if (r.height < least || r.width < least) wrong.push(e.id + " is " + r.width + " by " + r.height);
		if (r.right > innerWidth || r.bottom > innerHeight) wrong.push(e.id + " is off the screen");
	}
	return wrong;
})`

// TestInABrowser shows the page to Chromium, once for all that needs one.
func TestInABrowser(t *testing.T) {
	k := start(t, nil)
	ctx := browse(t, k)
	if ctx == nil {
		return
	}
	t.Run("everything fits", func(t *testing.T) { testEverythingFits(t, k, ctx) })
	t.Run("without a script", func(t *testing.T) { testWithoutScript(page{t, ctx}, k) })
	t.Run("a visit", func(t *testing.T) { testVisit(page{t, ctx}, k) })
}

// testEverythingFits measures every picture of the gallery, and every reason
// on a tile, at two sizes.
func testEverythingFits(t *testing.T, k *kiosk, ctx context.Context) {
	for _, size := range [][2]int64{{1280, 800}, {1920, 1080}} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])); err != nil {
			t.Fatal(err)
		}
		for _, p := range append(gallery(), everyReason(t)...) {
			k.screen.Show(p.state, drawnAt)
			wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](measure+`("/?`+p.query+`")`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range wrong {
				t.Errorf("%s at %v: %s", p.name, size, w)
			}
		}
	}
}

// everyReason puts every reason on a tile, with a long title and the longest
// of the places to put it.
func everyReason(t *testing.T) []picture {
	var out []picture
	for reasons := range slices.Chunk(constants(t, "../circ", "Reason"), tilesAlone) {
		var l []visit.Line
		for _, r := range reasons {
			l = append(l, refused(circ.ItemID(r), titles[3], circ.Issue, circ.Reason(r), circ.OnTheShelf))
		}
		out = append(out, picture{"reasons from " + reasons[0], "", on(visit.Borrow, offline, signedIn, lines(l...))})
	}
	provisional := lent("1", titles[3], time.Date(2026, time.September, 23, 0, 0, 0, 0, time.UTC)) // a Wednesday: long words
	provisional.Decision.Provisional = true
	unsecured := provisional
	unsecured.Item, unsecured.State = "2", visit.LineUnsecured
	return append(out, picture{"long dates", "", on(visit.Borrow, offline, signedIn, lines(provisional, unsecured))})
}

// page is a browser that a test looks at until it shows what it should.
type page struct {
	t   *testing.T
	ctx context.Context
}

// until waits for an expression to be true in the page.
func (p page) until(what, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	for {
		err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void](expression))
		if err == nil {
			return
		}
		if ctx.Err() != nil { // any other error is a page that went away for the next one
			p.t.Fatalf("%s: %v", what, err)
		}
	}
}

func (p page) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, a); err != nil {
		p.t.Fatal(err)
	}
}

// testVisit is a visit as the module in the page sees it.
func testVisit(p page, k *kiosk) {
	k.screen.Show(on(visit.Home, all), drawnAt)
	show := func(s visit.Screen, change ...func(*visit.State)) { k.screen.Show(on(s, all, change...), drawnAt) }
	focused := `document.activeElement.id === "heading" && document.activeElement.textContent.includes`

	p.do(chromedp.Click("#borrow"))
	if got := <-k.taps; got != (visit.Tapped{Button: visit.TapBorrow, Visit: theVisit}) {
		p.t.Errorf("got %+v", got)
	}
	show(visit.CardAsk)
	p.until("a new screen takes the focus", focused+`("library card")`)

	show(visit.Borrow, signedIn, lines(many(1)...))
	p.until("the list", focused+`("1 item borrowed")`)
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#finish").mine = true; document.querySelector("#finish").focus()`))
	show(visit.Borrow, signedIn, lines(many(3)...))
	p.until("new tiles come on top", `document.querySelectorAll(".tile").length === 3 && document.querySelector(".tile").textContent.includes("Treasure Island")`)
	p.until("the button is the same, and keeps the focus", `document.querySelector("#finish").mine && document.activeElement.id === "finish"`)
	p.until("those who listen hear the count", `document.querySelector("#said").textContent === "3 items borrowed"`)

	p.do(chromedp.Click("#help"))
	p.until("help opens", focused+`("Help")`)
	if got := <-k.taps; got.Button != here {
		p.t.Errorf("help counts as %+v", got)
	}
	show(visit.Warn, signedIn, lines(longList()...))
	p.until("help gives way to a question", focused+`("more time")`)
	p.until("the seconds run", `Number(document.querySelector(".number").textContent) < 17`)
	show(visit.Borrow, signedIn, lines(longList()...))
	p.until("six tiles", `document.querySelectorAll(".tile").length === 6`)
	p.do(chromedp.Click("#older"))
	p.until("the next six", `document.querySelector(".tile").textContent.includes("Small Island")`)
	<-k.taps

	show(visit.Bye, lines(many(3)...))
	p.until("nothing is left of the visit", `!document.body.textContent.includes("Small Island") && document.querySelector("h1").textContent === "All done"`)
	k.stop()
	p.until("a dead desk shows nothing", `document.querySelector("h1").textContent === "One moment"`)
}

// testWithoutScript taps by the form alone.
func testWithoutScript(p page, k *kiosk) {
	k.screen.Show(on(visit.Borrow, all, signedIn, lines(open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack))), drawnAt)
	p.until("the button", `document.querySelector("#leave-30010005")`)
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#leave-30010005").form.submit()`)) // a form's own submit sends no event
	if got := <-k.taps; got != (visit.Tapped{Button: visit.TapLeave, Item: "30010005", Visit: theVisit}) {
		p.t.Errorf("got %+v", got)
	}
	p.until("the page comes back", `location.pathname === "/" && document.querySelectorAll(".tile").length === 1`)
}
