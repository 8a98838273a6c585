package visit_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// TestLaws lets anything happen in any order and looks at every step whether
// the promises of the package still hold. Together the runs must have been
// everywhere.
func TestLaws(t *testing.T) {
	been := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, been: been, may: map[circ.Visit]map[drivers.UID]bool{}, pads: map[drivers.UID]bool{}}
		for range 150 {
			w.step()
		}
	})
	for _, s := range []visit.Screen{visit.Home, visit.PadFull, visit.CardAsk, visit.Check, visit.Stop, visit.Borrow, visit.GiveBack,
		visit.Fix, visit.Warn, visit.Settle, visit.Bye} {
		if !been[string(s)] {
			t.Errorf("never came to screen %q", s)
		}
	}
	for _, s := range []visit.LineState{visit.LineSeen, visit.LineParts, visit.LineRecording, visit.LineSecuring, visit.LinePutBack, visit.LineDone,
		visit.LineRefused, visit.LineUnreadable, visit.LineLeftOut, visit.LineUnsecured, visit.LineIncomplete} {
		if !been["line "+string(s)] {
			t.Errorf("never saw a line %q", s)
		}
	}
}

// world is everything around one visit after another.
type world struct {
	t     *rapid.T
	been  map[string]bool
	state visit.State
	now   time.Duration
	may   map[circ.Visit]map[drivers.UID]bool // tags put down in each visit, or said to be theirs
	pads  map[drivers.UID]bool                // what lies there, as far as the visit has been told
	owed  []visit.Event                       // answers on their way
	txs   []circ.Receipt                      // what the ledger has open
	n     int
}

func pick[T any](w *world, name string, from ...T) T {
	return rapid.SampledFrom(from).Draw(w.t, name)
}

// step lets some time pass and one thing happen.
func (w *world) step() {
	w.now += pick(w, "dt", 0, 0, 100*time.Millisecond, time.Second, time.Second, 5*time.Second, 11*time.Second, 31*time.Second, 61*time.Second)
	w.happen(w.draw())
	for len(w.owed) > 0 && pick(w, "prompt", true, true, true, false) {
		ev := w.owed[0]
		w.owed = w.owed[1:]
		w.happen(ev)
	}
}

func (w *world) draw() visit.Event {
	read := max(0, w.now-pick(w, "age", 0, 0, 0, 50*time.Millisecond, 8*time.Second))
	switch pick(w, "what", "place", "place", "place", "lift", "lift", "card", "card", "item", "scan", "settle", "settle", "settle", "stick", "tap", "tap", "tap", "tap", "tick", "device") {
	case "place":
		return visit.Placed{Read: read, Tag: w.drawTag(), Found: pick(w, "found", false, false, false, true)}
	case "lift":
		return visit.Lifted{Read: read, UID: w.drawTag().UID}
	case "card":
		return visit.CardShown{Read: read, Who: circ.Borrower{Card: pick(w, "card", circ.Card("4001"), "4001", "4002", "")}}
	case "item":
		return visit.ItemShown{Read: read, Item: pick(w, "item", items...)}
	case "scan":
		return visit.NotUnderstood{Read: read, Why: pick(w, "why", visit.WhyISBN, visit.WhyCheck, visit.WhyPattern)}
	case "settle":
		return w.drawSettled()
	case "stick":
		return w.drawStuck()
	case "tap":
		return visit.Tapped{Item: pick(w, "about", "", items[0], items[1]), Button: pick(w, "button", visit.TapBorrow, visit.TapReturn, visit.TapReturn, visit.TapFinish,
			visit.TapFinish, visit.TapBack, visit.TapOK, visit.TapMoreTime, visit.TapLeave, visit.TapYes, visit.TapYes, visit.TapNo, visit.TapFinishOther, visit.TapCarryOn)}
	case "device":
		return visit.Devices{Pads: true, HasPads: true, ReadOnly: pick(w, "ro", false, false, true)}
	}
	return visit.Tick{}
}

var items = []circ.ItemID{"1001", "1002", "2001"}

