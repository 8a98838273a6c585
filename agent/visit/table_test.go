package visit_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// row is one line of a table in testdata: from | event | guard | to. The guard
// is for the reader.
type row struct{ from, event, to string }

func (r row) String() string { return r.from + " | " + r.event + " | " + r.to }

// readTable reads states.table or items.table.
func readTable(t *testing.T, file string) map[row]bool {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[row]bool{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 4 {
			t.Fatalf("%s: %q has %d columns, want from | event | guard | to", file, line, len(f))
		}
		rows[row{strings.TrimSpace(f[0]), strings.TrimSpace(f[1]), strings.TrimSpace(f[3])}] = true
	}
	return rows
}

// walked is walk, once.
func walked(t *testing.T) (screens, lines map[row]int) {
	once.Do(func() { once.screens, once.lines = walk(t) })
	return once.screens, once.lines
}

var once struct {
	sync.Once
	screens, lines map[row]int
}

// walk lets ten thousand borrowers come, and gives every step between two
// screens and between two states of an item that was seen.
func walk(t *testing.T) (screens, lines map[row]int) {
	screens, lines = map[row]int{}, map[row]int{}
	been := map[string]bool{}
	for seed := uint64(1); seed <= 6000; seed++ {
		w := newWorld(t, seed, been)
		w.prompt = true
		w.watch = func(before visit.State, ev visit.Event, after visit.State, trail []visit.Screen, own int) {
			for _, r := range steps(before, ev, trail, own) {
				screens[r]++
			}
			for _, r := range lineSteps(before, ev, after) {
				lines[r]++
			}
		}
		for range 400 {
			w.step()
		}
	}
	return screens, lines
}

// TestScreensAreThoseOfTheTable reads the table of screens as data: whatever
// the visit does is in it, whatever is in it the visit does, every screen can
// be reached and left, and times are those of the table.
func TestScreensAreThoseOfTheTable(t *testing.T) {
	table := readTable(t, "states.table")
	seen, _ := walked(t)
	compareTables(t, table, seen)
	var names []string
	for _, s := range visit.Screens() {
		names = append(names, string(s))
	}
	everyStateHasAWay(t, table, names, string(visit.Home))
	for _, s := range visit.Screens() {
		if s != visit.Home && !slices.ContainsFunc(slices.Collect(maps.Keys(table)), func(r row) bool { return r.from == string(s) && timed(r.event) > 0 }) {
			t.Errorf("%s is not left by time alone", s)
		}
	}
}

// TestItemsAreThoseOfTheTable does so for the states of an item.
func TestItemsAreThoseOfTheTable(t *testing.T) {
	table := readTable(t, "items.table")
	_, seen := walked(t)
	compareTables(t, table, seen)
	var names []string
	for _, s := range visit.LineStates() {
		names = append(names, string(s))
	}
	everyStateHasAWay(t, table, names, "none")
}

func compareTables(t *testing.T, table map[row]bool, seen map[row]int) {
	t.Helper()
	for _, r := range sorted(seen) {
		if any := (row{"*", r.event, r.to}); table[any] {
			seen[any]++
			continue
		}
		if !table[r] {
			t.Errorf("the visit does what is not in the table: %s (%d times)", r, seen[r])
		}
	}
	for _, r := range sorted(table) {
		if seen[r] == 0 {
			t.Errorf("the table has what the visit never does: %s", r)
		}
	}
}

func sorted[V any](m map[row]V) []row {
	return slices.SortedFunc(maps.Keys(m), func(a, b row) int { return strings.Compare(a.String(), b.String()) })
}

// everyStateHasAWay says that each state can be reached, and that every screen
// leads home.
func everyStateHasAWay(t *testing.T, table map[row]bool, names []string, first string) {
	t.Helper()
	there, back := reach(table, first, false), reach(table, string(visit.Home), true)
	for _, n := range names {
		if !there[n] {
			t.Errorf("%s cannot be reached", n)
		}
		if !back[n] && first == string(visit.Home) {
			t.Errorf("nothing leads home from %s", n)
		}
	}
	for r := range table {
		for _, n := range []string{r.from, r.to} {
			if n != first && n != "*" && n != "resume" && !slices.Contains(names, n) {
				t.Errorf("%q of the table is no state", n)
			}
		}
	}
}

func reach(table map[row]bool, first string, backwards bool) map[string]bool {
	been := map[string]bool{first: true}
	for grown := true; grown; {
		grown = false
		for r := range table {
			from, to := r.from, r.to
			if from == "*" {
				continue
			}
			if backwards {
				from, to = to, from
			}
			if been[from] && !been[to] {
				been[to], grown = true, true
			}
		}
	}
	return been
}

// timed is the time in an event's name: idle_60s. 0: it is no time.
func timed(event string) time.Duration {
	i := strings.LastIndexByte(event, '_')
	n, err := strconv.Atoi(strings.TrimSuffix(event[i+1:], "s"))
	if err != nil || !strings.HasSuffix(event, "s") {
		return 0
	}
	return time.Duration(n) * time.Second
}

// steps are the screens that one event led through. The first step is the
// event's; what follows at once is said by what it follows from. What Warn
// goes back to is called resume on the way, as in the table.
func steps(before visit.State, ev visit.Event, trail []visit.Screen, own int) (rows []row) {
	from, event := name(before.Screen), eventName(before, ev)
	if _, tick := ev.(visit.Tick); len(trail) == 0 || tick && !plainTimes(before) {
		return nil
	}
	if before.Screen == visit.Warn && trail[0] == before.Under {
		rows = append(rows, row{from, event, "resume"})
		from, event = "resume", "restored"
	}
	for i, to := range trail {
		if _, mode := ev.(visit.Moded); i > 0 || own == 0 && !mode {
			event = "then"
		}
		rows = append(rows, row{from, event, name(to)})
		from = name(to)
	}
	return rows
}

