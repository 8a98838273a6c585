package record

import (
	"encoding/json"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// back reads what the two return events have in common, then applies the one.
// A return needs no card; one that cannot be opened is only flagged.
func (a act) back() (verdict, error) {
	var d contract.Returned
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no return: "+err.Error()), nil
	}
	if why := checkItem(d.Item); why != "" {
		return parked(BadID, why), nil
	}
	before, err := a.mark()
	if err != nil || before {
		return accepted(Duplicate), err
	}
	a = a.since(d.Began)
	v := verdict{out: Accepted, item: d.Item}
	for _, f := range d.Flags {
		if f == circ.ItemNotOnLoan || f == circ.ItemCheckParts {
			continue // nothing for staff to do (row 22); the borrower was asked to look
		}
		v.flag(f, "the kiosk took it back in spite of this")
	}
	if len(d.Who) > 0 {
		if v.card, err = a.unseal(a.stored, a.event, d.Who); err != nil {
			v.flag(Unsealable, "the return stands, but the card that was shown cannot be read with this central's key")
		}
	}
	if a.event.Type == contract.ReturnIncomplete {
		err = a.incomplete(d, &v)
	} else {
		err = a.returned(d, &v)
	}
	a.aged(&v)
	return v, err
}

// since moves the act to when the item was put down: fines stop there. What
// the kiosk's clock was wrong by, it was wrong by then.
func (a act) since(began time.Time) act {
	if began.IsZero() {
		return a
	}
	if began = began.Add(a.at.Sub(a.event.At)); began.Before(a.at) {
		a.at = began
	}
	return a
}

// returned closes the loan (rows 22 to 28).
func (a act) returned(d contract.Returned, v *verdict) error {
	if _, err := a.item(d.Item, "", v); err != nil {
		return err
	}
	if err := a.tx.PutReturn(d.Item, a.at, a.source()); err != nil {
		return err
	}
	open, found, err := a.tx.OpenLoan(d.Item)
	switch {
	case err != nil:
		return err
	case found && a.follows(open):
		open.End, open.EndedBy, open.EndedTx = later(a.at, open.Start), ByReturn, a.event.Tx
		err = a.tx.PutLoan(open)
	default:
		err = a.lateReturn(d.Item, found, v)
	}
	if err != nil {
		return err
	}
	if err := a.settled(d.Item); err != nil {
		return err
	}
	return a.waiting(d, v)
}

// follows says whether this act came after a loan began: by number within a
// stream, by time between streams.
func (a act) follows(l Loan) bool {
	return a.ordered(l.Source) || !l.since().After(a.at)
}

// lateReturn is the return of an item that is not on loan, or whose present
// loan began afterwards. If the item had been taken for returned unseen, this
// is the return that nobody saw: the books get its time (row 25).
func (a act) lateReturn(id circ.ItemID, onLoan bool, v *verdict) error {
	v.reason = circ.ItemNotOnLoan
	if onLoan {
		v.out, v.reason = Changed, Late
	}
	l, found, err := a.tx.UnseenLoan(id, a.at)
	if err != nil || !found {
		return err
	}
	v.out, v.reason = Changed, Late
	l.End, l.EndedBy, l.EndedTx = a.at, ByReturn, a.event.Tx
	if err := a.tx.PutLoan(l); err != nil {
		return err
	}
	return a.tx.CloseCases(id, OpenLoan, a.stored.Received, "its return arrived later")
}

// settled closes the cases that a return answers.
func (a act) settled(id circ.ItemID) error {
	for _, why := range []circ.Reason{ReturnIncomplete, TagSilent, LeftBehind} {
		if err := a.tx.CloseCases(id, why, a.stored.Received, "the item came back"); err != nil {
			return err
		}
	}
	return nil
}

// waiting lists for staff what somebody waits for and went into the ordinary
// bin (row 28).
func (a act) waiting(d contract.Returned, v *verdict) error {
	holds, err := a.tx.Holds(d.Item)
	if err != nil || len(holds) == 0 || d.Shelf == circ.HoldShelf {
		return err
	}
	v.flag(HoldWaiting, "somebody waits for it: fetch it from the returns at "+a.stored.Kiosk)
	return nil
}

// incomplete pauses fines and asks staff to look: the loan stays open, for the
// tag could not be armed (design D1).
func (a act) incomplete(d contract.Returned, v *verdict) error {
	v.flag(ReturnIncomplete, "put down at "+a.at.UTC().Format("2006-01-02 15:04:05")+" UTC and not finished; look on the help shelf. Fines pause for seven days")
	if _, err := a.item(d.Item, "", v); err != nil {
		return err
	}
	open, found, err := a.tx.OpenLoan(d.Item)
	if err != nil || !found || !a.follows(open) {
		return err
	}
	v.card, v.tell = open.Card, contract.MsgReturnIncomplete
	if v.share == "" {
		v.share = "return-incomplete/" + open.Tx.String()
	}
	if open.Paused.IsZero() {
		open.Paused = a.at
	}
	return a.tx.PutLoan(open)
}
