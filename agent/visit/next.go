package visit

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// How long each thing is waited for, on the clock of Moment.Mono. Ease.Slow
// makes the borrower's own times three times as long.
const (
	QuietFor   = 60 * time.Second  // most screens: then Warn asks
	WarnFor    = 20 * time.Second  // never shorter: WCAG 2.2.1
	AskFor     = 30 * time.Second  // CardAsk, PadFull and Receipt: no warning
	PINFor     = 45 * time.Second  // PIN and Stop
	CheckFor   = 8 * time.Second   // a card nobody can look up
	PrintFor   = 15 * time.Second  // a printer that says nothing
	PayFor     = 120 * time.Second // a terminal that says nothing
	SettleFor  = 10 * time.Second  // what is in hand when the visit ends
	ByeFor     = 6 * time.Second
	NoteFor    = 10 * time.Second       // a note on Home
	PauseFor   = 60 * time.Second       // how much longer it may be quiet while items are in hand, or an overlay is open
	MostFor    = 30 * time.Minute       // a card's whole visit: after it, Warn gives no more time
	LieFor     = 5 * time.Minute        // nobody's items on the shelf: then staff are told
	StrikeFor  = 500 * time.Millisecond // a second tap so soon was no second thought
	ComfortTag = 12                     // tags at once; with more the pad reads badly
	PINDigits  = 4
	CardDigits = 20 // most that can be typed
)

// Next is what the visit becomes by an event, and what is wanted of the world,
// in order. It does not modify s. Time moves only by at: whatever fell due
// before the event happens before it, so that a late Tick cannot stretch one
// borrower's visit into the next one's.
func (s State) Next(at circ.Moment, ev Event) (State, []Effect) {
	n := s.turn(at, ev)
	return n.State, n.fx
}

func (s State) turn(at circ.Moment, ev Event) *turn {
	n := &turn{State: s.clone(), boot: at.Boot, wall: at.Wall}
	if n.Visit == uuid.Nil {
		n.Visit = n.name()
	}
	n.catchUp(at.Mono)
	busy := n.Busy()
	n.handle(ev)
	n.own = len(n.trail)
	n.tidy()
	if busy && !n.Busy() {
		n.Idle = n.now
	}
	n.watchLying()
	return n
}

// Wake is the next Moment.Mono at which a Tick matters; false if none does.
func (s State) Wake() (time.Duration, bool) {
	due, ok := s.due()
	if lie, lies := s.lieDue(); lies && (!ok || lie < due) {
		return lie, true
	}
	return due, ok
}

// due is when the time of the screen is up, or of what lies on it. An overlay
// stops the borrower's own time, for a while; it does not stop the world's.
func (s State) due() (time.Duration, bool) {
	own, ok := s.ownTime()
	switch {
	case s.Over != NoOverlay && (ok || s.atHome()):
		return s.OverAt + s.Ease.stretch(PauseFor), true
	case ok:
		quiet := s.Idle + s.Ease.stretch(own)
		if s.Busy() {
			quiet += PauseFor
		}
		return quiet, true
	}
	switch s.Screen {
	case Check:
		return s.Since + CheckFor, true
	case Printing:
		return s.Since + PrintFor, true
	case Pays:
		return s.Since + PayFor, true
	case Warn:
		return s.Since + s.Warns(), true
	case Settle:
		return s.Since + SettleFor, true
	case Bye:
		return s.Since + ByeFor, true
	}
	return s.homeDue()
}

// ownTime is how long the borrower may be quiet on a screen; false: the screen
// waits for somebody else.
func (s State) ownTime() (time.Duration, bool) {
	switch s.Screen {
	case PadFull, CardAsk:
		return AskFor, true
	case Receipt:
		if s.Paper.List && s.Ease.Slow {
			return MostFor / Slower, true // half an hour: nobody is hurried who asked for more time to read
		}
		return AskFor, true
	case PIN, Stop:
		return PINFor, true
	case Tell, Borrow, GiveBack, Count, Fix, Account, Renew:
		return s.House.quiet(), true
	}
	return 0, false
}

// homeDue is when Home forgets a note, or how somebody wanted to be served who
// then went away.
func (s State) homeDue() (time.Duration, bool) {
	if s.eased() {
		return s.Idle + s.Ease.stretch(QuietFor), true
	}
	return s.Idle + NoteFor, s.Note != NoNote
}

// eased says whether somebody has changed how the screen is.
func (s State) eased() bool {
	fresh := Ease{Speech: s.Devices.Headset}
	return s.Ease != fresh
}

