package visit

import (
	"slices"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// recorded answers a Record or a Drop of this visit. Of one that is over the
// ledger knows, and nobody else needs to.
func (n *turn) recorded(e Recorded) {
	if e.Visit != n.Visit {
		return
	}
	for _, r := range e.Receipts {
		i := n.lineOf(r)
		if i < 0 && n.resumed(r) {
			i, _ = n.line(r.Item)
			n.Lines[i].Kind = r.Kind
			n.lookUp()
		}
		if i >= 0 {
			n.apply(&n.Lines[i], r)
		}
	}
	n.record()
}

// lineOf finds the line that a receipt is about: by its transaction, or the
// one that waits to hear which transaction it is. What has come to a bad end
// has been heard of before, and is no answer to that.
func (n *turn) lineOf(r circ.Receipt) int {
	i := n.lineOfTx(r.Tx)
	if i >= 0 || r.State == circ.Unverified || r.State == circ.Incomplete {
		return i
	}
	return slices.IndexFunc(n.Lines, func(l Line) bool {
		return l.Item == r.Item && l.Kind == r.Kind && l.Tx == uuid.Nil &&
			(l.State == LineRecording || l.State == LineUndo || l.State == LineLeftOut)
	})
}

func (n *turn) lineOfTx(tx circ.Tx) int {
	return slices.IndexFunc(n.Lines, func(l Line) bool { return tx != uuid.Nil && l.Tx == tx })
}

// resumed says that a receipt is an unfinished issue that this card got back.
func (n *turn) resumed(r circ.Receipt) bool {
	known := slices.ContainsFunc(n.Lines, func(l Line) bool { return l.Item == r.Item && l.State != LineSeen })
	return r.Kind == circ.Issue && r.State == circ.Pending && n.Who.Known() && !known
}

// apply takes over what a receipt says. A second answer of "already" does not
// replace the first, better one.
func (n *turn) apply(l *Line, r circ.Receipt) {
	if !(r.Decision.Verdict == circ.Already && l.Decision.Verdict == circ.Yes) {
		l.Decision = r.Decision
		l.Decision.Flags = slices.Clone(r.Decision.Flags)
	}
	l.Tx, l.Open = r.Tx, slices.Clone(r.Open)
	l.Stuck = slices.DeleteFunc(l.Stuck, func(u drivers.UID) bool { return !slices.Contains(l.Open, u) })
	l.State, l.Lifted = lineState(r), false
	if r.Kind == circ.Cancel && r.State == circ.Refused { // the loan stands
		l.Kind, l.State = circ.Issue, LineUnsecured
	}
	if len(l.Tags) > len(l.own()) && !slices.Contains(l.Decision.Flags, circ.ItemUnreadable) {
		l.Decision.Flags = append(l.Decision.Flags, circ.ItemUnreadable)
	}
	if l.State == LineIncomplete {
		l.Decision.Shelf = circ.HelpShelf
	}
	for _, u := range l.Open {
		n.unpark(u)
		if !slices.Contains(l.Sent, u) {
			l.Sent = append(l.Sent, u)
		}
	}
	n.hold(l)
}

func lineState(r circ.Receipt) LineState {
	switch r.State {
	case circ.Pending:
		if r.Kind == circ.Cancel {
			return LineUndo
		}
		return LineSecuring
	case circ.Unverified:
		return LineUnsecured
	case circ.Incomplete:
		return LineIncomplete
	case circ.Cancelled:
		return LineLeftOut
	case circ.Refused:
		if r.Decision.Verdict != circ.Already {
			return LineRefused
		}
	}
	return LineDone
}

// settled says how far tags have brought their receipts. Receipts of other
// visits are the ledger's business.
func (n *turn) settled(e Settled) {
	for _, r := range e.Receipts {
		if i := n.lineOfTx(r.Tx); i >= 0 {
			n.apply(&n.Lines[i], r)
		}
	}
	n.record()
}

// stuck is a tag that did not take. One that was lifted meanwhile gets its
// next try as soon as it is put down.
func (n *turn) stuck(e Stuck) {
	i := n.lineOfTx(e.Tx)
	if i < 0 || !slices.Contains(n.Lines[i].Open, e.UID) || !n.lies(e.UID) || slices.Contains(n.Lines[i].Stuck, e.UID) {
		return
	}
	n.Lines[i].Stuck = append(n.Lines[i].Stuck, e.UID)
	n.hold(&n.Lines[i])
}
