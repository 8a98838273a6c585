package bench

import (
	"slices"
	"testing"
	"time"
)

// events are the times of each sort of event until it was painted.
type events struct {
	*desk
	taps, cards, items, wrong, unplugged times
}

// The first borrower and the first item of this benchmark: the ledger knows
// what the one before it has lent.
const (
	firstGuest = 1_000
	firstShown = 20_000
)

// eventToScreen times taps, from the page's own clock at the click that sends
// them; barcodes, from before the scanner sends them; and a reader that is
// unplugged. Only one thing happens at a time, except in the last row: there,
// a tap follows as soon as what the last one did is painted.
func eventToScreen(b *testing.B, l library, r *record) {
	e := &events{desk: newDesk(b, l)}
	for n := range rounds {
		e.round(n)
		if n%(rounds/unplugs) == 0 {
			e.unplug()
		}
	}
	hurry := e.hurry()
	all := slices.Concat(e.taps, e.cards, e.items, e.wrong, e.unplugged)
	b.ReportMetric(0, "ns/op")
	all.metrics(b, "event")
	r.clock("events", e.page)
	r.time("tap → screen", e.taps, wantedEvent)
	r.time("card → screen", e.cards, wantedEvent)
	r.time("item's barcode → screen", e.items, wantedEvent)
	r.time("another barcode → screen", e.wrong, wantedEvent)
	r.time("reader unplugged → screen", e.unplugged, wantedEvent)
	r.time("all of these", all, wantedEvent)
	r.time("tap right after a frame → screen", hurry, "")
}

// settle lets what the last event led to come to rest, and not in step with
// anything.
func settle() {
	time.Sleep(80*time.Millisecond + time.Duration(time.Now().UnixNano()%40)*time.Millisecond)
}

// round is one visit with something of everything.
func (e *events) round(n int) {
	e.b.Helper()
	e.tapped("borrow", func(p paint) bool { return p.Screen == "card" })
	settle()
	said := e.page.last.Words
	began := e.show('E', "9780141439549") // the back of a paperback
	e.wrong = append(e.wrong, e.page.since(began, e.page.await("what is wrong", func(p paint) bool { return p.Words != said })))
	settle()
	began = e.show('F', string(cardOf(firstGuest+n)))
	e.cards = append(e.cards, e.page.since(began, e.page.screen("borrow")))
	for i := range 3 {
		item := itemOf(firstShown + 3*n + i)
		settle()
		began = e.show('F', string(item))
		at := e.page.await("a tile", func(p paint) bool { return p.Tiles["item-"+string(item)] != "" })
		e.items = append(e.items, e.page.since(began, at))
	}
	settle()
	e.tapped("help", func(p paint) bool { return p.Over == "help" })
	settle()
	e.tapped("close", func(p paint) bool { return p.Over == "" })
	settle()
	e.tapped("finish", func(p paint) bool { return p.Screen == "bye" })
	time.Sleep(strike)
	e.tapped("ok", func(p paint) bool { return p.Screen == "home" })
	settle()
}

func (e *events) tapped(button string, is func(paint) bool) {
	e.b.Helper()
	e.taps = append(e.taps, e.tap(button, is))
}

// tap has the page press a button. Both instants are the page's.
func (e *events) tap(button string, is func(paint) bool) time.Duration {
	e.b.Helper()
	began := e.page.tap(button)
	at := e.page.await("what "+button+" does", is)
	return time.Duration((at - began) * float64(time.Millisecond))
}

// unplug pulls the reader's cable and puts it back.
func (e *events) unplug() {
	e.b.Helper()
	said := e.page.last.Words
	began := time.Now()
	e.reader.Unplug()
	e.unplugged = append(e.unplugged, e.page.since(began, e.page.await("no shelf", func(p paint) bool { return p.Words != said })))
	must(e.b, e.reader.Plug())
	e.page.await("the shelf", func(p paint) bool { return p.Words == said })
	settle()
}

// hurry opens and closes Help as fast as the page shows it. The stream rests
// 40 ms after each frame that it sends, and that is in these times.
func (e *events) hurry() (all times) {
	e.b.Helper()
	for range hurried / 2 {
		all = append(all, e.tap("help", func(p paint) bool { return p.Over == "help" }),
			e.tap("close", func(p paint) bool { return p.Over == "" }))
	}
	return all
}
