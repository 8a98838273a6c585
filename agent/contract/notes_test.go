package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
)

func TestMessagesAreToldInOneOrder(t *testing.T) {
	got := SortMessages([]string{"zoo", MsgOverdue, MsgHoldReady, "art", MsgOverdue, MsgRenewedPart, MsgRecalled})
	want := []string{MsgRenewedPart, MsgRecalled, MsgOverdue, MsgHoldReady, "art", "zoo"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What is so stays until it is so no more, however often it is told.
func TestOnlyNewsPasses(t *testing.T) {
	for code, want := range map[string]bool{
		MsgRenewedAll: true, MsgRenewedPart: true, MsgRenewedNone: true, MsgLoanChanged: true, MsgDueChanged: true,
		MsgLoanRefused: false, MsgReturnIncomplete: false, MsgRecalled: false, MsgOverdue: false, MsgHoldReady: false,
		MsgHoldsReady: false, MsgCardExpires: false, "from-the-library-system": false,
	} {
		if got := Passing(code); got != want {
			t.Errorf("%s: got %v, want %v", code, got, want)
		}
	}
}

// The longest receipt that is one event fits into one.
func TestTheLongestReceiptIsAnEvent(t *testing.T) {
	line := ReceiptLine{Item: circ.ItemID(strings.Repeat("9", 64)), Kind: circ.Return, Due: noon}
	d := ReceiptAsked{Who: make(Sealed, 128)}
	for range MaxReceiptLines {
		d.Lines = append(d.Lines, line)
	}
	if b := event(t, 1, ReceiptWanted, d); len(b) > MaxEventBytes {
		t.Errorf("got %d bytes", len(b))
	}
}
