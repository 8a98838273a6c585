package screen_test

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// desk plays the rest of the kiosk behind a real visit and a real screen: it
// says yes to everything, at once. What it was asked for it remembers.
type desk struct {
	screen *screen.Screen
	began  time.Time

	mu       sync.Mutex // guards what follows: taps come from the page's requests
	st       visit.State
	recorded []circ.Request
	renewed  int
	taps     []visit.Button
}

func (d *desk) now() circ.Moment {
	return circ.Moment{Wall: time.Now(), Mono: time.Since(d.began) + time.Second, Boot: uuid.UUID{7}, Quality: circ.Synced}
}

// open begins the first visit.
func (d *desk) open(devices visit.Devices) {
	d.began = time.Now()
	d.st.House.Languages = everyLanguage()
	d.hear(devices)
}

// hear is one event to its end.
func (d *desk) hear(e visit.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if tap, ok := e.(visit.Tapped); ok {
		d.taps = append(d.taps, tap.Button)
	}
	for todo := []visit.Event{e}; len(todo) > 0; todo = todo[1:] {
		var wanted []visit.Effect
		d.st, wanted = d.st.Next(d.now(), todo[0])
		for _, w := range wanted {
			if answer := d.answer(w); answer != nil {
				todo = append(todo, answer)
			}
		}
	}
	d.screen.Show(d.st, d.now())
}

func (d *desk) answer(w visit.Effect) visit.Event {
	standing := visit.Standing{Known: true, Reason: circ.OK, Service: visit.FullService, Loans: 2, Oldest: time.Now().AddDate(0, 0, 9)}
	switch w := w.(type) {
	case visit.Look:
		items := map[circ.ItemID]circ.ItemFacts{}
		for i, id := range w.Items {
			items[id] = circ.ItemFacts{Known: true, Title: []string{"Wolf Hall", "Dune", "Kes"}[i%3]}
		}
		return visit.Known{Visit: w.Visit, Ask: w.Ask, Standing: standing, Items: items}
	case visit.AskPIN:
		return visit.Answered{Visit: w.Visit, Ask: w.Ask, PIN: visit.PINRight, Standing: standing}
	case visit.Record:
		d.recorded = append(d.recorded, w.Pile...)
		done := visit.Recorded{Visit: w.Visit}
		for _, r := range w.Pile {
			done.Receipts = append(done.Receipts, circ.Receipt{Tx: uuid.New(), Kind: r.Kind, Visit: r.Visit, Item: r.Item, State: circ.Done,
				Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: time.Now().AddDate(0, 0, 21), Shelf: circ.Bin}})
		}
		return done
	case visit.AskRenew:
		d.renewed++
		return visit.Renewed{Visit: w.Visit, OK: true}
	case visit.Print:
		return visit.Printed{Visit: w.Visit, Job: w.Job}
	}
	return nil
}

// The borrower's hands, where no key can be pressed for them.
func (d *desk) card() {
	d.hear(visit.CardShown{Read: d.now().Mono, Who: circ.Borrower{Card: "29998000001234"}})
}

func (d *desk) put(n byte) {
	id := circ.ItemID([]byte{'3', '0', '0', '0' + n})
	d.hear(visit.Placed{Read: d.now().Mono, Tag: visit.Tag{UID: drivers.UID{0xE0, n}, Item: id, Part: 1, Of: 1}})
}

func (d *desk) lift(n byte) { d.hear(visit.Lifted{Read: d.now().Mono, UID: drivers.UID{0xE0, n}}) }

// state is how the visit stands.
func (d *desk) state() visit.State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.st
}

// acts are what the ledger was asked for.
func (d *desk) acts(k circ.Kind) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, r := range d.recorded {
		if r.Kind == k {
			n++
		}
	}
	return n
}

// pressed is what was tapped since it was last asked.
func (d *desk) pressed() []visit.Button {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.taps
	d.taps = nil
	return out
}
