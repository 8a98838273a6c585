package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// desk is a ledger in a folder of its own, and a clock.
type desk struct {
	*ledger.Ledger
	t     *testing.T
	path  string
	open  contract.UnsealKey
	o     ledger.Options
	now   circ.Moment
	visit circ.Visit
	ada   circ.Borrower
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	unseal, seal, err := contract.NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, path: filepath.Join(t.TempDir(), "ledger.db"), open: unseal, visit: uuid.New(),
		o:   ledger.Options{Kiosk: "syston-1", Seal: seal},
		now: circ.Moment{Wall: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Mono: time.Minute, Boot: uuid.New(), Quality: circ.Synced},
		ada: circ.Borrower{Card: "21221012345671", Key: circ.CardKey{1}},
	}
	d.start()
	return d
}

func (d *desk) start() {
	d.t.Helper()
	l, err := ledger.Open(context.Background(), d.path, d.o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Ledger = l
	d.t.Cleanup(func() { l.Close() })
}

// reboot closes the ledger as a power cut would, and starts the clock anew.
func (d *desk) reboot(off time.Duration) {
	d.t.Helper()
	d.Close()
	d.now = circ.Moment{Wall: d.now.Wall.Add(off), Mono: time.Second, Boot: uuid.New(), Quality: circ.RTC}
	d.visit = uuid.New()
	d.start()
}

func (d *desk) pass(by time.Duration) {
	d.now.Wall, d.now.Mono = d.now.Wall.Add(by), d.now.Mono+by
}

func yes(circ.Moment, circ.Request, circ.Facts) circ.Decision {
	return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: time.Date(2026, 3, 23, 23, 59, 59, 0, time.UTC), Rules: "r1"}
}

func uid(n byte) drivers.UID { return drivers.UID{0xE0, 4, 1, 0, 0, 0, 0, n} }

func tags(uids ...byte) (out []circ.SeenTag) {
	for i, n := range uids {
		out = append(out, circ.SeenTag{UID: uid(n), Part: i + 1, Of: len(uids), AFI: 0x07})
	}
	return out
}

func (d *desk) ask(kind circ.Kind, item circ.ItemID, tags []circ.SeenTag) circ.Request {
	r := circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: d.visit, Item: item, Tags: tags}
	if kind != circ.Return {
		r.Who = d.ada
	}
	return r
}

func (d *desk) record(pile ...circ.Request) []circ.Receipt {
	d.t.Helper()
	rs, err := d.Record(context.Background(), d.now, pile, circ.Facts{}, yes)
	if err != nil {
		d.t.Fatal(err)
	}
	return rs
}

func (d *desk) wanted(uids ...byte) []circ.Wish {
	d.t.Helper()
	var list []drivers.UID
	for _, n := range uids {
		list = append(list, uid(n))
	}
	ws, err := d.Wanted(context.Background(), d.visit, list)
	if err != nil {
		d.t.Fatal(err)
	}
	return ws
}

func (d *desk) settle(ws ...circ.Wish) []circ.Receipt {
	d.t.Helper()
	rs, err := d.Settle(context.Background(), d.now, ws...)
	if err != nil {
		d.t.Fatal(err)
	}
	return rs
}

// types lists what would be sent, oldest first.
func (d *desk) types() (out []contract.EventType) {
	d.t.Helper()
	for _, e := range d.events() {
		out = append(out, e.Type)
	}
	return out
}

