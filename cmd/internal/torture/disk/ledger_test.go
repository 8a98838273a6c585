package disk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/torture"
)

// tally counts what became of harmed files.
type tally struct {
	found    int // refused as damaged, before anything was read from it
	harmless int // everything it can be asked is as it was: nothing lay there
	other    int // refused for another reason
	wrong    int // answered, and not as in truth
	older    int // as it was some commits ago (the cache)
	caught   int // noticed at a question, after it had opened (the cache)
}

// Whatever is not as it was written, in the ledger or in its log, the ledger
// says so before it is believed; or it was of no account, and every answer is
// as before.
func TestFlippedLedger(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "bytes and sectors of the ledger's files change", Unit: "changes",
		Target: "damage is noticed before a row is believed, or nothing has changed; no wrong answer, nothing wrong sent",
		Short:  700, Long: 10_000})
	e := newEvening(t, run.Stream(1))
	truth := e.truth(t)
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, i int) (tally, string) {
		path := e.path(fmt.Sprintf("flipped-%d.db", worker))
		harmed, what := e.kind(i).harm(r)
		harmed.lay(t, path)
		got, wrong := e.opens(path, truth[i%2])
		if wrong != "" {
			wrong = what + ": " + wrong
		}
		return got, wrong
	})
	run.Reached("%d noticed (%d of them not as damage), %d of no account, 0 wrong answers", n.found+n.other, n.other, n.harmless)
}

// truth is what the ledger answers undamaged, after a clean stop and after a
// power cut.
func (e *evening) truth(t *testing.T) (truth [2]answers) {
	t.Helper()
	for i := range truth {
		path := e.path("true.db")
		e.kind(i).lay(t, path)
		l, err := ledger.Open(context.Background(), path, e.options())
		must(t, err)
		rows, err := contents(path)
		must(t, err)
		truth[i] = e.ask(l)
		maps.Copy(truth[i], rows)
		must(t, l.Close())
	}
	return truth
}

// share deals rounds out to two workers, each with its own chance, and adds up
// what they count. What is wrong ends the test with the round's number.
func share(t *testing.T, run *torture.Run, rounds int, do func(worker int, r *rand.Rand, i int) (tally, string)) (sum tally) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for worker := range 2 {
		wg.Go(func() {
			for i := worker; i < rounds && !t.Failed(); i += 2 {
				n, wrong := do(worker, run.Stream(uint64(100+i)), i/2)
				mu.Lock()
				if wrong != "" {
					t.Errorf("round %d: %s", i, wrong)
				}
				sum.add(n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return sum
}

func (n *tally) add(m tally) {
	n.caught += m.caught
	n.found, n.harmless, n.other, n.wrong, n.older = n.found+m.found, n.harmless+m.harmless, n.other+m.other, n.wrong+m.wrong, n.older+m.older
}

// kind takes the files after a clean stop and after a power cut in turn.
func (e *evening) kind(i int) files {
	if i%2 == 1 {
		return e.cut
	}
	return e.closed
}

func (e *evening) opens(path string, truth answers) (n tally, wrong string) {
	l, err := ledger.Open(context.Background(), path, e.options())
	switch {
	case errors.Is(err, ledger.ErrDamaged):
		return tally{found: 1}, ""
	case err != nil:
		return tally{other: 1}, ""
	}
	defer l.Close()
	rows, err := contents(path)
	if err != nil {
		return n, err.Error()
	}
	if wrong := rows.against(truth); wrong != "" {
		return n, wrong
	}
	return tally{harmless: 1}, e.ask(l).against(truth)
}
