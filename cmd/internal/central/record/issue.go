package record

import (
	"encoding/json"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// loan reads what the three loan events have in common, then applies the one.
func (a act) loan() (verdict, error) {
	var d contract.Loan
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no loan: "+err.Error()), nil
	}
	if why := checkItem(d.Item); why != "" {
		return parked(BadID, why), nil
	}
	if a.event.Tx == (circ.Tx{}) {
		return parked(Unreadable, "it names no transaction, so the loan could not be told from another"), nil
	}
	card, err := a.unseal(a.stored, a.event, d.Who)
	if err != nil || checkItem(circ.ItemID(card)) != "" {
		v := parked(Unsealable, "its card number cannot be opened with this central's key; was the kiosk enrolled elsewhere?")
		v.item = d.Item
		return v, nil
	}
	before, err := a.mark()
	if err != nil || before {
		return accepted(Duplicate), err
	}
	v := verdict{out: Accepted, item: d.Item, card: card}
	switch a.event.Type {
	case contract.LoanRenewed:
		err = a.renew(d, card, &v)
	case contract.LoanCancelled:
		err = a.cancel(d, &v)
	default:
		err = a.issue(d, card, &v)
	}
	if v.parked {
		v.tell = contract.MsgLoanRefused
	}
	a.aged(&v)
	return v, err
}

// mark remembers the act by its transaction: a kiosk that had to number its
// events anew sends some of them twice (row 34).
func (a act) mark() (before bool, err error) {
	if a.event.Tx == (circ.Tx{}) {
		return false, nil
	}
	return a.tx.Mark(a.stored.Kiosk, a.event.Tx, a.event.Type)
}

// issue records a loan, unless its transaction is another kiosk's: that loan
// must not be overwritten.
func (a act) issue(d contract.Loan, card circ.Card, v *verdict) error {
	_, taken, err := a.tx.Loan(a.event.Tx)
	if err != nil {
		return err
	}
	if taken {
		v.parked = true
		v.flag(Unreadable, "another loan has the same transaction")
		return nil
	}
	return a.lend(d, card, v)
}

// lend records a loan (rows 1 to 16, 24, 25, 32).
func (a act) lend(d contract.Loan, card circ.Card, v *verdict) error {
	for _, f := range d.Flags {
		if f == circ.ItemCheckParts {
			continue // the borrower was asked to look
		}
		v.flag(f, "the kiosk lent it in spite of this")
	}
	item, err := a.item(d.Item, d.Class, v)
	if err != nil {
		return err
	}
	borrower, err := a.borrower(card, v)
	if err != nil {
		return err
	}
	l := Loan{
		Tx: a.event.Tx, Item: d.Item, Card: card, Class: item.Class, Source: a.source(),
		Start: a.at, Due: d.Due, Provisional: d.Provisional,
	}
	open, found, err := a.tx.OpenLoan(d.Item)
	switch {
	case err != nil:
		return err
	case found && open.Card == card:
		return a.again(open, d, v)
	case found:
		err = a.displace(open, &l, v)
	default:
		err = a.returnedSince(&l, v)
	}
	if err != nil {
		return err
	}
	if l.Open() {
		if err := a.standing(item, borrower, l, v); err != nil {
			return err
		}
	}
	return a.tx.PutLoan(l)
}

// item finds the item, or makes a placeholder for it (row 4).
func (a act) item(id circ.ItemID, class string, v *verdict) (Item, error) {
	it, found, err := a.tx.Item(id)
	if err != nil {
		return it, err
	}
	if !found {
		it = Item{ID: id, Class: clip(class), Placeholder: true}
		err = a.tx.PutItem(it)
	}
	if it.Placeholder {
		v.flag(circ.ItemUnknown, "the catalogue does not know this item; add it, and the case closes at the next import")
		v.share = "item-unknown/" + string(id)
	}
	return it, err
}

// borrower finds the card, or makes a stub for it (row 8).
func (a act) borrower(card circ.Card, v *verdict) (Borrower, error) {
	b, found, err := a.tx.Borrower(card)
	if err != nil {
		return b, err
	}
	if !found {
		b = Borrower{Card: card, Stub: true}
		err = a.tx.PutBorrower(b)
	}
	if b.Stub || b.Gone {
		v.flag(circ.BorrowerUnknown, "no borrower has this card; add it, and the case closes at the next import")
		v.share = "borrower-unknown/" + string(card)
	}
	return b, err
}

