package record

import (
	"encoding/json"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// renewAll gives everything that a card has on loan more time, as far as the
// rules let it. Here alone central decides: nothing was handed over and no
// date was shown, so no fact is denied. The borrower hears of it by a message.
func (a act) renewAll() (verdict, error) {
	var d contract.RenewAll
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no request for renewals: "+err.Error()), nil
	}
	card, v, done, err := a.asked(d.Who)
	if done || err != nil {
		return v, err
	}
	w, err := a.renewing(card, &v)
	if err != nil {
		return v, err
	}
	loans, err := a.tx.OpenLoans(card)
	if err != nil {
		return v, err
	}
	renewed, refused := 0, 0
	for _, l := range loans {
		if !a.follows(l) {
			continue // borrowed after the borrower asked
		}
		why, err := w.renew(l)
		switch {
		case err != nil:
			return v, err
		case why == circ.OK:
			renewed++
		default:
			refused++
			v.out = Changed
			if v.reason == "" {
				v.reason = why
			}
		}
	}
	return v, a.answer(card, renewed, refused, &v)
}

// answer is what the borrower is told. The answer to the last asking replaces
// those before it.
func (a act) answer(card circ.Card, renewed, refused int, v *verdict) error {
	code := contract.MsgRenewedAll
	switch {
	case renewed+refused == 0:
		v.out, v.reason = Changed, circ.ItemNotOnLoan
		return nil // all has come back meanwhile
	case renewed == 0:
		code = contract.MsgRenewedNone
	case refused > 0:
		code = contract.MsgRenewedPart
	}
	for _, old := range []string{contract.MsgRenewedAll, contract.MsgRenewedPart, contract.MsgRenewedNone} {
		if err := a.tx.Untell(card, old); err != nil {
			return err
		}
	}
	return a.tx.Tell(card, code, a.at)
}

// asked opens the card of a wish and marks the wish as heard. done says that
// the verdict stands and nothing is left to do.
func (a act) asked(who contract.Sealed) (card circ.Card, v verdict, done bool, err error) {
	card, err = a.unseal(a.stored, a.event, who)
	if err != nil || checkItem(circ.ItemID(card)) != "" {
		return "", parked(Unsealable, "its card number cannot be opened with this central's key; was the kiosk enrolled elsewhere?"), true, nil
	}
	before, err := a.mark()
	if err != nil || before {
		return card, accepted(Duplicate), true, err
	}
	return card, verdict{out: Accepted, card: card}, false, nil
}

// renewing is one request for renewals being decided.
type renewing struct {
	act
	rules    *circ.RuleBook
	calendar circ.Calendar
	borrower Borrower
	why      circ.Reason // not OK: nothing at all is renewed
	today    time.Time   // in the venue
}

func (a act) renewing(card circ.Card, v *verdict) (w renewing, err error) {
	w = renewing{act: a, why: circ.OK}
	if w.borrower, err = a.borrower(card, v); err != nil {
		return w, err
	}
	if w.rules, err = a.tx.Rules(a.stored.Venue); err != nil {
		return w, err
	}
	if w.calendar, err = a.tx.Calendar(a.stored.Venue); err != nil {
		return w, err
	}
	w.today = a.at.In(Zone(w.rules))
	if a.doubtful {
		w.today = a.stored.Received.In(Zone(w.rules))
	}
	switch b := w.borrower; {
	case w.rules == nil:
		w.why = circ.NoRules
	case b.Blocked || categoryRule(w.rules, b.Category).NoIssue:
		w.why = circ.BorrowerBlocked
	case b.Expires != "" && w.today.Format(time.DateOnly) > b.Expires:
		w.why = circ.BorrowerExpired
	}
	return w, nil
}

// renew decides one loan. One that already runs as long as a renewal would let
// it is renewed enough, and keeps its renewal for later.
func (w renewing) renew(l Loan) (circ.Reason, error) {
	if w.why != circ.OK {
		return w.why, nil
	}
	waiting, err := w.tx.Holds(l.Item)
	if err != nil {
		return "", err
	}
	for _, h := range waiting {
		if h.Card != l.Card {
			return circ.ItemHeld, nil
		}
	}
	class := classRule(w.rules, l.Class)
	due, ok := w.due(class)
	switch {
	case !ok:
		return circ.NoRules, nil
	case due.Format(time.DateOnly) <= l.Due.In(due.Location()).Format(time.DateOnly):
		return circ.OK, nil
	case l.Renewals >= class.Renewals:
		return circ.RenewLimit, nil
	}
	l.Due, l.Provisional = due, false
	l.Renewed, l.Renewals = w.day(), l.Renewals+1
	return circ.OK, w.tx.PutLoan(l)
}

// maxClosed is how many closed days in a row a date is moved over, as at the
// kiosks.
const maxClosed = 60

// due is the end of a loan renewed today: the last second of an open day.
func (w renewing) due(class circ.ClassRule) (time.Time, bool) {
	days := class.Days
	if n, ok := class.ByCat[w.borrower.Category]; ok {
		days = n
	}
	if days < 1 {
		return time.Time{}, false
	}
	for i := range maxClosed + 1 {
		d := time.Date(w.today.Year(), w.today.Month(), w.today.Day()+days+i, 23, 59, 59, 0, w.today.Location())
		if !w.calendar.On(d).Closed {
			return d, true
		}
	}
	return time.Time{}, false
}