func (d *desk) events() (out []contract.Event) {
	d.t.Helper()
	b, err := d.Unsent(context.Background(), 100)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, raw := range b.Events {
		var e contract.Event
		if err := json.Unmarshal(raw, &e); err != nil {
			d.t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func (d *desk) expect(want ...contract.EventType) {
	d.t.Helper()
	got := d.types()
	if len(got) != len(want) {
		d.t.Fatalf("events %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			d.t.Fatalf("events %v, want %v", got, want)
		}
	}
}

func TestAnIssueIsALoanBeforeItsTagsAreQuiet(t *testing.T) {
	d := newDesk(t)
	r := d.record(d.ask(circ.Issue, "31221012345679", tags(1)))[0]
	if r.State != circ.Pending || len(r.Open) != 1 {
		t.Fatalf("receipt %+v, want pending with one open tag", r)
	}
	d.expect(contract.LoanIssued)
	ws := d.wanted(1, 2)
	if len(ws) != 1 || ws[0].Want != circ.Quiet {
		t.Fatalf("wishes %v, want one quiet wish", ws)
	}
	if r := d.settle(ws...)[0]; r.State != circ.Done {
		t.Fatalf("after the tag was read back: %v, want done", r.State)
	}
	d.expect(contract.LoanIssued)
	if ws := d.wanted(1); len(ws) != 0 {
		t.Fatalf("wishes %v remain, want none", ws)
	}
}

func TestAReturnIsNoReturnBeforeItsLastTagIsLoud(t *testing.T) {
	d := newDesk(t)
	began := d.now.Wall
	d.record(d.ask(circ.Return, "set", tags(1, 2)))
	d.expect()
	ws := d.wanted(1, 2)
	d.pass(3 * time.Second)
	if r := d.settle(ws[0])[0]; r.State != circ.Pending || len(r.Open) != 1 {
		t.Fatalf("after one of two tags: %+v, want pending", r)
	}
	d.expect()
	if r := d.settle(ws[1])[0]; r.State != circ.Done {
		t.Fatalf("after both tags: %+v, want done", r)
	}
	d.expect(contract.LoanReturned)
	var data contract.Returned
	if err := json.Unmarshal(d.events()[0].Data, &data); err != nil || !data.Began.Equal(began) {
		t.Errorf("fines stop at %v, want %v (%v)", data.Began, began, err)
	}
}

func TestASetWithAPartMissingIsNeverReturned(t *testing.T) {
	d := newDesk(t)
	r := d.record(d.ask(circ.Return, "set", tags(1, 2)[:1]))[0]
	if r.State != circ.Refused || r.Decision.Reason != circ.SetIncomplete {
		t.Errorf("receipt %+v, want refused as incomplete", r)
	}
	d.expect()
}

func TestWhatWasNotConfirmedIsReported(t *testing.T) {
	d := newDesk(t)
	issue := d.record(d.ask(circ.Issue, "a", tags(1)))[0]
	back := d.record(d.ask(circ.Return, "b", tags(2)))[0]
	for tx, want := range map[circ.Tx]circ.State{issue.Tx: circ.Unverified, back.Tx: circ.Incomplete} {
		if r, err := d.Drop(context.Background(), d.now, tx); err != nil || r.State != want {
			t.Errorf("drop: %v, %v, want %v", r.State, err, want)
		}
	}
	if got := d.types(); len(got) != 3 {
		t.Errorf("events %v, want loan.issued, tag.unverified and return.incomplete", got)
	}
	if ws := d.wanted(1, 2); len(ws) != 0 {
		t.Errorf("wishes %v remain", ws)
	}
	if r := d.settle(circ.Wish{UID: uid(2), Tx: back.Tx}); len(r) != 0 {
		t.Errorf("a late confirmation closed %v", r)
	}
}

func TestATagInDoubtThatIsSeenQuietIsVerifiedOnce(t *testing.T) {
	d := newDesk(t)
	issue := d.record(d.ask(circ.Issue, "a", tags(1)))[0]
	if _, err := d.Drop(context.Background(), d.now, issue.Tx); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		if told, err := d.Verify(context.Background(), d.now, d.visit, uid(1)); err != nil || told != want {
			t.Errorf("time %d: told %v, %v, want %v", i+1, told, err, want)
		}
	}
	d.expect(contract.LoanIssued, contract.TagUnverified, contract.TagVerified)
}

func TestATagInDoubtWhoseLoanIsOverIsNoNews(t *testing.T) {
	d := newDesk(t)
	issue := d.record(d.ask(circ.Issue, "a", tags(1)))[0]
	if _, err := d.Drop(context.Background(), d.now, issue.Tx); err != nil {
		t.Fatal(err)
	}
	d.record(d.ask(circ.Return, "a", nil))
	if told, err := d.Verify(context.Background(), d.now, d.visit, uid(1)); err != nil || told {
		t.Errorf("told %v, %v, want nothing", told, err)
	}
}

func TestAnOldQuietWishIsDrainedOnlyForItsBorrower(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", tags(1)))
	d.reboot(time.Minute)
	if ws := d.wanted(1); len(ws) != 0 {
		t.Fatalf("after a power cut %v is wanted with nobody there", ws)
	}
	never := func(circ.ItemID) bool { return false }
	if rs, err := d.Resume(context.Background(), d.now, circ.CardKey{9}, d.visit, never); err != nil || len(rs) != 0 {
		t.Fatalf("another card resumes %v, %v", rs, err)
	}
	if rs, err := d.Resume(context.Background(), d.now, d.ada.Key, d.visit, never); err != nil || len(rs) != 1 {
		t.Fatalf("the borrower resumes %v, %v, want the one issue", rs, err)
	}
	if ws := d.wanted(1); len(ws) != 1 {
		t.Fatalf("wishes %v, want the quiet one", ws)
	}
}

func TestTooLateOrOvertakenIsNeverQuieted(t *testing.T) {
	cases := []struct {
		name string
		off  time.Duration
		boot int
		void bool
	}{
		{name: "after sixteen minutes", off: 16 * time.Minute, boot: 1},
		{name: "after the second boot", off: time.Minute, boot: 2},
		{name: "the clock went back", off: -time.Hour, boot: 1},
		{name: "staff have returned it", off: time.Minute, boot: 1, void: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.record(d.ask(circ.Issue, "a", tags(1)))
			for range c.boot {
				d.reboot(c.off / time.Duration(c.boot))
			}
			rs, err := d.Resume(context.Background(), d.now, d.ada.Key, d.visit, func(circ.ItemID) bool { return c.void })
			if err != nil || len(rs) != 1 || rs[0].State != circ.Unverified {
				t.Fatalf("resume: %+v, %v, want unverified", rs, err)
			}
			d.expect(contract.LoanIssued, contract.TagUnverified)
			if ws := d.wanted(1); len(ws) != 0 {
				t.Errorf("still wanted: %v", ws)
			}
		})
	}
}

func TestIntentsEndWhenTheirTagsDoNotCome(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Return, "a", tags(1)))
	d.reboot(time.Hour)
	if ws := d.wanted(1); len(ws) != 1 || ws[0].Want != circ.Loud {
		t.Fatalf("after a power cut %v, want the loud wish", ws)
	}
	if rs, err := d.Expire(context.Background(), d.now, d.visit); err != nil || len(rs) != 0 {
		t.Fatalf("expired at once: %v, %v", rs, err)
	}
	d.pass(3 * time.Minute)
	if rs, err := d.Expire(context.Background(), d.now, d.visit); err != nil || len(rs) != 1 || rs[0].State != circ.Incomplete {
		t.Fatalf("expire: %v, %v, want incomplete", rs, err)
	}
	d.expect(contract.ReturnIncomplete)
}

