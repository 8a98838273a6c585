package screen

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// What a borrower reads while something does not work, and what there is to do
// instead.
func TestFaultsInWords(t *testing.T) {
	works := visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true}
	with := func(change func(*visit.State)) visit.State {
		st := visit.State{Devices: works}
		change(&st)
		return st
	}
	out := func(c visit.Cause) visit.State {
		return with(func(st *visit.State) { st.Mode, st.Cause = visit.Out, c })
	}
	silent := func(s visit.Service) visit.State {
		return with(func(st *visit.State) { st.Devices.Online, st.Standing.Service = false, s })
	}
	stopped := func(why circ.Reason) visit.State {
		return with(func(st *visit.State) { st.Screen, st.Standing.Reason = visit.Stop, why })
	}
	for _, c := range []struct {
		fault string
		state visit.State
		reads []string
	}{
		{"the disk is full", with(func(st *visit.State) { st.Devices.ReadOnly = true }),
			[]string{"You can return items here", "Borrowing is not possible right now.", "This machine can only take returns right now."}},
		{"the disk is full, and somebody shows a card", stopped(circ.LedgerReadOnly),
			[]string{"We can't lend items right now", "You can still return items."}},
		{"the clock is in doubt", with(func(st *visit.State) {
			st.Screen, st.Who, st.Task = visit.Borrow, circ.Borrower{Card: "21221012345671"}, visit.Borrowing
			st.Lines = []visit.Line{{Item: "1001", Title: "Treasure Island", Kind: circ.Issue, State: visit.LineDone,
				Decision: circ.Decision{Verdict: circ.Yes, Due: time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC), Provisional: true}}}
		}), []string{"Staff may change this date."}},
		{"the pad is gone", with(func(st *visit.State) { st.Devices.Pads = false }),
			[]string{"The shelf is not reading.", "Show each book's stripes to the red light."}},
		{"the scanner is gone", with(func(st *visit.State) { st.Devices.Scanner = false }),
			[]string{"The red light is not working.", "Put cards and items on the shelf."}},
		{"the scanner is gone, and a card is wanted", with(func(st *visit.State) { st.Screen, st.Devices.Scanner = visit.CardAsk, false }),
			[]string{"Lay your card flat on the shelf.", "Type my number"}},
		{"pad and scanner are gone", with(func(st *visit.State) { st.Devices.Pads, st.Devices.Scanner = false, false }),
			[]string{"This machine is not ready", "Please use another one, or leave returns in the returns box."}},
		{"central is silent", silent(visit.FullService), []string{"You can borrow and return. My account is not available right now."}},
		{"central is silent for days", silent(visit.Capped), []string{"You can borrow a few items, and return as usual."}},
		{"central is silent for weeks", silent(visit.ReturnsOnly), []string{"You can return items, but not borrow."}},
		{"the cache is begun anew", stopped(circ.NoRules),
			[]string{"We can't lend items yet", "This machine is waiting for the library computer. You can still return items."}},
		{"the program stopped again and again", out(visit.CauseEnds),
			[]string{"This machine is not ready", "leave returns in the returns box", "It has stopped several times. Staff need to look at it."}},
		{"the ledger is damaged", out(visit.CauseBooks),
			[]string{"This machine is not ready", "leave returns in the returns box", "Its own records need looking at. Staff can see why."}},
		{"a technician took it out", out(visit.NoCause), []string{"This machine is not ready"}},
	} {
		text := reads(testDrawer(t).view(c.state, circ.Moment{}))
		for _, want := range c.reads {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the screen does not say %q, but\n%s", c.fault, want, text)
			}
		}
	}
}

// reads is all the text of a screen.
func reads(v View) string {
	all := append([]string{v.Heading}, v.Body...)
	all = append(all, v.Note, v.Device)
	if v.Band != nil {
		all = append(all, v.Band.Text)
	}
	for _, l := range v.Lines {
		all = append(all, l.Word, l.Text, l.Put)
	}
	for _, b := range v.Buttons {
		all = append(all, b.Label)
	}
	return strings.Join(all, "\n")
}

// A panic in a request ends the program: with a lock held for ever, half a
// screen would go on.
func TestAPanicInARequestIsTold(t *testing.T) {
	var fell []any
	s := &Screen{fell: func(v any) { fell = append(fell, v) }}
	ask := func(panics any) {
		h := s.whole(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if panics != nil {
				panic(panics)
			}
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	ask(nil)
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("a connection can no longer be broken off")
			}
		}()
		ask(http.ErrAbortHandler)
	}()
	if len(fell) > 0 {
		t.Errorf("told of %v, and nothing was wrong", fell)
	}
	ask("a nil map")
	if len(fell) != 1 || fell[0] != "a nil map" {
		t.Errorf("told of %v", fell)
	}
}
