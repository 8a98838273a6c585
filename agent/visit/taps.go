package visit

import "nightdesk/agent/circ"

// tapped is a button. A tap on Warn says only "I am here", unless it was
// Finish; while a question stands open only its answers count.
func (n *turn) tapped(e Tapped) {
	switch n.Screen {
	case Settle:
		return
	case Bye:
		if n.now-n.Since > StrikeFor {
			n.end()
		}
		return
	}
	warned := n.Screen == Warn
	n.alive()
	switch {
	case warned && e.Button != TapFinish:
	case n.Other.Known():
		n.tapOther(e.Button)
	case n.Mine && e.Button == TapYes:
		n.parkedMine()
	case n.Mine && e.Button == TapNo:
		n.Mine = false
	default:
		n.tapScreen(e)
	}
}

func (n *turn) tapScreen(e Tapped) {
	switch n.Screen {
	case CardAsk:
		if e.Button == TapBack {
			n.backFromCard()
		}
	case Check:
		if e.Button == TapBack {
			n.leaveCheck()
		}
	case Stop:
		n.tapStop(e.Button)
	case Borrow, GiveBack:
		n.tapWork(e)
	case Fix:
		n.tapFix(e)
	default:
		n.tapHome(e.Button)
	}
}

// tapOther answers "finish this person's visit first?".
func (n *turn) tapOther(b Button) {
	switch b {
	case TapFinishOther:
		next := n.Other
		n.settle()
		n.Other = next
	case TapCarryOn:
		n.carryOn()
	}
}

// carryOn closes the question about the second card, and asks for what was
// put down while it stood open.
func (n *turn) carryOn() {
	n.Other = circ.Borrower{}
	n.record()
}

func (n *turn) tapHome(b Button) {
	switch {
	case b == TapBorrow:
		n.wantBorrow()
	case b == TapReturn:
		n.work(Returning, GiveBack)
	case b == TapBack && n.Screen == PadFull:
		n.end()
	}
}

func (n *turn) tapStop(b Button) {
	switch b {
	case TapReturn:
		n.work(Returning, GiveBack)
	case TapOK, TapBack, TapFinish:
		n.settle()
	}
}

func (n *turn) tapWork(e Tapped) {
	switch {
	case e.Button == TapLeave:
		n.leave(e.Item)
	case e.Button == TapBorrow && n.Screen == GiveBack && !n.Busy():
		n.Mine = false
		n.wantBorrow()
	case e.Button != TapFinish && e.Button != TapBack:
	case n.NeedsYou() > 0:
		n.Mine = false
		n.open(Fix)
	default:
		n.settle()
	}
}

func (n *turn) tapFix(e Tapped) {
	switch {
	case e.Button == TapLeave && e.Item != "":
		n.leave(e.Item)
	case e.Button == TapLeave || e.Button == TapFinish:
		n.settle()
	case e.Button == TapBack && n.Task == Returning:
		n.goOn(GiveBack)
	case e.Button == TapBack:
		n.goOn(Borrow)
	}
}

// backFromCard goes back to where the card was asked for.
func (n *turn) backFromCard() {
	switch {
	case n.worked():
		n.Task = Returning
		n.goOn(GiveBack)
	case len(n.Lines) > 0:
		n.Task = NoTask
		n.open(PadFull)
	default:
		n.end()
	}
}

// leaveCardAsk ends a visit that nobody signed in to.
func (n *turn) leaveCardAsk() {
	if len(n.Lines) == 0 {
		n.end()
		return
	}
	n.settle()
}

func (n *turn) leaveCheck() {
	if n.worked() {
		n.settle()
		return
	}
	n.end()
}

// worked says whether this visit has asked the ledger for anything.
func (n *turn) worked() bool {
	for _, l := range n.Lines {
		if l.Kind != "" {
			return true
		}
	}
	return false
}

// goOn goes back to the screen of a task, without asking again what was asked.
func (n *turn) goOn(screen Screen) {
	n.open(screen)
	n.record()
}