// again is an issue to the card that has the item already (row 3): a renewal
// if it comes later and gives more time, else nothing.
func (a act) again(open Loan, d contract.Loan, v *verdict) error {
	v.out, v.reason = Changed, circ.ItemAlreadyYours
	if d.Due.After(open.Due) && a.at.After(open.Start.Add(renewAfter)) {
		open = a.extend(open, d)
	}
	// It may have come back in between, and that arrives later.
	if a.ordered(open.Source) || a.at.After(open.since()) {
		open.Again, open.Source = later(a.at, open.since()), a.source()
	}
	if err := a.tx.PutLoan(open); err != nil {
		return err
	}
	return a.promised(open, d)
}

// promised tells the borrower if the books have another date than the kiosk
// showed.
func (a act) promised(l Loan, d contract.Loan) error {
	rules, err := a.tx.Rules(a.stored.Venue)
	if err != nil || d.Due.IsZero() {
		return err
	}
	date := func(t time.Time) string { return t.In(Zone(rules)).Format(time.DateOnly) }
	if date(l.Due) == date(d.Due) {
		return nil
	}
	return a.tx.Tell(l.Card, contract.MsgDueChanged, a.at)
}

// displace resolves an issue against another card's open loan. A kiosk's own
// acts are in the order of their numbers, whatever its clock said.
func (a act) displace(open Loan, l *Loan, v *verdict) error {
	apart := a.at.Sub(open.since()).Abs()
	if !a.ordered(open.Source) && apart < twinWindow {
		v.urgent = true
		v.flag(Twin, "issued at two kiosks within minutes: look whether two items carry the same number")
	}
	if !a.ordered(open.Source) && open.since().After(a.at) {
		l.End, l.EndedBy, l.EndedTx = open.since(), ByIssue, open.Tx
		v.flag(Late, "a later loan of this item was recorded first; it stays, this one is history")
		return nil
	}
	open.End, open.EndedBy, open.EndedTx = later(a.at, open.Start), ByIssue, l.Tx
	v.flag(OpenLoan, "it was on loan to another card and must have come back unseen; that loan was closed")
	if err := a.tx.PutLoan(open); err != nil {
		return err
	}
	return a.tx.Tell(open.Card, contract.MsgLoanChanged, a.at)
}

// returnedSince closes a loan whose return another kiosk reported first (row 24).
func (a act) returnedSince(l *Loan, v *verdict) error {
	at, from, err := a.tx.LastReturn(l.Item)
	if err != nil || from.Kiosk == "" || a.ordered(from) || !at.After(a.at) {
		return err
	}
	l.End, l.EndedBy = at, ByReturn
	v.out, v.reason = Changed, Returned
	return nil
}

// renew gives an open loan more time (rows 29 to 31). The printed date was a
// promise, so it stands.
func (a act) renew(d contract.Loan, card circ.Card, v *verdict) error {
	open, found, err := a.tx.OpenLoan(d.Item)
	if err != nil {
		return err
	}
	if !found || open.Card != card {
		v.parked = true
		v.flag(RenewNoLoan, "this card does not have the item, so there was nothing to renew")
		return nil
	}
	if open.Renewed == a.day() {
		v.out, v.reason = Changed, circ.OK
	}
	open = a.extend(open, d)
	if err := a.renewable(open, v); err != nil {
		return err
	}
	if err := a.tx.PutLoan(open); err != nil {
		return err
	}
	return a.promised(open, d)
}

// extend moves the due date, never back, and counts one renewal a day.
func (a act) extend(l Loan, d contract.Loan) Loan {
	if d.Due.After(l.Due) {
		l.Due, l.Provisional = d.Due, d.Provisional
	}
	if l.Renewed != a.day() {
		l.Renewed, l.Renewals = a.day(), l.Renewals+1
	}
	return l
}

func (a act) day() string { return a.at.UTC().Format(time.DateOnly) }

// cancel takes back an issue of the same visit. The item is in the building.
func (a act) cancel(d contract.Loan, v *verdict) error {
	l, found, err := a.tx.Loan(d.Of)
	if err != nil {
		return err
	}
	if !found {
		v.flag(CancelNoLoan, "the issue it takes back was never recorded as a loan of its own")
		return nil
	}
	if err := a.tx.PutReturn(d.Item, a.at, a.source()); err != nil {
		return err
	}
	if !l.Open() {
		v.out, v.reason = Changed, Returned
		return nil
	}
	h, filled, err := a.tx.FilledBy(d.Of)
	if err != nil {
		return err
	}
	if filled {
		h.Filled = circ.Tx{}
		if err := a.tx.PutHold(h); err != nil {
			return err
		}
	}
	l.End, l.EndedBy, l.EndedTx = later(a.at, l.Start), ByCancel, a.event.Tx
	return a.tx.PutLoan(l)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