// lieDue is when staff are told of items that lie there and are nobody's.
func (s State) lieDue() (time.Duration, bool) {
	return s.Lying + LieFor, s.Lying > 0 && !s.Noticed
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
	now   time.Duration // Moment.Mono of what is being handled
	wall  time.Time
	boot  uuid.UUID
	fx    []Effect
	trail []Screen // opened on the way, for the test of the table
	own   int      // how many of them the event itself opened
}

func (n *turn) want(e Effect) { n.fx = append(n.fx, e) }

// handle sorts the events: what concerns the kiosk as a whole, what tags and
// answers say, and what a borrower does. The last is not listened to while the
// kiosk is not for borrowers.
func (n *turn) handle(ev Event) {
	switch e := ev.(type) {
	case Placed:
		n.placed(e)
	case Lifted:
		n.lifted(e)
	case Devices:
		n.devices(e)
	case Moded:
		n.moded(e)
	case HelpPressed:
		n.help(e)
	default:
		if !n.answered(ev) && !n.shut() {
			n.acted(ev)
		}
	}
}

// answered takes what the rest of the kiosk says to the visit.
func (n *turn) answered(ev Event) bool {
	switch e := ev.(type) {
	case Known:
		n.known(e)
	case Answered:
		n.pinKnown(e)
	case Recorded:
		n.recorded(e)
	case Settled:
		n.settled(e)
	case Stuck:
		n.stuck(e)
	case Renewed:
		n.renewed(e)
	case Printed:
		n.printed(e)
	case Paid:
		n.paid(e)
	case News:
		n.news()
	default:
		return false
	}
	return true
}

// acted is what a borrower did.
func (n *turn) acted(ev Event) {
	switch e := ev.(type) {
	case CardShown:
		n.cardShown(e)
	case ItemShown:
		n.itemShown(e)
	case NotUnderstood:
		n.notUnderstood(e)
	case Tapped:
		if e.Visit == uuid.Nil || e.Visit == n.Visit { // else it was meant for a visit that is over
			n.tapped(e)
		}
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

// expire is what falls due. Of what lies there staff are told beside it.
func (n *turn) expire() {
	if lie, ok := n.lieDue(); ok && lie <= n.now {
		n.Noticed = true
		n.want(Notice{Visit: n.Visit, Why: LeftBehind, Items: itemsOf(n.Parked)})
	}
	if due, ok := n.due(); !ok || due > n.now {
		return
	}
	if _, own := n.ownTime(); n.Over != NoOverlay && (own || n.atHome()) {
		n.Over, n.Idle = NoOverlay, n.now
		return
	}
	n.timeUp()
}

// timeUp is what a screen does when its time is up.
func (n *turn) timeUp() {
	switch n.Screen {
	case PadFull, Receipt:
		n.settle()
	case CardAsk:
		n.leaveCardAsk()
	case Check:
		n.refuse(circ.CacheTooOld) // nobody answers: as if nothing were known
	case PIN, Tell, Stop, Borrow, GiveBack, Count, Fix, Account, Renew:
		n.Typed = ""
		n.Under = n.Screen
		n.open(Warn)
	case Printing:
		n.printed(Printed{Visit: n.Visit, Job: n.Paper.Job, Fault: PrinterOffline})
	case Pays:
		n.paid(Paid{Visit: n.Visit, Result: PayUnknown})
	case Warn:
		n.settle()
	case Settle:
		n.giveUp()
	case Bye:
		n.end()
	default:
		n.homeTimeUp()
	}
}

func (n *turn) homeTimeUp() {
	if n.eased() {
		n.end()
		return
	}
	n.Note = NoNote
}

// tidy moves on from screens that have nothing left to do.
func (n *turn) tidy() {
	if n.Mode == Emergency {
		n.hurry()
		return
	}
	switch n.Screen {
	case PadFull:
		if len(n.Lines) == 0 {
			n.end()
		}
	case Fix:
		if n.NeedsYou() == 0 && !n.Busy() && !n.Other.Known() {
			n.afterWork()
		}
	case Receipt, Printing, Count:
		n.tidyReceipt()
	case Settle:
		n.settledAll()
	case Bye:
		n.dropOpen()
	}
}

// open changes the screen.
func (n *turn) open(s Screen) {
	n.trail = append(n.trail, s)
	n.Screen, n.Since = s, n.now
	n.Over, n.Why, n.Typed = NoOverlay, false, ""
	if s != Warn {
		n.Under = ""
		n.Idle = n.now
	}
}

// alive notes that the borrower did something. False: it was too late.
func (n *turn) alive() bool {
	n.Idle, n.Note = n.now, NoNote
	if n.Screen != Warn {
		return true
	}
	if n.Last() { // half an hour is over: others may be waiting
		n.settle()
		return false
	}
	n.open(n.Under)
	return true
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
	s.House.Languages = slices.Clone(s.House.Languages)
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
