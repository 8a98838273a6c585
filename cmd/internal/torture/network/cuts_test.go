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

// The connection breaks at any byte, again and again, on both sides of the
// broker.
func TestCuts(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "MQTT connections of kiosk and central cut at a random byte, with FIN or RST, while borrowers work", Unit: "cuts",
		Target: target, Short: 10, Long: 1_000,
	})
	w := newTown(t, run, house.Options{})
	w.Start(t)
	w.evening(t, run, func(ctx context.Context) error {
		w.do(proxy.Harm{Break: 0.2, Refuse: 0.1})
		for i := range run.Count {
			if _, err := w.cutOne(ctx); err != nil {
				return fmt.Errorf("cut %d: %w", i+1, err)
			}
		}
		return nil
	})
	near, far := w.near.Counts(), w.far.Counts()
	run.Done(near.Cut + far.Cut)
	run.Reached("kiosk %d, central %d, and %d connections refused", near.Cut, far.Cut, near.Refused+far.Refused)
}

// cutOne breaks one program's session within its next bytes, and says whose.
func (w *town) cutOne(ctx context.Context) (*house.Program, error) {
	p := w.Kiosk
	if w.rng.IntN(3) == 0 {
		p = w.Central
	}
	way := []proxy.Direction{proxy.Up, proxy.Down}[w.rng.IntN(2)]
	bytes, wait := w.rng.IntN(4000), time.Duration(100+w.rng.IntN(500))*time.Millisecond
	before := w.way(p).Counts().Cut
	for w.way(p).Counts().Cut == before { // a session may end by itself just then
		if err := w.connected(ctx, p); err != nil {
			return p, err
		}
		house.Pause(ctx.Done(), time.Duration(w.rng.IntN(300))*time.Millisecond)
		if w.way(p).Break(way, bytes, wait) > 0 {
			_ = until(ctx, 2*time.Second, func() bool { return w.way(p).Counts().Cut > before })
		}
	}
	return p, w.relieve(ctx, p)
}
