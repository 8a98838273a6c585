package bench

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// A long day, and when it is looked at for the first time: what is allocated
// once is there by then.
const (
	dayVisits  = 5_000
	warmVisits = 500
	pageDay    = 1_000
	pageWarm   = 100
	firstDay   = 100_000 // item of the first visit
	pruneAfter = 200     // visits, an hour of them
)

// counter is a desk with ledger, cache and screen, whose time is this
// benchmark's: 5 000 visits are more than a day.
type counter struct {
	b      *testing.B
	desk   *agent.Desk
	book   *ledger.Ledger
	path   string // of the ledger
	screen *screen.Screen
	now    circ.Moment
}

func newCounter(b *testing.B, l library) *counter {
	b.Helper()
	c := &counter{b: b, now: circ.Moment{Wall: time.Now(), Mono: time.Hour, Boot: uuid.New(), Quality: circ.Synced}}
	c.book, c.path = l.openLedger(b)
	known, err := cache.Open(b.Context(), l.cache())
	must(b, err)
	b.Cleanup(func() { known.Close() })
	c.screen, err = screen.New(screen.Config{Listen: "127.0.0.1:0", Venue: "Syston Library", Volume: 50}, func(visit.Event) {})
	must(b, err)
	c.desk = &agent.Desk{Ledger: c.book, Facts: known, CardKey: l.cred.CardKey, Quiet: quiet, Now: func() circ.Moment { return c.now },
		Online: func() bool { return true }, Show: c.screen.Show, Poke: func() {}, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background()) // outlives b.Context, to be ended in order
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.screen.Run(ctx) })
	b.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil {
			b.Errorf("the screen ended with %v", err)
		}
	})
	must(b, c.desk.Handle(b.Context(), visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true, HasPaper: true}))
	return c
}

// happens is an event a second after the last.
func (c *counter) happens(ev visit.Event) {
	c.b.Helper()
	must(c.b, c.desk.Handle(c.b.Context(), ev))
	c.pass()
}

func (c *counter) pass() {
	c.now.Mono += time.Second
	c.now.Wall = c.now.Wall.Add(time.Second)
}

// is checks the screen after a step: a visit that went another way weighs nothing.
func (c *counter) is(want visit.Screen) {
	c.b.Helper()
	if got := c.desk.State().Screen; got != want {
		c.b.Fatalf("the screen is %s, not %s", got, want)
	}
}

// visit is a whole one: a card, two books, no receipt. looked is called when
// the books are borrowed, and on the last screen or after it.
func (c *counter) visit(n int, looked func()) {
	c.b.Helper()
	c.happens(visit.CardShown{Read: c.now.Mono, Who: c.desk.Borrower(cardOf(n % borrowers))})
	c.is(visit.Borrow)
	uids := []drivers.UID{uidOf(2 * n), uidOf(2*n + 1)}
	for i, u := range uids {
		c.put(u, itemOf(firstDay+2*n+i))
	}
	c.secure(uids)
	looked()
	c.tap(visit.TapFinish, visit.Count)
	c.tap(visit.TapYes, visit.Receipt)
	for _, u := range uids {
		must(c.b, c.desk.Pad(c.b.Context(), pads.Lifted{Read: c.now, UID: u}, visit.RoleBoth))
	}
	c.tap(visit.TapNone, visit.Bye)
	if n%2 == 0 {
		looked()
	}
	c.tap(visit.TapOK, visit.Home)
	if n%2 == 1 {
		looked()
	}
	must(c.b, c.desk.Expire(c.b.Context()))
	if n%pruneAfter == 0 {
		_, err := c.book.Prune(c.b.Context(), c.now)
		must(c.b, err)
	}
}

func (c *counter) tap(button visit.Button, leads visit.Screen) {
	c.b.Helper()
	c.happens(visit.Tapped{Button: button})
	c.is(leads)
}

// put is what a pad tells of a book that it has read.
func (c *counter) put(u drivers.UID, item circ.ItemID) {
	c.b.Helper()
	must(c.b, c.desk.Pad(c.b.Context(), pads.Placed{Read: c.now, Pad: "pad", UID: u, AFI: loud,
		Label: label.Label{Kind: label.KindItem, Item: string(item), Part: 1, Parts: 1}}, visit.RoleBoth))
	c.pass()
}

