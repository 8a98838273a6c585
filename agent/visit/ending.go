package visit

import (
	"slices"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// settle stops taking new tags and finishes what is in hand. What nobody asked
// for is left out; what waits for the borrower is given up.
func (n *turn) settle() {
	n.Mine, n.Other = false, circ.Borrower{}
	n.leaveAll()
	n.open(Settle)
}

// leaveAll gives up what still needs the borrower.
func (n *turn) leaveAll() {
	for i := range n.Lines {
		n.leaveLine(&n.Lines[i])
	}
}

// leave is "leave it here instead", of one item.
func (n *turn) leave(id circ.ItemID) {
	for i := range n.Lines {
		l := &n.Lines[i]
		switch {
		case l.Item != id || id == "":
		case n.canUndo(*l):
			n.undo(l)
		default:
			l.Asked = l.needsYou()
			n.leaveLine(l)
		}
	}
}

// canUndo says whether an issue can be taken back whose tags did not take: all
// of them must lie there, those that took as well, because an issue is over only
// when they are loud again.
func (n *turn) canUndo(l Line) bool {
	there := func(u drivers.UID) bool { return has(l.own(), u) && n.lies(u) }
	return l.State == LinePutBack && l.Kind == circ.Issue && l.Decision.Verdict == circ.Yes && !n.Other.Known() &&
		!slices.ContainsFunc(l.Sent, func(u drivers.UID) bool { return !there(u) })
}

// undo takes an issue back.
func (n *turn) undo(l *Line) {
	req := circ.Request{Kind: circ.Cancel, Visit: n.Visit, Who: n.Who, Item: l.Item}
	for _, t := range l.own() {
		if n.lies(t.UID) {
			req.Tags = append(req.Tags, circ.SeenTag{UID: t.UID, Part: t.Part, Of: t.Of, AFI: t.AFI})
		}
	}
	l.Kind, l.State, l.Tx, l.Stuck = circ.Cancel, LineUndo, uuid.Nil, nil
	n.want(Record{Visit: n.Visit, Pile: []circ.Request{req}})
}

// leaveLine gives an item up that still needs the borrower.
func (n *turn) leaveLine(l *Line) {
	switch l.State {
	case LinePutBack:
		n.drop(l)
	case LineSeen:
		l.State = LineLeftOut
	case LineParts:
		if n.kind(*l) == circ.Return {
			n.leaveSet(l)
			return
		}
		leftOut(l, circ.ItemParts)
	case LineUnreadable:
		leftOut(l, circ.ItemUnreadable)
	}
}

// leaveSet leaves a set here of which parts are missing. It gets no credit, but
// staff hear of it, and fines stop from now on (design D1).
func (n *turn) leaveSet(l *Line) {
	req := circ.Request{Kind: circ.Return, Visit: n.Visit, Who: n.Who, Item: l.Item}
	for _, t := range l.own() {
		if n.lies(t.UID) {
			req.Tags = append(req.Tags, circ.SeenTag{UID: t.UID, Part: t.Part, Of: t.Of, AFI: t.AFI})
		}
	}
	l.Kind, l.State = circ.Return, LineIncomplete
	l.Decision = circ.Decision{Verdict: circ.No, Reason: circ.SetIncomplete, Shelf: circ.HelpShelf}
	n.want(LeaveSet{Visit: n.Visit, Set: req})
}

func leftOut(l *Line, why circ.Reason) {
	l.State = LineLeftOut
	l.Decision = circ.Decision{Verdict: circ.No, Reason: why, Shelf: circ.HelpShelf}
}

// drop ends the open wishes of an item. An issue stands, though the gate may
// sound; a return gets no credit until staff have seen the item.
func (n *turn) drop(l *Line) {
	n.want(Drop{Visit: n.Visit, Tx: l.Tx})
	l.Open, l.Stuck, l.Lifted = nil, nil, false
	l.State = LineUnsecured
	if l.Kind == circ.Return || l.Kind == circ.Cancel {
		l.State = LineIncomplete
		l.Decision.Shelf = circ.HelpShelf
	}
}

// settledAll moves on from Settle when nothing is in hand. An item lifted
// meanwhile means that the borrower is still here and can be asked, unless the
// next one is waiting.
func (n *turn) settledAll() {
	putBack := slices.ContainsFunc(n.Lines, func(l Line) bool { return l.State == LinePutBack })
	switch {
	case putBack && !n.Other.Known():
		n.open(Fix)
		return
	case putBack:
		n.dropPutBack()
	}
	if n.Busy() {
		return
	}
	if next := n.Other; next.Known() {
		n.end()
		n.signIn(next)
		return
	}
	n.bye()
}

func (n *turn) dropPutBack() {
	for i := range n.Lines {
		if n.Lines[i].State == LinePutBack {
			n.drop(&n.Lines[i])
		}
	}
}

// giveUp is the end of what Settle waits for. An item of which the ledger has
// not said anything may be recorded or not: it goes to the help shelf, and if
// the ledger still speaks in time its tags are given up then.
func (n *turn) giveUp() {
	n.dropOpen()
	for i := range n.Lines {
		if s := n.Lines[i]; s.State == LineRecording || s.State == LineUndo && s.Tx == uuid.Nil {
			leftOut(&n.Lines[i], circ.LedgerReadOnly)
		}
	}
}

func (n *turn) dropOpen() {
	for i := range n.Lines {
		if l := n.Lines[i]; l.State == LineSecuring || l.State == LinePutBack || l.State == LineUndo && l.Tx != uuid.Nil {
			n.drop(&n.Lines[i])
		}
	}
}

// bye shows how the visit went. The card is forgotten already.
func (n *turn) bye() {
	n.Who, n.Other, n.Standing = circ.Borrower{}, circ.Borrower{}, Standing{Service: n.Standing.Service}
	n.Note = NoNote
	if n.left() && !n.onlyForStaff() {
		n.Note = NoteItemsLeft
	}
	n.open(Bye)
}

// onlyForStaff says that all that lies there goes to the help shelf. Nobody is
// to be told to take it home.
func (n *turn) onlyForStaff() bool {
	return !slices.ContainsFunc(n.OnPad, func(t Tag) bool {
		if has(n.Parked, t.UID) {
			return false
		}
		i := slices.IndexFunc(n.Lines, func(l Line) bool { return has(l.Tags, t.UID) })
		return i < 0 || n.Lines[i].Decision.Shelf != circ.HelpShelf
	})
}

// end forgets the visit and begins the next one in the same instant. What lies
// on the pads is parked.
func (n *turn) end() {
	ended := n.Visit
	n.trail = append(n.trail, Home)
	n.State = State{House: n.House, Mode: n.Mode, Cause: n.Cause, ModeAt: n.ModeAt, Ease: Ease{Speech: n.Devices.Headset},
		Number: n.Number + 1, Began: n.now, Screen: Home, Since: n.now, Idle: n.now,
		Parked: slices.Clone(n.OnPad), OnPad: n.OnPad, Devices: n.Devices, Stale: n.Stale,
		Standing: Standing{Service: n.Standing.Service},
	}
	n.Visit = n.name()
	n.want(Ended{Visit: ended, Next: n.Visit})
}