// drawTag is one of a dozen tags: books, parts of a set, a twin, and odd ones.
func (w *world) drawTag() visit.Tag {
	role := pick(w, "role", visit.RoleBoth, visit.RoleBoth, visit.RoleBoth, visit.RoleReturn, visit.RoleBorrow, visit.RoleStaff)
	i := pick(w, "tag", 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8)
	t := []visit.Tag{
		{Item: "1001", Part: 1, Of: 1}, {Item: "1002"}, {Item: "2001", Part: 1, Of: 2}, {Item: "2001", Part: 2, Of: 2},
		{Item: "2001", Part: 2, Of: 2}, {Item: "1001", Part: 1, Of: 1}, {Item: "1003", Part: 3, Of: 2}, {Fault: visit.BlankTag}, {Item: "4001", Usage: 0x80},
	}[i]
	t.UID, t.Role = drivers.UID{0xE0, byte(i)}, role
	return t
}

func (w *world) drawSettled() visit.Event {
	if len(w.txs) == 0 {
		return visit.Settled{Receipts: []circ.Receipt{{Tx: uuid.New(), Item: "1001", State: circ.Done}}}
	}
	i := rapid.IntRange(0, len(w.txs)-1).Draw(w.t, "tx")
	r := w.txs[i]
	r.Open = r.Open[1:]
	if len(r.Open) == 0 {
		r.State = circ.Done
		w.txs = append(w.txs[:i:i], w.txs[i+1:]...)
	} else {
		w.txs[i] = r
	}
	return visit.Settled{Receipts: []circ.Receipt{r}}
}

func (w *world) drawStuck() visit.Event {
	if len(w.txs) == 0 {
		return visit.Stuck{UID: drivers.UID{0xE0}}
	}
	r := w.txs[len(w.txs)-1]
	return visit.Stuck{Tx: r.Tx, UID: r.Open[0]}
}

// happen is one Next, with everything that must be true of it.
func (w *world) happen(ev visit.Event) {
	before, kept := w.state, deepCopy(w.state)
	next, effects := before.Next(circ.Moment{Mono: w.now, Boot: boot}, ev)
	if !reflect.DeepEqual(before, kept) {
		w.t.Fatalf("Next changed the state it was called on")
	}
	w.state = next
	w.permit(before, ev)
	w.follow(ev)
	for _, e := range effects {
		w.checkEffect(e)
		w.owe(e)
	}
	w.checkEnds(before, ev, effects)
	w.checkState()
	w.checkHome(next)
	w.been[string(next.Screen)] = true
	for _, l := range next.Lines {
		w.been["line "+string(l.State)] = true
	}
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
func (w *world) checkEffect(e visit.Effect) {
	rec, ok := e.(visit.Record)
	if !ok {
		return
	}
	asked := map[circ.ItemID]bool{}
	for _, req := range rec.Pile {
		if req.Item == "" || asked[req.Item] || req.Visit != rec.Visit {
			w.t.Fatalf("asked for %+v", req)
		}
		asked[req.Item] = true
		if req.Kind == circ.Issue && (!req.Who.Known() || req.Who.Card != w.state.Who.Card) {
			w.t.Fatalf("asked to lend to %v while %v is signed in", req.Who, w.state.Who)
		}
		parts, of := map[int]bool{}, 0
		for _, t := range req.Tags {
			parts[t.Part], of = true, max(of, t.Of)
			if !w.may[rec.Visit][t.UID] || !w.pads[t.UID] {
				w.t.Fatalf("asked for %s with tag %s, which nobody put down in this visit", req.Item, t.UID)
			}
		}
		if len(parts) < of {
			w.t.Fatalf("asked for %s with %d of %d parts", req.Item, len(parts), of)
		}
	}
}

// owe answers an effect, some time.
func (w *world) owe(e visit.Effect) {
	switch e := e.(type) {
	case visit.Look:
		st := visit.Standing{Known: true, Service: visit.FullService,
			Reason: pick(w, "standing", circ.OK, circ.OK, circ.OK, circ.BorrowerBlocked)}
		w.owed = append(w.owed, visit.Known{Visit: e.Visit, Ask: e.Ask, Standing: st, Items: map[circ.ItemID]circ.ItemFacts{
			"1001": {Known: true, Title: "Treasure Island"}}})
	case visit.Record:
		var rs []circ.Receipt
		for _, req := range e.Pile {
			rs = append(rs, w.receive(req))
		}
		w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: rs})
	case visit.Drop:
		w.drop(e)
	case visit.Resume:
		if pick(w, "resume", false, false, true) {
			w.n++
			r := circ.Receipt{Tx: uuid.NewSHA1(boot, fmt.Append(nil, w.n)), Kind: circ.Issue, Visit: e.Visit, Item: "1002", State: circ.Pending,
				Decision: circ.Decision{Verdict: circ.Yes}, Open: []drivers.UID{{0xE0, 1}}}
			w.txs = append(w.txs, r)
			w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{r}})
			w.may[e.Visit][r.Open[0]] = true // the ledger says it is theirs
		}
	}
}

