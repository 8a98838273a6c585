package ledger_test

import (
	"context"
	"testing"
	"time"

	"nightdesk/agent/circ"
)

// The desk asks the ledger itself whether an issue has been overtaken.
func TestWhatEndsAResumeMayAskTheLedger(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", tags(1)))
	d.reboot(time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answered := make(chan []circ.Receipt, 1)
	go func() {
		receipts, err := d.Resume(ctx, d.now, d.ada.Key, d.visit, func(item circ.ItemID) bool {
			lent, err := d.Lent(ctx, item)
			return err != nil || !lent.Open
		})
		if err != nil {
			t.Error(err)
		}
		answered <- receipts
	}()
	select {
	case receipts := <-answered:
		if len(receipts) != 1 || receipts[0].State != circ.Pending {
			t.Errorf("receipts %+v, want the loan, pending", receipts)
		}
	case <-ctx.Done():
		t.Fatal("the ledger waits for itself")
	}
}
