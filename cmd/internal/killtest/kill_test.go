package killtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
)

// killer kills one program after the other and starts it again.
type killer struct {
	*world
	rng  *rand.Rand
	dark int // looks at what is durable while the kiosk is dead
}

// run makes n kills.
func (k *killer) run(ctx context.Context, n int) error {
	victims := k.order(n)
	for i, v := range victims {
		if err := k.one(ctx, v); err != nil {
			return fmt.Errorf("kill %d, of %s: %w", i+1, v.name, err)
		}
	}
	return nil
}

// order is every program equally often, in any order.
func (k *killer) order(n int) (all []*child) {
	for i := range n {
		all = append(all, k.children()[(i+2)%3])
	}
	k.rng.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (k *killer) one(ctx context.Context, v *child) error {
	k.moment(ctx, v)
	for _, c := range k.children() {
		if err := c.fell(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	v.kills++
	if v == k.kiosk {
		if err := k.lookInTheDark(ctx); err != nil {
			return err
		}
	}
	pause(ctx.Done(), time.Duration(k.rng.IntN(250))*time.Millisecond)
	ctx, cancel := within(ctx, 15*time.Second)
	defer cancel()
	return v.start(ctx)
}

// moment kills after a while; the kiosk two times out of three at a command
// to a tag, before the tag carries it out.
func (k *killer) moment(ctx context.Context, v *child) {
	pause(ctx.Done(), time.Duration(50+k.rng.IntN(900))*time.Millisecond)
	pile, command, at := k.handled(), []byte{table.WriteAFI, table.Info}[k.rng.IntN(2)], k.rng.IntN(6)
	if v != k.kiosk || len(pile) == 0 || k.rng.IntN(3) == 0 {
		v.kill()
		return
	}
	book := pile[at%len(pile)]
	struck, killed := make(chan struct{}), make(chan struct{})
	k.room.At(command, book.Tags[at%len(book.Tags)], sync.OnceFunc(func() {
		close(struck)
		<-killed // the command is carried out when the kiosk is gone
	}))
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-struck:
	case <-timer.C:
	case <-ctx.Done():
	}
	v.kill()
	close(killed)
}

// lookInTheDark checks what the killed kiosk has left behind.
func (k *killer) lookInTheDark(ctx context.Context) error {
	r, err := k.read(ctx)
	if err != nil {
		return err
	}
	k.dark++
	return harms(check.InTheDark(r))
}

func harms(v check.Verdict) error {
	if v.OK() {
		return nil
	}
	errs := []error{fmt.Errorf("harm was found: %s", v)}
	for _, h := range v.Harms {
		errs = append(errs, errors.New(h.String()))
	}
	return errors.Join(errs...)
}

// Nothing acknowledged is lost, nothing happens twice, and no tag is quiet
// without a loan, whatever is killed when.
func TestKill(t *testing.T) {
	seed := number(t, "NIGHTDESK_SEED", uint64(time.Now().UnixNano())%1_000_000)
	kills := int(number(t, "NIGHTDESK_KILLS", 20))
	again := func() string { return fmt.Sprintf("seed %d; run again with NIGHTDESK_SEED=%d", seed, seed) }
	began := time.Now()
	w := newWorld(t, seed)
	b, k := newBorrower(w, seed), &killer{world: w, rng: rand.New(rand.NewPCG(seed, 1))}
	if err := evening(t.Context(), b, k, kills); err != nil {
		t.Logf("the last of the borrower:\n%s", strings.Join(b.story, "\n"))
		t.Fatalf("%v\n%s", err, again())
	}
	if err := stopAll(t.Context(), w); err != nil {
		t.Fatalf("%v\n%s", err, again())
	}
	r, err := w.read(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, again())
	}
	r.Told = b.told
	v := check.AtRest(r)
	t.Logf("%d kills (broker %d, central %d, kiosk %d, %d of them looked at in the dark), %d visits, %d events, %d on loan, %d lost, %d doubled, %.1f s",
		kills, w.broker.kills, w.central.kills, w.kiosk.kills, k.dark, b.visits, len(r.Ledger.Events), len(r.Ledger.Loans), v.Lost, v.Doubled, time.Since(began).Seconds())
	if err := harms(v); err != nil {
		t.Fatalf("%v\n%s", err, again())
	}
	if len(r.Ledger.Loans) == 0 || v.Acked == 0 {
		t.Errorf("got %d loans and %d acknowledged events in the end: nothing was tested; %s", len(r.Ledger.Loans), v.Acked, again())
	}
	t.Run("TheCheckCanFail", func(t *testing.T) { checkCanFail(t, r) })
}

// evening is the borrower's and the killer's work side by side, and then the
// wait until everything has come to its end.
func evening(ctx context.Context, b *borrower, k *killer, kills int) error {
	if err := k.filled(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		err := b.live(ctx, stop)
		if err != nil {
			cancel(err)
		}
		done <- err
	}()
	err := k.run(ctx, kills)
	if err != nil {
		cancel(err)
	}
	close(stop)
	if err := errors.Join(err, <-done); err != nil {
		return err
	}
	return k.drained(ctx)
}

// stopAll ends kiosk and central in good order.
func stopAll(ctx context.Context, w *world) error {
	ctx, cancel := within(ctx, 15*time.Second)
	defer cancel()
	return errors.Join(w.kiosk.fell(), w.central.fell(), w.broker.fell(), w.kiosk.stop(ctx), w.central.stop(ctx))
}
