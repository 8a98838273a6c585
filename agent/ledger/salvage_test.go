package ledger_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// spoil changes one byte wherever a text stands in the ledger's file.
func (d *desk) spoil(text []byte) {
	d.t.Helper()
	found := 0
	in(d.t, d.path, func(b []byte) []byte {
		for at := 0; ; found++ {
			next := bytes.Index(b[at:], text)
			if next < 0 {
				return b
			}
			b[at+next+len(text)/2] ^= 0x20
			at += next + 1
		}
	})
	if found == 0 {
		d.t.Fatalf("%q is not in the file", text)
	}
}

// salvaged closes the ledger, lets something spoil it, and goes on with what
// could be saved.
func (d *desk) salvaged(spoil func()) ledger.Salvaged {
	d.t.Helper()
	d.Close()
	spoil()
	if err := ledger.Check(context.Background(), d.path); err == nil {
		d.t.Fatal("nothing is damaged")
	}
	out := filepath.Join(d.t.TempDir(), "new.db")
	before := d.bytes()
	s, err := ledger.Salvage(context.Background(), d.path, out, d.o)
	if err != nil {
		d.t.Fatal(err)
	}
	if !bytes.Equal(before, d.bytes()) {
		d.t.Error("the damaged ledger has been touched")
	}
	d.path = out
	d.start()
	return s
}

