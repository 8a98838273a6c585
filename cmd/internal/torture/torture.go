// Package torture is what the rigs have in common that try to make Nightdesk
// lose something: how often a rig does its harm, by which seed, and what came
// of it. A rig is a test in a package below this one. `make test` runs the short
// form of each, `make torture` the long one and puts the results into a table.
//
// The environment says what is run:
//
//	NIGHTDESK_TORTURE=long   the counts of the long form
//	NIGHTDESK_SEED=N         the seed of a run that failed, to see it again
//	NIGHTDESK_COUNT=N        how often, instead of the form's own count
//	NIGHTDESK_RESULTS=DIR    write one file of results for each rig there
package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Rig is one way of doing harm.
type Rig struct {
	Harm   string // what is done, for instance "kill -9 of kiosk, central and broker"
	Unit   string // what is counted, in the plural: "kills", "cuts", "frames"
	Target string // what must hold after each: "nothing lost, nothing doubled, no tag quiet without liability"
	Short  int    // how often in `make test`
	Long   int    // how often in `make torture`
	Seed   uint64 // of the short form, so that one change is judged as another was; 0: another each time
}

// Run is one run of a rig.
type Run struct {
	Seed  uint64
	Count int        // how often
	Rand  *rand.Rand // made from the seed; for one goroutine

	t       *testing.T
	rig     Rig
	began   time.Time
	done    int
	reached []string
}

// Start begins a run. If the test fails, the seed that shows it again is in the
// log; when the test ends, its result is written where it was asked for.
func Start(t *testing.T, rig Rig) *Run {
	t.Helper()
	r := &Run{t: t, rig: rig, began: time.Now(), Count: rig.Short, Seed: uint64(time.Now().UnixNano()) % 1_000_000}
	switch {
	case Long():
		r.Count = rig.Long
	case rig.Seed != 0:
		r.Seed = rig.Seed
	}
	r.Count = int(number(t, "NIGHTDESK_COUNT", uint64(r.Count)))
	r.Seed = number(t, "NIGHTDESK_SEED", r.Seed)
	r.Rand = r.Stream(0)
	t.Cleanup(r.end)
	return r
}

// Long says whether the long form is wanted.
func Long() bool { return os.Getenv("NIGHTDESK_TORTURE") == "long" }

// Stream is one of many independent sources of chance of this run.
func (r *Run) Stream(n uint64) *rand.Rand { return rand.New(rand.NewPCG(r.Seed, n)) }

// Done says how often the harm was really done, if that is not Count.
func (r *Run) Done(n int) { r.done = n }

// Reached adds to what the table says of this run: "0 lost of 15 124".
func (r *Run) Reached(format string, args ...any) {
	r.reached = append(r.reached, fmt.Sprintf(format, args...))
}

// Result is one run as it is written down.
type Result struct {
	Rig     string    `json:"rig"` // the test's name, with its package
	Harm    string    `json:"harm"`
	Target  string    `json:"target"`
	Done    int       `json:"done"`
	Unit    string    `json:"unit"`
	Reached string    `json:"reached"`
	OK      bool      `json:"ok"`
	Seed    uint64    `json:"seed"`
	Seconds float64   `json:"seconds"`
	At      time.Time `json:"at"`
}

func (r *Run) end() {
	res := Result{
		Rig: packageName() + "/" + r.t.Name(), Harm: r.rig.Harm, Target: r.rig.Target, Done: r.done, Unit: r.rig.Unit,
		Reached: strings.Join(r.reached, "; "), OK: !r.t.Failed() && !r.t.Skipped(), Seed: r.Seed,
		Seconds: time.Since(r.began).Seconds(), At: r.began.UTC().Truncate(time.Second),
	}
	if res.Done == 0 {
		res.Done = r.Count
	}
	r.t.Logf("%d %s in %.1f s: %s", res.Done, res.Unit, res.Seconds, res.Reached)
	if r.t.Failed() {
		r.t.Logf("seed %d; run again with NIGHTDESK_SEED=%d NIGHTDESK_COUNT=%d", r.Seed, r.Seed, r.Count)
	}
	if err := res.save(os.Getenv("NIGHTDESK_RESULTS")); err != nil {
		r.t.Errorf("write the result: %v", err)
	}
}

func (res Result) save(dir string) error {
	if dir == "" {
		return nil
	}
	body, err := json.MarshalIndent(res, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := strings.ReplaceAll(res.Rig, "/", "_") + ".json"
	return os.WriteFile(filepath.Join(dir, name), body, 0o644)
}

// packageName is the rig's: a test runs in its package's folder.
func packageName() string {
	dir, err := os.Getwd()
	if err != nil {
		return "?"
	}
	return filepath.Base(dir)
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Memory is a folder on a disk of memory, if the computer has one, for rigs that
// cut the power themselves or not at all: they would only wait for every sync.
func Memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "nightdesk-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
