package agent_test

import (
	"context"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// A book is lent and lifted before its tag is written. Staff take it back, and
// central says so while the borrower is still here: put down again, the book
// must not be made quiet.
func TestNewsEndsAnIssueThatIsOvertaken(t *testing.T) {
	items := known{"1": {Known: true, Class: "book"}}
	r := newRoom(t, items)
	r.do(r.card(), visit.Placed{Read: r.mono + 2*1e9, Tag: visit.Tag{UID: drivers.UID{0xE0, 1}, Item: "1", Part: 1, Of: 1}})
	if r.state.Lines[0].State != visit.LineSecuring {
		t.Fatalf("the book is %s", r.state.Lines[0].State)
	}
	ctx := context.Background()
	wanted := func() int {
		wishes, err := r.book.Wanted(ctx, r.Visit(), []drivers.UID{{0xE0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		return len(wishes)
	}
	if err := r.News(ctx); err != nil || wanted() != 1 {
		t.Errorf("nothing is new (%v), and %d tags are wanted, want 1", err, wanted())
	}
	items["1"] = circ.ItemFacts{Known: true, Class: "book", OnLoan: true, Version: 7} // and lent on
	if err := r.News(ctx); err != nil || wanted() != 0 {
		t.Errorf("lent on at the staff desk (%v), and %d tags are wanted, want none", err, wanted())
	}
	if got := r.state.Lines[0].State; got != visit.LineUnsecured {
		t.Errorf("the screen says %s, want %s", got, visit.LineUnsecured)
	}
}
