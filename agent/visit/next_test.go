package visit_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// played is a table after some actions.
func played(t *testing.T, actions ...string) *table {
	d := newTable(t)
	d.given("card 4001")
	d.given("card 4002")
	d.given(`item 1001 "Treasure Island"`)
	for _, a := range actions {
		d.act(a)
	}
	return d
}

func TestZeroStateIsIdle(t *testing.T) {
	var s visit.State
	if _, ok := s.Wake(); ok {
		t.Error("an idle kiosk wants to be woken")
	}
	next, effects := s.Next(circ.Moment{Boot: boot, Mono: time.Hour}, visit.Tick{})
	if len(effects) > 0 || next.Screen != "" || len(next.Lines) > 0 {
		t.Errorf("got %+v, %v", next, effects)
	}
}

func TestVisitIDs(t *testing.T) {
	d := played(t, "tap borrow")
	for n := range uint64(3) {
		want := uuid.NewSHA1(boot, binary.BigEndian.AppendUint64(nil, n))
		if d.state.Number != n || d.state.Visit != want {
			t.Errorf("got visit %d %s, want %s", d.state.Number, d.state.Visit, want)
		}
		d.act("tap back")
		d.act("tap borrow")
	}
}

// The desk was held up for two minutes. Meanwhile the first borrower went away
// and the next one put a book down: that book is not the first one's.
func TestLateTickEndsTheVisitInTime(t *testing.T) {
	d := played(t, "show card 4001")
	first := d.state.Visit
	d.now += 2 * time.Minute
	d.happen(visit.Placed{Read: d.now - 10*time.Second, Tag: visit.Tag{UID: uid("1001", 1, 1), Item: "1001"}})
	if d.state.Screen != visit.PadFull || d.state.Who.Known() || d.state.Visit == first {
		t.Errorf("got screen %s for %v", d.state.Screen, d.state.Who)
	}
	if want := 1*time.Second + visit.QuietFor + visit.WarnFor + visit.ByeFor; d.state.Began != want {
		t.Errorf("the visit began at %s, want %s", d.state.Began, want)
	}
	if len(d.state.Lines) != 1 || len(d.state.Parked) != 0 {
		t.Errorf("got lines %v, parked %v", d.state.Lines, d.state.Parked)
	}
}

func TestStaleEventsAreCounted(t *testing.T) {
	d := played(t, "tap borrow", "tap back", "late: show card 4001", "late: show barcode 1001", "late: put down 1001", "late: lift 1001")
	d.happen(visit.NotUnderstood{Read: 0, Why: visit.WhyISBN})
	if d.state.Stale != 5 {
		t.Errorf("got %d, want 5", d.state.Stale)
	}
	if d.state.Screen != visit.Home || d.state.Who.Known() || len(d.state.Lines) > 0 || d.state.Note != visit.NoNote {
		t.Errorf("the last visit leaked: %+v", d.state)
	}
}

// Answers to one visit come in the middle of the next.
func TestLateAnswers(t *testing.T) {
	d := played(t, "show card 4001", "the library is slow", "put down 1001", "tap finish", "wait 16 s")
	late := d.owed
	d.owed = nil
	d.act("show card 4002")
	late = append(late, visit.Known{Visit: late[0].(visit.Known).Visit, Ask: d.state.Asked, Standing: visit.Standing{Reason: circ.OK}})
	for _, ev := range late {
		d.happen(ev)
	}
	if d.state.Screen != visit.Check || len(d.state.Lines) > 0 {
		t.Errorf("got screen %s, lines %v", d.state.Screen, d.state.Lines)
	}
}

func TestOlderLookDoesNotAdmit(t *testing.T) {
	d := played(t, "the library is slow", "put down 1001", "show card 4001")
	first := d.owed[0].(visit.Known)
	first.Standing.Reason = circ.OK
	d.happen(first)
	if d.state.Screen != visit.Check {
		t.Errorf("got %s by the answer to another question", d.state.Screen)
	}
	if d.state.Lines[0].Title != "Treasure Island" {
		t.Error("its titles are good all the same")
	}
}

// Two taps on Finish are one.
func TestDoubleStrike(t *testing.T) {
	d := played(t, "show card 4001", "tap finish")
	d.now += visit.StrikeFor
	d.happen(visit.Tapped{Button: visit.TapFinish})
	if d.state.Screen != visit.Bye {
		t.Errorf("got %s", d.state.Screen)
	}
	d.now++
	d.happen(visit.Tapped{Button: visit.TapOK})
	if d.state.Screen != visit.Home {
		t.Errorf("got %s", d.state.Screen)
	}
}

// The tag was lifted before the news came that it did not take. It has its
// next try when it is put down.
func TestStuckAfterLifted(t *testing.T) {
	d := played(t, "show card 4001", "put down 1001", "lift 1001", "the tag of 1001 does not take", "put down 1001")
	if got := d.state.Lines[0]; got.State != visit.LineSecuring || len(got.Stuck) > 0 {
		t.Errorf("got %s, stuck %v", got.State, got.Stuck)
	}
}

func TestStuckOfAnotherVisitIsNothing(t *testing.T) {
	d := played(t, "show card 4001", "put down 1001")
	d.happen(visit.Stuck{Tx: uuid.New(), UID: uid("1001", 1, 1)})
	d.happen(visit.Settled{Receipts: []circ.Receipt{{Tx: uuid.New(), Item: "1001", Kind: circ.Issue, State: circ.Done}}})
	if got := d.state.Lines[0].State; got != visit.LineSecuring {
		t.Errorf("got %s", got)
	}
}

func TestLiftedIsOnlySaidOfOpenTags(t *testing.T) {
	d := played(t, "show card 4001", "put down 1001", "lift 1001")
	if !d.state.Lines[0].Lifted {
		t.Error("it was lifted")
	}
	d.act("put down 1001")
	d.act("the tag of 1001 agrees")
	if d.state.Lines[0].Lifted || len(d.state.Lines[0].Open) > 0 {
		t.Errorf("got %+v", d.state.Lines[0])
	}
}

// A tag drawn from memory turns out to be another item when it is read.
func TestTagTurnsOutToBeAnotherItem(t *testing.T) {
	d := played(t, "put down 1001")
	d.happen(visit.Placed{Read: d.now, Tag: visit.Tag{UID: uid("1001", 1, 1), Item: "1002", Part: 1, Of: 1}})
	if len(d.state.Lines) != 1 || d.state.Lines[0].Item != "1002" || len(d.state.OnPad) != 1 {
		t.Errorf("got lines %v, on the pad %v", d.state.Lines, d.state.OnPad)
	}
}

// The request carries what the tags say.
func TestRequest(t *testing.T) {
	s, at := visit.State{}, circ.Moment{Boot: boot}
	s, _ = s.Next(at, visit.Tapped{Button: visit.TapReturn})
	_, effects := s.Next(at, visit.Placed{Tag: visit.Tag{UID: uid("1001", 1, 1), AFI: 0xC2, Item: "1001", Usage: 0x14, Owner: "GB-LEI", Model: "28560-3"}})
	req := effects[len(effects)-1].(visit.Record).Pile[0]
	if req.Kind != circ.Return || req.Usage != 0x14 || req.Owner != "GB-LEI" || req.Model != "28560-3" || req.Visit != s.Visit {
		t.Errorf("got %+v", req)
	}
	if want := (circ.SeenTag{UID: uid("1001", 1, 1), Part: 1, Of: 1, AFI: 0xC2}); len(req.Tags) != 1 || req.Tags[0] != want {
		t.Errorf("got %+v, want %+v", req.Tags, want)
	}
}
