package visit_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// visits is how many borrowers come in TestNoVisitLeaksIntoTheNext.
const visits = 10_000

// TestNoVisitLeaksIntoTheNext lets anything happen in any order to ten thousand
// visits, and looks at every step whether the promises of the package hold:
// nothing is lent to a card of which the tag was not put down in that card's
// visit, or said to be theirs; nothing of one borrower is left when the next
// one comes. Together the visits must have been everywhere.
func TestNoVisitLeaksIntoTheNext(t *testing.T) {
	been := map[string]bool{}
	ended := 0
	for seed := uint64(1); ended < visits; seed++ {
		w := newWorld(t, seed, been)
		for range 400 {
			w.step()
		}
		ended += w.ended
	}
	for _, s := range visit.Screens() {
		if !been[string(s)] {
			t.Errorf("never came to screen %q", s)
		}
	}
	for _, s := range visit.LineStates() {
		if !been["line "+string(s)] {
			t.Errorf("never saw a line %q", s)
		}
	}
}

// happen is one Next, with everything that must be true of it.
func (w *world) happen(ev visit.Event) {
	before, kept := w.state, w.state
	if w.watch == nil {
		kept = deepCopy(w.state)
	}
	next, effects, trail, own := visit.Trail(before, circ.Moment{Mono: w.now, Boot: boot}, ev)
	if w.watch == nil && !reflect.DeepEqual(before, kept) {
		w.broken("Next changed the state it was called on")
	}
	w.state = next
	w.checkLate(before, ev, next, effects)
	w.permit(before, ev)
	w.ask(before, ev)
	w.follow(ev)
	for _, e := range effects {
		w.checkEffect(before, e)
		w.owe(e)
	}
	w.checkEnds(before, ev, effects)
	if w.watch != nil {
		w.watch(before, ev, next, trail, own)
		return
	}
	w.checkState()
	w.checkHome(next)
	for _, s := range trail {
		w.been[string(s)] = true
	}
	for _, l := range next.Lines {
		w.been["line "+string(l.State)] = true
	}
}

// checkLate looks at answers to a visit that is over: they are as good as
// nothing.
func (w *world) checkLate(before visit.State, ev visit.Event, next visit.State, effects []visit.Effect) {
	of, is := answerTo(ev)
	if !is || of == before.Visit {
		return
	}
	same, fx := before.Next(circ.Moment{Mono: w.now, Boot: boot}, visit.Tick{})
	if !reflect.DeepEqual(next, same) || len(fx) != len(effects) {
		w.broken("%T of visit %s changed visit %s", ev, of, before.Visit)
	}
}

// answerTo is the visit that an answer is for.
func answerTo(ev visit.Event) (circ.Visit, bool) {
	switch e := ev.(type) {
	case visit.Known:
		return e.Visit, true
	case visit.Answered:
		return e.Visit, true
	case visit.Recorded:
		return e.Visit, true
	case visit.Printed:
		return e.Visit, true
	case visit.Renewed:
		return e.Visit, true
	case visit.Paid:
		return e.Visit, true
	}
	return circ.Visit{}, false
}

// ask notes that a second card was shown: until that is cleared up nothing is
// lent to the first.
func (w *world) ask(before visit.State, ev visit.Event) {
	switch e := ev.(type) {
	case visit.CardShown:
		other := e.Who.Known() && e.Read >= before.Began && before.Who.Known() && before.Who.Card != e.Who.Card
		w.second = other && before.Visit == w.state.Visit
	case visit.Tapped:
		w.second = w.second && e.Button != visit.TapCarryOn && before.Visit == w.state.Visit
	}
	w.second = w.second && before.Visit == w.state.Visit
}

// permit notes which tags this visit may ask for: put down in it and read in
// it, or said to be theirs.
func (w *world) permit(before visit.State, ev visit.Event) {
	mine := w.may[w.state.Visit]
	if mine == nil {
		mine = map[drivers.UID]bool{}
		w.may[w.state.Visit] = mine
	}
	switch e := ev.(type) {
	case visit.Placed:
		if e.Read >= w.state.Began {
			mine[e.Tag.UID] = true
		}
	case visit.Tapped:
		if e.Button == visit.TapYes && before.Mine && before.Visit == w.state.Visit {
			for _, t := range before.Parked {
				mine[t.UID] = true
			}
		}
	}
}

// follow keeps the pads of the world.
func (w *world) follow(ev visit.Event) {
	switch e := ev.(type) {
	case visit.Placed:
		if e.Tag.Role != visit.RoleStaff {
			w.pads[e.Tag.UID] = true
		}
	case visit.Lifted:
		delete(w.pads, e.UID)
	}
}

