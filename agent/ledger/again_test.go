package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// A return is cut off when one disc of two is armed. Staff have the set in
// between and lend it on, and then it comes back to this kiosk: that is another
// return, of every disc, and it began now.
func TestAReturnAskedForInAnotherVisitBeginsAnew(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", tags(1, 2)))
	d.settle(d.wanted(1, 2)...)
	d.record(d.ask(circ.Return, "a", tags(1, 2)))
	d.settle(d.wanted(1)...)
	d.reboot(time.Hour)
	r := d.record(d.ask(circ.Return, "a", tags(1, 2)))[0]
	if r.State != circ.Pending || len(r.Open) != 2 {
		t.Errorf("%s with %d tags open, want both", r.State, len(r.Open))
	}
	began := d.now.Wall
	d.settle(d.wanted(1, 2)...)
	d.expect(contract.LoanIssued, contract.ReturnIncomplete, contract.LoanReturned)
	var last contract.Returned
	events := d.events()
	if err := json.Unmarshal(events[len(events)-1].Data, &last); err != nil || !last.Began.Equal(began) {
		t.Errorf("the return began at %s, %v, want %s", last.Began, err, began)
	}
}
