package soak

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

func TestMain(m *testing.M) { house.Main(m) }

// An afternoon with the programs that are sold and a borrower who never rests:
// as long as NIGHTDESK_SOAK says ("4h"), and for some seconds where it says
// nothing. What kiosk and central hold of the computer is written down as it
// goes; in the end it must not have grown, and the three witnesses agree.
func TestAfternoon(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "an afternoon of one visit after the other at the real programs", Unit: "seconds",
		Target: "memory, files and threads as after the first quarter; tags, ledger and central agree", Short: 5, Long: 4 * 3600})
	long := afternoon(t, run)
	h := house.New(t, house.Options{Seed: run.Seed})
	h.Start(t)
	b := house.NewBorrower(h, run.Seed)
	k, c := &diary{name: "kiosk", pid: h.Kiosk.PID()}, &diary{name: "central", pid: h.Central.PID()}
	err := h.Evening(t.Context(), b, func(ctx context.Context) error {
		for end := time.Now().Add(long); time.Now().Before(end) && ctx.Err() == nil; {
			if err := k.sample(); err != nil {
				return err
			}
			if err := c.sample(); err != nil {
				return err
			}
			house.Pause(ctx.Done(), max(long/500, 100*time.Millisecond))
		}
		return context.Cause(ctx)
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(b.Story, "\n"))
	}
	v, _, err := h.Judge(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*diary{k, c} {
		if grew := d.grew(); grew != "" {
			t.Error(grew)
		}
		if err := d.save(os.Getenv("NIGHTDESK_RESULTS")); err != nil {
			t.Error(err)
		}
	}
	run.Done(int(long.Seconds()))
	run.Reached("%d visits; %s; %s; %s", b.Visits, v, k, c)
}

// afternoon is how long it lasts.
func afternoon(t *testing.T, run *torture.Run) time.Duration {
	t.Helper()
	text := os.Getenv("NIGHTDESK_SOAK")
	if text == "" {
		return time.Duration(run.Count) * time.Second
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("NIGHTDESK_SOAK: %v", err)
	}
	return long
}

// page is what a process holds of the computer at one time.
type page struct {
	at             time.Time
	kB             int // resident
	files, threads int
}

// diary is what a process held, page after page.
type diary struct {
	name  string
	pid   int
	pages []page
}

func (d *diary) sample() error {
	dir := fmt.Sprintf("/proc/%d", d.pid)
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return fmt.Errorf("look at %s: %w", d.name, err)
	}
	open, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return fmt.Errorf("look at %s: %w", d.name, err)
	}
	d.pages = append(d.pages, page{time.Now(), field(status, "VmRSS:"), len(open), field(status, "Threads:")})
	return nil
}

// field is a number of /proc/PID/status (proc_pid_status(5)).
func field(status []byte, name string) int {
	for line := range strings.Lines(string(status)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			n, _ := strconv.Atoi(words[1]) // the kernel's own
			return n
		}
	}
	return 0
}

// What may be more in the last quarter than in the second: a program that has
// just been started still fills its pools, and SQLite its pages.
const (
	slackKB      = 24 << 10
	slackOpen    = 4
	slackThreads = 6
	mostKB       = 160 << 10
)

// quarter is the middle of what was held in one quarter of the time.
func (d *diary) quarter(n int) page {
	part := d.pages[len(d.pages)*n/4 : max(len(d.pages)*(n+1)/4, len(d.pages)*n/4+1)]
	middle := func(of func(page) int) int {
		var all []int
		for _, p := range part {
			all = append(all, of(p))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return page{kB: middle(func(p page) int { return p.kB }), files: middle(func(p page) int { return p.files }), threads: middle(func(p page) int { return p.threads })}
}

func (d *diary) grew() string {
	if len(d.pages) < 8 {
		return fmt.Sprintf("%s was looked at %d times only: nothing was tested", d.name, len(d.pages))
	}
	was, is := d.quarter(1), d.quarter(3)
	switch {
	case is.files > was.files+slackOpen:
		return fmt.Sprintf("%s: %d open files have become %d", d.name, was.files, is.files)
	case is.threads > was.threads+slackThreads:
		return fmt.Sprintf("%s: %d threads have become %d", d.name, was.threads, is.threads)
	case is.kB > was.kB+slackKB, is.kB > mostKB:
		return fmt.Sprintf("%s: %d kB have become %d kB", d.name, was.kB, is.kB)
	}
	return ""
}

func (d *diary) String() string {
	was, is := d.quarter(1), d.quarter(3)
	return fmt.Sprintf("%s %.1f MB and %.1f MB, %d and %d files", d.name, float64(was.kB)/1e3, float64(is.kB)/1e3, was.files, is.files)
}

// save writes every page down, where results are wanted.
func (d *diary) save(dir string) error {
	if dir == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(dir, "soak_afternoon_"+d.name+".csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write([]string{"time", "kB", "files", "threads"}) // the error is Error's
	for _, p := range d.pages {
		_ = w.Write([]string{p.at.UTC().Format(time.RFC3339Nano), strconv.Itoa(p.kB), strconv.Itoa(p.files), strconv.Itoa(p.threads)})
	}
	w.Flush()
	return w.Error()
}

// The diary must show a process that grows.
func TestTheDiaryFindsGrowth(t *testing.T) {
	for name, grow := range map[string]func(n int, p *page){
		"memory":  func(n int, p *page) { p.kB += n * 1000 },
		"files":   func(n int, p *page) { p.files += n / 4 },
		"threads": func(n int, p *page) { p.threads += n / 4 },
	} {
		d, flat := &diary{name: "a program"}, &diary{name: "a program"}
		for n := range 100 {
			p := page{kB: 40_000 + n%3*500, files: 20 + n%2, threads: 12}
			flat.pages = append(flat.pages, p)
			grow(n, &p)
			d.pages = append(d.pages, p)
		}
		if d.grew() == "" || flat.grew() != "" {
			t.Errorf("%s: growing %q, flat %q", name, d.grew(), flat.grew())
		}
	}
}
