package network

import (
	"context"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/proxy"
)

// lying is a broker that says it delivered what it has lost, says things twice
// and in any order, digs out what is long past, and turns bits. Where something
// is lost the connection breaks soon, so that nobody waits half a minute for
// the next try.
var lying = proxy.Harm{Drop: 0.06, DropAck: 0.03, Flip: 0.08, Twice: 0.2, Later: 0.25, Stale: 0.15, Swap: 0.2, ThenCut: true}

// A broker that lies costs time and nothing else.
func TestLies(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "messages lost though acknowledged, doubled, late, out of order, long past, or with a bit turned, while borrowers work",
		Unit: "messages", Target: target, Short: 80, Long: 20_000,
	})
	w := newTown(t, run, house.Options{})
	w.Start(t)
	w.evening(t, run, func(ctx context.Context) error {
		w.do(lying)
		return w.listen(ctx, run.Count)
	})
	n, m := w.near.Counts(), w.far.Counts()
	run.Done(w.lies())
	run.Reached("%d lost, %d flipped, %d doubled, %d late, %d out of order, %d long past", n.Dropped+m.Dropped+n.Acks+m.Acks,
		n.Flipped+m.Flipped, n.Twice+m.Twice, n.Later+m.Later, n.Swapped+m.Swapped, n.Stale+m.Stale)
}

func (w *town) lies() int { return w.near.Counts().Lies() + w.far.Counts().Lies() }

// listen waits until so many lies have been told.
func (w *town) listen(ctx context.Context, lies int) error {
	cut := map[*house.Program]int{}
	for ctx.Err() == nil && w.lies() < lies {
		house.Pause(ctx.Done(), 50*time.Millisecond)
		for _, p := range []*house.Program{w.Kiosk, w.Central} {
			n := w.way(p).Counts().Cut
			for ; cut[p] < n; cut[p]++ {
				if p == w.Central {
					w.hurry()
				}
				if err := w.relieve(ctx, p); err != nil {
					return err
				}
			}
		}
	}
	return context.Cause(ctx)
}
