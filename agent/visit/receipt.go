package visit

import (
	"slices"

	"nightdesk/agent/circ"
)

// afterWork is what follows when the borrower has done what they came for: a
// last question, the receipt, the end.
func (n *turn) afterWork() {
	n.Mine = false
	n.large()
	switch {
	case n.asksCount():
		n.open(Count)
	case n.offersReceipt():
		n.Paper.Asked = true
		n.open(Receipt)
		if n.House.Receipt == ReceiptAlways {
			n.print()
		}
	default:
		n.settle()
		n.settledAll()
	}
}

// asksCount says whether the borrower is to say that everything was found: a
// tag that nobody read is a book that nobody lent.
func (n *turn) asksCount() bool {
	if n.Counted || n.Screen == Fix || n.Task != Borrowing || n.Issued() == 0 {
		return false
	}
	switch n.House.Count {
	case CountAlways:
		return true
	case CountNever:
		return false
	}
	return !n.Devices.Staffed && n.Devices.HasPads && n.Devices.Pads
}

// Issued is how many items have been lent in this visit.
func (s State) Issued() int { return len(s.listed(circ.Issue)) }

// listed are the lines of which a receipt speaks.
func (s State) listed(kinds ...circ.Kind) []Line {
	return slices.DeleteFunc(slices.Clone(s.Lines), func(l Line) bool { return !l.Listed() || !slices.Contains(kinds, l.Kind) })
}

// Listed says whether a receipt speaks of an item.
func (l Line) Listed() bool {
	switch l.State {
	case LineDone, LineUnsecured, LineIncomplete:
		return l.Kind == circ.Issue || l.Kind == circ.Return || l.Kind == circ.Renew
	case LineSecuring, LinePutBack:
		return l.Kind == circ.Issue
	}
	return false
}

func (n *turn) offersReceipt() bool {
	if n.Paper.Asked || n.House.Receipt == ReceiptNever || len(n.listed(circ.Issue, circ.Return)) == 0 {
		return false
	}
	return n.Devices.HasPaper || n.MayMail()
}

// MayMail says whether the list can be sent to the borrower.
func (s State) MayMail() bool { return s.Devices.Online && s.Standing.Mail && s.Who.Known() }

func (n *turn) tapCount(b Button) {
	switch b {
	case TapYes, TapFinish:
		n.Counted = true
		n.afterWork()
	case TapNo, TapBack:
		n.goOn(Borrow)
		n.Note = NoteMore
	}
}

func (n *turn) tapReceipt(b Button) {
	switch {
	case n.Screen == Printing:
	case b == TapPrint && n.Devices.HasPaper && n.Devices.Printer == PrinterReady:
		n.print()
	case b == TapEmail && n.MayMail():
		n.want(Mail{Visit: n.Visit, Who: n.Who, Lines: n.listed(circ.Issue, circ.Return)})
		n.settle()
	case b == TapList:
		n.Paper.List = !n.Paper.List
	case b == TapNone || b == TapFinish || b == TapBack:
		n.settle()
	}
}

// print begins a job as soon as nothing is in hand: what is on paper is so.
func (n *turn) print() {
	if n.Devices.Printer != PrinterReady {
		n.Paper.Fault = n.Devices.Printer
		return
	}
	n.Paper.Job++
	n.Paper.Wants, n.Paper.Fault, n.Paper.List = true, PrinterReady, false
	n.open(Printing)
}

// tidyReceipt goes back to the work if something turns out to be unfinished,
// and starts a job that waited for it.
func (n *turn) tidyReceipt() {
	switch {
	case n.Other.Known():
	case slices.ContainsFunc(n.Lines, func(l Line) bool { return l.State == LinePutBack }):
		n.Paper.Wants, n.Paper.Asked = false, false
		n.open(Fix)
	case n.Screen == Printing && n.Paper.Wants && !n.Busy():
		n.Paper.Wants = false
		n.want(Print{Visit: n.Visit, Job: n.Paper.Job, Who: n.Who, Lines: n.listed(circ.Issue, circ.Return), Lang: n.Ease.Lang})
	}
}

// printed is what came of a job. The list can always be shown instead.
func (n *turn) printed(e Printed) {
	if e.Visit != n.Visit || e.Job != n.Paper.Job || n.Screen != Printing {
		return
	}
	n.Paper.Wants = false
	if e.Fault == PrinterReady {
		n.Paper.Done = true
		n.settle()
		return
	}
	n.Paper.Fault = e.Fault
	n.open(Receipt)
}

// moreWork goes back to the work when another item comes after all.
func (n *turn) moreWork() {
	switch n.Screen {
	case Account, Renew:
		n.Task = Borrowing
	case Count, Receipt, Printing:
	default:
		return
	}
	n.Paper, n.Counted = Paper{Job: n.Paper.Job}, false
	if n.Task == Returning || !n.Who.Known() {
		n.Task = Returning
		n.open(GiveBack)
		return
	}
	n.Task = Borrowing
	n.open(Borrow)
}

// large tells staff of a visit with more items than the venue expects.
func (n *turn) large() {
	lent := n.listed(circ.Issue)
	if n.House.Large == 0 || len(lent) <= n.House.Large || n.Paper.Asked || n.Screen == Fix {
		return
	}
	var items []circ.ItemID
	for _, l := range lent {
		items = append(items, l.Item)
	}
	n.want(Notice{Visit: n.Visit, Why: LargeLoan, Items: items})
}
