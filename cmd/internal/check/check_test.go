package check_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

var (
	epoch = uuid.UUID{1}
	loans = map[circ.ItemID]circ.Tx{"30001": {11}, "30002": {12}}
)

const card circ.Card = "20001"

func uid(n byte) drivers.UID { return drivers.UID{0xE0, 4, 1, 0, 0, 0, 0, n} }

// evening is what three witnesses say when all is well: 30001 and 30002 were
// lent, 30002 came back, 30003 stayed on the shelf.
func evening() check.Reading {
	r := check.Reading{
		Tags: []check.Tag{
			{UID: uid(1), Item: "30001", Part: 1, Of: 1, AFI: 0xC2, Says: circ.Quiet},
			{UID: uid(2), Item: "30002", Part: 1, Of: 1, AFI: 0x07, Says: circ.Loud},
			{UID: uid(3), Item: "30003", Part: 1, Of: 1, AFI: 0x07, Says: circ.Loud},
		},
		Ledger: ledger.Report{Epoch: epoch, Acked: map[circ.Epoch]uint64{epoch: 3}, Base: map[circ.Epoch]uint64{epoch: 0},
			Loans: map[circ.ItemID]ledger.OnLoan{"30001": {Tx: loans["30001"], Epoch: epoch, N: 1}}},
		Central: check.Central{Loans: []check.Loan{{Tx: loans["30001"], Item: "30001", Card: card}}},
		Told: []check.Told{{Item: "30001", Kind: circ.Issue, Card: card}, {Item: "30002", Kind: circ.Issue, Card: card},
			{Item: "30002", Kind: circ.Return}},
	}
	for n, e := range []contract.Event{
		{N: 1, Type: contract.LoanIssued, Tx: loans["30001"], Data: data("30001")},
		{N: 2, Type: contract.LoanIssued, Tx: loans["30002"], Data: data("30002")},
		{N: 3, Type: contract.LoanReturned, Tx: circ.Tx{13}, Data: data("30002")},
	} {
		body, _ := json.Marshal(e)
		item := circ.ItemID(fmt.Sprintf("3000%d", min(n+1, 2)))
		r.Ledger.Events = append(r.Ledger.Events, ledger.AuditedEvent{Body: body,
			Entry: ledger.Entry{Epoch: epoch, N: e.N, Type: e.Type, Tx: e.Tx, Item: item, Acked: true}})
		r.Central.Events = append(r.Central.Events, check.Event{Epoch: epoch, N: e.N, Body: slices.Clone(body)})
	}
	return r
}

func data(item string) json.RawMessage { return json.RawMessage(`{"item":"` + item + `"}`) }

