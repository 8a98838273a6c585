package devices

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
	"nightdesk/drivers/catalog"
	"nightdesk/drivers/sim"
)

// used is what a program holds of the computer.
type used struct {
	files, routines int
	heap            uint64 // bytes, after two collections
}

func uses(t testing.TB) used {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return used{files(t, os.Getpid()), runtime.NumGoroutine(), m.HeapAlloc}
}

// files are how many files a process has open.
func files(t testing.TB, pid int) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// slack is what may be more at the end than at the beginning: the garbage
// collector and the pools of the standard library breathe.
const (
	slackFiles    = 2
	slackRoutines = 3
	slackHeap     = 2 << 20
)

// grew says what has grown, "" if nothing has.
func (u used) grew(now used) string {
	switch {
	case now.files > u.files+slackFiles:
		return fmt.Sprintf("%d open files have become %d", u.files, now.files)
	case now.routines > u.routines+slackRoutines:
		return fmt.Sprintf("%d goroutines have become %d", u.routines, now.routines)
	case now.heap > u.heap+slackHeap:
		return fmt.Sprintf("%d kB of heap have become %d kB", u.heap>>10, now.heap>>10)
	}
	return ""
}

// warmUp is how many replugs come before the counting, so that pools are full.
const warmUp = 20

// longest is more than any waiting here may take, on a busy computer.
const longest = 20 * time.Second

// times are how long something took, each time.
type times []time.Duration

func (a times) String() string {
	slices.Sort(a)
	return fmt.Sprintf("median %d ms, longest %d ms", a[len(a)/2].Milliseconds(), a[len(a)-1].Milliseconds())
}

// A pad whose cable is pulled and put in again, and each time the device has
// another name, is used again each time; and after the last time a book can be
// borrowed. Four pads at four kiosks wait beside each other.
func TestThePadIsReplugged(t *testing.T) {
	const pads = 4
	run := torture.Start(t, torture.Rig{Harm: "the pad's cable pulled and put in again", Unit: "replugs",
		Target: "used again each time, no file, goroutine or memory left behind", Short: 1000, Long: 20_000})
	var benches []*bench
	for range pads {
		benches = append(benches, newBench(t))
	}
	all := func(n int) (took times) {
		var g errgroup.Group
		each := make([]times, pads)
		for i, b := range benches {
			g.Go(func() (err error) { each[i], err = b.replugs(n); return err })
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		return slices.Concat(each...)
	}
	all(warmUp)
	before := uses(t)
	took := all((run.Count + pads - 1) / pads)
	if grew := before.grew(uses(t)); grew != "" {
		t.Errorf("after %d replugs %s", run.Count, grew)
	}
	run.Reached("used again after %s; nothing left behind", took)
	for _, b := range benches {
		if err := b.borrowOne(); err != nil {
			t.Error(err)
		}
	}
}

// bench is a kiosk with a simulated reader on a pseudo-terminal, in real time.
type bench struct {
	ctx    context.Context
	k      *desk.Kiosk
	table  *sim.Table
	reader *sim.Reader
	pad    *desk.Station
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{ctx: t.Context(), k: desk.Open(t, options()), table: sim.NewTable()}
	link := filepath.Join(t.TempDir(), "pad")
	var err error
	if b.reader, err = sim.NewReader(b.table, "pad", sim.Options{Link: link}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.reader.Close() })
	b.pad = b.k.Station(func(ctx context.Context) (drivers.Pad, error) {
		pad, err := catalog.OpenPad(ctx, "feig", catalog.Line{Path: link, Baud: 38400})
		if err != nil {
			return nil, err
		}
		return pad, nil
	})
	t.Cleanup(b.pad.Close)
	if err := errors.Join(b.k.Sync(t.Context()), b.until("the pad works", b.pad.Works)); err != nil {
		t.Fatal(err)
	}
	return b
}