// secure settles what the ledger wants of the tags, as pads do.
func (c *counter) secure(uids []drivers.UID) {
	c.b.Helper()
	wishes, err := c.book.Wanted(c.b.Context(), c.desk.Visit(), uids)
	must(c.b, err)
	receipts, err := c.book.Settle(c.b.Context(), c.now, wishes...)
	must(c.b, err)
	must(c.b, c.desk.Pad(c.b.Context(), pads.Settled{Receipts: receipts}, visit.RoleBoth))
	c.pass()
	for _, l := range c.desk.State().Lines {
		if l.State != visit.LineDone {
			c.b.Fatalf("a book is %s: %+v", l.State, l.Decision)
		}
	}
}

// listen reads the screen's stream until the benchmark ends, as a browser
// does, and looks at nothing.
func (c *counter) listen() {
	c.b.Helper()
	jar, err := cookiejar.New(nil)
	must(c.b, err)
	client := &http.Client{Jar: jar, Transport: &http.Transport{}}
	first, err := client.Get(c.screen.URL())
	must(c.b, err)
	must(c.b, first.Body.Close())
	stream, err := client.Get((&url.URL{Scheme: "http", Host: c.screen.Addr(), Path: "/events"}).String())
	must(c.b, err)
	if stream.StatusCode != http.StatusOK {
		c.b.Fatalf("the stream is answered %d", stream.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stream.Body) // it ends when the body is closed
	}()
	c.b.Cleanup(func() { stream.Body.Close(); <-ended })
}

// program is what this program has taken.
type program struct{ heap, goroutines, files, resident, ledger float64 }

// weigh looks at this program when its garbage has been collected.
func (c *counter) weigh() program {
	c.b.Helper()
	runtime.GC()
	runtime.GC() // the first one's finalizers have run
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	must(c.b, err)
	statm, err := os.ReadFile("/proc/self/statm")
	must(c.b, err)
	resident, err := strconv.ParseFloat(strings.Fields(string(statm))[1], 64)
	must(c.b, err)
	info, err := os.Stat(c.path)
	must(c.b, err)
	return program{float64(m.HeapAlloc), float64(runtime.NumGoroutine()), float64(len(open)),
		resident * float64(os.Getpagesize()), float64(info.Size())}
}

// visits weighs the program during a long day with one screen.
func visits(b *testing.B, l library, r *record) {
	c := newCounter(b, l)
	c.listen()
	var warm program
	began := time.Now()
	for n := range dayVisits {
		if n == warmVisits {
			warm = c.weigh()
		}
		c.visit(n, func() {})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(time.Since(began))/dayVisits, "ms/visit")
	full := c.weigh()
	const mb = 1e6
	r.size(b, "program heap", warm.heap/mb, full.heap/mb, "MB", true)
	r.size(b, "goroutines", warm.goroutines, full.goroutines, "", true)
	r.size(b, "open files", warm.files, full.files, "", true)
	r.size(b, "program memory", warm.resident/mb, full.resident/mb, "MB", false)
	r.size(b, "ledger file", warm.ledger/mb, full.ledger/mb, "MB", false)
}

// pageVisits weighs the page, which is sure to see two screens of each visit.
func pageVisits(b *testing.B, l library, r *record) {
	c := newCounter(b, l)
	p := browse(b, c.screen.URL())
	_, err := chromedp.Call(p.ctx, performance.Enable, performance.EnableParams{})
	must(b, err)
	b.ReportMetric(p.load(), "B-page")
	r.sizes = append(r.sizes, strconv.FormatFloat(p.load()/1000, 'f', 1, 64)+" kB page without fonts\t\t\t\t< 150 kB\t")
	var warm weight
	for n := range pageDay {
		if n == pageWarm {
			warm = p.weigh()
		}
		c.visit(n, func() {
			st := c.desk.State()
			p.await("the screen "+string(st.Screen), func(s paint) bool {
				return s.Screen == string(st.Screen) && (st.Screen != visit.Borrow || len(s.Tiles) == len(st.Lines))
			})
		})
	}
	b.ReportMetric(0, "ns/op")
	full := p.weigh()
	r.size(b, "page heap", warm.heap/1e6, full.heap/1e6, "MB", true)
	r.size(b, "page nodes", warm.nodes, full.nodes, "", true)
	r.size(b, "page listeners", warm.listeners, full.listeners, "", true)
}
