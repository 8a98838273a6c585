package power

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// whole cuts the power of the kiosk, of central, or of both, and has the evening
// come to its end afterwards: the books that lie there are taken back, the
// borrowers who left do not return, and all is told to central.
func (c *cutter) whole(k int, chance *rand.Rand) {
	files := c.replay.Cut(chance)
	on := []string{"none", "kiosk", "central"}[chance.IntN(3)] // this one stays on
	for name, content := range c.replay.Now() {
		if filepath.Dir(name) == on {
			files[name] = content
		}
	}
	for _, r := range []room{theLedger, theCache, theCentral} {
		c.lay(r, k, files, chance)
	}
	h := c.history.as(k)
	harms, err := c.goOn(&h)
	if err != nil {
		c.harm(k, "the evening cannot go on: %v", err)
	}
	for _, harm := range harms {
		c.harm(k, "at the end of the evening: %s", harm)
	}
}

func (c *cutter) goOn(h *history) (harms []check.Harm, err error) {
	ctx := context.Background()
	last, _ := h.before(theLedger, 0)
	e := &evening{t: c.e.t, dir: c.dir, cred: c.e.cred, books: c.e.books, clock: last.clock}
	if last.what == "" {
		e.clock = clock{wall: founded}
	}
	e.clock.boots(time.Minute)
	if e.ledger, err = ledger.Open(ctx, e.path(theLedger), c.e.ledgerOptions()); err != nil {
		return nil, err
	}
	defer e.ledger.Close()
	if e.cache, err = cache.Open(ctx, e.path(theCache)); err != nil {
		return nil, err
	}
	defer e.cache.Close()
	e.central, err = central.Open(ctx, filepath.Join(c.dir, "central"), central.Options{Now: func() time.Time { return e.clock.wall }, Serving: true})
	if err != nil {
		return nil, err
	}
	defer e.central.Close()
	h.rooms[theLedger], h.rooms[theCentral] = nil, nil
	if err := e.found(h); err != nil {
		return nil, err
	}
	harms = check.InTheDark(h.reading(e.books)).Harms
	if err := e.settleAll(h); err != nil {
		return nil, err
	}
	u := uplink.New(uplink.Config{Credential: e.cred, Now: e.clock.now}, e.ledger, e.cache)
	for range 2 { // what central made of the first is in the feeds of the second
		if err := talk(u, &e.clock, func(topic string, payload []byte) ([]central.Out, error) {
			return e.central.Handle(ctx, topic, payload)
		}); err != nil {
			return nil, err
		}
	}
	if err := e.found(h); err != nil {
		return nil, err
	}
	return append(harms, check.AtRest(h.reading(e.books)).Harms...), nil
}

// found notes what the rooms hold.
func (e *evening) found(h *history) error {
	l, err := look(context.Background(), e.path(theLedger), nil)
	if err != nil {
		return err
	}
	s, err := lookCentral(context.Background(), e.central)
	h.rooms[theLedger] = append(h.rooms[theLedger], moment{what: "found", known: l})
	h.rooms[theCentral] = append(h.rooms[theCentral], moment{what: "found", known: s})
	return err
}

// settleAll makes every tag loud that a return still wants to be, and lets the
// rest of what is unfinished end.
func (e *evening) settleAll(h *history) error {
	ctx := context.Background()
	var uids []drivers.UID
	for _, b := range e.books {
		for _, t := range b.tags {
			uids = append(uids, t.uid)
		}
	}
	wishes, err := e.ledger.Wanted(ctx, circ.Visit{}, uids)
	if err != nil {
		return err
	}
	for _, w := range wishes {
		h.said = append(h.said, said{tag: w.UID, says: w.Want})
	}
	receipts, err := e.ledger.Settle(ctx, e.clock.now(), wishes...)
	if err != nil {
		return err
	}
	for _, r := range receipts {
		h.said = append(h.said, said{told: check.Told{Item: r.Item, Kind: circ.Return}})
	}
	e.clock.pass(20 * time.Minute)
	left, err := e.ledger.Expire(ctx, e.clock.now(), circ.Visit{})
	for _, r := range left {
		if r.Kind != circ.Issue {
			return errors.Join(err, errors.New("a return is still open whose tags are all loud"))
		}
	}
	return err
}
