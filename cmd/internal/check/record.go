package check

import (
	"maps"
	"slices"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// record holds central's open loans against the ledger's and against what the
// borrowers were told.
func (r Reading) record(v *Verdict) {
	loans := map[circ.ItemID]Loan{}
	for _, l := range r.Central.Loans {
		if _, twice := loans[l.Item]; twice {
			v.Doubled++
			v.harm("one loan an item", "central has item %s on loan twice", l.Item.Tail())
		}
		loans[l.Item] = l
	}
	r.againstLedger(v, loans)
	r.againstTold(v, loans)
}

// againstLedger wants the same items on loan on both sides, by the same
// transaction, of all that this kiosk has handled.
func (r Reading) againstLedger(v *Verdict, loans map[circ.ItemID]Loan) {
	handled := map[circ.ItemID]bool{}
	for _, e := range r.Ledger.Events {
		handled[e.Item] = true
	}
	renewed := r.renewed()
	elsewhere := r.elsewhere()
	for _, item := range slices.Sorted(maps.Keys(handled)) {
		if elsewhere[item] {
			continue
		}
		ours, here := r.Ledger.Loans[item]
		theirs, there := loans[item]
		switch {
		case here && !there:
			v.harm("central's record is the ledger's", "item %s is on loan in the ledger and not at central", item.Tail())
		case !here && there:
			v.harm("central's record is the ledger's", "item %s is on loan at central and not in the ledger", item.Tail())
		case here && ours.Tx != theirs.Tx && !renewed[ours.Tx]:
			v.harm("central's record is the ledger's", "item %s is on loan by one transaction in the ledger and by another at central", item.Tail())
		}
	}
}

// renewed are the transactions that were renewals: central's loan keeps the one
// that it began with. Central remembers what the ledger has pruned.
func (r Reading) renewed() map[circ.Tx]bool {
	out := map[circ.Tx]bool{}
	for _, e := range r.Ledger.Events {
		out[e.Tx] = e.Type == contract.LoanRenewed
	}
	for _, e := range r.Central.Events {
		if said, ok := read(e.Body); ok && said.Type == contract.LoanRenewed {
			out[said.Tx] = true
		}
	}
	return out
}

// againstTold wants the last thing that was said of each item to be so.
func (r Reading) againstTold(v *Verdict, loans map[circ.ItemID]Loan) {
	last := map[circ.ItemID]Told{}
	for _, t := range r.Told {
		last[t.Item] = t
	}
	for _, item := range slices.Sorted(maps.Keys(last)) {
		t := last[item]
		l, lent := loans[item]
		switch {
		case t.Doubt:
		case t.Kind == circ.Issue && !lent:
			v.harm("what a borrower was told is so", "a borrower was told that item %s is theirs, and central does not have the loan", item.Tail())
		case t.Kind == circ.Issue && l.Card != t.Card:
			v.harm("what a borrower was told is so", "item %s is on another card than was told", item.Tail())
		case t.Kind == circ.Return && lent:
			v.harm("what a borrower was told is so", "a borrower was told that item %s is returned, and central still has the loan", item.Tail())
		}
	}
	for _, item := range slices.Sorted(maps.Keys(loans)) {
		if _, said := last[item]; !said {
			v.harm("what is recorded was told", "item %s is on loan and nobody was told", item.Tail())
		}
	}
}
