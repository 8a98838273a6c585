package powercut

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers/sim"
)

// fork is another world that goes on from this one's dark.
func (w *world) fork() *world {
	w.t.Helper()
	f := &world{t: w.t, table: sim.NewTable(), dir: torture.Memory(w.t), cred: w.cred, wall: w.wall, told: map[circ.ItemID]circ.Receipt{}}
	copyDir(w.t, f.dir, w.dir)
	for _, tag := range w.table.Tags() {
		f.table.Put(tag.Antenna, tag.Tag)
	}
	var err error
	f.reader, err = sim.NewReader(f.table, "pad", sim.Options{})
	must(w.t, err)
	f.central, err = openCentral(f, filepath.Join(f.dir, "central"))
	must(w.t, err)
	return f
}

// copyDir copies files as only their owner may read them, as central wants its keys.
func copyDir(t testing.TB, to, from string) {
	t.Helper()
	must(t, os.CopyFS(to, os.DirFS(from)))
	must(t, filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}))
}

func (w *world) close() {
	w.reader.Close()
	w.central.Close()
}

// I12: the recovery itself is cut at every step, and the one after it ends
// where an undisturbed one would. An issue is not written by a second boot any
// more (design D1): its loan stands, and its tag is quiet or reported.
func cutDuringRecovery(t *testing.T) {
	again := issueAfters()["the card is shown again"].then
	for _, c := range []struct {
		point   string
		recover func(*world) error
		open    bool
	}{
		{"I2", func(w *world) error {
			return w.steps(w.round, w.round, w.card, func() error { return w.rounds(10, w.allDone(1)) }, w.sync)
		}, true},
		{"R1", func(w *world) error { return w.steps(w.round, w.round, w.round, w.sync) }, false},
	} {
		p := pointNamed(c.point)
		base := newWorld(t)
		p.ready(base)
		p.crash(base)
		base.central.Close()
		at := 1
		for ; ; at++ {
			w := base.fork()
			cut := &power{at: at}
			err := w.on(cut)
			if err == nil {
				err = c.recover(w)
			}
			w.dark()
			if !cut.off {
				must(t, err)
				w.close()
				break
			}
			if !errors.Is(err, agent.ErrPowerCut) {
				t.Fatalf("I12, %s, cut again at step %d, %s: %v", c.point, at, cut.where, err)
			}
			w.lastRecovery(c.point, cut, again, c.open)
			w.close()
		}
		t.Logf("%s: cut again at each of %d steps of its recovery", c.point, at-1)
		if at < 20 {
			t.Errorf("%s: its recovery had only %d steps", c.point, at-1)
		}
	}
}

// lastRecovery comes after one that was cut.
func (w *world) lastRecovery(point string, cut *power, again func(*world) error, open bool) {
	w.t.Helper()
	name := "I12, " + point + " cut again at " + cut.where
	if strings.HasPrefix(cut.where, "central") {
		w.reopenCentral()
	}
	w.stored(name, w.audit())
	must(w.t, w.on(&power{}))
	w.liable(name)
	must(w.t, w.rounds(3, func() bool { return false }))
	must(w.t, again(w))
	must(w.t, w.sync())
	must(w.t, w.sync())
	w.agree(name)
	if got := len(w.openLoans()) == 1; got != open || w.count(contract.LoanIssued, book) != 1 {
		w.t.Errorf("%s: central has an open loan: %v, want %v", name, got, open)
	}
	unverified := w.count(contract.TagUnverified, book)
	switch afi := w.table.AFI(uidOf(1)); {
	case !open && (afi != loud || w.count(contract.LoanReturned, book) != 1):
		w.t.Errorf("%s: returned, and the tag is %s", name, afi)
	case open && afi == loud && unverified != 1:
		w.t.Errorf("%s: on loan, the tag is %s and tag.unverified was reported %d times", name, afi, unverified)
	}
	w.dark()
}