func TestAllIsWell(t *testing.T) {
	v := check.AtRest(evening())
	if !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
	want := "3 events acknowledged, 0 lost, 0 doubled, 3 tags agree with the ledger"
	if got := v.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each way in which something can be wrong is found, and named.
func TestEveryHarmIsFound(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*check.Reading)
		want string // in the harms
		sum  string // in the summary; "" not looked at
	}{
		{"an acknowledged event is gone", func(r *check.Reading) { r.Central.Events = r.Central.Events[:2] },
			"was acknowledged and central does not have it", "3 events acknowledged, 1 lost"},
		{"an event has changed on its way", func(r *check.Reading) { r.Central.Events[1].Body[5] ^= 1 }, "is not the same at central", "1 lost"},
		{"central passed over a number", func(r *check.Reading) { r.Central.Events = slices.Delete(r.Central.Events, 1, 2) },
			"central has event 3 and not event 2", "1 lost"},
		{"central has an act twice", func(r *check.Reading) {
			r.Central.Events = append(r.Central.Events, check.Event{Epoch: epoch, N: 4, Body: r.Central.Events[0].Body})
		}, "is at central as event 1 and as event 4", "1 doubled"},
		{"central has what nobody sent", func(r *check.Reading) {
			body, _ := json.Marshal(contract.Event{N: 4, Type: contract.LoanIssued, Tx: circ.Tx{99}, Data: data("30003")})
			r.Central.Events = append(r.Central.Events, check.Event{Epoch: epoch, N: 4, Body: body})
		}, "is at central and not in the ledger", ""},
		{"a tag is quiet and nobody has the book", func(r *check.Reading) { r.Tags[2].AFI, r.Tags[2].Says = 0xC2, circ.Quiet },
			"nobody has borrowed it", "2 of 3 tags agree"},
		{"a quiet wish without a loan", func(r *check.Reading) {
			r.Ledger.Wishes = []circ.Wish{{UID: uid(3), Want: circ.Quiet, Item: "30003"}}
		}, "to become quiet and nobody has borrowed it", "2 of 3 tags agree"},
		{"a lent book is loud", func(r *check.Reading) { r.Tags[0].AFI, r.Tags[0].Says = 0x07, circ.Loud }, "the gate sounds", "2 of 3 tags agree"},
		{"a tag says neither", func(r *check.Reading) { r.Tags[1].AFI, r.Tags[1].Says = 0xC7, "" }, "it says neither", "2 of 3 tags agree"},
		{"an event was not sent", func(r *check.Reading) { r.Ledger.Events[2].Acked = false }, "1 events are not acknowledged", ""},
		{"a tag is still open", func(r *check.Reading) {
			r.Ledger.Wishes = []circ.Wish{{UID: uid(2), Want: circ.Loud, Item: "30002"}}
		}, "is still to become loud", ""},
		{"central has no loan of it", func(r *check.Reading) { r.Central.Loans = nil }, "on loan in the ledger and not at central", ""},
		{"central still has the loan", func(r *check.Reading) {
			r.Central.Loans = append(r.Central.Loans, check.Loan{Tx: loans["30002"], Item: "30002", Card: card})
		}, "told that item 0002 is returned, and central still has the loan", ""},
		{"central has the loan twice", func(r *check.Reading) {
			r.Central.Loans = append(r.Central.Loans, check.Loan{Tx: circ.Tx{77}, Item: "30001", Card: card})
		}, "on loan twice", "1 doubled"},
		{"on another card", func(r *check.Reading) { r.Central.Loans[0].Card = "20002" }, "on another card than was told", ""},
		{"nobody was told", func(r *check.Reading) { r.Told = r.Told[1:] }, "on loan and nobody was told", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := evening()
			c.do(&r)
			v := check.AtRest(r)
			if v.OK() {
				t.Fatal("nothing was found")
			}
			all := fmt.Sprint(v.Harms)
			if !strings.Contains(all, c.want) {
				t.Errorf("harms %s, want one that says %q", all, c.want)
			}
			if !strings.Contains(v.String(), c.sum) {
				t.Errorf("summary %q, want %q in it", v, c.sum)
			}
		})
	}
}