func TestLimitsCountWithinThePile(t *testing.T) {
	d := newDesk(t)
	limit := func(at circ.Moment, r circ.Request, f circ.Facts) circ.Decision {
		if f.Own.Loans >= 2 {
			return circ.Decision{Verdict: circ.No, Reason: circ.ItemLimit}
		}
		return yes(at, r, f)
	}
	pile := []circ.Request{d.ask(circ.Issue, "a", nil), d.ask(circ.Issue, "b", nil), d.ask(circ.Issue, "c", nil)}
	rs, err := d.Record(context.Background(), d.now, pile, circ.Facts{}, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []circ.State{circ.Done, circ.Done, circ.Refused} {
		if rs[i].State != want {
			t.Errorf("item %d: %v, want %v", i, rs[i].State, want)
		}
	}
}

func TestOwnFactsCountUntilTheyAreFolded(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", nil))
	pos, err := d.Position(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		folded uint64
		want   bool
	}{{0, true}, {1, false}} {
		var got circ.Facts
		see := func(at circ.Moment, r circ.Request, f circ.Facts) circ.Decision {
			got = f
			return circ.Decision{Verdict: circ.No}
		}
		f := circ.Facts{Epoch: pos.Epoch, Folded: c.folded}
		if _, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Issue, "a", nil)}, f, see); err != nil {
			t.Fatal(err)
		}
		if _, own := got.Own.Items["a"]; own != c.want {
			t.Errorf("folded %d: own fact %v, want %v", c.folded, own, c.want)
		}
	}
}

func TestAnotherLibrarysTagIsNeverWritten(t *testing.T) {
	d := newDesk(t)
	foreign := func(at circ.Moment, r circ.Request, f circ.Facts) circ.Decision {
		return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.HelpShelf, Flags: []circ.Reason{circ.ItemForeign}}
	}
	rs, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Return, "theirs", tags(1))}, circ.Facts{}, foreign)
	if err != nil || rs[0].State != circ.Done || len(d.wanted(1)) != 0 {
		t.Errorf("%+v, %v, wishes %v: want done and nothing wanted of the tag", rs, err, d.wanted(1))
	}
	d.expect(contract.LoanReturned)
}

func TestAnItemLentByItsBarcodeIsQuietedWithoutASecondLoan(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", nil))
	yours := func(circ.Moment, circ.Request, circ.Facts) circ.Decision {
		return circ.Decision{Verdict: circ.Already, Reason: circ.ItemAlreadyYours}
	}
	rs, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Issue, "a", tags(1))}, circ.Facts{}, yours)
	if err != nil || rs[0].State != circ.Pending {
		t.Fatalf("%+v, %v, want pending", rs, err)
	}
	if r := d.settle(d.wanted(1)...); r[0].State != circ.Done {
		t.Errorf("after the read-back: %+v, want done", r)
	}
	d.expect(contract.LoanIssued)
}

