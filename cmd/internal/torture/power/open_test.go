package power

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// open opens a room that lost its power after k operations, wants to find what
// it last answered, and nothing half, and has it go on. note hears what it
// holds after each step; nil: nobody wants to know.
func (c *cutter) open(r room, k int, note func(known, clock)) {
	last, under := c.history.before(r, k)
	at := last.clock
	if last.what == "" {
		at = clock{wall: founded}
	}
	at.boots(time.Hour)
	found := c.history.as(k)
	var step func(known)
	if note != nil {
		step = func(has known) { note(has, at) }
	}
	match := func(has known) {
		if has.wrong == nil {
			has.wrong = last.known.wrong
		}
		c.match(k, r, has, last, under)
		found.rooms[r] = []moment{{what: "found", known: has}}
		if step != nil {
			step(has)
		}
		if r != theCache {
			c.inTheDark(k, found)
		}
	}
	var err error
	switch r {
	case theLedger:
		err = c.openLedger(k, at, match, step)
	case theCache:
		err = c.openCache(k, at, match, step)
	case theCentral:
		err = c.openCentral(at, match)
	}
	if err != nil {
		c.harm(k, "%s: %v", r, err)
	}
}

// match wants a room to hold what it held after the last call that it had
// answered, or after the one that was under way.
func (c *cutter) match(k int, r room, has known, last moment, under *moment) {
	if last.what == "" || has.print == last.known.print || under != nil && has.print == under.known.print {
		return
	}
	call := "nothing"
	if under != nil {
		call = under.what
	}
	c.harm(k, "%s holds %d events and not what it held after %q, when %q was under way", r, len(has.report.Events)+len(has.central.Events), last.what, call)
}

// inTheDark asks the checker about all that was there.
func (c *cutter) inTheDark(k int, found history) {
	v := check.InTheDark(found.reading(c.e.books))
	for _, h := range v.Harms {
		c.harm(k, "%s", h)
	}
}

// reading is the end of a history as the checker wants it.
func (h history) reading(books []*book) check.Reading {
	const end = 1 << 40
	l, _ := h.before(theLedger, end)
	s, _ := h.before(theCentral, end)
	return check.Reading{Tags: h.tags(books, end), Ledger: l.known.report, Central: s.known.central, Told: h.told(end)}
}

// openLedger opens a ledger, lends a book and makes its tag agree.
func (c *cutter) openLedger(k int, at clock, found, step func(known)) error {
	ctx := context.Background()
	path := filepath.Join(c.dir, string(theLedger))
	l, err := ledger.Open(ctx, path, c.e.ledgerOptions())
	if err != nil {
		return err
	}
	defer l.Close()
	has, err := look(ctx, path, nil)
	if err != nil {
		return err
	}
	if has.wrong, err = c.pins(k, l, at.now()); err != nil {
		return err
	}
	found(has)
	new := book{id: "31221012399999", tags: []*tag{{uid: drivers.UID{0xE0, 9, 9}}}}
	if c.again == "" {
		new = book{id: "31221012388888", tags: []*tag{{uid: drivers.UID{0xE0, 8, 8}}}}
	}
	pile := (&evening{}).ask(circ.Issue, &new)
	receipts, err := l.Record(ctx, at.now(), pile, circ.Facts{}, yes)
	if err != nil || receipts[0].State != circ.Pending {
		return errors.Join(errors.New("it lends nothing more"), err)
	}
	if err := c.lookAgain(path, step); err != nil {
		return err
	}
	receipts, err = l.Settle(ctx, at.now(), circ.Wish{UID: new.tags[0].uid, Tx: pile[0].Tx})
	if err != nil || len(receipts) != 1 || receipts[0].State != circ.Done {
		return errors.Join(errors.New("it settles nothing more"), err)
	}
	return c.lookAgain(path, step)
}

// lookAgain looks at the ledger after a step, if anybody wants to know.
func (c *cutter) lookAgain(path string, step func(known)) error {
	if step == nil {
		return nil
	}
	has, err := look(context.Background(), path, nil)
	step(has)
	return err
}

func yes(circ.Moment, circ.Request, circ.Facts) circ.Decision {
	return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: founded.AddDate(0, 0, 21), Rules: "r1"}
}

// pins wants every wrong PIN still to be counted, and gives the counts that there are.
func (c *cutter) pins(k int, l *ledger.Ledger, at circ.Moment) (map[circ.CardKey]int, error) {
	last, under := c.history.before(theLedger, k)
	found := map[circ.CardKey]int{}
	for card, n := range last.known.wrong {
		s, err := l.PINTries(context.Background(), at, card)
		if err != nil {
			return nil, err
		}
		if s.Wrong != n && (under == nil || s.Wrong != under.known.wrong[card]) {
			c.harm(k, "%d wrong PINs of a card are remembered, and it was %d", s.Wrong, n)
		}
		found[card] = s.Wrong
	}
	return found, nil
}

// openCache opens a cache, takes a word that nothing is new, and learns a tag.
func (c *cutter) openCache(k int, at clock, found, step func(known)) error {
	ctx := context.Background()
	ch, err := cache.Open(ctx, filepath.Join(c.dir, string(theCache)))
	if err != nil {
		return err
	}
	defer ch.Close()
	if ch.Rebuilt != nil {
		c.harm(k, "the cache was put aside: %v", ch.Rebuilt.Why)
	}
	has, err := lookCache(ctx, ch)
	if err != nil {
		return err
	}
	found(has)
	items, _, err := ch.Versions(ctx)
	if err != nil {
		return err
	}
	if items.Version > 0 {
		_, err := ch.Apply(ctx, contract.Chunk{Statement: contract.Statement{V: 1, Issued: at.wall}, Feed: contract.FeedItems,
			From: items, To: items, Last: true})
		if err != nil {
			return err
		}
	}
	if step != nil {
		if has, err = lookCache(ctx, ch); err != nil {
			return err
		}
		step(has)
	}
	_, _, err = ch.Learn(ctx, cache.Seen{UID: drivers.UID{0xE0, 9, 9}, Item: "31221012399999", Part: 1, Of: 1, ReadAt: at.wall})
	if err != nil || step == nil {
		return err
	}
	has, err = lookCache(ctx, ch)
	step(has)
	return err
}

// openCentral opens central, and has it take a kiosk's word that it is there.
func (c *cutter) openCentral(at clock, found func(known)) error {
	ctx := context.Background()
	s, err := central.Open(ctx, filepath.Join(c.dir, "central"), central.Options{Now: func() time.Time { return at.wall }, Serving: true})
	if err != nil {
		return err
	}
	defer s.Close()
	has, err := lookCentral(ctx, s)
	if err != nil {
		return err
	}
	found(has)
	msg, err := contract.Encode(contract.KindStatus, contract.Status{V: contract.Version, Kiosk: kiosk, Online: true, At: at.wall}, c.e.cred.Key())
	if err != nil {
		return err
	}
	_, err = s.Handle(ctx, c.e.cred.Topics().St(), msg)
	return err
}
