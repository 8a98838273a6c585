// Package clock is the rig that turns the kiosk's clock: to 1970, 2000 and
// 2120, an hour back in the middle of a visit, a day on, ten years either way
// between two acts, over both changes of summer time, and while the kiosk is
// switched off. Central's clock is right.
package clock

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/branch"
)

// turn is one way in which a computer's clock is wrong.
type turn struct {
	name string
	do   func(k *branch.Kiosk, chance *rand.Rand)
}

// turns are done one by one, or one after the other in one evening.
var turns = []turn{
	{"1970", func(k *branch.Kiosk, _ *rand.Rand) { k.Set(time.Unix(0, 0)) }},
	{"2000", func(k *branch.Kiosk, _ *rand.Rand) { k.Set(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) }},
	{"2120", func(k *branch.Kiosk, _ *rand.Rand) { k.Set(time.Date(2120, 6, 1, 12, 0, 0, 0, time.UTC)) }},
	{"an hour back", func(k *branch.Kiosk, _ *rand.Rand) { k.Off -= time.Hour }},
	{"a day on", func(k *branch.Kiosk, _ *rand.Rand) { k.Off += 24 * time.Hour }},
	{"ten years on", func(k *branch.Kiosk, _ *rand.Rand) { k.Set(k.Computer().AddDate(10, 0, 0)) }},
	{"ten years back", func(k *branch.Kiosk, _ *rand.Rand) { k.Set(k.Computer().AddDate(-10, 0, 0)) }},
	{"turned while off", func(k *branch.Kiosk, chance *rand.Rand) {
		k.SwitchOff()
		k.Pass(time.Duration(chance.IntN(72)) * time.Hour)
		k.Set(branch.Opened.AddDate(chance.IntN(200)-56, 0, 0))
		k.On()
	}},
	{"without a battery", func(k *branch.Kiosk, chance *rand.Rand) {
		k.Quality = circ.Restored
		k.Restart(time.Duration(chance.IntN(48)) * time.Hour)
		k.Set(time.Unix(0, 0))
	}},
	{"with a battery", func(k *branch.Kiosk, _ *rand.Rand) { k.Quality = circ.RTC }},
	{"right again", func(k *branch.Kiosk, _ *rand.Rand) { k.Off = 0 }},
}

// evening is one kiosk's, and what the rig noted of it.
type evening struct {
	*branch.Kiosk
	chance *rand.Rand
	when   map[circ.Tx]time.Time // when each act really was
	story  []string
	wrong  []string // what the rig has found
	issued int
	no     map[circ.Reason]int
}

func (e *evening) found(format string, args ...any) {
	e.wrong = append(e.wrong, fmt.Sprintf(format, args...))
}

func open(t testing.TB, chance *rand.Rand) *evening {
	b := branch.New(t, chance, 30)
	e := &evening{Kiosk: b.Enrol("syston-1"), chance: chance, when: map[circ.Tx]time.Time{}, no: map[circ.Reason]int{}}
	b.Must(e.Talk())
	return e
}

func (e *evening) note(format string, args ...any) {
	e.story = append(e.story, fmt.Sprintf("%s, kiosk %s: ", e.Now.Format(time.DateTime), e.Moment().Wall.Format(time.DateTime))+fmt.Sprintf(format, args...))
}

// act lends or takes back a book or two, and looks at what was printed.
func (e *evening) act() {
	e.T.Helper()
	e.Pass(time.Duration(e.chance.IntN(600)) * time.Second)
	books, begins := e.Where(false), e.Now
	if lend := len(books) == 0 || e.chance.IntN(3) > 0; lend {
		books = e.Where(true)
		books = books[:min(len(books), 1+e.chance.IntN(2))]
		for _, r := range e.Issue(e.Somebody(), e.chance.IntN(8) == 0, books...) {
			e.when[r.Tx] = begins
			e.printed(r)
		}
		return
	}
	for _, r := range e.Return(false, books[:1]...) {
		e.when[r.Tx] = begins
		e.note("return of %s: %s %s", r.Item.Tail(), r.State, r.Decision.Reason)
		if r.State != circ.Done {
			e.found("a return was not taken: %+v", r)
		}
	}
}

// ladder is how far a clock with a battery may be off, with nobody there to tell
// it so: further ahead, the cache seems too old to lend by (design D7); behind,
// it is soon below the floor.
const ladder = 14 * 24 * time.Hour

// printed holds a receipt of an issue against what it may say: a due date three
// weeks from now. An earlier or later one says that it is provisional, unless
// it comes from a battery that nobody could contradict; and none is of another age.
func (e *evening) printed(r circ.Receipt) {
	d := r.Decision
	e.note("issue of %s: %s %s, due %s, provisional %v", r.Item.Tail(), r.State, d.Reason, d.Due.Format(time.DateOnly), d.Provisional)
	if d.Verdict != circ.Yes {
		e.no[d.Reason]++
		if d.Reason != circ.CacheTooOld && d.Reason != circ.ItemOfflineLimit {
			e.found("an issue was refused with %q, and the clock is no reason for that", d.Reason)
		}
		return
	}
	e.issued++
	here := e.Now.In(e.Zone())
	right := time.Date(here.Year(), here.Month(), here.Day()+21, 23, 59, 59, 0, here.Location())
	off := d.Due.Sub(right)
	switch {
	case off.Abs() > 31*24*time.Hour:
		e.found("a due date of another age was printed: %s, on %s", d.Due, e.Now)
	case off != 0 && !d.Provisional && (e.Quality != circ.RTC || off.Abs() > ladder):
		e.found("the due date %s was printed on %s as if it were certain", d.Due, e.Now)
	case d.Due.In(e.Zone()).Format(time.TimeOnly) != "23:59:59":
		e.found("a loan ends at %s, not with the day", d.Due.In(e.Zone()))
	}
}