// checkEffect looks at what is asked of the ledger.
func (w *world) checkEffect(before visit.State, e visit.Effect) {
	w.checkPeople(before, e)
	rec, ok := e.(visit.Record)
	if !ok {
		return
	}
	if w.second {
		w.broken("asked for %v while two cards have been shown", rec.Pile)
	}
	asked := map[circ.ItemID]bool{}
	for _, req := range rec.Pile {
		if req.Item == "" || asked[req.Item] || req.Visit != rec.Visit {
			w.broken("asked for %+v", req)
		}
		asked[req.Item] = true
		if (req.Kind == circ.Issue || req.Kind == circ.Cancel) && (!req.Who.Known() || req.Who.Card != w.state.Who.Card) {
			w.broken("asked to lend to %v while %v is signed in", req.Who, w.state.Who)
		}
		parts, of := map[int]bool{}, 0
		for _, t := range req.Tags {
			parts[t.Part], of = true, max(of, t.Of)
			if !w.may[rec.Visit][t.UID] || !w.pads[t.UID] {
				w.broken("asked for %s with tag %s, which nobody put down in this visit", req.Item, t.UID)
			}
		}
		if len(parts) < of && req.Kind != circ.Cancel {
			w.broken("asked for %s with %d of %d parts", req.Item, len(parts), of)
		}
	}
}

// checkPeople looks at what is printed, sent and told: only what is this
// borrower's, in this visit.
func (w *world) checkPeople(before visit.State, e visit.Effect) {
	who, visitOf := circ.Borrower{}, circ.Visit{}
	switch e := e.(type) {
	case visit.Print:
		who, visitOf = e.Who, e.Visit
	case visit.Mail:
		who, visitOf = e.Who, e.Visit
	case visit.Told:
		who, visitOf = e.Who, e.Visit
	case visit.AskRenew:
		who, visitOf = e.Who, e.Visit
	default:
		return
	}
	if visitOf != before.Visit || who.Card != before.Who.Card {
		w.broken("%T of visit %s for %v, while %v is here in %s", e, visitOf, who, before.Who, before.Visit)
	}
}

// checkEnds looks for anything of a borrower in the state after Ended.
func (w *world) checkEnds(before visit.State, ev visit.Event, effects []visit.Effect) {
	ended := false
	for _, e := range effects {
		if e, ok := e.(visit.Ended); ok {
			ended = true
			if e.Visit == w.state.Visit || e.Visit == e.Next {
				w.broken("visit %s ended and goes on", e.Visit)
			}
		}
	}
	if ended {
		w.ended++
		w.last = before.Visit
	}
	if before.Visit != uuid.Nil && ended != (before.Visit != w.state.Visit) {
		w.broken("ended is %v, visit was %s, is %s", ended, before.Visit, w.state.Visit)
	}
	if card, ok := ev.(visit.CardShown); !ended || before.Other.Known() || ok && card.Who.Known() {
		return
	}
	if text := fmt.Sprintf("%+v", w.state); strings.Contains(text, "4001") && !strings.Contains(text, "Usage:128") || strings.Contains(text, "Treasure") {
		w.broken("the visit ended, and this is left of it: %s", text)
	}
}

// checkState is what is true of every state.
func (w *world) checkState() {
	s := w.state
	for _, l := range s.Lines {
		if l.Title != "" && !strings.HasSuffix(l.Title, s.Visit.String()) {
			w.broken("%q is on the screen of visit %s", l.Title, s.Visit)
		}
	}
	if due, ok := s.Wake(); ok && due <= w.now {
		w.broken("on %s at %s it wants to be woken at %s", s.Screen, w.now, due)
	}
	onPad := map[drivers.UID]bool{}
	for _, t := range s.OnPad {
		onPad[t.UID] = true
	}
	if len(onPad) != len(s.OnPad) || !reflect.DeepEqual(onPad, w.pads) && len(onPad)+len(w.pads) > 0 {
		w.broken("tags on the pads are %v, the visit thinks %v", w.pads, s.OnPad)
	}
	for _, t := range s.Parked {
		if !onPad[t.UID] {
			w.broken("parked and not there: %s", t.UID)
		}
	}
	home := s.Screen == visit.Home || s.Screen == ""
	if home && (s.Who.Known() || s.Other.Known() || len(s.Lines) > 0 || s.Mine) || s.Screen == visit.Bye && s.Who.Known() {
		w.broken("on %s: %+v", s.Screen, s)
	}
	shown := map[circ.ItemID]bool{}
	for _, l := range s.Lines {
		if l.Item != "" && shown[l.Item] {
			w.broken("%s is shown twice", l.Item)
		}
		shown[l.Item] = true
		for _, u := range l.Open {
			if l.State == visit.LineSecuring && !onPad[u] {
				w.broken("%s is being secured and %s is not there", l.Item, u)
			}
		}
	}
}

// checkHome lets only time pass: every state finds its way home.
func (w *world) checkHome(s visit.State) {
	start := w.now
	at := start
	for range 20 {
		due, ok := s.Wake()
		if !ok {
			break
		}
		at = due
		s, _ = s.Next(circ.Moment{Mono: at, Boot: boot}, visit.Tick{})
	}
	if home := s.Screen == visit.Home || s.Screen == ""; !home || at-start > 40*time.Minute {
		w.broken("after %s it is still on %s", at-start, s.Screen)
	}
}
