package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// said gives the events of a type, with their data.
func said[T any](d *desk, t contract.EventType) (events []contract.Event, data []T) {
	d.t.Helper()
	b, err := d.Unsent(context.Background(), 100)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, raw := range b.Events {
		var e contract.Event
		var v T
		if err := json.Unmarshal(raw, &e); err != nil {
			d.t.Fatal(err)
		}
		if e.Type != t {
			continue
		}
		if err := json.Unmarshal(e.Data, &v); err != nil {
			d.t.Fatal(err)
		}
		events, data = append(events, e), append(data, v)
	}
	return events, data
}

// unseals checks that central can read who said it.
func (d *desk) unseals(e contract.Event, s contract.Sealed) {
	d.t.Helper()
	card, err := contract.Unseal(d.open, d.o.Kiosk, e.Tx, e.Type, s)
	if err != nil || card != d.ada.Card {
		d.t.Errorf("%s: the card does not open: %v", e.Type, err)
	}
}

func TestAskingForRenewalsIsOneEventAVisit(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		if err := d.AskRenew(context.Background(), d.now, d.visit, d.ada); err != nil {
			t.Fatal(err)
		}
	}
	events, asked := said[contract.RenewAll](d, contract.RenewAsked)
	if len(events) != 1 || events[0].Visit != d.visit || events[0].Tx == (circ.Tx{}) {
		t.Fatalf("got %+v, want one event of the visit", events)
	}
	d.unseals(events[0], asked[0].Who)

	d.reboot(time.Hour)
	if err := d.AskRenew(context.Background(), d.now, d.visit, d.ada); err != nil {
		t.Fatal(err)
	}
	if events, _ := said[contract.RenewAll](d, contract.RenewAsked); len(events) != 2 {
		t.Errorf("got %d events, want another for another visit", len(events))
	}
}

func TestOnlyNewsIsWrittenDownAsTold(t *testing.T) {
	d := newDesk(t)
	feed := circ.FeedVersion{Generation: 1, Version: 42}
	tell := func(codes ...string) {
		t.Helper()
		if err := d.Told(context.Background(), d.now, d.visit, d.ada, feed, codes); err != nil {
			t.Fatal(err)
		}
	}
	tell(contract.MsgOverdue, contract.MsgHoldReady)
	if events, _ := said[contract.Told](d, contract.BorrowerTold); len(events) != 0 {
		t.Fatalf("got %+v, want nothing: both stay as long as they are so", events)
	}
	tell(contract.MsgOverdue, contract.MsgLoanChanged, contract.MsgRenewedAll)
	tell(contract.MsgRenewedAll, contract.MsgLoanChanged)
	events, told := said[contract.Told](d, contract.BorrowerTold)
	if len(events) != 1 || events[0].Feed != feed || fmt.Sprint(told[0].Codes) != "[renewed-all loan-changed]" {
		t.Fatalf("got %+v %+v, want both codes once, of version 42", events, told)
	}
	d.unseals(events[0], told[0].Who)
}

func TestStaffAreToldOnceAVisit(t *testing.T) {
	d := newDesk(t)
	notice := func(why contract.NoticeWhy, items ...circ.ItemID) {
		t.Helper()
		if err := d.Notice(context.Background(), d.now, d.visit, contract.Notice{Why: why, Items: items}); err != nil {
			t.Fatal(err)
		}
	}
	notice(contract.NoticeHelp)
	notice(contract.NoticeHelp)
	notice(contract.NoticeLeftBehind, "a", "b")
	notice(contract.NoticeLeftBehind, "b", "a")
	notice(contract.NoticeLeftBehind, "c")
	events, notices := said[contract.Notice](d, contract.StaffNotice)
	var got []string
	for _, n := range notices {
		got = append(got, fmt.Sprint(n.Why, n.Items))
	}
	if want := "help-wanted[] left-behind[a b] left-behind[c]"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, e := range events {
		if strings.Contains(string(e.Data), "who") {
			t.Errorf("a borrower is in it: %s", e.Data)
		}
	}
	d.visit = uuid.New()
	notice(contract.NoticeHelp)
	if events, _ := said[contract.Notice](d, contract.StaffNotice); len(events) != 4 {
		t.Errorf("got %d events, want another in another visit", len(events))
	}
}

