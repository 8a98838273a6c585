package powercut

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

// torn is what a write between loud and quiet leaves in the simulator's tags
// when it is torn: neither.
const torn drivers.AFI = 0xC7

// point is one crash point of an issue or a return: where the power goes, what
// disk and tag hold in the dark, and what must be true in the end.
type point struct {
	name, says string
	visit      func(*world) error
	item       circ.ItemID // "": the book, which has one tag; the set has two
	fault      string      // that hits the first write of an AFI
	loses      int         // publishes of events that the broker acknowledges and loses
	mutes      int         // acknowledgements of central that are lost
	cut        power       // zero: the visit comes to its end, and then the power goes

	open bool          // in the dark: the ledger holds an open loan
	want int           // … and so many wishes
	tags []drivers.AFI // … and this is what the tags say
	told bool          // the screen had said "done"

	stored int // … and so many events of the visit are at central
	ends   map[string]end
}

// end is what must be true when all has been said.
type end struct {
	open   bool // the loan, at the kiosk and at central
	told   bool // a screen said "done" after the power came back
	writes int  // of an AFI after the power came back
	tags   []drivers.AFI
	events map[contract.EventType]int // at central, of the whole story
}

func lent(writes int, told bool, tags ...drivers.AFI) end {
	return end{open: true, told: told, writes: writes, tags: tags, events: map[contract.EventType]int{contract.LoanIssued: 1}}
}

// with adds one event to what central must have.
func (e end) with(t contract.EventType) end {
	e.events = maps.Clone(e.events)
	e.events[t]++
	return e
}

func back(writes int) end {
	e := lent(writes, false, loud).with(contract.LoanReturned)
	e.open = false
	return e
}

// after is what happens once the power is back.
type after struct {
	before func(*world)       // … before it is
	then   func(*world) error // … and then
}

var gone = afters["items gone"]

func issueAfters() map[string]after {
	nobody := func(w *world) error { return w.wait(16 * time.Minute) }
	return map[string]after{
		"the card is shown again": {then: func(w *world) error {
			return w.steps(func() error { return w.wait(4 * time.Minute) }, w.card,
				func() error { return w.rounds(10, w.allDone(1)) })
		}},
		"nobody comes": {then: nobody},
		"it is gone":   {before: gone, then: nobody},
		"the card is shown too late": {then: func(w *world) error {
			return w.steps(func() error { return nobody(w) }, w.card, func() error { return w.rounds(4, w.allDone(1)) })
		}},
		"another card is shown": {then: func(w *world) error {
			w.pass(time.Second)
			eve := visit.CardShown{Read: w.mono, Who: w.desk.Borrower("21221012345689")}
			return w.steps(func() error { return w.desk.Handle(w.t.Context(), eve) },
				func() error { return w.rounds(4, w.allDone(1)) }, func() error { return nobody(w) })
		}},
		"it is borrowed anew": {then: func(w *world) error {
			return w.steps(w.card, func() error { return w.tap(visit.TapYes) },
				func() error { return w.rounds(10, w.allDone(1)) })
		}},
	}
}

func returnAfters() map[string]after {
	return map[string]after{
		"it stays":   {then: func(w *world) error { return w.wait(20 * time.Second) }},
		"it is gone": {before: gone, then: func(w *world) error { return w.wait(3 * time.Minute) }},
	}
}

func issueOne(w *world) error {
	return w.steps(w.sync, w.card, w.round, func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
		func() error { return w.rounds(12, w.allDone(1)) },
		func() error { return w.tap(visit.TapFinish) }, w.sync)
}

func returnOne(w *world) error {
	return w.steps(w.sync, func() error { return w.tap(visit.TapReturn) }, w.round, w.round,
		func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
		func() error { return w.rounds(12, w.allDone(1)) },
		func() error { return w.tap(visit.TapFinish) }, w.sync)
}

