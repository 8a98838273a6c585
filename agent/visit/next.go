package visit

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// How long each thing is waited for, on the clock of Moment.Mono.
const (
	QuietFor   = 60 * time.Second // Borrow, GiveBack, Fix and Stop: then Warn asks
	WarnFor    = 20 * time.Second // never shorter: WCAG 2.2.1
	AskFor     = 30 * time.Second // CardAsk and PadFull: nobody is signed in, so no warning
	CheckFor   = 8 * time.Second  // a card nobody can look up
	SettleFor  = 10 * time.Second // what is in hand when the visit ends
	ByeFor     = 6 * time.Second
	NoteFor    = 10 * time.Second       // a note on Home
	PauseFor   = 60 * time.Second       // how much longer it may be quiet while items are in hand
	StrikeFor  = 500 * time.Millisecond // a second tap so soon was no second thought
	ComfortTag = 12                     // tags at once; with more the pad reads badly
)

// Next is what the visit becomes by an event, and what is wanted of the world,
// in order. It does not modify s. Time moves only by at: whatever fell due
// before the event happens before it, so that a late Tick cannot stretch one
// borrower's visit into the next one's.
func (s State) Next(at circ.Moment, ev Event) (State, []Effect) {
	n := &turn{State: s.clone(), boot: at.Boot}
	if n.Visit == uuid.Nil {
		n.Visit = n.name()
	}
	n.catchUp(at.Mono)
	busy := n.Busy()
	n.handle(ev)
	n.tidy()
	if busy && !n.Busy() {
		n.Idle = n.now
	}
	return n.State, n.fx
}

// Wake is the next Moment.Mono at which a Tick matters; false if none does.
func (s State) Wake() (time.Duration, bool) {
	quiet := s.Idle
	if s.Busy() {
		quiet += PauseFor
	}
	switch s.Screen {
	case PadFull, CardAsk:
		return quiet + AskFor, true
	case Stop, Borrow, GiveBack, Fix:
		return quiet + s.Pace.quiet(), true
	case Check:
		return s.Since + CheckFor, true
	case Warn:
		return s.Since + s.Pace.Warns(), true
	case Settle:
		return s.Since + SettleFor, true
	case Bye:
		return s.Since + ByeFor, true
	}
	return s.Idle + NoteFor, s.Note != NoNote
}

// Busy says whether an item is being recorded or secured.
func (s State) Busy() bool { return slices.ContainsFunc(s.Lines, Line.busy) }

// NeedsYou is how many items the borrower still has to do something about.
func (s State) NeedsYou() int {
	n := 0
	for _, l := range s.Lines {
		if l.needsYou() {
			n++
		}
	}
	return n
}

// turn is one Next in the making: a copy of the state, the time, the effects.
type turn struct {
	State
	now  time.Duration // Moment.Mono of what is being handled
	boot uuid.UUID
	fx   []Effect
}

func (n *turn) want(e Effect) { n.fx = append(n.fx, e) }

func (n *turn) handle(ev Event) {
	switch e := ev.(type) {
	case CardShown:
		n.cardShown(e)
	case ItemShown:
		n.itemShown(e)
	case NotUnderstood:
		n.notUnderstood(e)
	case Placed:
		n.placed(e)
	case Lifted:
		n.lifted(e)
	case Known:
		n.known(e)
	case Recorded:
		n.recorded(e)
	case Settled:
		n.settled(e)
	case Stuck:
		n.stuck(e)
	case Tapped:
		if e.Visit == uuid.Nil || e.Visit == n.Visit { // else it was meant for a visit that is over
			n.tapped(e)
		}
	case Devices:
		n.Devices = e
	}
}

// catchUp lets everything happen that fell due, each at its own instant. It
// ends because every chain of screens ends on Home, which waits for nothing.
func (n *turn) catchUp(now time.Duration) {
	for {
		due, ok := n.Wake()
		if !ok || due > now {
			break
		}
		n.now = due
		n.expire()
		n.tidy()
	}
	n.now = now
}

// expire is what a screen does when its time is up.
func (n *turn) expire() {
	switch n.Screen {
	case PadFull:
		n.settle()
	case CardAsk:
		n.leaveCardAsk()
	case Check:
		n.Standing.Reason = circ.CacheTooOld // nobody answers: as if nothing were known
		n.open(Stop)
	case Stop, Borrow, GiveBack, Fix:
		n.Under = n.Screen
		n.open(Warn)
	case Warn:
		n.settle()
	case Settle:
		n.giveUp()
	case Bye:
		n.end()
	default:
		n.Note = NoNote
	}
}

// tidy moves on from screens that have nothing left to do.
func (n *turn) tidy() {
	switch n.Screen {
	case PadFull:
		if len(n.Lines) == 0 {
			n.end()
		}
	case Fix:
		if n.NeedsYou() == 0 && !n.Busy() && !n.Other.Known() {
			n.settle()
			n.settledAll()
		}
	case Settle:
		n.settledAll()
	case Bye:
		n.dropOpen()
	}
}

// open changes the screen.
func (n *turn) open(s Screen) {
	n.Screen, n.Since = s, n.now
	if s != Warn {
		n.Under = ""
		n.Idle = n.now
	}
}

// alive notes that the borrower did something.
func (n *turn) alive() {
	n.Idle, n.Note = n.now, NoNote
	if n.Screen == Warn {
		n.open(n.Under)
	}
}

// late counts a hardware event that was read before this visit began.
func (n *turn) late(read time.Duration) bool {
	if read < n.Began {
		n.Stale++
		return true
	}
	return false
}

// name makes the visit's id from the boot and its number.
func (n *turn) name() circ.Visit {
	return uuid.NewSHA1(n.boot, binary.BigEndian.AppendUint64(nil, n.Number))
}

// clone copies everything that Next may write to.
func (s State) clone() State {
	s.Standing.Notes = slices.Clone(s.Standing.Notes)
	s.Parked = slices.Clone(s.Parked)
	s.OnPad = slices.Clone(s.OnPad)
	s.Lines = slices.Clone(s.Lines)
	for i, l := range s.Lines {
		l.Parts = slices.Clone(l.Parts)
		l.Tags = slices.Clone(l.Tags)
		l.Open = slices.Clone(l.Open)
		l.Sent = slices.Clone(l.Sent)
		l.Stuck = slices.Clone(l.Stuck)
		l.Decision.Flags = slices.Clone(l.Decision.Flags)
		s.Lines[i] = l
	}
	return s
}

// lies says whether a tag is on a pad now.
func (s State) lies(uid drivers.UID) bool { return has(s.OnPad, uid) }

func has(tags []Tag, uid drivers.UID) bool {
	return slices.ContainsFunc(tags, func(t Tag) bool { return t.UID == uid })
}

func without(tags []Tag, uid drivers.UID) []Tag {
	return slices.DeleteFunc(tags, func(t Tag) bool { return t.UID == uid })
}
