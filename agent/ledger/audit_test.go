package ledger_test

import (
	"bytes"
	"context"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

func TestAnAuditReadsBesideARunningKioskAndChangesNothing(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	issue := d.record(d.ask(circ.Issue, "a", tags(1, 2)))[0]
	d.settle(d.wanted(1)...)
	batch, err := d.Unsent(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Acked(ctx, p.Epoch, 1, p.Hash); err != nil {
		t.Fatal(err)
	}
	d.record(d.ask(circ.Issue, "b", nil))

	r, err := ledger.Audit(ctx, d.path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 2 || r.Unacked() != 1 || !r.Events[0].Acked || r.Events[1].Acked {
		t.Fatalf("events %+v, want two, the first acknowledged", r.Events)
	}
	first := r.Events[0]
	if !bytes.Equal(first.Body, batch.Events[0]) || first.Type != contract.LoanIssued || first.Item != "a" || len(first.Tags) != 2 {
		t.Errorf("event %+v, want the very bytes that were sent", first)
	}
	if r.Loans["a"].Tx != issue.Tx || len(r.Loans) != 2 {
		t.Errorf("loans %v, want a and b", r.Loans)
	}
	if len(r.Wishes) != 1 || r.Wishes[0].UID != uid(2) || r.Wishes[0].Want != circ.Quiet {
		t.Errorf("wishes %v, want the second tag's", r.Wishes)
	}
	if got := d.record(d.ask(circ.Return, "b", nil))[0].State; got != circ.Done {
		t.Errorf("after the audit a return is %v, want done", got)
	}
}

func TestAnAuditOfNoLedgerMakesNone(t *testing.T) {
	d := newDesk(t)
	if _, err := ledger.Audit(context.Background(), d.path+".other"); err == nil {
		t.Error("an audit of a file that is not there succeeded")
	}
}