func (w *world) receive(req circ.Request) circ.Receipt {
	w.n++
	r := circ.Receipt{Tx: uuid.NewSHA1(boot, fmt.Append(nil, w.n)), Kind: req.Kind, Visit: req.Visit, Item: req.Item, State: circ.Done,
		Decision: circ.Decision{Verdict: pick(w, "verdict", circ.Yes, circ.Yes, circ.No, circ.Already)}}
	for _, t := range req.Tags {
		r.Open = append(r.Open, t.UID)
	}
	switch {
	case r.Decision.Verdict == circ.No:
		r.State, r.Open = circ.Refused, nil
	case len(r.Open) > 0:
		r.State = circ.Pending
		w.txs = append(w.txs, r)
	}
	return r
}

func (w *world) drop(e visit.Drop) {
	for i, r := range w.txs {
		if r.Tx == e.Tx {
			w.txs = append(w.txs[:i:i], w.txs[i+1:]...)
			r.State = circ.Unverified
			if r.Kind == circ.Return {
				r.State = circ.Incomplete
			}
			w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{r}})
			return
		}
	}
}

// checkEnds looks for anything of a borrower in the state after Ended.
func (w *world) checkEnds(before visit.State, ev visit.Event, effects []visit.Effect) {
	ended := false
	for _, e := range effects {
		if e, ok := e.(visit.Ended); ok {
			ended = true
			if e.Visit == w.state.Visit || e.Visit == e.Next {
				w.t.Fatalf("visit %s ended and goes on", e.Visit)
			}
		}
	}
	if ended != (before.Visit != w.state.Visit && before.Visit != uuid.Nil) {
		w.t.Fatalf("ended is %v, visit was %s, is %s", ended, before.Visit, w.state.Visit)
	}
	if card, ok := ev.(visit.CardShown); !ended || before.Other.Known() || ok && card.Who.Known() {
		return
	}
	if text := fmt.Sprintf("%+v", w.state); strings.Contains(text, "4001") && !strings.Contains(text, "Usage:128") || strings.Contains(text, "Treasure") {
		w.t.Fatalf("the visit ended, and this is left of it: %s", text)
	}
}

// checkState is what is true of every state.
func (w *world) checkState() {
	s := w.state
	if due, ok := s.Wake(); ok && due <= w.now {
		w.t.Fatalf("on %s at %s it wants to be woken at %s", s.Screen, w.now, due)
	}
	onPad := map[drivers.UID]bool{}
	for _, t := range s.OnPad {
		onPad[t.UID] = true
	}
	if len(onPad) != len(s.OnPad) || !reflect.DeepEqual(onPad, w.pads) && len(onPad)+len(w.pads) > 0 {
		w.t.Fatalf("tags on the pads are %v, the visit thinks %v", w.pads, s.OnPad)
	}
	for _, t := range s.Parked {
		if !onPad[t.UID] {
			w.t.Fatalf("parked and not there: %s", t.UID)
		}
	}
	home := s.Screen == visit.Home || s.Screen == ""
	if home && (s.Who.Known() || s.Other.Known() || len(s.Lines) > 0 || s.Mine) || s.Screen == visit.Bye && s.Who.Known() {
		w.t.Fatalf("on %s: %+v", s.Screen, s)
	}
	shown := map[circ.ItemID]bool{}
	for _, l := range s.Lines {
		if l.Item != "" && shown[l.Item] {
			w.t.Fatalf("%s is shown twice", l.Item)
		}
		shown[l.Item] = true
		for _, u := range l.Open {
			if l.State == visit.LineSecuring && !onPad[u] {
				w.t.Fatalf("%s is being secured and %s is not there", l.Item, u)
			}
		}
	}
}

// checkHome lets only time pass: every state finds its way home.
func (w *world) checkHome(s visit.State) {
	start := w.now
	at := start
	for range 12 {
		due, ok := s.Wake()
		if !ok {
			break
		}
		at = due
		s, _ = s.Next(circ.Moment{Mono: at, Boot: boot}, visit.Tick{})
	}
	if home := s.Screen == visit.Home || s.Screen == ""; !home || at-start > 8*time.Minute {
		w.t.Fatalf("after %s it is still on %s", at-start, s.Screen)
	}
}
