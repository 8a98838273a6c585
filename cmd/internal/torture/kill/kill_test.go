package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// killer kills one program after the other and starts it again.
type killer struct {
	*house.House
	rng *rand.Rand
}

// run makes n kills.
func (k *killer) run(ctx context.Context, n int) error {
	victims := k.order(n)
	for i, v := range victims {
		if err := k.one(ctx, v); err != nil {
			return fmt.Errorf("kill %d, of %s: %w", i+1, v.Name, err)
		}
	}
	return nil
}

// order is every program equally often, in any order.
func (k *killer) order(n int) (all []*house.Program) {
	for i := range n {
		all = append(all, k.Programs()[(i+2)%3])
	}
	k.rng.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (k *killer) one(ctx context.Context, v *house.Program) error {
	k.moment(ctx, v)
	if err := k.Fell(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if v == k.Kiosk {
		if err := k.LookInTheDark(ctx); err != nil {
			return err
		}
	}
	house.Pause(ctx.Done(), time.Duration(k.rng.IntN(250))*time.Millisecond)
	ctx, cancel := house.Within(ctx, 15*time.Second)
	defer cancel()
	return v.Start(ctx)
}

// moment kills after a while; the kiosk two times out of three at a command
// to a tag, before the tag carries it out.
func (k *killer) moment(ctx context.Context, v *house.Program) {
	house.Pause(ctx.Done(), time.Duration(50+k.rng.IntN(900))*time.Millisecond)
	pile, command, at := k.Handled(), []byte{table.WriteAFI, table.Info}[k.rng.IntN(2)], k.rng.IntN(6)
	if v != k.Kiosk || len(pile) == 0 || k.rng.IntN(3) == 0 {
		v.Kill()
		return
	}
	book := pile[at%len(pile)]
	struck, killed := make(chan struct{}), make(chan struct{})
	k.Room.At(command, book.Tags[at%len(book.Tags)], sync.OnceFunc(func() {
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
	v.Kill()
	close(killed)
}

// Nothing acknowledged is lost, nothing happens twice, and no tag is quiet
// without a loan, whatever is killed when.
func TestKill(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "kill -9 of kiosk, central and Mosquitto at random instants while borrowers work", Unit: "kills",
		Target: "nothing lost, nothing doubled, no tag quiet without a loan", Short: 20, Long: 10_000,
	})
	h := house.New(t, house.Options{Seed: run.Seed})
	h.Start(t)
	b, k := house.NewBorrower(h, run.Seed), &killer{House: h, rng: run.Stream(1)}
	if err := h.Evening(t.Context(), b, func(ctx context.Context) error { return k.run(ctx, run.Count) }); err != nil {
		t.Fatalf("%v\nthe last of the borrower:\n%s", err, strings.Join(b.Story, "\n"))
	}
	v, r, err := h.Judge(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	run.Reached("broker %d, central %d, kiosk %d (all of these looked at in the dark); %d visits, %d events acknowledged, %d lost, %d doubled",
		h.Broker.Kills, h.Central.Kills, h.Kiosk.Kills, b.Visits, v.Acked, v.Lost, v.Doubled)
	t.Run("TheCheckCanFail", func(t *testing.T) { checkCanFail(t, r) })
}
