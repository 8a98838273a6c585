package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/wrong"
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
	house.Pause(ctx.Done(), time.Duration(k.rng.IntN(60))*time.Millisecond)
	ctx, cancel := house.Within(ctx, 15*time.Second)
	defer cancel()
	return v.Start(ctx)
}

// moment kills after a while; the kiosk two times out of three at a command
// to a tag, before the tag carries it out.
func (k *killer) moment(ctx context.Context, v *house.Program) {
	house.Pause(ctx.Done(), time.Duration(20+k.rng.IntN(280))*time.Millisecond)
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
	timer := time.NewTimer(500 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-struck:
	case <-timer.C:
	case <-ctx.Done():
	}
	v.Kill()
	close(killed)
}

// atOnce is how many houses are worked in at the same time: a kiosk that is
// killed too soon has lent nothing yet.
const atOnce = 16

// Nothing acknowledged is lost, nothing happens twice, and no tag is quiet
// without a loan, whatever is killed when.
func TestKill(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "kill -9 of kiosk, central and Mosquitto at random instants while borrowers work", Unit: "kills",
		Target: "nothing lost, nothing doubled, no tag quiet without a loan", Short: 2000, Long: 10_000,
	})
	sum := make(chan evening, atOnce)
	t.Run("houses", func(t *testing.T) {
		for i := range atOnce {
			n := run.Count*(i+1)/atOnce - run.Count*i/atOnce
			if n == 0 {
				continue
			}
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				sum <- spend(t, run.Seed*atOnce+uint64(i), run.Stream(uint64(i+1)), n)
			})
		}
	})
	close(sum)
	var all evening
	for e := range sum {
		all = all.plus(e)
	}
	run.Reached("broker %d, central %d, kiosk %d, each of these looked at in the dark; %d visits, %d events acknowledged, %d lost, %d doubled",
		all.broker, all.central, all.kiosk, all.visits, all.acked, all.lost, all.doubled)
}

// evening is what came of one house.
type evening struct{ broker, central, kiosk, visits, acked, lost, doubled int }

func (e evening) plus(o evening) evening {
	return evening{e.broker + o.broker, e.central + o.central, e.kiosk + o.kiosk, e.visits + o.visits, e.acked + o.acked, e.lost + o.lost, e.doubled + o.doubled}
}

// spend spends one evening in a house, with n kills.
func spend(t *testing.T, seed uint64, rng *rand.Rand, n int) evening {
	h := house.New(t, house.Options{Seed: seed})
	h.Start(t)
	b, k := house.NewBorrower(h, seed), &killer{House: h, rng: rng}
	if err := h.Evening(t.Context(), b, func(ctx context.Context) error { return k.run(ctx, n) }); err != nil {
		t.Fatalf("%v\nthe last of the borrower:\n%s", err, strings.Join(b.Story, "\n"))
	}
	v, r, err := h.Judge(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("TheCheckCanFail", func(t *testing.T) { checkCanFail(t, r) })
	return evening{h.Broker.Kills, h.Central.Kills, h.Kiosk.Kills, b.Visits, v.Acked, v.Lost, v.Doubled}
}

// A kiosk and a central that break their promise are found out by the same
// evening, in a few kills.
func TestWrongProgramsAreFound(t *testing.T) {
	for _, c := range []struct{ promise, harm string }{
		{wrong.UnlockFirst, "nobody has borrowed it"},
		{wrong.AckEarly, "was acknowledged and central does not have it"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			t.Parallel()
			run := torture.Start(t, torture.Rig{Harm: "the same with a program that breaks the promise " + c.promise, Unit: "kills at most",
				Target: "found out", Short: 40, Long: 40})
			h := house.New(t, house.Options{Seed: run.Seed, Breaks: c.promise})
			h.Start(t)
			b, k := house.NewBorrower(h, run.Seed), &killer{House: h, rng: run.Stream(1)}
			err := h.Evening(t.Context(), b, func(ctx context.Context) error { return k.run(ctx, run.Count) })
			if err == nil {
				_, _, err = h.Judge(t.Context(), b)
			}
			if err == nil || !strings.Contains(err.Error(), c.harm) {
				t.Fatalf("got %v, want a harm that says %q", err, c.harm)
			}
			run.Done(h.Broker.Kills + h.Central.Kills + h.Kiosk.Kills)
			run.Reached("found")
		})
	}
}
