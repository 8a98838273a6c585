package clock

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/record"
)

// until spends evenings until the rig finds what it must find.
func until(t *testing.T, what string, evening func(chance *rand.Rand) []string) {
	t.Helper()
	for n := range uint64(40) {
		if slices.ContainsFunc(evening(rand.New(rand.NewPCG(n, 1))), func(s string) bool { return strings.Contains(s, what) }) {
			return
		}
	}
	t.Errorf("in 40 evenings nothing was found of: %s", what)
}

func TestDatesFromTheBareClockAreFound(t *testing.T) {
	until(t, "a due date of another age", func(chance *rand.Rand) []string {
		e := open(t, chance)
		defer e.SwitchOff()
		e.Wrong.Now = func(m circ.Moment) circ.Moment {
			m.Wall, m.Quality = e.Computer(), circ.RTC
			return m
		}
		e.spend(turnsEach)
		return e.wrong
	})
}

func TestOrderByTheClockIsFound(t *testing.T) {
	until(t, "happened before the one in front of it", func(chance *rand.Rand) []string {
		e := open(t, chance)
		defer e.SwitchOff()
		e.spend(turnsEach)
		r, err := e.Read()
		e.Must(err)
		slices.SortStableFunc(r.Ledger.Events, func(a, b ledger.AuditedEvent) int { return a.At.Compare(b.At) })
		e.numbered(r.Ledger.Events)
		return e.wrong
	})
}

func TestTimesAsTheKioskSaysThemAreFound(t *testing.T) {
	until(t, "central has the loan of", func(chance *rand.Rand) []string {
		e := open(t, chance)
		defer e.SwitchOff()
		e.spend(turnsEach)
		r, err := e.Read()
		e.Must(err)
		var loans []record.Loan
		for _, x := range r.Ledger.Events {
			var ev contract.Event
			e.Must(json.Unmarshal(x.Body, &ev))
			loans = append(loans, record.Loan{Tx: ev.Tx, Item: x.Item, Start: ev.At})
		}
		e.corrected(loans, e.Now.AddDate(-1, 0, 0))
		return e.wrong
	})
}
