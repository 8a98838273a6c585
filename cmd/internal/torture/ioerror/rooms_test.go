package ioerror

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// ledgerTrial plays the script.
func ledgerTrial(x *trial) {
	ctx := context.Background()
	path := filepath.Join(x.dir, "ledger.db")
	var l *ledger.Ledger
	open := func() (err error) { l, err = ledger.Open(ctx, path, x.p.options()); return err }
	if !x.try("open", open, nil) {
		return
	}
	defer func() {
		if l != nil {
			l.Close()
		}
	}()
	e, steps := script(x.p, l)
	if x.twice {
		steps = naive(steps, x.p, l)
	}
	for i := range steps {
		before, known := position(l)
		ok := x.try(steps[i].what, func() error { return steps[i].do() }, func(err error) {
			askAll(x.p, l)
			after, still := position(l)
			if known && still && before != after && !errors.Is(err, ledger.ErrDoubt) {
				x.harm("it said that nothing was recorded, and something was: %v", err)
			}
			if errors.Is(err, ledger.ErrDoubt) && x.f.at%2 == 0 { // as the program does; else it settles the doubt itself
				l.Close()
				x.try("open again", open, nil)
				e.l = l
			}
		})
		if !ok {
			return
		}
		if x.hurt() {
			for range x.fates() {
				x.cutLedger(path)
			}
		}
	}
	x.finish()
	x.end = x.ledgerHolds(l, path)
	x.cutLedger(path)
}

// cutLedger cuts the power and wants to find the same ledger.
func (x *trial) cutLedger(path string) {
	live := x.audit(path)
	again := filepath.Join(x.lights(), "ledger.db")
	found, err := ledger.Open(context.Background(), again, x.p.options())
	if err != nil {
		x.harm("after a power cut it does not open: %v", err)
		return
	}
	defer found.Close()
	x.same("after a power cut the ledger", x.audit(again), live)
}

// askAll asks a ledger everything, whatever has become of it: it may say that
// it does not know, and must not panic.
func askAll(p *tape, l *ledger.Ledger) {
	ctx := context.Background()
	l.Boots()
	l.Lent(ctx, novel)
	l.Unsent(ctx, 10)
	l.From(ctx, 1, 10)
	l.Entries(ctx, 10)
	l.PINTries(ctx, moment(0), p.ada().Key)
	l.Wanted(ctx, visit, []drivers.UID{uid(1)})
	l.Resume(ctx, moment(0), p.ada().Key, visit, func(circ.ItemID) bool { return false })
	l.Verify(ctx, moment(0), visit, uid(1))
}

func position(l *ledger.Ledger) (string, bool) {
	at, err := l.Position(context.Background())
	return text(at), err == nil
}

func (x *trial) audit(path string) string {
	r, err := ledger.Audit(context.Background(), path)
	if err != nil {
		x.harm("the audit says: %v", err)
	}
	return text(r)
}

// ledgerHolds is what the ledger holds, without names that are drawn by chance.
func (x *trial) ledgerHolds(l *ledger.Ledger, path string) string {
	r, err := ledger.Audit(context.Background(), path)
	if err != nil {
		x.harm("the audit says: %v", err)
	}
	var lines []string
	for _, e := range r.Events {
		lines = append(lines, fmt.Sprintf("%s of %q, %d tags, acknowledged: %t", e.Type, e.Item, len(e.Tags), e.Acked))
	}
	var lent []string
	for item := range r.Loans {
		lent = append(lent, fmt.Sprintf("%s is lent", item))
	}
	slices.Sort(lent)
	pin, err := l.PINTries(context.Background(), moment(0), x.p.ada().Key)
	if err != nil || pin.Wrong < 1 {
		x.harm("%d wrong PINs, %v", pin.Wrong, err)
	}
	return fmt.Sprintln(lines, lent, len(r.Wishes))
}

// cacheTrial gives a cache all that central said.
func cacheTrial(x *trial) {
	ctx := context.Background()
	path := filepath.Join(x.dir, "cache.db")
	var c *cache.Cache
	open := func() (err error) { c, err = cache.Open(ctx, path); return err }
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	if !x.try("open", open, nil) {
		return
	}
	reopen := func(err error) {
		if errors.Is(err, cache.ErrDoubt) && x.f.at%2 == 0 { // else it settles the doubt itself
			c.Close()
			x.try("open again", open, nil)
		}
	}
	for _, chunk := range x.p.chunks {
		apply := func() error { _, err := c.Apply(ctx, chunk); return err }
		if !x.try("apply "+string(chunk.Feed), apply, reopen) {
			return
		}
		if x.hurt() {
			for range x.fates() {
				x.cutCache(c)
			}
		}
	}
	learn := func() error {
		_, _, err := c.Learn(ctx, cache.Seen{UID: uid(1), Item: novel, Part: 1, Of: 1, ReadAt: opened})
		return err
	}
	facts := func() error {
		_, err := c.Facts(ctx, moment(0), x.p.cred.CardKey, x.p.ada(), []circ.ItemID{novel})
		return err
	}
	if !x.try("learn", learn, reopen) || !x.try("facts", facts, reopen) {
		return
	}
	x.finish()
	if c.Rebuilt != nil {
		x.harm("the cache was put aside: %v", c.Rebuilt.Why)
	}
	x.end = x.cacheHolds(c)
	x.cutCache(c)
}

// cutCache cuts the power and wants to find the same cache.
func (x *trial) cutCache(c *cache.Cache) {
	live := x.cacheHolds(c)
	again, err := cache.Open(context.Background(), filepath.Join(x.lights(), "cache.db"))
	if err != nil {
		x.harm("after a power cut it does not open: %v", err)
		return
	}
	defer again.Close()
	if again.Rebuilt != nil {
		x.harm("after a power cut the cache was put aside: %v", again.Rebuilt.Why)
	}
	x.same("after a power cut the cache", x.cacheHolds(again), live)
}

func (x *trial) cacheHolds(c *cache.Cache) string {
	s, err := c.Status(context.Background())
	if err != nil {
		x.harm("%v", err)
	}
	return text(s)
}

// centralTrial tells central all that the kiosk said.
func centralTrial(x *trial) {
	ctx := context.Background()
	dir := filepath.Join(x.dir, "central")
	var c *central.Central
	open := func() (err error) { c, err = x.p.openCentral(dir); return err }
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	if !x.try("open", open, nil) {
		return
	}
	restart := func(err error) {
		if errors.Is(err, receiver.ErrFatal) {
			c.Close()
			x.try("open again", open, nil)
		}
	}
	for _, m := range x.p.said {
		handle := func() error { _, err := c.Handle(ctx, m.topic, m.payload); return err }
		if !x.try("handle "+filepath.Base(m.topic), handle, restart) {
			return
		}
		if x.hurt() {
			for range x.fates() {
				x.cutCentral(c)
			}
		}
	}
	x.finish()
	x.end = x.centralHolds(c)
	x.cutCentral(c)
}

// cutCentral cuts the power and wants to find the same central.
func (x *trial) cutCentral(c *central.Central) {
	live := x.centralHolds(c)
	again, err := x.p.openCentral(x.lights())
	if err != nil {
		x.harm("after a power cut it does not open: %v", err)
		return
	}
	defer again.Close()
	x.same("after a power cut central", x.centralHolds(again), live)
}

func (x *trial) centralHolds(c *central.Central) string {
	has, err := check.AtCentral(context.Background(), c, kiosk)
	if err != nil {
		x.harm("%v", err)
	}
	cases, err := c.Cases(context.Background(), true)
	if err != nil {
		x.harm("%v", err)
	}
	return text([]any{has, len(cases)})
}