// until looks at the pad until it is so.
func (b *bench) until(what string, so func() bool) error {
	var last error
	for end := time.Now().Add(longest); !so(); {
		if time.Now().After(end) {
			return fmt.Errorf("waited in vain until %s: %w; screen %s, %+v", what, last, b.k.State.Screen, b.k.State.Lines)
		}
		if err := b.pad.Step(b.ctx, func(err error) { last = err }); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) replugs(n int) (took times, err error) {
	for range n {
		d, err := b.replug()
		if err != nil {
			return took, err
		}
		took = append(took, d)
	}
	return took, nil
}

// replug pulls the cable and puts it in again, and says how long it took then
// until the pad had been looked at.
func (b *bench) replug() (time.Duration, error) {
	b.reader.Unplug()
	if err := b.until("the pad is known to be gone", func() bool { return !b.pad.Works() }); err != nil {
		return 0, err
	}
	if err := b.reader.Plug(); err != nil {
		return 0, err
	}
	began := time.Now()
	err := b.until("the pad works again", b.pad.Works)
	return time.Since(began), err
}

func (b *bench) borrowOne() error {
	if err := b.k.Card(ada); err != nil {
		return err
	}
	b.table.Put("pad", desk.Tag(9, items[9].ID, 1, 1))
	if err := b.until("a book is borrowed", func() bool { return b.k.Lines(visit.LineDone) == 1 }); err != nil {
		return err
	}
	r, err := b.k.Read([]check.Tag{desk.Witness(b.table.Tags()[0].Tag, items[9].ID, 1, 1)})
	if err != nil {
		return err
	}
	if v := check.InTheDark(r); !v.OK() || r.Tags[0].AFI != desk.Quiet {
		return fmt.Errorf("the borrowed book says %s: %v", r.Tags[0].AFI, v.Harms)
	}
	return nil
}

// The scanner's cable, likewise: each time a barcode is read afterwards.
func TestTheScannerIsReplugged(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the scanner's cable pulled and put in again", Unit: "replugs",
		Target: "used again each time, no file, goroutine or memory left behind", Short: 1000, Long: 20_000})
	link := filepath.Join(t.TempDir(), "scanner")
	var took times
	var before used
	for n := range run.Count + warmUp {
		if n == warmUp {
			before, took = uses(t), nil
		}
		took = append(took, scanOnce(t, link, fmt.Sprintf("%06d", n)))
	}
	if grew := before.grew(uses(t)); grew != "" {
		t.Errorf("after %d replugs %s", run.Count, grew)
	}
	run.Reached("used again after %s; nothing left behind", took)
}

// scanOnce puts a scanner in, reads one barcode and pulls the cable.
func scanOnce(t *testing.T, link, text string) time.Duration {
	t.Helper()
	ctx, cancel := within(t, longest)
	defer cancel()
	device, err := sim.NewScanner(sim.ScannerOptions{Suffix: "\r", Link: link})
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	began := time.Now()
	s, err := catalog.OpenScanner(ctx, "serial", catalog.Line{Path: link})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	took := time.Since(began)
	if err := device.Show('F', '0', text); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Scan(ctx); err != nil || got.Text != text {
		t.Errorf("read %q, %v, want %q", got.Text, err, text)
	}
	device.Close()
	if _, err := s.Scan(ctx); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("after the cable was pulled: %v, want %v", err, drivers.ErrUnplugged)
	}
	return took
}

// The measure must find what is left behind: a file, a goroutine, memory.
func TestWhatIsLeftBehindIsFound(t *testing.T) {
	var kept [][]byte
	end := make(chan struct{})
	defer close(end)
	for name, leave := range map[string]func() error{
		"a file at each": func() error {
			f, err := os.Open(os.DevNull)
			if err == nil {
				t.Cleanup(func() { f.Close() })
			}
			return err
		},
		"a goroutine at each":   func() error { go func() { <-end }(); return nil },
		"100 kB of memory each": func() error { kept = append(kept, make([]byte, 100<<10)); return nil },
	} {
		before := uses(t)
		for range 50 {
			if err := leave(); err != nil {
				t.Fatal(err)
			}
		}
		if grew := before.grew(uses(t)); grew == "" {
			t.Errorf("%s was not noticed", name)
		}
	}
	runtime.KeepAlive(kept)
}
