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
	alive := n.alive()
	switch {
	case !alive:
		n.Other = e.Who
	case !n.Who.Known():
		n.signIn(e.Who)
	case n.Who.Card == e.Who.Card:
		n.carryOn()
		n.Note = NoteSameCard
	case (n.Screen == PIN || n.Screen == Check || n.Screen == Stop) && !n.worked():
		n.end()
		n.signIn(e.Who)
	default:
		n.Over = NoOverlay
		n.Other = e.Who
	}
}

// signIn looks a card up. Whoever is bringing things back goes on doing so.
func (n *turn) signIn(who circ.Borrower) {
	n.Who, n.Standing = who, Standing{Service: n.Standing.Service}
	n.Proved, n.Left, n.Heard, n.Asks = false, 0, false, false
	n.Typing, n.Typed, n.Misread = false, "", 0
	n.Signed = max(n.now, 1)
	if n.Task == Returning && n.returning() {
		n.lookUp()
		return
	}
	if n.Task == Accounting {
		n.wantCard()
		return
	}
	n.wantBorrow()
}

// returning says whether the screen is one of those of bringing things back.
func (n *turn) returning() bool {
	return n.Screen == GiveBack || n.Screen == Fix || n.Screen == Receipt || n.Screen == Printing
}

// wantBorrow goes towards Borrow as far as it can be gone now.
func (n *turn) wantBorrow() {
	n.Task = Borrowing
	if n.Devices.ReadOnly {
		n.refuse(circ.LedgerReadOnly)
		return
	}
	n.wantCard()
}

// wantAccount goes towards Account. It is central's to know, and so nothing is
// offered while central is silent.
func (n *turn) wantAccount() {
	if !n.Devices.Online {
		n.Note = NoteNoAccount
		return
	}
	n.Task = Accounting
	n.wantCard()
}

// wantCard asks for what is still missing of a borrower: the card, the PIN,
// what is known of it.
func (n *turn) wantCard() {
	switch {
	case !n.Who.Known():
		n.open(CardAsk)
	case n.Devices.PIN && !n.Proved:
		n.open(PIN)
	default:
		n.open(Check)
		n.lookUp()
	}
}

// refuse opens Stop.
func (n *turn) refuse(why circ.Reason) {
	n.Standing.Reason = why
	n.open(Stop)
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
	n.stand(e.Standing)
	switch {
	case n.Screen == Check || n.Screen == Stop && n.mayRetry():
		n.admit()
	case first && n.Standing.Reason == circ.OK:
		n.want(Resume{Visit: n.Visit, Who: n.Who})
	}
}

// mayRetry says that Stop was about what was not known, not about the person.
func (n *turn) mayRetry() bool {
	return n.Standing.Reason == circ.OK
}

// stand takes over a card's standing.
func (n *turn) stand(st Standing) {
	n.Standing = st
	n.Standing.Notes = slices.Clone(st.Notes)
}

// admit opens what the borrower came for, or says why not.
func (n *turn) admit() {
	switch {
	case n.Devices.ReadOnly && n.Task != Accounting:
		n.Standing.Reason = circ.LedgerReadOnly
	case n.Standing.Reason == circ.OK && n.Standing.Service == ReturnsOnly:
		n.Standing.Reason = circ.CacheTooOld
	}
	if n.Standing.Reason == circ.OK {
		n.want(Resume{Visit: n.Visit, Who: n.Who})
		n.welcome()
		return
	}
	if n.Screen != Stop {
		n.open(Stop)
	}
}

// welcome tells what there is to tell, once, and then opens the work.
func (n *turn) welcome() {
	switch {
	case len(n.Standing.Notes) > 0 && !n.Heard:
		n.open(Tell)
	case n.Task == Accounting:
		n.open(Account)
	default:
		n.work(Borrowing, Borrow)
	}
}

// told says that the borrower has seen the messages.
func (n *turn) told() {
	n.Heard = true
	n.want(Told{Visit: n.Visit, Who: n.Who, Codes: slices.Clone(n.Standing.Notes)})
}

// news looks again where something was missing that central may have told now.
func (n *turn) news() {
	if n.Who.Known() && (n.Screen == Stop || n.Screen == Account || n.Screen == Renew) && n.Standing.Reason != PINLocked {
		n.lookUp()
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
	if !n.alive() {
		return
	}
	if n.Screen == CardAsk {
		n.misread(NoteCardFirst)
		return
	}
	n.moreWork()
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
	if !n.alive() {
		return
	}
	note := NoteNotUnderstood
	switch e.Why {
	case WhyISBN:
		note = NoteISBN
	case WhyCheck:
		note = NoteCheckDigit
	}
	if n.Typing {
		note = NoteWrongCard
	}
	if n.Screen == CardAsk {
		n.misread(note)
		return
	}
	n.Note = note
}

// misread counts what is shown instead of a card. The third time staff hear of
// it: somebody stands there with a card that does not work.
func (n *turn) misread(note Note) {
	n.Note = note
	n.Typed = ""
	n.Misread++
	if n.Misread == 3 {
		n.want(Notice{Visit: n.Visit, Why: CardRefused3})
	}
}

func (s State) atHome() bool { return s.Screen == Home || s.Screen == "" }