// plainTimes says that nothing stretches the times of a screen.
func plainTimes(s visit.State) bool {
	return !s.Ease.Slow && s.Over == visit.NoOverlay && (!s.Busy() || s.Screen == visit.Settle)
}

func name(s visit.Screen) string {
	if s == "" {
		return string(visit.Home)
	}
	return string(s)
}

// eventName is how the table calls an event.
func eventName(before visit.State, ev visit.Event) string {
	if before.Screen == visit.Warn || before.Screen == visit.Bye {
		if name, any := anything(before.Screen, ev); any {
			return name
		}
	}
	switch e := ev.(type) {
	case visit.Tapped:
		return "touch_" + strings.ReplaceAll(string(e.Button), "-", "_")
	case visit.CardShown:
		return "card_shown"
	case visit.Tick:
		return timeName(before)
	case visit.Known:
		return standingName(e.Standing, "")
	case visit.Answered:
		if e.PIN == visit.PINRight || e.PIN == visit.PINSilent {
			return standingName(e.Standing, "pin_")
		}
		return "pin_" + string(e.PIN)
	case visit.Renewed:
		return "renewal_noted"
	case visit.Printed:
		return map[bool]string{true: "printed", false: "print_failed"}[e.Fault == visit.PrinterReady]
	case visit.Paid:
		return map[visit.PayResult]string{visit.PayDone: "paid", visit.PayDeclined: "declined_or_cancelled", visit.PayUnknown: "result_unknown"}[e.Result]
	case visit.Moded:
		return "mode_" + string(e.Mode)
	case visit.HelpPressed:
		return "help_pressed"
	case visit.NotUnderstood:
		return "not_understood"
	}
	return "item_event"
}

// anything is what Warn and Bye make of nearly everything.
func anything(on visit.Screen, ev visit.Event) (string, bool) {
	switch e := ev.(type) {
	case visit.Tapped:
		if on == visit.Bye {
			return "touch", true
		}
		return "any_activity", e.Button != visit.TapFinish && e.Button != visit.TapMoreTime
	case visit.Placed, visit.Lifted, visit.ItemShown, visit.NotUnderstood, visit.HelpPressed:
		return "any_activity", on == visit.Warn
	case visit.CardShown:
		return "any_activity", on == visit.Warn
	}
	return "", false
}

func standingName(st visit.Standing, proof string) string {
	switch {
	case st.Reason == circ.BorrowerUnknown:
		return proof + "unknown_card"
	case st.Reason != circ.OK:
		return proof + "blocked"
	case len(st.Notes) > 0:
		return proof + "ok_with_message"
	}
	return proof + "ok"
}

// timeName is what the table calls the end of a screen's own time.
func timeName(s visit.State) string {
	kind := "idle"
	switch s.Screen {
	case visit.Check:
		kind = "no_answer"
	case visit.Printing:
		kind = "no_result"
	case visit.Pays:
		kind = "result_unknown"
	case visit.Warn:
		kind = "countdown"
	case visit.Settle, visit.Bye:
		kind = "limit"
	}
	wait, _ := visit.Waits(s)
	return fmt.Sprintf("%s_%ds", kind, int(wait.Seconds()))
}

// lineSteps are the states that items went through by one event.
func lineSteps(before visit.State, ev visit.Event, after visit.State) (rows []row) {
	if before.Visit != after.Visit {
		return nil
	}
	was := map[string]visit.LineState{}
	for _, l := range before.Lines {
		was[key(l)] = l.State
	}
	for _, l := range after.Lines {
		from := "none"
		if s, ok := was[key(l)]; ok {
			from = string(s)
		}
		if from != string(l.State) {
			rows = append(rows, row{from, lineEvent(ev, from, l.State), string(l.State)})
		}
	}
	return rows
}

// key tells items apart, also those without a number.
func key(l visit.Line) string {
	if l.Item == "" && len(l.Tags) > 0 {
		return l.Tags[0].UID.String()
	}
	return string(l.Item)
}

// lineEvent is how the table calls what happened to an item. What ends the
// visit gives everything up; what makes an item ready asks for it.
func lineEvent(ev visit.Event, from string, to visit.LineState) string {
	tap, _ := ev.(visit.Tapped)
	_, recorded := ev.(visit.Recorded)
	_, settled := ev.(visit.Settled)
	late := from == string(visit.LineLeftOut) || from == string(visit.LineUndo)
	switch to {
	case visit.LineRecording:
		return "asked"
	case visit.LineLeftOut, visit.LineUnsecured, visit.LineIncomplete:
		switch {
		case tap.Button == visit.TapLeave && tap.Item != "":
			return "touch_leave"
		case settled && late:
			return "confirmed"
		case !recorded || !late:
			return "given_up"
		}
	case visit.LineUndo:
		return "touch_leave"
	}
	switch ev.(type) {
	case visit.Recorded:
		return "recorded"
	case visit.Lifted:
		return "lifted"
	case visit.Settled:
		return "confirmed"
	case visit.Stuck:
		return "did_not_take"
	}
	return "shown"
}
