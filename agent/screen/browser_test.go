package screen

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
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

// TestInABrowser shows the page to Chromium, once for all that needs one.
func TestInABrowser(t *testing.T) {
	k := start(t, nil)
	ctx := browse(t, k)
	if ctx == nil {
		return
	}
	t.Run("everything fits", func(t *testing.T) { testEverythingFits(page{t, ctx}, k) })
	t.Run("four keys", func(t *testing.T) { testKeys(page{t, ctx}, k) })
	t.Run("without a script", func(t *testing.T) { testWithoutScript(page{t, ctx}, k) })
	t.Run("a visit", func(t *testing.T) { testVisit(page{t, ctx}, k) })
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
	wantTap(p, k, visit.Tapped{Button: visit.TapHelp})
	over := func(o visit.Overlay, e visit.Ease) func(*visit.State) {
		return func(st *visit.State) { st.Over, st.Ease = o, e }
	}
	show(visit.Borrow, signedIn, lines(many(3)...), over(visit.Help, visit.Ease{}))
	p.until("help opens", focused+`("Help")`)
	show(visit.Borrow, signedIn, lines(many(3)...), over(visit.Easier, visit.Ease{}))
	p.until("so does the other panel", focused+`("Easier to use")`)
	p.do(chromedp.Click("#choose-theme"))
	wantTap(p, k, visit.Tapped{Button: visit.TapChoose, Value: "theme:dark"})
	show(visit.Borrow, signedIn, lines(many(3)...), over(visit.Easier, visit.Ease{Theme: visit.Dark}))
	p.until("the colours change, and the focus stays", `document.activeElement.id === "choose-theme" && getComputedStyle(document.body.parentElement).backgroundColor === "rgb(17, 22, 21)"`)
	show(visit.Borrow, signedIn, lines(many(3)...), over(visit.NoOverlay, visit.Ease{Lang: words.Mirrored}))
	p.until("the whole page is in the other language", `document.documentElement.dir === "rtl" && document.documentElement.lang === "ar-XB" && document.activeElement.id === "heading"`)
	show(visit.Warn, signedIn, lines(longList()...))
	p.until("help gives way to a question", focused+`("more time")`)
	p.until("the seconds run", `Number(document.querySelector(".number").textContent) < 17`)
	show(visit.Borrow, signedIn, lines(longList()...))
	p.until("six tiles", `document.querySelectorAll(".tile").length === 6`)
	p.do(chromedp.Click("#older"))
	p.until("the next six", `document.querySelector(".tile").textContent.includes("Small Island")`)
	wantTap(p, k, visit.Tapped{Button: here})

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
