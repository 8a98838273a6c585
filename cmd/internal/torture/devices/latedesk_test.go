package devices

import (
	"context"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// A pad that is late for ever, and borrowers all the same: what they are told
// is so, and no tag is quiet without a loan. When it is in time again, all that
// was left open comes to its end.
func TestALatePadTellsNoLies(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "borrowers at a pad whose answers come too late, or one or more questions behind",
		Unit: "visits", Target: "no AFI is believed that is not so, nobody is told what is not so", Short: 7 * 12, Long: 7 * 300})
	told, late := 0, 0
	for i, l := range latenesses() {
		t.Run(l.name, func(t *testing.T) {
			inABubble(t, options(), func(s *stage) {
				s.line.spoil = l.make(run.Stream(uint64(i)))
				s.visits(run.Count / len(latenesses()))
				s.line.spoil = nil
				s.lift()
				s.rounds(300, nil)
				s.well(s.rest())
				s.works(30)
				told, late = told+len(s.k.Told), late+s.pad.Bad
			})
		})
	}
	run.Reached("%d items told as done, all true; %d looks failed", told, late)
	if late == 0 {
		t.Error("no look failed: nothing was tested")
	}
}

// visits are n visits to four books, borrowed and brought back in turn, and the
// check after each.
func (s *stage) visits(n int) {
	s.Helper()
	for i := range n {
		s.lift()
		s.rounds(2, nil)
		time.Sleep(time.Second)
		s.rounds(2, nil)
		s.lay(1, 2, 3, 4)
		if i%2 == 0 {
			s.borrow(ada, 4, 40)
		} else {
			s.bringBack(4, 40)
		}
		s.well(s.dark())
	}
}

// lay puts down the books that there are already, or new ones.
func (s *stage) lay(numbers ...uint32) {
	for _, n := range numbers {
		t := book(n)
		if w, known := s.all[t.UID]; known {
			s.r.field = append(s.r.field, w.tag)
			continue
		}
		s.books(n)
	}
}

// works shows that on a good line one more book can be borrowed.
func (s *stage) works(n uint32) {
	s.Helper()
	s.lay(n)
	s.rounds(5, nil)
	if !s.borrow(brian, 1, 300) {
		s.Errorf("on a good line a book cannot be borrowed: %+v", s.k.State.Lines)
	}
	s.lift()
	s.rounds(100, nil)
	s.well(s.rest())
}

// The check must find a driver that is not as careful: one that waits for no
// late answer, and one that believes whatever comes.
func TestACarelessDriverIsFound(t *testing.T) {
	careless := map[string]func(*cable) func(context.Context) (drivers.Pad, error){
		"takes the next frame for the answer": func(c *cable) func(context.Context) (drivers.Pad, error) {
			return func(context.Context) (drivers.Pad, error) { return &gullible{line: c}, nil }
		},
	}
	for name, open := range careless {
		t.Run(name, func(t *testing.T) {
			found := 0
			for _, l := range latenesses() {
				inABubble(t, options(), func(s *stage) {
					probe := &recorder{TB: s.TB}
					s.pad.Open = open(s.line)
					s.rounds(1, nil)
					s.TB, s.line.spoil = probe, l.make(always())
					s.visits(12)
					found += len(probe.said)
					if len(probe.said) > 0 {
						t.Logf("%s: %s", l.name, probe.said[0])
					}
				})
			}
			if found == 0 {
				t.Error("nothing was found")
			}
		})
	}
}
