// Package devices tries to confuse Nightdesk by its devices: cables that are
// pulled a thousand times, lines full of rubbish, a pad that is always too late,
// two hundred tags at once, and tags that lie. Whatever a device says, no tag
// may be quiet without a loan, and nobody may be told what is not so.
package devices

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
	"nightdesk/drivers/feig"
)

const (
	ada   circ.Card = "21221012345671"
	brian circ.Card = "21221012345689"
)

// items are the catalogue: single books, and at the end one set of two.
var items = func() (all []desk.Item) {
	for n := range 210 {
		all = append(all, desk.Item{ID: circ.ItemID(fmt.Sprintf("3122101234%04d", n))})
	}
	return append(all, desk.Item{ID: theSet, Parts: 2})
}()

const theSet circ.ItemID = "31221019999999"

func options() desk.Options { return desk.Options{Items: items, Cards: []circ.Card{ada, brian}} }

// stage is a kiosk with a pad on a line of its own, in a bubble of time.
type stage struct {
	testing.TB
	k     *desk.Kiosk
	r     *reader
	line  *cable
	pad   *desk.Station
	words map[string]int // what the pad's trouble was, and how often
	all   map[drivers.UID]what
}

// what is really on a tag.
type what struct {
	tag      *tag
	item     circ.ItemID
	part, of int
}

// inABubble runs a test on a stage whose clock runs as fast as nobody waits.
func inABubble(t *testing.T, o desk.Options, do func(*stage)) {
	t.Helper()
	if err := desk.Warm(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &stage{TB: t, k: desk.Open(t, o), r: newReader(), words: map[string]int{}, all: map[drivers.UID]what{}}
		s.line = &cable{reader: s.r}
		s.pad = s.k.Station(s.open)
		t.Cleanup(s.pad.Close)
		s.must(s.k.Sync(t.Context()))
		do(s)
	})
}

// open is the driver that is sold, on this line.
func (s *stage) open(ctx context.Context) (drivers.Pad, error) {
	pad, err := feig.Open(ctx, s.line, feig.Options{})
	if err != nil {
		return nil, err
	}
	return pad, nil
}

// put lays a tag down.
func (s *stage) put(t *tag, item circ.ItemID, part, of int) *tag {
	s.all[t.UID] = what{t, item, part, of}
	s.r.field = append(s.r.field, t)
	return t
}

// books lays honest books down.
func (s *stage) books(numbers ...uint32) {
	for _, n := range numbers {
		s.put(book(n), items[n].ID, 1, 1)
	}
}

// lift takes everything away.
func (s *stage) lift() { s.r.field = nil }

// rounds looks so often, or until it is so.
func (s *stage) rounds(most int, until func() bool) bool {
	s.Helper()
	for range most {
		if until != nil && until() {
			return true
		}
		s.must(s.pad.Step(s.Context(), func(err error) { s.words[err.Error()]++ }))
		time.Sleep(20 * time.Millisecond)
	}
	return until != nil && until()
}

// borrow is somebody who shows a card, waits until n items are done or it has
// lasted too long, and goes.
func (s *stage) borrow(card circ.Card, n, most int) bool {
	s.Helper()
	s.must(s.k.Card(card))
	if s.k.State.Mine {
		s.must(s.k.Tap(visit.TapYes))
	}
	done := s.rounds(most, func() bool {
		if s.k.State.Mine {
			s.must(s.k.Tap(visit.TapYes))
		}
		return s.k.Lines(visit.LineDone) >= n
	})
	s.leave()
	return done
}

// bringBack is somebody who returns what lies there.
func (s *stage) bringBack(n, most int) bool {
	s.Helper()
	s.must(s.k.Tap(visit.TapReturn))
	done := s.rounds(most, func() bool {
		if s.k.State.Mine {
			s.must(s.k.Tap(visit.TapYes))
		}
		return s.k.Lines(visit.LineDone) >= n
	})
	s.leave()
	return done
}

// leave ends the visit as somebody does who walks away.
func (s *stage) leave() {
	s.Helper()
	s.must(s.k.Tap(visit.TapFinish))
	for range 400 {
		if s.k.AtHome() {
			return
		}
		s.rounds(1, nil)
		time.Sleep(500 * time.Millisecond)
		s.must(s.k.Tick())
	}
	s.Errorf("the visit does not end: the screen is %s", s.k.State.Screen)
}

// witnesses are the tags as they really are.
func (s *stage) witnesses() (tags []check.Tag) {
	for _, w := range s.all {
		tags = append(tags, desk.Witness(w.tag.Tag, w.item, w.part, w.of))
	}
	return tags
}

// dark holds what must be true at every instant.
func (s *stage) dark() check.Verdict { s.Helper(); return check.InTheDark(s.read()) }

// rest lets everything come to its end, and holds what must be true then.
func (s *stage) rest() check.Verdict {
	s.Helper()
	for range 20 {
		time.Sleep(time.Minute)
		s.must(s.k.Desk.Expire(s.Context()))
		s.must(s.k.Tick())
	}
	s.must(s.k.Sync(s.Context()))
	s.must(s.k.Sync(s.Context()))
	return check.AtRest(s.read())
}

func (s *stage) read() check.Reading {
	s.Helper()
	r, err := s.k.Read(s.witnesses())
	s.must(err)
	return r
}

// well wants no harm at all.
func (s *stage) well(v check.Verdict) {
	s.Helper()
	for _, h := range v.Harms {
		s.Error(h)
	}
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// within bounds one wait of a test.
func within(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