// numbered checks that the ledger's events are numbered as they happened, and
// that no name was given twice.
func (e *evening) numbered(events []ledger.AuditedEvent) {
	e.T.Helper()
	seen := map[string]bool{}
	var last time.Time
	for i, x := range events {
		var ev contract.Event
		e.Must(json.Unmarshal(x.Body, &ev))
		if ev.N != uint64(i+1) {
			e.found("event %d is numbered %d", i+1, ev.N)
		}
		name := string(ev.Type) + ev.Tx.String()
		if seen[name] {
			e.found("event %d has the name of an earlier one", ev.N)
		}
		seen[name] = true
		if at, ok := e.when[ev.Tx]; ok && (ev.Type == contract.LoanIssued || ev.Type == contract.LoanReturned) {
			if at.Before(last) {
				e.found("event %d happened before the one in front of it", ev.N)
			}
			last = at
		}
	}
}

// corrected holds the times of central's record against what really was: of
// acts in a boot that has spoken with central, within two seconds.
func (e *evening) corrected(loans []record.Loan, since time.Time) (n int) {
	for _, l := range loans {
		at, ok := e.when[l.Tx]
		if !ok || at.Before(since) {
			continue
		}
		n++
		if off := l.Start.Sub(at); off < -2*time.Second || off > 2*time.Second {
			e.found("central has the loan of %s at %s, and it was at %s", l.Item.Tail(), l.Start, at)
		}
	}
	return n
}

// judge is the end: everything is sent, and the record is what was told.
func (e *evening) judge() check.Verdict {
	e.T.Helper()
	e.Must(e.Talk())
	e.Pass(20 * time.Minute)
	_, err := e.Ledger.Expire(context.Background(), e.Moment(), circ.Visit{})
	e.Must(err)
	e.Must(e.Talk())
	r, err := e.Read()
	e.Must(err)
	v := check.AtRest(r)
	for _, h := range v.Harms {
		e.found("%s", h)
	}
	e.numbered(r.Ledger.Events)
	return v
}

// spend is an evening of n turns. It gives how many events were acknowledged,
// and how many times at central were looked at.
func (e *evening) spend(n int) (acked, right int) {
	since := e.Now
	for range n {
		x, life := turns[e.chance.IntN(len(turns))], e.Clock
		e.note("%s", x.name)
		x.do(e.Kiosk, e.chance)
		if e.chance.IntN(2) == 0 { // else what central told in this boot still holds
			e.Restart(time.Minute)
		}
		if e.Clock != life {
			since = e.Now
		}
		for range 3 {
			e.act()
		}
		if e.chance.IntN(3) == 0 {
			e.Must(e.Talk())
		}
	}
	v := e.judge()
	loans, err := e.Central.Loans(context.Background(), true)
	e.Must(err)
	return v.Acked, e.corrected(loans, since)
}

// turnsEach is how often the clock is turned in an evening.
const turnsEach = 6

// Whatever the clock says, lending goes on or is refused in plain words, and
// what was done arrives in order and with its right time.
func TestClock(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "the kiosk's clock turned to 1970, 2000 and 2120, back, forward, and while it is off", Unit: "turns",
		Target: "order kept, nothing lost or doubled, no due date of another age, times right to 2 s at central", Short: 300, Long: 20_000,
	})
	done, issued, right, acked, refused := 0, 0, 0, 0, 0
	for n := 0; done < run.Count; n++ {
		t.Run(fmt.Sprint("evening ", n), func(t *testing.T) {
			e := open(t, run.Stream(uint64(n)))
			defer e.SwitchOff()
			a, r := e.spend(turnsEach)
			acked, right, issued, refused = acked+a, right+r, issued+e.issued, refused+total(e.no)
			if len(e.wrong) > 0 {
				t.Fatalf("%s\n%s", strings.Join(e.wrong, "\n"), strings.Join(e.story, "\n"))
			}
		})
		if done += turnsEach; t.Failed() {
			break
		}
	}
	if issued == 0 || right == 0 || acked == 0 {
		t.Errorf("%d issues, %d times looked at, %d events acknowledged: nothing was tested", issued, right, acked)
	}
	run.Done(done)
	run.Reached("%d events in order, 0 lost, 0 doubled; %d issues, %d refused in plain words; %d times at central right to 2 s", acked, issued, refused, right)
}

func total(m map[circ.Reason]int) (n int) {
	for _, x := range m {
		n += x
	}
	return n
}