func TestALongReceiptIsAskedForInOneCommit(t *testing.T) {
	d := newDesk(t)
	var lines []contract.ReceiptLine
	for i := range contract.MaxReceiptLines + 5 {
		lines = append(lines, contract.ReceiptLine{Item: circ.ItemID(fmt.Sprintf("%064d", i)), Kind: circ.Issue, Due: d.now.Wall})
	}
	for range 2 {
		if err := d.AskReceipt(context.Background(), d.now, d.visit, d.ada, lines); err != nil {
			t.Fatal(err)
		}
	}
	events, asked := said[contract.ReceiptAsked](d, contract.ReceiptWanted)
	if len(events) != 2 || len(asked[0].Lines) != contract.MaxReceiptLines || len(asked[1].Lines) != 5 {
		t.Fatalf("got %d events, want the list once, in two", len(events))
	}
	d.unseals(events[1], asked[1].Who)
	if err := d.AskReceipt(context.Background(), d.now, d.visit, d.ada, nil); err != nil {
		t.Errorf("an empty list: %v", err)
	}
}

func TestAPowerCutLeavesAWishWholeOrNot(t *testing.T) {
	for _, point := range []string{"before ask-renew", "after ask-renew"} {
		d := newDesk(t)
		cut := errors.New("cut")
		d.Close()
		d.o.Step = func(name string) error {
			if name == point {
				return cut
			}
			return nil
		}
		d.start()
		if err := d.AskRenew(context.Background(), d.now, d.visit, d.ada); !errors.Is(err, cut) {
			t.Fatalf("%s: got %v", point, err)
		}
		d.o.Step = nil
		d.Close()
		d.start()
		want := 0
		if strings.HasPrefix(point, "after") {
			want = 1
		}
		if events, _ := said[contract.RenewAll](d, contract.RenewAsked); len(events) != want {
			t.Errorf("%s: got %d events, want %d", point, len(events), want)
		}
	}
}

func TestOnAFullDiskOnlyReturnsAreWritten(t *testing.T) {
	d := newDesk(t)
	d.Close()
	d.o.Reserve = 1 << 62 // no disk has room for it
	d.start()
	ctx := context.Background()
	for name, err := range map[string]error{
		"renew":   d.AskRenew(ctx, d.now, d.visit, d.ada),
		"receipt": d.AskReceipt(ctx, d.now, d.visit, d.ada, []contract.ReceiptLine{{Item: "a", Kind: circ.Issue}}),
		"told":    d.Told(ctx, d.now, d.visit, d.ada, circ.FeedVersion{}, []string{contract.MsgRenewedAll}),
		"notice":  d.Notice(ctx, d.now, d.visit, contract.Notice{Why: contract.NoticeHelp}),
	} {
		if !errors.Is(err, ledger.ErrFull) {
			t.Errorf("%s: got %v, want ErrFull", name, err)
		}
	}
}

// A set that comes back with a part missing is no return, and not nothing: its
// loan stays open, and staff hear where it is.
func TestASetLeftWithPartsMissingIsToldOnce(t *testing.T) {
	d := newDesk(t)
	set := circ.Request{Kind: circ.Return, Visit: d.visit, Who: d.ada, Item: "2001", Tags: []circ.SeenTag{{UID: drivers.UID{0xE0, 1}, Part: 1, Of: 3}}}
	for range 2 {
		if err := d.LeftIncomplete(context.Background(), d.now, set, circ.FeedVersion{Generation: 1, Version: 7}); err != nil {
			t.Fatal(err)
		}
	}
	events, data := said[contract.Returned](d, contract.ReturnIncomplete)
	if len(events) != 1 || data[0].Item != "2001" || data[0].Shelf != circ.HelpShelf || len(data[0].Tags) != 1 || data[0].Began.IsZero() {
		t.Fatalf("got %+v, want one event that names the set, its tag and the shelf", data)
	}
	d.unseals(events[0], data[0].Who)
}