// ready lays the item down; for a return it is on loan already.
func (p point) ready(w *world) {
	if p.item == set {
		w.put(2, set, 1, 2, loud)
		w.put(3, set, 2, 2, loud)
	} else {
		w.put(1, book, 1, 1, loud)
	}
	if p.returns() {
		lendOne(w)
	}
	if p.fault != "" {
		must(w.t, w.reader.Fault(sim.Fault{Name: p.fault, Command: 0x27}))
	}
	w.lose = losing(p.loses, p.mutes)
}

func (p point) returns() bool { return p.name[0] == 'R' }

// losing is a broker that loses so many event publishes, and so many of the
// acknowledgements that follow one.
func losing(publishes, acks int) func(string) bool {
	sent := false
	return func(kind string) bool {
		lost := &acks
		if kind == "ev" {
			sent, lost = true, &publishes
		}
		if kind != "ev" && (kind != "ak" || !sent) || *lost == 0 {
			return false
		}
		*lost--
		return true
	}
}

func lendOne(w *world) {
	must(w.t, w.on(&power{}))
	must(w.t, issueOne(w))
	must(w.t, w.wait(30*time.Second))
	w.dark()
	w.told = map[circ.ItemID]circ.Receipt{}
}

// crash runs the visit up to the point and leaves the world in the dark.
func (p point) crash(w *world) {
	w.t.Helper()
	cut := p.cut
	err := run(w, story{visit: p.visit}, &cut)
	switch {
	case p.cut.name == "" && p.cut.after == "":
		must(w.t, err)
	case !cut.off:
		w.t.Fatalf("%s: the power was never cut, and the visit ended with %v", p.name, err)
	case !errors.Is(err, agent.ErrPowerCut):
		w.t.Fatalf("%s, cut at %s: the visit ended with %v", p.name, cut.where, err)
	}
	w.dark()
}

// test runs the point once for each thing that may happen afterwards.
func (p point) test(t *testing.T) {
	t.Log(p.says)
	afters := issueAfters()
	if p.returns() {
		afters = returnAfters()
	}
	for _, name := range slices.Sorted(maps.Keys(p.ends)) {
		w := newWorld(t)
		p.ready(w)
		p.crash(w)
		w.inTheDark(p)
		a := afters[name]
		if a.before != nil {
			a.before(w)
		}
		again := &power{}
		w.told = map[circ.ItemID]circ.Receipt{}
		must(t, w.on(again))
		must(t, w.rounds(3, func() bool { return false }))
		must(t, a.then(w))
		must(t, w.sync())
		must(t, w.sync())
		w.agree(p.name + ", " + name)
		w.ended(p.name+", "+name, p.ends[name], writes(again))
		w.dark()
		w.reader.Close()
	}
}

func writes(p *power) (n int) {
	for _, s := range p.log {
		if s == "serial write B0 27" {
			n++
		}
	}
	return n
}

// audit reads the ledger as it lies in the dark.
func (w *world) audit() ledger.Report {
	w.t.Helper()
	r, err := ledger.Audit(w.t.Context(), filepath.Join(w.dir, "ledger.db"))
	must(w.t, err)
	return r
}

// inTheDark compares disk, tags and screen with what the point says of them,
// and checks what must hold in every dark: a quiet tag has somebody liable, and
// what counts as acknowledged is stored at central.
func (w *world) inTheDark(p point) {
	w.t.Helper()
	r := w.audit()
	if open := len(r.Loans) > 0; open != p.open || len(r.Wishes) != p.want {
		w.t.Errorf("%s, in the dark: a loan is open: %v, and %d wishes; want %v, %d", p.name, open, len(r.Wishes), p.open, p.want)
	}
	if got := w.afis(); !slices.Equal(got, p.tags) {
		w.t.Errorf("%s, in the dark: the tags say %v, want %v", p.name, got, p.tags)
	}
	if told := len(w.told) > 0; told != p.told {
		w.t.Errorf("%s: the screen had said done: %v, want %v", p.name, told, p.told)
	}
	for _, tag := range w.table.Tags() {
		if _, liable := r.Loans[itemOf(tag.Tag.UID)]; tag.Tag.AFI != loud && !liable {
			w.t.Errorf("%s, in the dark: the tag %s is %s and nobody is liable", p.name, tag.Tag.UID, tag.Tag.AFI)
		}
	}
	unsent, stored := 0, p.stored
	if p.open != p.returns() {
		unsent = 1
	}
	if p.returns() {
		stored++ // the issue before it
	}
	if have := len(w.events()); r.Unacked() != unsent || have != stored {
		w.t.Errorf("%s, in the dark: %d events wait for central and it has %d, want %d and %d", p.name, r.Unacked(), have, unsent, stored)
	}
	w.stored(p.name, r)
}

