package ledger_test

import (
	"context"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// acked lets central have everything.
func (d *desk) acked() {
	d.t.Helper()
	p := d.position()
	if err := d.Acked(context.Background(), p.Epoch, p.Last, p.Hash); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) prune(want int64) {
	d.t.Helper()
	if n, err := d.Prune(context.Background(), d.now); err != nil || n != want {
		d.t.Errorf("%d events are forgotten, %v, want %d", n, err, want)
	}
}

// A clock that may be years ahead forgets nothing, and what a clock said that
// was years late is not old for that.
func TestOnlyAClockThatIsKeptRightForgets(t *testing.T) {
	d := newDesk(t)
	right := d.now.Wall
	d.record(d.ask(circ.Issue, "a", nil))
	d.now.Wall, d.now.Quality = right.AddDate(-26, 0, 0), circ.RTC
	d.record(d.ask(circ.Issue, "b", nil))
	d.acked()
	for _, quality := range []circ.ClockQuality{circ.RTC, circ.Restored, circ.Unknown} {
		d.now.Wall, d.now.Quality = right.AddDate(94, 0, 0), quality
		d.prune(0)
	}
	d.now.Wall, d.now.Quality = right.Add(24*time.Hour), circ.Synced
	d.prune(0)
	d.now.Wall = right.Add(31 * 24 * time.Hour)
	d.prune(1) // b may have been lent later
	d.record(d.ask(circ.Issue, "c", nil))
	d.acked()
	d.now.Wall = right.Add(70 * 24 * time.Hour)
	d.prune(2)
}

// A central that was put back to before an epoch which has ended is sent all
// that is kept, in the order in which it happened.
func TestEverythingIsSentAgain(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", nil))
	d.acked()
	if err := d.NewEpoch(ctx, d.now); err != nil {
		t.Fatal(err)
	}
	d.record(d.ask(circ.Issue, "b", nil), d.ask(circ.Return, "a", nil))
	d.acked()
	d.record(d.ask(circ.Issue, "c", nil))
	if p := d.position(); len(p.Ended) != 1 || p.Ended[0].First != 1 || p.Ended[0].Acked != 1 {
		t.Errorf("hello names the ended epochs %+v, want one with event 1", p.Ended)
	}
	if err := d.Again(ctx, d.now); err != nil {
		t.Fatal(err)
	}
	p := d.position()
	if p.First != 1 || p.Last != 4 || p.Acked != 0 || len(p.Ended) != 0 {
		t.Errorf("got %+v, want four events in one epoch, none acknowledged", p)
	}
	d.expect(contract.LoanIssued, contract.LoanIssued, contract.LoanReturned, contract.LoanIssued)
	d.reboot(time.Hour)
	r, err := ledger.Audit(ctx, d.path)
	if err != nil || len(r.Events) != 4 || len(r.Loans) != 2 {
		t.Errorf("%d events and %d loans, %v, want 4 and 2", len(r.Events), len(r.Loans), err)
	}
}
