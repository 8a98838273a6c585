package contract

import (
	"cmp"
	"slices"
)

// Message codes for borrowers. The library system may send others that the
// screen has words for; these are the ones that this program gives a meaning.
const (
	MsgRenewedAll       = "renewed-all"  // everything asked for was renewed
	MsgRenewedPart      = "renewed-part" // some of it
	MsgRenewedNone      = "renewed-none" // none of it
	MsgLoanRefused      = "loan-refused" // a loan or renewal that had no effect on the books: staff look at it
	MsgLoanChanged      = "loan-changed" // a loan was ended: the item turned up on another card
	MsgDueChanged       = "due-changed"  // the date in the books is not the one that was shown
	MsgReturnIncomplete = "return-incomplete"
	MsgRecalled         = "item-recalled" // somebody waits for an item that this card has
	MsgOverdue          = "overdue"
	MsgHoldsReady       = "holds-ready" // at the venue of the kiosk
	MsgHoldReady        = "hold-ready"
	MsgCardExpires      = "card-expires"
)

// urgency is the order in which messages are told. Others come after them, in
// the order of the alphabet.
func urgency(code string) int {
	order := []string{MsgRenewedNone, MsgRenewedPart, MsgRenewedAll, MsgLoanRefused, MsgLoanChanged, MsgDueChanged,
		MsgReturnIncomplete, MsgRecalled, MsgOverdue, MsgHoldsReady, MsgHoldReady, MsgCardExpires}
	if i := slices.Index(order, code); i >= 0 {
		return i
	}
	return len(order)
}

// SortMessages puts codes into the order in which they are told, each once.
func SortMessages(codes []string) []string {
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a, b))
	})
	return slices.Compact(codes)
}

// Passing says whether a message has served its purpose once it was told: it
// tells of something that happened. The others tell of something that is so,
// and go when it is so no more.
func Passing(code string) bool {
	switch code {
	case MsgRenewedAll, MsgRenewedPart, MsgRenewedNone, MsgLoanChanged, MsgDueChanged:
		return true
	}
	return false
}
