package visit

import "nightdesk/agent/circ"

// tapped is a button. A tap on Warn says only "I am here", unless it was
// Finish; while a question stands open only its answers count.
func (n *turn) tapped(e Tapped) {
	if n.Ease.Steady && n.Struck > 0 && n.now-n.Struck <= StrikeFor && e.Button != TapDigit {
		return
	}
	n.Struck = max(n.now, 1)
	switch n.Screen {
	case Settle:
		return
	case Bye:
		n.tapBye(e)
		return
	}
	warned := n.Screen == Warn
	if warned && e.Button == TapFinish {
		n.settle()
		return
	}
	switch {
	case !n.alive() || warned:
	case n.tapOver(e):
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

// tapBye ends the visit, unless it was the second of two quick taps.
func (n *turn) tapBye(e Tapped) {
	if n.now-n.Since > StrikeFor {
		n.end()
	}
}

// tapOver is a button that is on every screen, or on what lies over it.
func (n *turn) tapOver(e Tapped) bool {
	switch e.Button {
	case TapHelp:
		n.openOver(Help)
	case TapLanguages:
		n.openOver(Languages)
	case TapEase:
		n.openOver(Easier)
	case TapClose:
		n.Over = NoOverlay
	case TapCall:
		n.call()
	case TapChoose:
		n.choose(string(e.Value))
	default:
		n.Over = NoOverlay
		return false
	}
	return true
}

func (n *turn) openOver(o Overlay) { n.Over, n.OverAt = o, n.now }

// choose changes how the borrower is served. A language is chosen once: its
// panel closes, while in the other one may be tried after another.
func (n *turn) choose(choice string) {
	n.Ease = n.Ease.choose(choice, n.House)
	n.OverAt = n.now
	if n.Over == Languages {
		n.Over = NoOverlay
	}
}

func (n *turn) tapScreen(e Tapped) {
	switch n.Screen {
	case CardAsk:
		n.tapCard(e)
	case PIN:
		n.tapPIN(e)
	case Check:
		if e.Button == TapBack {
			n.leaveCheck()
		}
	case Tell:
		n.tapTell(e.Button)
	case Stop:
		n.tapStop(e.Button)
	case Borrow, GiveBack:
		n.tapWork(e)
	case Count:
		n.tapCount(e.Button)
	case Fix:
		n.tapFix(e)
	case Account, Renew, Pays:
		n.tapAccount(e.Button)
	case Receipt, Printing:
		n.tapReceipt(e.Button)
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
	case b == TapAccount && n.atHome():
		n.wantAccount()
	case b == TapBack && n.Screen == PadFull:
		n.end()
	}
}

func (n *turn) tapCard(e Tapped) {
	switch e.Button {
	case TapBack:
		n.backFromCard()
	case TapType:
		n.Typing = n.Devices.Online
	case TapEnter:
		if n.Typing && n.Typed != "" {
			n.want(Judge{Visit: n.Visit, Text: n.Typed})
		}
	default:
		n.tapKey(e, CardDigits)
	}
}

// tapKey is a key of the number pad.
func (n *turn) tapKey(e Tapped, most int) {
	switch {
	case e.Button == TapClear:
		n.Typed = ""
	case e.Button == TapDigit && len(n.Typed) < most && isDigit(e.Value):
		n.Typed += e.Value
	}
}

func isDigit(s Secret) bool { return len(s) == 1 && s[0] >= '0' && s[0] <= '9' }

func (n *turn) tapTell(b Button) {
	switch b {
	case TapCarryOn:
		n.told()
		n.welcome()
	case TapFinish:
		n.told()
		n.settle()
	}
}

func (n *turn) tapStop(b Button) {
	switch b {
	case TapReturn:
		n.work(Returning, GiveBack)
	case TapWhy:
		n.Why = !n.Why
	case TapTryAgain:
		n.tryAgain()
	case TapOK, TapBack, TapFinish:
		n.settle()
	}
}

// tryAgain asks for another card, if the first one was not known.
func (n *turn) tryAgain() {
	if n.Standing.Reason != circ.BorrowerUnknown || n.worked() {
		return
	}
	n.Who, n.Standing, n.Signed = circ.Borrower{}, Standing{Service: n.Standing.Service}, 0
	n.open(CardAsk)
}

func (n *turn) tapWork(e Tapped) {
	switch {
	case e.Button == TapLeave:
		n.leave(e.Item)
	case e.Button == TapBorrow && n.Screen == GiveBack && !n.Busy():
		n.Mine = false
		n.wantBorrow()
	case e.Button == TapAccount && n.Screen == Borrow && n.Devices.Online:
		n.Task = Accounting
		n.open(Account)
		n.lookUp()
	case e.Button != TapFinish && e.Button != TapBack:
	case n.NeedsYou() > 0:
		n.Mine = false
		n.open(Fix)
	default:
		n.afterWork()
	}
}

func (n *turn) tapFix(e Tapped) {
	switch {
	case e.Button == TapLeave && e.Item != "":
		n.leave(e.Item)
	case e.Button == TapLeave || e.Button == TapFinish:
		n.leaveAll()
		n.afterWork()
	case e.Button == TapBack && n.Task == Returning:
		n.goOn(GiveBack)
	case e.Button == TapBack:
		n.goOn(Borrow)
	}
}

// backFromCard goes back to where the card was asked for.
func (n *turn) backFromCard() {
	switch {
	case n.Typing:
		n.Typing, n.Typed = false, ""
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