// stored checks that whatever the ledger takes for acknowledged is at central.
func (w *world) stored(name string, r ledger.Report) {
	w.t.Helper()
	if have := uint64(len(w.events())); r.Acked[r.Epoch] > have {
		w.t.Errorf("%s: the ledger takes %d events for acknowledged and central has %d", name, r.Acked[r.Epoch], have)
	}
}

func (w *world) afis() (afis []drivers.AFI) {
	for _, tag := range w.table.Tags() {
		afis = append(afis, tag.Tag.AFI)
	}
	return afis
}

// ended compares ledger, central, tags and screen with what must be true in
// the end.
func (w *world) ended(name string, want end, writes int) {
	w.t.Helper()
	if open := len(w.openLoans()) == 1; open != want.open {
		w.t.Errorf("%s: central has an open loan: %v, want %v", name, open, want.open)
	}
	r := w.audit()
	if open := len(r.Loans) == 1; open != want.open || len(r.Wishes) != 0 {
		w.t.Errorf("%s: the ledger has an open loan: %v, want %v, and %d wishes, want none", name, open, want.open, len(r.Wishes))
	}
	if got := w.afis(); !slices.Equal(got, want.tags) {
		w.t.Errorf("%s: the tags say %v, want %v", name, got, want.tags)
	}
	got := map[contract.EventType]int{}
	for _, e := range w.events() {
		got[e.Type]++
	}
	if got[contract.StaffNotice] > 1 { // that nobody comes for what lies there, once
		w.t.Errorf("%s: staff are told %d times of what lies there", name, got[contract.StaffNotice])
	}
	delete(got, contract.StaffNotice)
	if !maps.Equal(got, want.events) {
		w.t.Errorf("%s: central has %v, want %v", name, got, want.events)
	}
	if told := len(w.told) > 0; told != want.told || writes != want.writes {
		w.t.Errorf("%s: told %v after %d writes, want %v after %d", name, told, writes, want.told, want.writes)
	}
	w.named(name)
}

// named checks that an unfinished issue's report names every tag that is
// still loud.
func (w *world) named(name string) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type != contract.TagUnverified {
			continue
		}
		for _, tag := range w.table.Tags() {
			if tag.Tag.AFI != quiet && !strings.Contains(string(e.Data), tag.Tag.UID.String()) {
				w.t.Errorf("%s: tag.unverified says %s and does not name %s", name, e.Data, tag.Tag.UID)
			}
		}
	}
}

// Each crash point of the design has its test by name.
func TestCrashPoints(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "each named crash point of issue (I0 to I13) and return (R0 to R11) on the real code, torn and lost writes among them",
		Unit: "points", Target: "the state that is written down for it, whoever comes next", Short: 1, Long: 1})
	tests := map[string]func(*testing.T){"I12": cutDuringRecovery, "I13": centralObjects, "R11": pulledAway}
	for _, p := range append(issuePoints(), returnPoints()...) {
		tests[p.name] = p.test
	}
	ran := make(chan string, len(tests))
	t.Run("points", func(t *testing.T) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
				ran <- name
			})
		}
	})
	close(ran)
	seen := map[string]bool{}
	for name := range ran {
		seen[name] = true
	}
	line := ""
	for _, series := range []struct {
		letter string
		last   int
	}{{"I", 13}, {"R", 11}} {
		for n := range series.last + 1 {
			name := fmt.Sprint(series.letter, n)
			line += " " + name
			if tests[name] == nil || len(seen) == len(tests) && !seen[name] {
				t.Errorf("crash point %s has no test", name)
			}
		}
	}
	run.Done(len(seen))
	run.Reached("each of them: %s", strings.TrimSpace(line))
}
