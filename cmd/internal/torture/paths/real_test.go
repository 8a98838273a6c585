package paths

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"nightdesk/cmd/internal/torture"
)

// grounds are the worlds before anything happened, by what comes first and the
// number of tags; each is made when it is first wanted.
type grounds struct {
	mu   sync.Mutex
	made map[[2]byte]*ground
}

func (g *grounds) of(t testing.TB, p place) *ground {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := [2]byte{p.tags, byte(p.first)}
	if g.made[key] == nil {
		if g.made == nil {
			g.made = map[[2]byte]*ground{}
		}
		g.made[key] = &ground{}
		g.made[key].make(t, p.tags, p.first)
	}
	return g.made[key]
}

// job is a path to be made again in reality.
type job struct {
	place place
	path  []move
}

// replays makes paths again, two at a time, and says how many of them went
// another way in reality.
func replays(t *testing.T, jobs []job) (apart int) {
	t.Helper()
	var worlds grounds
	var n, bad atomic.Int64
	dir := torture.Memory(t)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := n.Add(1) - 1; i < int64(len(jobs)) && bad.Load() < 5; i = n.Add(1) - 1 {
				j := jobs[i]
				err := worlds.of(t, j.place).replay(t, filepath.Join(dir, fmt.Sprint(i)), j.place, j.path)
				if err != nil {
					bad.Add(1)
					t.Errorf("path %d, %s: %v%s", i, j.place, err, tell(j.path))
				}
			}
		})
	}
	workers.Wait()
	return int(bad.Load())
}

// The choices of the model, made again on real ledgers, pads, desks and central:
// every move at least once, every path of the smallest worlds, and then paths by
// chance of all of them.
func TestPathsInReality(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm:   "paths of the model made again on real ledgers, pads, desks and central",
		Unit:   "paths",
		Target: "tags, ledgers and central stand where the model says in every dark and at the end",
		Short:  600, Long: 50000,
	})
	jobs := append(everyMove(t), wholePaths()...)
	all := places(false)
	for i := len(jobs); i < run.Count; i++ {
		p := all[i%len(all)]
		p.budget = wide
		jobs = append(jobs, job{p, p.walk(p.begin(), run.Stream(uint64(i)))})
	}
	jobs = jobs[:run.Count]
	moves := 0
	for _, j := range jobs {
		moves += len(j.path)
	}
	apart := replays(t, jobs)
	run.Reached("%d moves, %d paths went another way in reality", moves, apart)
}

// everyMove makes each move that there is, after a shortest path to it.
func everyMove(t *testing.T) (jobs []job) {
	t.Helper()
	made := map[move]bool{}
	for _, p := range places(false) {
		if p.tags > 2 || p.tags == 2 && (p.second || p.staff) {
			continue
		}
		for _, path := range p.covering(p.begin(), 40_000) {
			jobs = append(jobs, job{p, path})
			last := path[len(path)-1]
			last.tags, last.k = 0, 0
			made[last] = true
		}
	}
	if len(made) != allMoves {
		t.Errorf("%d kinds of moves are made, want %d", len(made), allMoves)
	}
	return jobs
}

// allMoves is how many kinds of moves there are: each deed, in every way it can go.
const allMoves = 33

// wholePaths are all paths to their end of one visit with one tag and two crashes.
func wholePaths() (jobs []job) {
	for _, first := range []kind{issue, giveBack} {
		p := place{model{tags: 1}, first, budget{crashes: 2, visits: 1}}
		for _, path := range p.allPaths(p.begin(), 1000) {
			jobs = append(jobs, job{p, path})
		}
	}
	return jobs
}
