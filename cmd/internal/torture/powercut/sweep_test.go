package powercut

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// story is one visit: what lies ready before it, and what the borrower does.
type story struct {
	name  string
	ready func(*world)
	visit func(*world) error
}

// stories are the visits that the power is cut in.
func stories() []story {
	return []story{
		{name: "issue", visit: issueVisit, ready: func(w *world) {
			w.put(1, book, 1, 1, loud)
			w.put(2, set, 1, 2, loud)
			w.put(3, set, 2, 2, loud)
		}},
		{name: "return", visit: returnVisit, ready: lend},
	}
}

// lend runs an undisturbed issue, so that there is something to bring back.
func lend(w *world) {
	stories()[0].ready(w)
	must(w.t, w.on(&power{}))
	must(w.t, issueVisit(w))
	must(w.t, w.wait(30*time.Second))
	w.dark()
	w.told = map[circ.ItemID]circ.Receipt{}
}

func issueVisit(w *world) error {
	if err := w.sync(); err != nil {
		return err
	}
	return w.steps(w.card,
		func() error { return w.round() },
		func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
		func() error { return w.rounds(40, w.allDone(2)) },
		func() error { return w.tap(visit.TapFinish) },
		w.sync)
}

func returnVisit(w *world) error {
	if err := w.sync(); err != nil {
		return err
	}
	return w.steps(func() error { return w.tap(visit.TapReturn) },
		func() error { return w.round() },
		func() error { return w.round() },
		func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
		func() error { return w.rounds(40, w.allDone(2)) },
		func() error { return w.tap(visit.TapFinish) },
		w.sync)
}

func (w *world) steps(todo ...func() error) error {
	for _, do := range todo {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) tapIf(so bool, b visit.Button) error {
	if !so {
		return nil
	}
	return w.tap(b)
}

func (w *world) allDone(n int) func() bool {
	return func() bool {
		done := 0
		for _, l := range w.state.Lines {
			if l.State == visit.LineDone {
				done++
			}
		}
		return done == n
	}
}

// after is what the borrower does once the light comes on again.
var afters = map[string]func(*world){
	"items stay": func(*world) {},
	"items gone": func(w *world) {
		for n := byte(1); n <= 3; n++ {
			w.table.Lift(uidOf(n))
		}
	},
}

func TestPowerCutAtEveryStep(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "the power cut before and after every commit, serial write and read, publish and arrival of an issue and a return of a set and a book",
		Unit: "cuts", Target: "every act is done once or not at all, and said so; no tag quiet without a loan", Short: 1, Long: 1})
	var total atomic.Int64
	t.Run("visits", func(t *testing.T) {
		for _, s := range stories() {
			for after := range afters {
				t.Run(s.name+"/"+after, func(t *testing.T) {
					t.Parallel()
					n := sweep(t, s, after)
					t.Logf("%s, %s: cut at each of %d steps", s.name, after, n)
					total.Add(int64(n))
				})
			}
		}
	})
	run.Done(int(total.Load()))
	run.Reached("so after every cut, with the items left on the pad and taken away")
	if total.Load() < 200 {
		t.Errorf("only %d steps were cut: is anything counted at all?", total.Load())
	}
}

// sweep cuts the visit at every step in turn until it comes through whole.
func sweep(t *testing.T, s story, after string) (steps int) {
	for at := 1; ; at++ {
		w := newWorld(t)
		s.ready(w)
		p := &power{at: at}
		err := run(w, s, p)
		if !p.off {
			must(t, err)
			w.whole(s)
			return at - 1
		}
		if !errors.Is(err, agent.ErrPowerCut) {
			t.Fatalf("cut at step %d, %s: the kiosk ended with %v", at, p.where, err)
		}
		name := fmt.Sprintf("step %d, %s", at, p.where)
		w.dark()
		w.recover(name, after)
		if t.Failed() {
			t.Fatalf("cut at %s; before it: %s", name, strings.Join(p.log[max(0, len(p.log)-12):], " | "))
		}
		w.dark()
		w.reader.Close()
		w.central.Close()
	}
}

// whole checks that the visit that was not cut did what it is there for.
func (w *world) whole(s story) {
	w.t.Helper()
	if len(w.told) != 2 {
		w.t.Errorf("undisturbed %s: %d items were done, want 2", s.name, len(w.told))
	}
	want := map[string]drivers.AFI{"issue": quiet, "return": loud}[s.name]
	for _, tag := range w.table.Tags() {
		if tag.Tag.AFI != want {
			w.t.Errorf("undisturbed %s: tag %s is %s, want %s", s.name, tag.Tag.UID, tag.Tag.AFI, want)
		}
	}
	w.agree("undisturbed " + s.name)
}

