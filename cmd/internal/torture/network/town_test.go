package network

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/proxy"
)

// town is a house whose kiosk and whose central each reach the broker through
// a proxy of their own.
type town struct {
	*house.House
	near, far *proxy.Proxy // the kiosk's, and central's
	rng       *rand.Rand
	worn      map[*house.Program]int // breaks that a program has met in its present life
}

func newTown(t *testing.T, run *torture.Run, o house.Options) *town {
	t.Helper()
	var err error
	if o.Listen, err = house.FreeAddr(); err != nil {
		t.Fatal(err)
	}
	w := &town{rng: run.Stream(1), worn: map[*house.Program]int{}}
	w.near, w.far = newProxy(t, o.Listen, run.Seed), newProxy(t, o.Listen, run.Seed+1)
	o.Seed, o.Dial = run.Seed, w.near.Addr()
	w.House = house.New(t, o)
	w.Central.Args[len(w.Central.Args)-1] = "mqtt://" + w.far.Addr()
	return w
}

func newProxy(t *testing.T, to string, seed uint64) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New(to, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// way is a program's proxy.
func (w *town) way(p *house.Program) *proxy.Proxy {
	if p == w.Kiosk {
		return w.near
	}
	return w.far
}

// do is the same harm on both ways.
func (w *town) do(h proxy.Harm) {
	w.near.Do(h)
	w.far.Do(h)
}

// honest ends all harm and waits until both programs have found the broker.
func (w *town) honest(ctx context.Context) error {
	w.do(proxy.Harm{})
	if err := w.connected(ctx, w.Central); err != nil {
		return err
	}
	w.hurry()
	return w.connected(ctx, w.Kiosk)
}

// hurry breaks the kiosk's connection once more: a new session says at once
// what the old one would have said again half a minute after it was lost.
func (w *town) hurry() { w.near.Break(proxy.Up, 0, time.Millisecond) }

// connected waits until a program has a session at the broker.
func (w *town) connected(ctx context.Context, p *house.Program) error {
	err := until(ctx, house.Longest, func() bool { return w.way(p).Sessions() > 0 })
	if err != nil {
		return fmt.Errorf("%s does not find the broker again: %w", p.Name, errors.Join(err, w.Fell()))
	}
	return nil
}

// tired is after how many breaks a program is killed and started: each makes
// it wait longer before the next try, up to a minute, and a rig has no hour.
const tired = 4

// relieve gives a program a new life if it would wait long by now.
func (w *town) relieve(ctx context.Context, p *house.Program) error {
	w.worn[p]++
	if w.worn[p] < tired {
		return nil
	}
	w.worn[p] = 0
	p.Kill()
	return p.Start(ctx)
}

// until waits until something is so.
func until(ctx context.Context, most time.Duration, so func() bool) error {
	ctx, cancel := house.Within(ctx, most)
	defer cancel()
	for !so() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		house.Pause(ctx.Done(), 10*time.Millisecond)
	}
	return nil
}

// evening is a borrower's evening beside the harm, and the judgement after it.
func (w *town) evening(t *testing.T, run *torture.Run, harm func(context.Context) error) {
	t.Helper()
	b := house.NewBorrower(w.House, run.Seed)
	if err := w.Evening(t.Context(), b, func(ctx context.Context) error { return errors.Join(harm(ctx), w.honest(ctx)) }); err != nil {
		t.Fatalf("%v\nthe last of the borrower:\n%s", err, strings.Join(b.Story, "\n"))
	}
	v, _, err := w.Judge(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	run.Reached("%d visits, %d events acknowledged, %d lost, %d doubled", b.Visits, v.Acked, v.Lost, v.Doubled)
}

const target = "nothing lost, nothing doubled, every tag as the ledger says"

// beside lets the short form of a rig run beside others: they wait more than
// they work. The long form is alone, and its figures are its own.
func beside(t *testing.T) {
	if !torture.Long() {
		t.Parallel()
	}
}
