package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// page is the kiosk's touch screen.
type page struct {
	t   *testing.T
	ctx context.Context
}

// browse starts Chromium with nothing on its screen. Whatever it objects to,
// and whatever it asks anybody but this computer for, fails the test.
func browse(t *testing.T, program string) page {
	t.Helper()
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
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)))
	overhear(t, ctx)
	return page{t, ctx}
}

// overhear fails the test on exceptions, on anything written to the console
// (where the Content-Security-Policy complains, too), and on requests that
// leave this computer.
func overhear(t *testing.T, ctx context.Context) {
	var mu sync.Mutex // guards heard and asked
	var heard []string
	asked := 0
	must(t, chromedp.Listen(ctx, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := e.(type) {
		case *log.EventEntryAdded:
			heard = append(heard, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			heard = append(heard, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			heard = append(heard, fmt.Sprintf("console.%s", e.Type))
		case *network.EventRequestWillBeSent:
			asked++
			if u, err := url.Parse(e.Request.URL); err != nil || u.Hostname() != "127.0.0.1" {
				heard = append(heard, "a request for "+e.Request.URL)
			}
		}
	}))
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, h := range heard {
			t.Errorf("the browser says: %s", h)
		}
		if asked == 0 {
			t.Error("no request was seen: is anything overheard at all?")
		}
	})
}

// in is the same page, watched by a part of the test.
func (p page) in(t *testing.T) page { return page{t, p.ctx} }

// open goes to an address.
func (p page) open(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

func (p page) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	must(p.t, chromedp.Do(ctx, a))
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
			said, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			p.t.Fatalf("in vain waited until the screen says %s; it says:\n%s", what, said)
		}
	}
}

// reads waits until the page says all of this.
func (p page) reads(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until(text, fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, text))
	}
}

// heads waits for a heading.
func (p page) heads(text string) {
	p.t.Helper()
	p.until(text, fmt.Sprintf(`document.querySelector("h1").innerText.replace(/\s+/g, " ") === %q`, text))
}

// tile waits until an item's tile has its title and says all of this.
func (p page) tile(i item, texts ...string) {
	p.t.Helper()
	tile := fmt.Sprintf(`document.getElementById("item-%s")?.innerText`, i.id)
	for _, text := range append([]string{i.title}, texts...) {
		p.until(i.title+": "+text, fmt.Sprintf(`%s?.includes(%q)`, tile, text))
	}
}

// tap touches a button with what is the mouse here. The page takes two taps
// within half a second for one hand that shakes, so the second one waits.
func (p page) tap(button string) {
	p.t.Helper()
	p.until("time for another tap", `!(performance.now() - window.tapped < 550)`)
	p.do(chromedp.Click("#" + button))
	p.do(chromedp.Evaluate[chromedp.Void](`window.tapped = performance.now()`))
}

// saysNothing checks that words are not on the page.
func (p page) saysNothing(text string) {
	p.t.Helper()
	said, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.querySelector("main").innerText`))
	must(p.t, err)
	if strings.Contains(said, text) {
		p.t.Errorf("the screen says %q:\n%s", text, said)
	}
}