func run(w *world, s story, p *power) error {
	if err := w.on(p); err != nil {
		return err
	}
	return s.visit(w)
}

// recover is the power coming back: in the dark no tag may be quiet without
// somebody liable; then the kiosk starts, finds what lies there, and speaks
// with central; and at the end all four agree.
func (w *world) recover(name, after string) {
	w.t.Helper()
	if strings.Contains(name, "central") {
		w.reopenCentral()
	}
	afters[after](w)
	must(w.t, w.on(&power{}))
	w.liable(name)
	must(w.t, w.wait(20*time.Second))
	must(w.t, w.wait(16*time.Minute))
	must(w.t, w.sync())
	must(w.t, w.sync())
	w.agree(name)
}

// liable checks rule 3 as the files stand before anything has run on.
func (w *world) liable(name string) {
	w.t.Helper()
	for _, tag := range w.table.Tags() {
		if tag.Tag.AFI == loud {
			continue
		}
		item := itemOf(tag.Tag.UID)
		lent, err := w.ledger.Lent(w.t.Context(), item)
		must(w.t, err)
		_, central := w.openLoans()[item]
		if !lent.Open && !central {
			w.t.Errorf("%s: in the dark the tag %s of %s is quiet and nobody is liable", name, tag.Tag.UID, item)
		}
	}
}

func itemOf(u drivers.UID) circ.ItemID {
	if u == uidOf(1) {
		return book
	}
	return set
}

// agree compares ledger, tags, screen and central when all is quiet.
func (w *world) agree(name string) {
	w.t.Helper()
	loans := w.openLoans()
	for _, tag := range w.table.Tags() {
		item := itemOf(tag.Tag.UID)
		_, lent := loans[item]
		local, err := w.ledger.Lent(w.t.Context(), item)
		must(w.t, err)
		if local.Open != lent {
			w.t.Errorf("%s: %s is lent at the kiosk: %v, at central: %v", name, item, local.Open, lent)
		}
		if tag.Tag.AFI != loud && !lent {
			w.t.Errorf("%s: the tag %s of %s is %s and it is not on loan", name, tag.Tag.UID, item, tag.Tag.AFI)
		}
		unfinished := w.count(contract.TagUnverified, item) + w.count(contract.ReturnIncomplete, item)
		if tag.Tag.AFI != quiet && lent && unfinished == 0 {
			w.t.Errorf("%s: %s is on loan, its tag %s is %s, and nobody was told", name, item, tag.Tag.UID, tag.Tag.AFI)
		}
	}
	w.once(name)
	for item, r := range w.told {
		want := contract.LoanIssued
		if r.Kind == circ.Return {
			want = contract.LoanReturned
		}
		if w.count(want, item) == 0 {
			w.t.Errorf("%s: the screen said that %s of %s was done, and central never heard", name, r.Kind, item)
		}
	}
}

// once checks that no transaction has happened twice and no number is missing.
func (w *world) once(name string) {
	w.t.Helper()
	last := map[contract.EventType]map[circ.Tx]bool{}
	for _, e := range w.events() {
		if last[e.Type] == nil {
			last[e.Type] = map[circ.Tx]bool{}
		}
		if last[e.Type][e.Tx] {
			w.t.Errorf("%s: %s of transaction %s happened twice", name, e.Type, e.Tx)
		}
		last[e.Type][e.Tx] = true
	}
	pos, err := w.ledger.Position(w.t.Context())
	must(w.t, err)
	if pos.Acked != pos.Last || uint64(len(w.events())) != pos.Last {
		w.t.Errorf("%s: the ledger has %d events, %d acknowledged, central has %d", name, pos.Last, pos.Acked, len(w.events()))
	}
}

// A test that cannot fail proves nothing: with the order of record and tag
// turned round, the sweep must find a quiet tag that nobody is liable for.
func TestUnlockFirstIsFound(t *testing.T) {
	found := false
	for at := 1; at < 400 && !found; at++ {
		probe := &recorder{TB: t}
		w := newWorld(t)
		w.swap = true
		stories()[0].ready(w)
		p := &power{at: at}
		if err := run(w, stories()[0], p); !p.off {
			t.Fatalf("the whole visit came through (%v) and nothing was found", err)
		}
		w.dark()
		w.swap, w.t = false, probe
		must(t, w.on(&power{}))
		w.liable(fmt.Sprintf("step %d, %s", at, p.where))
		found = probe.said != ""
		w.dark()
	}
	if !found {
		t.Error("unlock-first was not noticed")
	}
}

// recorder notes what a check says instead of failing.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Errorf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }

func (w *world) reopenCentral() {
	w.central.Close()
	w.quietly = true
	c, err := openCentral(w, filepath.Join(w.dir, "central"))
	must(w.t, err)
	w.central, w.quietly = c, false
}