// tell changes what central's library system says.
func (w *world) tell(name, text string) {
	w.t.Helper()
	dir := torture.Memory(w.t)
	must(w.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	_, err := w.central.ImportFrom(w.t.Context(), dir)
	must(w.t, err)
}

// I13: central knew better than the kiosk could. The loan stands as it was
// made, and staff get a case.
func centralObjects(t *testing.T) {
	const head = "card,category,blocked,expires,age_band,messages\n"
	for _, c := range []struct {
		name, file, text string
		reason           circ.Reason
	}{
		{"the card was blocked meanwhile", "borrowers.csv", head + string(ada) + ",adult,yes,,18,\n", circ.BorrowerBlocked},
		{"somebody waits for the item", "holds.csv", "item,card\n" + string(book) + ",21221012345689\n", record.HoldTaken},
	} {
		w := newWorld(t)
		w.put(1, book, 1, 1, loud)
		must(t, w.on(&power{}))
		must(t, w.sync())
		w.tell(c.file, c.text)
		must(t, w.steps(w.card, w.round, func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
			func() error { return w.rounds(12, w.allDone(1)) }, func() error { return w.tap(visit.TapFinish) }))
		told := len(w.told)
		w.dark()
		again := &power{}
		must(t, w.on(again))
		must(t, w.wait(20*time.Second))
		must(t, w.sync())
		must(t, w.sync())
		w.agree("I13, " + c.name)
		w.ended("I13, "+c.name, end{open: true, told: true, tags: one(quiet), events: map[contract.EventType]int{contract.LoanIssued: 1}}, writes(again))
		if told != 1 || !w.hasCase(c.reason) {
			t.Errorf("I13, %s: %d items were told as done, and a case of %s: %v", c.name, told, c.reason, w.hasCase(c.reason))
		}
		w.dark()
	}
}

func (w *world) hasCase(reason circ.Reason) bool {
	w.t.Helper()
	cases, err := w.central.Cases(w.t.Context(), false)
	must(w.t, err)
	return slices.ContainsFunc(cases, func(c record.Case) bool { return c.Item == book && slices.Contains(c.Reasons, reason) })
}

func (w *world) lineState() visit.LineState {
	if len(w.state.Lines) != 1 {
		return ""
	}
	return w.state.Lines[0].State
}

// R11: returned, and pulled away before the tag is armed. There is no credit,
// whatever the borrower does then, unless it is put back.
func pulledAway(t *testing.T) {
	left := lent(0, false, quiet).with(contract.ReturnIncomplete)
	leave := func(w *world) error {
		return w.steps(func() error { return w.tap(visit.TapFinish) }, func() error { return w.tap(visit.TapLeave) })
	}
	returned := back(1)
	returned.told = true
	for _, c := range []struct {
		name string
		then func(*world) error
		line visit.LineState
		end  end
	}{
		{"put back", func(w *world) error {
			w.table.Lay("pad", uidOf(1))
			return w.rounds(10, w.allDone(1))
		}, visit.LineDone, returned},
		{"left", leave, visit.LineIncomplete, left},
		{"walked away", func(w *world) error { return w.wait(4 * time.Minute) }, "", left},
		{"power cut", func(w *world) error {
			w.dark()
			must(w.t, w.on(w.power))
			return w.wait(4 * time.Minute)
		}, "", left},
	} {
		w := newWorld(t)
		w.put(1, book, 1, 1, loud)
		lendOne(w)
		must(t, w.reader.Fault(sim.Fault{Name: sim.GoneMidWrite}))
		must(t, w.on(&power{}))
		must(t, w.steps(func() error { return w.tap(visit.TapReturn) }, w.round, w.round,
			func() error { return w.tapIf(w.state.Mine, visit.TapYes) },
			func() error { return w.rounds(15, func() bool { return w.lineState() == visit.LinePutBack }) }))
		if w.lineState() != visit.LinePutBack || len(w.told) != 0 || len(w.audit().Loans) != 1 {
			t.Errorf("R11: pulled away, the screen says %q and told %v", w.lineState(), w.told)
		}
		before := writes(w.power)
		must(t, c.then(w))
		if got := w.lineState(); got != c.line {
			t.Errorf("R11, %s: the screen says %q, want %q", c.name, got, c.line)
		}
		must(t, w.sync())
		must(t, w.sync())
		w.agree("R11, " + c.name)
		w.ended("R11, "+c.name, c.end, writes(w.power)-before)
		w.dark()
	}
}