func TestWhatIsOnItsWayIsNoHarmInTheDark(t *testing.T) {
	r := evening()
	r.Ledger.Events[2].Acked = false
	r.Central.Events = r.Central.Events[:2]
	r.Ledger.Loans["30002"] = ledger.OnLoan{Tx: loans["30002"], Epoch: epoch, N: 2}
	r.Ledger.Wishes = []circ.Wish{{UID: uid(2), Want: circ.Loud, Item: "30002"}}
	if v := check.InTheDark(r); !v.OK() || v.Acked != 2 {
		t.Errorf("%v, harms %v, want none", v, v.Harms)
	}
	r.Tags[1].AFI, r.Tags[1].Says = 0xC7, "" // torn, and the wish will mend it
	if v := check.InTheDark(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
}

func TestATagThatWasReportedMayBeLoud(t *testing.T) {
	r := evening()
	r.Tags[0].AFI, r.Tags[0].Says = 0x07, circ.Loud
	r.Ledger.Events = append(r.Ledger.Events, ledger.AuditedEvent{Tags: []contract.TagRef{{UID: uid(1)}},
		Entry: ledger.Entry{Epoch: epoch, N: 4, Type: contract.TagUnverified, Tx: loans["30001"], Item: "30001"}})
	if v := check.InTheDark(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
}

func TestATagOfABrokenReturnMayBeLoud(t *testing.T) {
	r := evening()
	r.Tags[0].AFI, r.Tags[0].Says = 0x07, circ.Loud
	broken := ledger.AuditedEvent{Tags: []contract.TagRef{{UID: uid(1)}},
		Entry: ledger.Entry{Epoch: epoch, N: 4, Type: contract.ReturnIncomplete, Tx: circ.Tx{44}, Item: "30001"}}
	r.Ledger.Events = append(r.Ledger.Events, broken)
	if v := check.InTheDark(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
	again := broken
	again.N, again.Type, again.Tx = 5, contract.LoanIssued, loans["30001"]
	r.Ledger.Events = append(r.Ledger.Events, again)
	if v := check.InTheDark(r); v.OK() {
		t.Error("a loud tag was excused by a return before its loan")
	}
}

func TestPartsOfASetComeBackOneByOne(t *testing.T) {
	r := evening()
	r.Tags[0] = check.Tag{UID: uid(1), Item: "30001", Part: 1, Of: 2, AFI: 0x07, Says: circ.Loud}
	r.Tags = append(r.Tags, check.Tag{UID: uid(4), Item: "30001", Part: 2, Of: 2, AFI: 0xC2, Says: circ.Quiet})
	r.Ledger.Wishes = []circ.Wish{{UID: uid(4), Want: circ.Loud, Item: "30001", Part: 2, Of: 2}}
	if v := check.InTheDark(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
}

func TestARenewedLoanIsTheSameLoan(t *testing.T) {
	r := evening()
	body, _ := json.Marshal(contract.Event{N: 4, Type: contract.LoanRenewed, Tx: circ.Tx{14}, Data: data("30001")})
	r.Ledger.Events = append(r.Ledger.Events, ledger.AuditedEvent{Body: body,
		Entry: ledger.Entry{Epoch: epoch, N: 4, Type: contract.LoanRenewed, Tx: circ.Tx{14}, Item: "30001", Acked: true}})
	r.Central.Events = append(r.Central.Events, check.Event{Epoch: epoch, N: 4, Body: body})
	r.Ledger.Loans["30001"] = ledger.OnLoan{Tx: circ.Tx{14}, Epoch: epoch, N: 4}
	if v := check.AtRest(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
}

func TestWhatWasPrunedCannotBeHeldAgainstATag(t *testing.T) {
	r := evening()
	r.Tags[0].AFI, r.Tags[0].Says = 0x07, circ.Loud
	r.Ledger.Events, r.Ledger.Base[epoch] = r.Ledger.Events[1:], 1
	if v := check.InTheDark(r); !v.OK() {
		t.Errorf("harms %v, want none", v.Harms)
	}
}

// putBack is the evening of a kiosk whose disk was put back to before event 2,
// and which has said the rest again in a new epoch: 30002 was lent and came back
// in a life that the ledger has forgotten.
func putBack() check.Reading {
	r := evening()
	next := uuid.UUID{2}
	life := r.Ledger
	life.Events = slices.Clone(r.Ledger.Events)
	r.Lives = []ledger.Report{life}
	said := r.Central.Events[0]
	r.Ledger.Events = []ledger.AuditedEvent{r.Ledger.Events[0]}
	r.Ledger.Events[0].Epoch, r.Ledger.Epoch = next, next
	r.Ledger.Acked = map[circ.Epoch]uint64{next: 1}
	r.Central.Events = append(r.Central.Events, check.Event{Epoch: next, N: 1, Body: said.Body, Again: true})
	return r
}

func TestAnotherLifeOfTheLedgerIsAWitness(t *testing.T) {
	if v := check.AtRest(putBack()); !v.OK() || v.Acked != 3 {
		t.Errorf("%s, harms %v, want none", v, v.Harms)
	}
	for name, spoil := range map[string]func(*check.Reading){
		"central took a repetition for another act": func(r *check.Reading) { r.Central.Events[3].Again = false },
		"central has lost what another life knows":  func(r *check.Reading) { r.Central.Events = slices.Delete(r.Central.Events, 2, 3) },
		"central has what no life knows":            func(r *check.Reading) { r.Lives = nil },
		"a tag is quiet that a forgotten return made loud": func(r *check.Reading) {
			r.Tags[1].AFI, r.Tags[1].Says = 0xC2, circ.Quiet
		},
	} {
		r := putBack()
		spoil(&r)
		if v := check.AtRest(r); v.OK() {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

// A ledger forgets after thirty days that a loan was renewed; central does not.
func TestARenewalThatWasPrunedIsNoHarm(t *testing.T) {
	r := evening()
	renewal := circ.Tx{14}
	body, _ := json.Marshal(contract.Event{N: 4, Type: contract.LoanRenewed, Tx: renewal, Data: data("30001")})
	r.Central.Events = append(r.Central.Events, check.Event{Epoch: epoch, N: 4, Body: body})
	r.Ledger.Loans["30001"] = ledger.OnLoan{Tx: renewal, Epoch: epoch, N: 4}
	r.Ledger.Events = []ledger.AuditedEvent{{Entry: ledger.Entry{Epoch: epoch, N: 5, Type: contract.TagUnverified, Item: "30001"}}}
	r.Ledger.Base[epoch] = 4
	for _, h := range check.AtRest(r).Harms {
		if strings.Contains(h.What, "by another at central") {
			t.Error(h)
		}
	}
	r.Central.Loans[0].Tx, r.Ledger.Loans["30001"] = circ.Tx{77}, ledger.OnLoan{Tx: circ.Tx{78}, Epoch: epoch, N: 4}
	if all := fmt.Sprint(check.AtRest(r).Harms); !strings.Contains(all, "by another at central") {
		t.Errorf("harms %s, want one of the two transactions", all)
	}
}
