package ioerror

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/crashdisk"
)

var rooms = []struct {
	name string
	play func(*trial)
}{{"ledger", ledgerTrial}, {"cache", cacheTrial}, {"central", centralTrial}}

// TestEveryOperationFails lets each operation of the disk fail in turn, in each
// way. The short form takes some of them, by chance.
func TestEveryOperationFails(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm:   "any one operation of the disk fails: I/O error, full, half a write; once or until it is mended",
		Unit:   "faults",
		Target: "what was answered with yes is there, also after a power cut, nothing is there twice, and all works again",
		Short:  500, Long: 4600,
	})
	p := record(t)
	clean := map[string]string{}
	var all []fault
	for _, r := range rooms {
		x := &trial{t: t, p: p, f: fault{room: r.name}, chance: run.Rand}
		x.run(r.play)
		report(t, x)
		clean[r.name] = x.end
		for at := 1; at <= x.tries; at++ {
			for _, kind := range []crashdisk.Fault{crashdisk.IOError, crashdisk.Full, crashdisk.Short} {
				all = append(all, fault{r.name, kind, at, 1}, fault{r.name, kind, at, -1})
			}
		}
		t.Logf("%s: %d operations", r.name, x.tries)
	}
	run.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:min(len(all), run.Count)]
	var hit, harms atomic.Int64
	t.Run("faults", func(t *testing.T) {
		for half := range 2 {
			t.Run(fmt.Sprint(half+1), func(t *testing.T) {
				t.Parallel()
				for i := half; i < len(all) && harms.Load() < 10; i += 2 {
					x := one(t, p, all[i], run.Stream(uint64(i+1)), clean)
					hit.Add(min(1, int64(x.hit)))
					harms.Add(int64(len(x.harms)))
					report(t, x)
				}
			})
		}
	})
	run.Done(int(hit.Load()))
	run.Reached("%d harms", harms.Load())
}

// one is one trial.
func one(t *testing.T, p *tape, f fault, chance *rand.Rand, clean map[string]string) *trial {
	x := &trial{t: t, p: p, f: f, chance: chance}
	for _, r := range rooms {
		if r.name == f.room {
			x.run(r.play)
		}
	}
	if len(x.harms) == 0 {
		x.same("what it holds", x.end, clean[f.room])
	}
	return x
}

func report(t *testing.T, x *trial) {
	t.Helper()
	for _, h := range x.harms {
		t.Error(h)
	}
}

// TestTheFaultRigCanFail has somebody believe that an error was a yes, and
// somebody do again what was done; both must be found.
func TestTheFaultRigCanFail(t *testing.T) {
	p := record(t)
	for _, r := range rooms {
		clean := &trial{t: t, p: p, f: fault{room: r.name}, chance: rand.New(rand.NewPCG(1, 1))}
		clean.run(r.play)
		t.Run("an error is taken for a yes/"+r.name, func(t *testing.T) {
			for at := clean.tries / 4; at < clean.tries; at++ {
				x := &trial{t: t, p: p, f: fault{r.name, crashdisk.IOError, at, 1}, chance: rand.New(rand.NewPCG(2, 2)), credulous: true}
				x.run(r.play)
				if len(x.harms) == 0 {
					x.same("what it holds", x.end, clean.end)
				}
				if len(x.harms) > 0 {
					return
				}
			}
			t.Error("no harm was found")
		})
		if r.name == "ledger" {
			t.Run("a loan is recorded again", func(t *testing.T) {
				x := &trial{t: t, p: p, f: clean.f, chance: rand.New(rand.NewPCG(2, 2)), twice: true}
				x.run(r.play)
				if x.end == clean.end {
					t.Error("no harm was found")
				}
			})
		}
	}
}
