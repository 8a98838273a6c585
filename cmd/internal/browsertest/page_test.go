package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
)

// page is the kiosk's touch screen.
type page struct {
	t    *testing.T
	ctx  context.Context
	dark *atomic.Bool // no kiosk is there: that the browser cannot reach it is no news
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
	dark := new(atomic.Bool)
	overhear(t, ctx, dark)
	return page{t, ctx, dark}
}

// overhear fails the test on exceptions, on anything written to the console
// (where the Content-Security-Policy complains, too), and on requests that
// leave this computer.
func overhear(t *testing.T, ctx context.Context, dark *atomic.Bool) {
	var mu sync.Mutex // guards heard and asked
	var heard []string
	asked := 0
	must(t, chromedp.Listen(ctx, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := e.(type) {
		case *log.EventEntryAdded:
			if dark.Load() && strings.Contains(e.Entry.Text, "net::ERR_") {
				return
			}
			if strings.Contains(e.Entry.Text, "409") && strings.HasSuffix(e.Entry.URL, "/tap") {
				return // the finger met a screen that was just going: refused, and said by the next one
			}
			heard = append(heard, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			heard = append(heard, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			heard = append(heard, fmt.Sprintf("console.%s", e.Type))
		case *network.EventRequestWillBeSent:
			asked++
			if u, err := url.Parse(e.Request.URL); err != nil || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
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
func (p page) in(t *testing.T) page { return page{t, p.ctx, p.dark} }

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
func (p page) tile(b table.Book, texts ...string) {
	p.t.Helper()
	tile := fmt.Sprintf(`document.getElementById("item-%s")?.innerText`, b.ID)
	for _, text := range append([]string{b.Title}, texts...) {
		p.until(b.Title+": "+text, fmt.Sprintf(`%s?.includes(%q)`, tile, text))
	}
}

// borrowed waits until the screen says that these are this person's.
func (p page) borrowed(h *house, who table.Person, books ...table.Book) {
	p.t.Helper()
	for _, b := range books {
		p.tile(b, "Borrowed", "Bring back by ")
		h.told = append(h.told, check.Told{Item: b.ID, Kind: circ.Issue, Card: who.Card})
	}
	h.tagsAre(quiet, books...)
}

// returned waits until the screen says that these are back.
func (p page) returned(h *house, b table.Book) {
	p.t.Helper()
	p.tile(b, "Returned", "Put it in the returns box.")
	h.told = append(h.told, check.Told{Item: b.ID, Kind: circ.Return})
	h.tagsAre(loud, b)
}

// signIn shows a card on the first screen.
func (p page) signIn(h *house, who table.Person) {
	p.t.Helper()
	p.heads("What would you like to do?")
	h.show(who)
	p.heads("Put your items on the shelf")
	p.reads("Card ••••" + string(who.Card[len(who.Card)-4:]))
}

// finish leaves after borrowing: yes, that is all, and no thanks.
func (p page) finish(h *house, found string, books ...table.Book) {
	p.t.Helper()
	p.tap("finish")
	p.heads("We found " + found)
	p.tap("yes")
	p.heads("Would you like a receipt?")
	p.tap("none")
	p.away(h, books...)
}

// away takes the items from the last screen, which then has no more to say.
func (p page) away(h *house, books ...table.Book) {
	p.t.Helper()
	p.until("that it is over", `document.querySelector("main.s-bye")`)
	h.Room.Lift(books...)
	p.heads("All done")
	for _, b := range books {
		p.saysNothing(b.Title)
	}
	p.ok()
}

// tap touches a button with what is the mouse here, as soon as it is there.
func (p page) tap(button string) {
	p.t.Helper()
	p.do(chromedp.Click("#" + button))
}

// ok closes the last screen, which takes no touch in its first half second: it
// may have been meant for the screen before.
func (p page) ok() {
	p.t.Helper()
	p.until("that it is over", `document.querySelector("main.s-bye") && (window.bye ??= performance.now(), performance.now() - window.bye > 550)`)
	p.do(chromedp.Evaluate[chromedp.Void](`delete window.bye`))
	p.tap("ok")
	p.heads("What would you like to do?")
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

// says reads one thing of the page.
func (p page) says(expression string) string {
	p.t.Helper()
	said, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](expression))
	must(p.t, err)
	return said
}

// is checks that something is so on the page now.
func (p page) is(what, expression string) {
	p.t.Helper()
	is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
	must(p.t, err)
	if !is {
		p.t.Errorf("the screen is not so: %s", what)
	}
}

// side is where a button's middle lies: below 0.5 on the left.
func (p page) side(button string) float64 {
	p.t.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](fmt.Sprintf(
		`(r => (r.left + r.right) / 2 / innerWidth)(document.getElementById(%q).getBoundingClientRect())`, button)))
	must(p.t, err)
	return at
}
