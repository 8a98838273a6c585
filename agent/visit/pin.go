package visit

import "nightdesk/agent/circ"

// Reasons on Stop that come from a PIN.
const (
	PINLocked   circ.Reason = "pin-locked"    // too often wrong
	PINNoAnswer circ.Reason = "pin-no-answer" // it cannot be checked now, and must be
)

func (n *turn) tapPIN(e Tapped) {
	switch e.Button {
	case TapBack:
		n.leavePIN()
	case TapForgot:
		n.Note = NotePIN
	case TapEnter:
		n.askPIN()
	default:
		n.tapKey(e, n.House.Digits())
	}
}

func (n *turn) askPIN() {
	if len(n.Typed) < n.House.Digits() {
		return
	}
	pin := n.Typed
	n.open(Check)
	n.Asked++
	n.want(AskPIN{Visit: n.Visit, Ask: n.Asked, Who: n.Who, PIN: pin})
}

// leavePIN goes back to where the card is asked for, and forgets the card.
func (n *turn) leavePIN() {
	n.Who, n.Standing, n.Left, n.Signed = circ.Borrower{}, Standing{Service: n.Standing.Service}, 0, 0
	n.open(CardAsk)
}

// pinKnown is what came of a PIN. An answer that comes after its question has
// been given up is of no use any more.
func (n *turn) pinKnown(e Answered) {
	if e.Visit != n.Visit || e.Ask != n.Asked || n.Screen != Check {
		return
	}
	switch e.PIN {
	case PINRight, PINSilent:
		n.Proved = true
		n.stand(e.Standing)
		n.admit()
	case PINWrong:
		if n.Left = e.Left; e.Left > 0 {
			n.open(PIN)
			return
		}
		n.refuse(PINLocked)
	case PINShut:
		n.refuse(PINLocked)
	default:
		n.refuse(PINNoAnswer)
	}
}