func TestAskingTwiceIsOneAct(t *testing.T) {
	d := newDesk(t)
	first := d.record(d.ask(circ.Issue, "a", tags(1)))[0]
	second := d.record(d.ask(circ.Issue, "a", tags(1)))[0]
	if first.Tx != second.Tx {
		t.Errorf("two transactions for one act")
	}
	d.expect(contract.LoanIssued)
}

func TestOnlyCentralsWordRetiresAnEvent(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", nil), d.ask(circ.Issue, "b", nil))
	b, err := d.Unsent(context.Background(), 1)
	if err != nil || b.From != 1 || b.To != 1 {
		t.Fatalf("batch %d to %d, %v, want event 1", b.From, b.To, err)
	}
	after := b.Prev.Walk(1, b.Raw())
	if err := d.Acked(context.Background(), b.Epoch, 1, contract.Hash{7}); !errors.Is(err, ledger.ErrDiverged) {
		t.Fatalf("a foreign hash: %v, want %v", err, ledger.ErrDiverged)
	}
	d.expect(contract.LoanIssued, contract.LoanIssued)
	if err := d.Acked(context.Background(), b.Epoch, 1, after); err != nil {
		t.Fatal(err)
	}
	d.expect(contract.LoanIssued)
}

func TestANewEpochKeepsEveryUnacknowledgedEvent(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", nil), d.ask(circ.Issue, "b", nil), d.ask(circ.Issue, "c", nil))
	old, _ := d.Unsent(context.Background(), 1)
	if err := d.Acked(context.Background(), old.Epoch, 1, old.Prev.Walk(1, old.Raw())); err != nil {
		t.Fatal(err)
	}
	if err := d.NewEpoch(context.Background(), d.now); err != nil {
		t.Fatal(err)
	}
	b, err := d.Unsent(context.Background(), 100)
	if err != nil || b.Epoch == old.Epoch || b.From != 1 || b.To != 2 || b.Prev != (contract.Hash{}) {
		t.Fatalf("batch %+v, %v, want events 1 and 2 of a new epoch", b, err)
	}
	e := d.events()[1]
	var data contract.Loan
	if err := json.Unmarshal(e.Data, &data); err != nil || data.Item != "c" {
		t.Fatalf("event 2 is of %v, %v, want c", data.Item, err)
	}
	if card, err := contract.Unseal(d.open, "syston-1", e.Tx, e.Type, data.Who); err != nil || card != d.ada.Card {
		t.Errorf("central reads %v, %v after the renumbering", card, err)
	}
	d.reboot(time.Second)
	d.expect(contract.LoanIssued, contract.LoanIssued)
}

func TestACutBeforeOrAfterTheCommitIsKnownAfterwards(t *testing.T) {
	cut := errors.New("power cut")
	for step, want := range map[string]int{"before record": 0, "after record": 1} {
		t.Run(step, func(t *testing.T) {
			d := newDesk(t)
			d.o.Step = func(s string) error {
				if s == step {
					return cut
				}
				return nil
			}
			d.reboot(time.Second)
			_, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Issue, "a", tags(1))}, circ.Facts{}, yes)
			if !errors.Is(err, cut) {
				t.Fatalf("record: %v, want the cut", err)
			}
			d.o.Step = nil
			d.reboot(time.Second)
			if got := len(d.types()); got != want {
				t.Errorf("%d events after power-on, want %d", got, want)
			}
		})
	}
}

func TestNoCardNumberLiesInTheFile(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", tags(1)))
	d.Close()
	for _, name := range []string{d.path, d.path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(d.ada.Card)) {
			t.Errorf("%s holds the card number", filepath.Base(name))
		}
	}
}

// A return of what is in already is written down: another kiosk may have lent it
// since this one heard. The same barcode twice in one visit is one return.
func TestAReturnOfWhatIsInIsAFact(t *testing.T) {
	d := newDesk(t)
	in := func(circ.Moment, circ.Request, circ.Facts) circ.Decision {
		return circ.Decision{Verdict: circ.Already, Reason: circ.ItemNotOnLoan, Shelf: circ.Bin}
	}
	for range 2 {
		rs, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Return, "a", nil)}, circ.Facts{}, in)
		if err != nil || rs[0].State != circ.Done || rs[0].Decision.Verdict != circ.Already {
			t.Fatalf("%+v, %v, want done already", rs, err)
		}
	}
	d.expect(contract.LoanReturned)
}