// lent makes a ledger with five events, of which central has three.
func lent(t *testing.T) (d *desk, items []circ.ItemID) {
	t.Helper()
	d = newDesk(t)
	items = []circ.ItemID{"30230000000016", "30230000000027", "30230000000038", "30230000000049", "30230000000050"}
	for i, item := range items {
		d.record(d.ask(circ.Issue, item, nil))
		if i == 2 {
			p := d.position()
			if err := d.Acked(context.Background(), p.Epoch, p.Last, p.Hash); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d, items
}

// eventOf is a text that stands in an item's event and in nothing else.
func eventOf(item circ.ItemID) []byte { return []byte(`"item":"` + string(item)) }

// The event behind the one that is lost goes too: there is nothing left that it
// could be chained to.
func TestWhatCentralHasMayBeLost(t *testing.T) {
	d, items := lent(t)
	before, position := d.events(), d.position()
	s := d.salvaged(func() { d.spoil(eventOf(items[1])) })
	if !slices.Equal(s.Missing, []uint64{2}) || s.Lost() != 0 || s.Events != 4 || s.Waiting != 2 || s.Renumbered || s.Loans != 5 {
		t.Errorf("got %+v, want event 2 missing and the numbers to go on", s)
	}
	after := d.position()
	if after.Epoch != position.Epoch || after.Last != 5 || after.Hash != position.Hash || after.Acked != 3 || after.First != 4 {
		t.Errorf("got %+v after %+v", after, position)
	}
	if got := d.events(); len(got) != 2 || got[1].Tx != before[1].Tx {
		t.Errorf("events %+v, want %+v", got, before)
	}
}

func TestWhatCentralLacksIsSaved(t *testing.T) {
	d, items := lent(t)
	before, position := d.events(), d.position()
	s := d.salvaged(func() { d.spoil(eventOf(items[3])) })
	if !slices.Equal(s.Missing, []uint64{4}) || s.Lost() != 1 || s.Waiting != 1 || !s.Renumbered {
		t.Errorf("got %+v, want event 4 lost and event 5 under a new number", s)
	}
	after := d.position()
	if got := d.events(); after.Epoch == position.Epoch || len(got) != 1 || got[0].N != 1 || got[0].Tx != before[1].Tx {
		t.Errorf("events %+v at %+v, want the last of %+v in a new epoch", got, after, before)
	}
	if l, err := d.Lent(context.Background(), items[4]); err != nil || !l.Open || l.Epoch != after.Epoch || l.N != 1 {
		t.Errorf("the loan says %+v, %v, want it to rest on the new number", l, err)
	}
}

// The row that counts the events is lost. The witness has it; without the
// witness all that is there is sent, and central knows what it has had.
func TestTheChainIsFoundAgain(t *testing.T) {
	for _, witnessed := range []bool{true, false} {
		d, _ := lent(t)
		position := d.position()
		s := d.salvaged(func() {
			d.spoil(position.Hash[:]) // in the chain's row, and in the last event's
			if !witnessed {
				os.Remove(d.path + "-last")
			}
		})
		after := d.position()
		if witnessed && (s.Guess || s.Acked != 3 || s.Waiting != 1 || !slices.Equal(s.Missing, []uint64{5})) {
			t.Errorf("with a witness: got %+v at %+v", s, after)
		}
		if !witnessed && (!s.Guess || after.Epoch == position.Epoch || s.Waiting != 4) {
			t.Errorf("without: got %+v at %+v, want what is left in a new epoch", s, after)
		}
	}
}

func TestAnOldHeaderIsNoReasonToLoseAnything(t *testing.T) {
	d, _ := lent(t)
	before, position := d.events(), d.position()
	s := d.salvaged(func() { in(t, d.path, func(b []byte) []byte { clear(b[:4096]); return b }) })
	if s.Events != 5 || len(s.Missing) != 0 || s.Loans != 5 || s.Rebuilt != 0 || d.position().Hash != position.Hash || d.position().Epoch != position.Epoch || len(d.events()) != len(before) {
		t.Errorf("got %+v", s)
	}
}

func TestALoanIsMadeAgainFromItsEvent(t *testing.T) {
	d, items := lent(t)
	s := d.salvaged(func() { d.spoil(append([]byte(items[4]), d.events4()...)) })
	if s.Rebuilt != 1 || s.Loans != 5 || len(s.Missing) != 0 {
		t.Errorf("got %+v, want one loan made again", s)
	}
	if l, err := d.Lent(context.Background(), items[4]); err != nil || !l.Open || l.N != 5 {
		t.Errorf("got %+v, %v", l, err)
	}
}

// events4 is the transaction of the last event, as a loan's row has it behind
// its item.
func (d *desk) events4() []byte {
	d.t.Helper()
	r, err := ledger.Audit(context.Background(), d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	tx := r.Events[4].Tx
	return tx[:]
}

func TestWhatIsUnderWayGoesOn(t *testing.T) {
	d := newDesk(t)
	d.evening()
	wishes := d.wanted(1, 2, 3, 4)
	s := d.salvaged(func() { d.spoil(eventOf("z")) }) // acknowledged, in an epoch that has ended
	if got := d.wanted(1, 2, 3, 4); !slices.Equal(got, wishes) || s.Open != 3 || len(s.Begun) != 0 {
		t.Errorf("wishes %v, want %v: %+v", got, wishes, s)
	}
	if told, err := d.Verify(context.Background(), d.now, d.visit, uid(4)); !told || err != nil {
		t.Errorf("the tag in doubt: %v, %v", told, err)
	}
	if s := d.tries(1); s.Wrong != 1 {
		t.Errorf("wrong PINs %+v, want one", s)
	}
	d.settle(d.wanted(2, 3)...)
	if got := d.types(); got[len(got)-1] != contract.LoanReturned {
		t.Errorf("events %v, want the return at the end", got)
	}
}

func TestAReturnThatIsLostIsNamed(t *testing.T) {
	d := newDesk(t)
	r := d.record(d.ask(circ.Return, "30230000000016", tags(2)))[0]
	s := d.salvaged(func() { d.spoil(append(r.Tx[:], "return"...)) }) // its act's row
	if !slices.Equal(s.Begun, []circ.ItemID{"30230000000016"}) || s.Open != 0 {
		t.Errorf("got %+v, want the item to be put down again", s)
	}
}

// Nothing is in place of the ledger for a moment but that its witness stays, so
// that a kiosk that starts just then refuses to begin anew.
func TestASalvagedLedgerTakesItsPlace(t *testing.T) {
	d, items := lent(t)
	path := d.path
	d.salvaged(func() { d.spoil(eventOf(items[1])) })
	d.Close()
	kept, err := ledger.Replace(path, d.path, time.Unix(1772445600, 0))
	if err != nil {
		t.Fatal(err)
	}
	if kept != path+".damaged-1772445600" || ledger.Check(context.Background(), kept) == nil {
		t.Errorf("the damaged one is not kept as %s", kept)
	}
	d.path = path
	d.start()
	if p := d.position(); p.Last != 5 {
		t.Errorf("got %+v", p)
	}
}
