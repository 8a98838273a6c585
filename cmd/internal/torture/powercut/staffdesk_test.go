package powercut

import (
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers/sim"
)

// staffDesk is a second kiosk of the same central: what staff take back there
// is news to the first one's cache.
func (w *world) staffDesk() *world {
	w.t.Helper()
	d := &world{t: w.t, table: sim.NewTable(), dir: torture.Memory(w.t), central: w.central, wall: w.wall,
		told: map[circ.ItemID]circ.Receipt{}}
	var err error
	d.cred, err = w.central.AddKiosk(w.t.Context(), central.Enrolment{Name: "syston-desk", Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	must(w.t, err)
	d.reader, err = sim.NewReader(d.table, "pad", sim.Options{})
	must(w.t, err)
	w.t.Cleanup(func() { d.reader.Close() })
	return d
}

// takeBack has staff return the book by its barcode.
func (w *world) takeBack() {
	w.t.Helper()
	d := w.staffDesk()
	must(w.t, d.on(&power{}))
	must(w.t, d.sync())
	must(w.t, d.tap(visit.TapReturn))
	d.pass(time.Second)
	must(w.t, d.desk.Handle(w.t.Context(), visit.ItemShown{Read: d.mono, Item: book}))
	must(w.t, d.tap(visit.TapFinish))
	must(w.t, d.sync())
	d.dark()
	w.pass(d.wall.Sub(w.wall))
	if _, open := w.openLoans()[book]; open || d.told[book].Kind != circ.Return {
		w.t.Fatalf("staff took the book back, and the loan is open: %v; the desk told %v", open, d.told)
	}
}

// A book is issued and lifted before its tag is written, staff return it at
// their desk, and it lies on the pad again: the old wish must not quieten it,
// whoever shows a card, and central must have been told.
func TestLiftedBeforeTheWriteReturnedAtTheStaffDeskSeenAgain(t *testing.T) {
	card := func(w *world) error {
		return w.steps(w.card, func() error { return w.rounds(10, w.allDone(1)) })
	}
	for _, c := range []struct {
		name  string
		ended bool               // the visit came to its end before the power went
		then  func(*world) error // after staff have returned it and it lies there again
		anew  bool
	}{
		{name: "power cut, the card is shown again", then: card},
		{name: "power cut, nobody comes", then: func(w *world) error { return w.wait(20 * time.Minute) }},
		{name: "the visit ended, the card is shown again", ended: true, then: card},
		{name: "the visit ended, nobody comes", ended: true, then: func(w *world) error { return w.wait(20 * time.Minute) }},
		{name: "it is put down anew and the card shown", anew: true, then: func(w *world) error {
			w.table.Lift(uidOf(1))
			must(w.t, w.rounds(10, func() bool { return false }))
			w.table.Lay("pad", uidOf(1))
			must(w.t, w.rounds(3, func() bool { return false }))
			return card(w)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.lentAndLifted()
			if c.ended {
				must(t, w.wait(4*time.Minute))
			}
			w.dark()
			w.takeBack()
			w.table.Lay("pad", uidOf(1))
			must(t, w.on(&power{}))
			must(t, w.rounds(3, func() bool { return false }))
			must(t, w.sync())
			must(t, c.then(w))
			must(t, w.sync())
			must(t, w.sync())
			w.seenAgain(c.anew, writes(w.power))
		})
	}
}

// lentAndLifted issues the book, which is lifted before its tag is written, and
// central hears of the loan.
func (w *world) lentAndLifted() {
	w.t.Helper()
	w.put(1, book, 1, 1, loud)
	must(w.t, w.reader.Fault(sim.Fault{Name: sim.GoneMidWrite}))
	must(w.t, w.on(&power{}))
	must(w.t, w.steps(w.sync, w.card, w.round, func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
		func() error { return w.rounds(15, func() bool { return w.lineState() == visit.LinePutBack }) }, w.sync))
	if w.lineState() != visit.LinePutBack || len(w.openLoans()) != 1 {
		w.t.Fatalf("lifted before the write, the screen says %q and central has %d loans", w.lineState(), len(w.openLoans()))
	}
}

// seenAgain checks the book: loud, unwritten, reported; and quiet only if it
// has been lent anew.
func (w *world) seenAgain(anew bool, writes int) {
	w.t.Helper()
	wantAFI, wantWrites, wantLoans := loud, 0, 1
	if anew {
		wantAFI, wantWrites, wantLoans = quiet, 1, 2
	}
	if afi := w.table.AFI(uidOf(1)); afi != wantAFI || writes != wantWrites {
		w.t.Errorf("seen again, its tag is %s after %d writes, want %s after %d", afi, writes, wantAFI, wantWrites)
	}
	if _, open := w.openLoans()[book]; open != anew {
		w.t.Errorf("central has an open loan: %v, want %v", open, anew)
	}
	if n := w.count(contract.TagUnverified, book); n != 1 {
		w.t.Errorf("tag.unverified was reported %d times, want once", n)
	}
	if n := w.count(contract.LoanIssued, book); n != wantLoans {
		w.t.Errorf("loan.issued %d times, want %d", n, wantLoans)
	}
	if wishes := w.audit().Wishes; len(wishes) != 0 {
		w.t.Errorf("the ledger still wants %v", wishes)
	}
	w.dark()
}

func (w *world) centralDir() string { return filepath.Join(w.dir, "central") }
