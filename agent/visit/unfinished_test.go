package visit_test

import (
	"testing"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// unfinished is a borrower whose visit has just asked for a set of two discs,
// with the answer.
func unfinished(t *testing.T) (*table, circ.Receipt) {
	d := newTable(t)
	d.given("card 4001")
	d.act("show card 4001")
	d.slow = true
	discs := []drivers.UID{uid("1003", 1, 2), uid("1003", 2, 2)}
	for i, u := range discs {
		d.happen(visit.Placed{Read: d.now, Tag: visit.Tag{UID: u, Item: "1003", Part: i + 1, Of: 2}})
	}
	return d, circ.Receipt{Tx: uuid.New(), Kind: circ.Issue, Visit: d.state.Visit, Item: "1003", State: circ.Pending,
		Decision: circ.Decision{Verdict: circ.Yes}, Open: discs}
}

// The card comes back with an issue that is over by now, while the same item
// lies there and is being asked for: the old answer is not the new one's.
func TestWhatIsOverIsNoAnswer(t *testing.T) {
	d, asked := unfinished(t)
	old := asked
	old.Tx, old.State = uuid.New(), circ.Unverified
	d.happen(visit.Recorded{Visit: d.state.Visit, Receipts: []circ.Receipt{old}})
	if got := d.state.Lines[0].State; got != visit.LineRecording {
		t.Errorf("an old issue has ended, and the screen says of the new one %s", got)
	}
	d.happen(visit.Recorded{Visit: d.state.Visit, Receipts: []circ.Receipt{asked}})
	if l := d.state.Lines[0]; l.State != visit.LineSecuring || l.Tx != asked.Tx {
		t.Errorf("the answer came, and the screen says %s", l.State)
	}
}

// One disc is quiet and has been lifted, the other does not take. The issue
// cannot be taken back, because the quiet one cannot be armed.
func TestASetIsNotTakenBackInPart(t *testing.T) {
	d, asked := unfinished(t)
	d.happen(visit.Recorded{Visit: d.state.Visit, Receipts: []circ.Receipt{asked}})
	first, second := asked.Open[0], asked.Open[1]
	asked.Open = []drivers.UID{second}
	d.happen(visit.Settled{Receipts: []circ.Receipt{asked}})
	d.happen(visit.Stuck{Tx: asked.Tx, UID: second})
	d.happen(visit.Lifted{Read: d.now, UID: first})
	_, effects := d.state.Next(circ.Moment{Mono: d.now, Boot: boot}, visit.Tapped{Button: visit.TapLeave, Item: "1003"})
	for _, e := range effects {
		if r, ok := e.(visit.Record); ok {
			t.Errorf("the loan is taken back with %d of 2 discs there", len(r.Pile[0].Tags))
		}
	}
}
