package agent_test

import (
	"context"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// racing is a cache of a library that lends one book a person. Central's word,
// that one is lent, comes in just after the facts have been read.
type racing struct {
	known
	room *room
	word circ.Facts // what central says, once it has come
	due  int        // readings of items until it comes; 0: it does not
}

func (c *racing) Facts(ctx context.Context, at circ.Moment, k []byte, who circ.Borrower, items []circ.ItemID) (circ.Facts, error) {
	f, err := c.known.Facts(ctx, at, k, who, items)
	f.Rules.Categories = map[string]circ.CategoryRule{"adult": {Limit: 1}}
	f.Version, f.Epoch, f.Folded = circ.FeedVersion{Generation: 1, Version: 1}, c.word.Epoch, c.word.Folded
	if f.Borrower != nil && f.Folded > 0 {
		f.Borrower.Loans = 1
	}
	if c.due == 0 || len(items) == 0 {
		return f, err
	}
	if c.due--; c.due > 0 {
		return f, err
	}
	p, err := c.room.book.Position(ctx)
	if err != nil {
		return f, err
	}
	c.word.Epoch, c.word.Folded = p.Epoch, 1
	return f, c.room.book.Fold(ctx, p.Epoch, 1)
}

// A loan is counted in the ledger until the cache counts it. The moment between
// the two must not lend one too many.
func TestNoLoanIsForgottenWhileCentralsWordComesIn(t *testing.T) {
	cache := &racing{known: known{"1": {Known: true, Class: "book"}, "2": {Known: true, Class: "book"}}}
	r := newRoom(t, cache.known)
	cache.room = r
	r.Facts = cache
	book := func(n byte) visit.Event {
		return visit.Placed{Read: r.mono + 2*1e9, Tag: visit.Tag{UID: drivers.UID{0xE0, n}, Item: circ.ItemID('0' + rune(n)), Part: 1, Of: 1}}
	}
	r.do(r.card(), book(1))
	if got := r.state.Lines[0].State; got != visit.LineSecuring {
		t.Fatalf("the first book is %s", got)
	}
	cache.due = 2 // the first reading is for the tile, the second for the loan
	r.do(book(2))
	if got := r.state.Lines[1]; got.State != visit.LineRefused {
		t.Errorf("the second book is %s, want it refused: one is the limit", got.State)
	}
}
