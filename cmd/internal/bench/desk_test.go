package bench

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

// BenchmarkDesk is the whole desk with a million items in its cache: how soon
// the page shows what happened, and whether a long day makes it heavier. The
// cache is filled once for all of them.
func BenchmarkDesk(b *testing.B) {
	chromium(b)
	r := &record{before: load()}
	l := newLibrary(b)
	b.Run("TagToTile", func(b *testing.B) { tagToTile(b, l, r) })
	b.Run("EventToScreen", func(b *testing.B) { eventToScreen(b, l, r) })
	b.Run("Visits", func(b *testing.B) { visits(b, l, r) })
	b.Run("Page", func(b *testing.B) { pageVisits(b, l, r) })
	r.print(os.Stdout, l)
}

// How much is measured.
const (
	visitsAlone = 10 // with booksAlone placements each, one book after the other
	booksAlone  = 20
	visitsPile  = 6 // with booksPile placements each, all of which stay
	booksPile   = 5
	rounds      = 25 // of events
	unplugs     = 5
	hurried     = 100

	wantedTile  = "300"
	wantedEvent = "50"
)

// Waits that the desk asks for.
const (
	goneFor = 1200 * time.Millisecond // a tag is gone after 800 ms, and then a round
	strike  = 600 * time.Millisecond  // a tap on the last screen that comes within 500 ms is not believed
)

// desk is a running agent with its simulated devices, in front of Chromium.
type desk struct {
	b       *testing.B
	table   *sim.Table
	reader  *sim.Reader
	scanner *sim.Scanner
	page    *page
}

// newDesk starts the agent and waits for its screen to say that all works.
func newDesk(b *testing.B, l library) *desk {
	b.Helper()
	d := &desk{b: b, table: sim.NewTable()}
	dir := b.TempDir()
	var err error
	d.reader, err = sim.NewReader(d.table, "pad", sim.Options{TrueTiming: true, Baud: 38400, WriteTime: sim.TypicalWrite, Quiet: psst,
		Link: filepath.Join(dir, "reader")})
	must(b, err)
	b.Cleanup(func() { d.reader.Close() })
	d.scanner, err = sim.NewScanner(sim.ScannerOptions{Suffix: "\r"})
	must(b, err)
	b.Cleanup(func() { d.scanner.Close() })
	d.page = browse(b, d.run(l, dir))
	d.page.until(`document.querySelector("#borrow") && !document.querySelector(".telling")`)
	return d
}

// run starts the agent, which ends with the benchmark, and gives its address.
func (d *desk) run(l library, dir string) string {
	b := d.b
	b.Helper()
	must(b, l.cred.Save(filepath.Join(dir, "credential.json")))
	path := filepath.Join(dir, "kiosk.toml")
	must(b, os.WriteFile(path, fmt.Appendf(nil, `name = "Syston Library"
credential = "credential.json"
data = %q
[[pad]]
name = "pad"
path = %q
[scanner]
path = %q
[screen]
listen = "127.0.0.1:0"
[visit]
count = "never"
`, l.dir, d.reader.Path(), d.scanner.Path()), 0o600))
	cfg, err := config.Load(path)
	must(b, err)
	ctx, stop := context.WithCancel(context.Background()) // outlives b.Context, to be ended in order
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, cfg, agent.RunOptions{Log: slog.New(slog.DiscardHandler), Program: "bench", Ready: func(url string) { ready <- url }})
	}()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Errorf("the desk ended with %v", err)
		}
	})
	select {
	case url := <-ready:
		return url
	case err := <-ended:
		ended <- nil
		b.Fatalf("the desk ended with %v before it had a screen", err)
		return ""
	}
}

// show holds something under the scanner and gives the instant.
func (d *desk) show(symbology drivers.Symbology, text string) time.Time {
	d.b.Helper()
	at := time.Now()
	must(d.b, d.scanner.Show(symbology, '0', text))
	return at
}

// signIn shows a card on the first screen.
func (d *desk) signIn(card circ.Card) {
	d.b.Helper()
	d.show('F', string(card))
	d.page.screen("borrow")
}

// finish ends a visit whose books have been taken away.
func (d *desk) finish() {
	d.b.Helper()
	time.Sleep(goneFor)
	d.page.tap("finish")
	d.page.screen("bye")
	time.Sleep(strike)
	d.page.tap("ok")
	d.page.screen("home")
}

// put lays the n-th book on the pad and gives the time until its tile is
// painted, and until it says that the book is borrowed.
func (d *desk) put(n int) (seen, lent time.Duration) {
	d.b.Helper()
	id := "item-" + string(itemOf(n))
	time.Sleep(rand.N(60 * time.Millisecond)) // a hand knows nothing of the reader's rounds
	began := time.Now()
	d.table.Put("pad", tag(uidOf(n), n))
	at := d.page.await("a tile of "+id, func(p paint) bool { return p.Tiles[id] != "" })
	seen = d.page.since(began, at)
	const done = "tile t-done"
	if d.page.last.Tiles[id] != done {
		at = d.page.await("a tile that is done of "+id, func(p paint) bool { return p.Tiles[id] == done })
	}
	return seen, d.page.since(began, at)
}

// uidOf is a tag's, with a slot of its own among its neighbours.
func uidOf(n int) drivers.UID {
	return drivers.UID{0xE0, 0x04, 0x01, 0x50, 0, byte(n >> 16), byte(n >> 8), byte(n)}
}

// tagToTile times books from lying in the reader's field to being on the page:
// one after the other, each taken away when it is borrowed, and small piles
// whose books stay. No tag has been seen before.
func tagToTile(b *testing.B, l library, r *record) {
	d := newDesk(b, l)
	alone, lent := d.batch(visitsAlone, booksAlone, 0, true)
	pile, _ := d.batch(visitsPile, booksPile, visitsAlone, false) // items and cards of their own
	b.ReportMetric(0, "ns/op")
	alone.metrics(b, "tile")
	r.clock("tags", d.page)
	r.time("book put down → its tile", alone, wantedTile)
	r.time("the same → \"Borrowed\"", lent, "")
	r.time(fmt.Sprintf("book put down beside up to %d → its tile", booksPile-1), pile, "")
}

// batch is visits with books each. taken: a book is taken away before the next.
func (d *desk) batch(visits, books, first int, taken bool) (seen, lent times) {
	d.b.Helper()
	for v := first; v < first+visits; v++ {
		d.signIn(cardOf(v))
		for n := v * booksAlone; n < v*booksAlone+books; n++ {
			s, l := d.put(n)
			seen, lent = append(seen, s), append(lent, l)
			if taken {
				d.table.Lift(uidOf(n))
			}
		}
		for n := v * booksAlone; n < v*booksAlone+books; n++ {
			d.table.Lift(uidOf(n))
		}
		d.finish()
	}
	return seen, lent
}
