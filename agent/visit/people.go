package visit

import (
	"slices"

	"nightdesk/agent/circ"
)

// cardShown signs a borrower in. A second card is never merged with the first:
// either the first visit has done nothing yet and ends, or the borrower is asked.
func (n *turn) cardShown(e CardShown) {
	if n.late(e.Read) || !e.Who.Known() {
		return
	}
	switch n.Screen {
	case Settle:
		n.Other = e.Who
		return
	case Bye:
		n.end()
		n.signIn(e.Who)
		return
	}
	n.alive()
	switch {
	case !n.Who.Known():
		n.signIn(e.Who)
	case n.Who.Card == e.Who.Card:
		n.carryOn()
		n.Note = NoteSameCard
	case (n.Screen == Check || n.Screen == Stop) && !n.worked():
		n.end()
		n.signIn(e.Who)
	default:
		n.Other = e.Who
	}
}

// signIn looks a card up. Whoever is bringing things back goes on doing so.
func (n *turn) signIn(who circ.Borrower) {
	n.Who, n.Standing = who, Standing{Service: n.Standing.Service}
	if n.Task == Returning && (n.Screen == GiveBack || n.Screen == Fix) {
		n.lookUp()
		return
	}
	n.wantBorrow()
}

// wantBorrow goes towards Borrow as far as it can be gone now.
func (n *turn) wantBorrow() {
	n.Task = Borrowing
	switch {
	case n.Devices.ReadOnly:
		n.Standing.Reason = circ.LedgerReadOnly
		n.open(Stop)
	case n.Who.Known():
		n.open(Check)
		n.lookUp()
	default:
		n.open(CardAsk)
	}
}

// lookUp asks for the card's standing and for the titles still missing.
func (n *turn) lookUp() {
	var items []circ.ItemID
	for _, l := range n.Lines {
		if l.Title == "" && l.Item != "" {
			items = append(items, l.Item)
		}
	}
	n.Asked++
	n.want(Look{Visit: n.Visit, Ask: n.Asked, Who: n.Who, Items: items})
}

// known takes titles from any answer, and the standing from the newest only.
func (n *turn) known(e Known) {
	if e.Visit != n.Visit || e.Ask > n.Asked {
		return
	}
	for i, l := range n.Lines {
		if f, ok := e.Items[l.Item]; ok && f.Known {
			n.Lines[i].Title, n.Lines[i].Parts = f.Title, slices.Clone(f.Parts)
		}
	}
	if e.Ask < n.Asked {
		return
	}
	if !n.Who.Known() {
		n.Standing.Service = e.Standing.Service
		return
	}
	first := n.Standing.Reason == ""
	n.Standing = e.Standing
	n.Standing.Notes = slices.Clone(e.Standing.Notes)
	switch {
	case n.Screen == Check || n.Screen == Stop:
		n.admit()
	case first && n.Standing.Reason == circ.OK:
		n.want(Resume{Visit: n.Visit, Who: n.Who})
	}
}

// admit opens Borrow or says why not.
func (n *turn) admit() {
	switch {
	case n.Devices.ReadOnly:
		n.Standing.Reason = circ.LedgerReadOnly
	case n.Standing.Reason == circ.OK && n.Standing.Service == ReturnsOnly:
		n.Standing.Reason = circ.CacheTooOld
	}
	if n.Standing.Reason == circ.OK {
		n.want(Resume{Visit: n.Visit, Who: n.Who})
		n.work(Borrowing, Borrow)
		return
	}
	if n.Screen != Stop {
		n.open(Stop)
	}
}

// work opens the screen of a task, asks about what lay there before, and asks
// for the whole pile that lies there now.
func (n *turn) work(task Task, screen Screen) {
	n.Task = task
	n.open(screen)
	n.Mine = len(n.Parked) > 0
	n.record()
}

// itemShown is an item's barcode. It is one more way to name an item, and the
// only one without pads.
func (n *turn) itemShown(e ItemShown) {
	if n.late(e.Read) || n.Screen == Settle || n.Screen == Bye || e.Item == "" {
		return
	}
	n.alive()
	if n.Screen == CardAsk {
		n.Note = NoteCardFirst
		return
	}
	i, isNew := n.line(e.Item)
	n.reopen(i)
	n.Lines[i].Shown = true
	if isNew {
		n.adopt(e.Item)
		n.lookUp()
	}
	if n.atHome() {
		n.open(PadFull)
	}
	n.record()
}

// adopt lays an unreadable tag beside the item whose barcode was shown next,
// so that it is not asked about twice. Which tag belongs to the item is a
// guess, and so nothing is ever written to it: the item goes out with a tag
// that nobody quieted, and its decision says so.
func (n *turn) adopt(id circ.ItemID) {
	u := slices.IndexFunc(n.Lines, func(l Line) bool { return l.State == LineUnreadable })
	if u < 0 {
		return
	}
	tags := n.Lines[u].Tags
	n.Lines = slices.Delete(n.Lines, u, u+1)
	i, _ := n.line(id)
	n.Lines[i].Tags = tags
}

func (n *turn) notUnderstood(e NotUnderstood) {
	if n.late(e.Read) || n.Screen == Settle || n.Screen == Bye {
		return
	}
	n.alive()
	switch e.Why {
	case WhyISBN:
		n.Note = NoteISBN
	case WhyCheck:
		n.Note = NoteCheckDigit
	default:
		n.Note = NoteNotUnderstood
	}
}

func (n *turn) atHome() bool { return n.Screen == Home || n.Screen == "" }
