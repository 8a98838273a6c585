package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/desk"
)

// reading is what the program holds of the computer at one time.
type reading struct {
	heap            uint64 // bytes, after two collections
	routines, files int
	disk            int64 // bytes of the kiosk's files
	log             int64 // of these, what is not yet in the database files
	visits          int
}

func (d *days) measure() reading {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := reading{heap: m.HeapAlloc, routines: runtime.NumGoroutine(), visits: d.visits}
	open, err := os.ReadDir("/proc/self/fd")
	d.must(err)
	r.files = len(open)
	all, err := os.ReadDir(d.k.Dir)
	d.must(err)
	for _, e := range all {
		if info, err := e.Info(); err == nil && strings.Contains(e.Name(), ".db") {
			r.disk += info.Size()
			if strings.HasSuffix(e.Name(), "-wal") {
				r.log += info.Size()
			}
		}
	}
	return r
}

// What may be more between two readings: the collector and the pools breathe,
// and this test itself remembers for each visit what was told.
const (
	slackHeap     = 384 << 10
	slackPerVisit = 600
	slackRoutines = 2
	slackFiles    = 2
	mostLog       = 12 << 20 // SQLite moves it on at 4 MB a file
)

// grew says what has grown since, "" if nothing has.
func (r reading) grew(now reading) string {
	may := r.heap + slackHeap + uint64(now.visits-r.visits)*slackPerVisit
	switch {
	case now.routines > r.routines+slackRoutines:
		return fmt.Sprintf("%d goroutines have become %d", r.routines, now.routines)
	case now.files > r.files+slackFiles:
		return fmt.Sprintf("%d open files have become %d", r.files, now.files)
	case now.heap > may:
		return fmt.Sprintf("%d kB of heap have become %d kB in %d visits", r.heap>>10, now.heap>>10, now.visits-r.visits)
	case now.log > mostLog:
		return fmt.Sprintf("%d kB are not in the database files yet", now.log>>10)
	}
	return ""
}

func (d *days) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// spring is so long after the beginning of a bubble's time that the days of the
// test have the change to summer time among them.
const spring = (31 + 29 + 24) * 24 * time.Hour

// Three days in a bubble of time: borrowers every few minutes, the network down
// at night, new titles, midnights and the change to summer time.
func TestThreeDays(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "three days of borrowers, nights without a network, new feeds, a change of the clock",
		Unit: "hours", Target: "heap, goroutines and files as after a day; no timer lost; tags, ledger and central agree", Short: 72, Long: 30 * 24})
	inABubble(t, run.Stream(1), func(d *days) {
		var day, end reading
		d.run(func(ctx context.Context) error {
			for hour := 1; hour <= run.Count; hour++ {
				if err := d.live(ctx, time.Now().Add(time.Hour)); err != nil {
					return err
				}
				d.fresh(ctx)
				if hour == max(1, run.Count/3) {
					day = d.measure()
				}
			}
			end = d.measure()
			return nil
		})
		if grew := day.grew(end); grew != "" {
			t.Error(grew)
		}
		d.beaten()
		d.atRest(run, day, end)
	})
}

// inABubble lets a kiosk run in days of its own.
func inABubble(t *testing.T, r *rand.Rand, do func(*days)) {
	t.Helper()
	if err := desk.Warm(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(spring + nightTo*time.Hour) // the first day begins with the network up
		do(newDays(t, r))
	})
}

// fresh wants what must go on by day to have gone on: the kiosk has heard from
// central, its copy is as new as central's, and little waits to be sent.
func (d *days) fresh(ctx context.Context) {
	d.Helper()
	d.mu.Lock()
	up := d.link != nil && time.Since(d.upSince) > 30*time.Minute
	d.mu.Unlock()
	if !up || ctx.Err() != nil {
		return
	}
	s, err := d.k.Cache.Status(ctx)
	d.must(err)
	age, ever := s.Age(time.Now())
	p, err := d.k.Ledger.Position(ctx)
	d.must(err)
	switch {
	case !d.k.Uplink.Online(d.k.Now()):
		d.Errorf("%s: the network is up and the kiosk does not hear central", time.Now().Format(time.DateTime))
	case !ever || age > 15*time.Minute:
		d.Errorf("%s: the kiosk's copy is %s old", time.Now().Format(time.DateTime), age)
	case p.Last-p.Acked > 20:
		d.Errorf("%s: %d events wait to be sent", time.Now().Format(time.DateTime), p.Last-p.Acked)
	}
}

// beaten wants as many heartbeats as there were minutes with a network.
func (d *days) beaten() {
	d.Helper()
	want := d.up.Minutes()
	if got := float64(d.beats); got < want*0.9 || got > want*1.15 {
		d.Errorf("%d heartbeats in %.0f minutes with a network", d.beats, want)
	}
}

// atRest lets the last things come to their end, and compares.
func (d *days) atRest(run *torture.Run, day, end reading) {
	d.Helper()
	ctx := context.Background()
	time.Sleep(20 * time.Minute)
	d.must(d.k.Desk.Expire(ctx))
	for range 50 { // the last night's events
		d.must(d.k.Sync(ctx))
		if p, err := d.k.Ledger.Position(ctx); err != nil || p.Last == p.Acked {
			d.must(err)
			break
		}
	}
	r, err := d.k.Read(d.tags())
	d.must(err)
	v := check.AtRest(r)
	for _, h := range v.Harms {
		d.Error(h)
	}
	items, own, err := d.k.Cache.Versions(ctx)
	d.must(err)
	if items.Version < 10 || own.Version < 10 {
		d.Errorf("the feeds stand at %d and %d: they have not gone on", items.Version, own.Version)
	}
	run.Reached("%d visits, %s; heap %d kB after a day and %d kB at the end, goroutines %d and %d, files %d and %d, %.1f MB on disk, %d heartbeats",
		d.visits, v, day.heap>>10, end.heap>>10, day.routines, end.routines, day.files, end.files, float64(end.disk)/1e6, d.beats)
}

// The measure must find what a visit leaves behind: a goroutine, or a little
// more in a map.
func TestALeakIsFound(t *testing.T) {
	for name, leak := range map[string]func(*days, chan struct{}) func(){
		"a goroutine at each visit": func(_ *days, end chan struct{}) func() { return func() { go func() { <-end }() } },
		"a map that grows by a screen at each visit": func(d *days, _ chan struct{}) func() {
			kept := map[int][]byte{}
			return func() { kept[len(kept)] = make([]byte, 32<<10) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, rand.New(rand.NewPCG(1, 1)), func(d *days) {
				end := make(chan struct{})
				d.leak = leak(d, end)
				var first, last reading
				d.run(func(ctx context.Context) error {
					defer close(end)
					if err := d.live(ctx, time.Now().Add(time.Hour)); err != nil {
						return err
					}
					first = d.measure()
					err := d.live(ctx, time.Now().Add(4*time.Hour))
					last = d.measure()
					return err
				})
				if grew := first.grew(last); grew == "" {
					t.Errorf("it was not noticed: %+v and %+v", first, last)
				} else {
					t.Log(grew)
				}
			})
		})
	}
}
