package network

import (
	"context"
	"fmt"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/proxy"
)

// slow is a link of 64 kbit/s with a long way.
var slow = proxy.Harm{Rate: 8000, Delay: 300 * time.Millisecond}

// A link that is slow, comes byte by byte, or is dead without anybody having
// closed it.
func TestSlow(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "links at 64 kbit/s, with 300 ms of delay, byte by byte, and half-open, while borrowers work", Unit: "spells",
		Target: target, Short: 4, Long: 200,
	})
	w := newTown(t, run, house.Options{})
	w.Start(t)
	noticed := time.Duration(0)
	w.evening(t, run, func(ctx context.Context) error {
		for i := range run.Count {
			var err error
			switch i % 4 {
			case 0:
				w.do(slow)
				house.Pause(ctx.Done(), 3*time.Second)
			case 1:
				w.do(proxy.Harm{Slice: 1})
				house.Pause(ctx.Done(), 2*time.Second)
			case 2:
				w.do(proxy.Harm{Slice: 3, Delay: 700 * time.Millisecond})
				house.Pause(ctx.Done(), 3*time.Second)
			case 3:
				var took time.Duration
				took, err = w.halfOpen(ctx)
				noticed = max(noticed, took)
			}
			if err != nil {
				return fmt.Errorf("spell %d: %w", i+1, err)
			}
		}
		return nil
	})
	run.Reached("a half-open link was given up after %.0f s at most", noticed.Seconds())
}

// halfOpen lets one program's link die without an end, and waits until the
// program has noticed: then it comes with a new connection.
func (w *town) halfOpen(ctx context.Context) (time.Duration, error) {
	p := []*house.Program{w.Kiosk, w.Central}[w.rng.IntN(2)]
	mute := []proxy.Direction{proxy.Up, proxy.Down, proxy.Both}[w.rng.IntN(3)]
	w.do(proxy.Harm{})
	if err := w.connected(ctx, p); err != nil {
		return 0, err
	}
	began, before := time.Now(), w.way(p).Counts().Connections
	w.way(p).Mute(mute)
	err := until(ctx, time.Minute, func() bool { return w.way(p).Counts().Connections > before })
	if err != nil {
		return 0, fmt.Errorf("%s did not notice: %w", p.Name, err)
	}
	return time.Since(began), w.relieve(ctx, p)
}
