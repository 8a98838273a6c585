package gpio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// Times of an input.
const (
	usualSettle = 30 * time.Millisecond  // contacts have done bouncing
	longestWait = 200 * time.Millisecond // then the context and the level are looked at
	pollEvery   = 10 * time.Millisecond  // where a line tells no edges
	deafWaits   = 10                     // waits in a row that end at once: the line is broken
	stuckAfter  = time.Minute            // no finger stays so long
)

// What callers branch on.
var (
	// ErrStuck says that a button has been down for a minute: it jams, or its
	// wire is broken through to ground.
	ErrStuck = errors.New("the button is stuck")
	// ErrBroken says that the line can no longer be waited for.
	ErrBroken = errors.New("the line does not work any more")
)

// Input is a contact on a line. Without ActiveHigh it lies between the line
// and ground, the line is pulled up, and closed is low.
type Input struct {
	Pin        periph.PinIn
	ActiveHigh bool          // the contact lies between the line and its supply
	Settle     time.Duration // a state counts when it has been the same for so long; 0 is 30 ms
}

// watch reads the contact until ctx is done and calls each after every look at it.
func (in Input) watch(ctx context.Context, each func(seen contact) error) error {
	edges, err := in.request()
	if err != nil {
		return fmt.Errorf("watch line %s: %w", in.Pin.Name(), err)
	}
	c := contact{settle: cmp.Or(in.Settle, usualSettle)}
	edge, deaf := false, 0
	for ctx.Err() == nil {
		now := time.Now()
		c.look(in.closed(), edge, now)
		if err := each(c); err != nil {
			return fmt.Errorf("watch line %s: %w", in.Pin.Name(), err)
		}
		wait := c.wait(now)
		if !edges {
			sleep(ctx, min(wait, pollEvery))
			continue
		}
		edge = in.Pin.WaitForEdge(wait)
		// A broken line says "no edge" as one that has waited does, but sooner.
		deaf++
		if edge || time.Since(now) >= wait/2 {
			deaf = 0
		}
		if deaf == deafWaits {
			return fmt.Errorf("watch line %s: %w", in.Pin.Name(), ErrBroken)
		}
	}
	return nil
}

// request makes the line an input, and says whether it tells edges: some port
// expanders have no interrupt.
func (in Input) request() (edges bool, err error) {
	pull := periph.PullUp
	if in.ActiveHigh {
		pull = periph.PullDown
	}
	if in.Pin.In(pull, periph.BothEdges) == nil {
		return true, nil
	}
	return false, in.Pin.In(pull, periph.NoEdge)
}

func (in Input) closed() bool { return bool(in.Pin.Read()) == in.ActiveHigh }

// sleep waits, but not beyond the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// contact is a contact that bounces, as it was seen until now.
type contact struct {
	settle time.Duration

	known   bool      // it has settled once
	closed  bool      // how it settled
	changed bool      // it settled otherwise than before at this look; not at the first
	at      time.Time // when it left the state before, with the first bounce
	now     time.Time // of this look

	last  bool      // how it was at the last look
	since time.Time // since when it has been so without an edge
}

// look takes in one look at the level, after an edge or not.
func (c *contact) look(closed, edge bool, now time.Time) {
	first := c.since.IsZero()
	rested := !c.moves(c.last) && now.Sub(c.since) >= c.settle
	if first || rested && (edge || c.moves(closed)) {
		c.at = now
	}
	if first || edge || closed != c.last {
		c.last, c.since = closed, now
	}
	c.changed, c.now = false, now
	if c.moves(closed) && now.Sub(c.since) >= c.settle {
		c.changed = c.known
		c.closed, c.known = closed, true
	}
}

// moves says that a level is not what the contact has settled to.
func (c *contact) moves(closed bool) bool { return !c.known || closed != c.closed }

// wait is how long nothing but an edge matters. It is never 0, which one kind
// of pin takes as "at once" and another as "for ever".
func (c *contact) wait(now time.Time) time.Duration {
	if !c.moves(c.last) {
		return longestWait
	}
	return min(max(c.settle-now.Sub(c.since), time.Millisecond), longestWait)
}
