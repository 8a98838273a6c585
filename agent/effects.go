package agent

import (
	"context"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/policy"
	"nightdesk/agent/visit"
)

// perform does what the visit wants and gives the event that answers it, if
// the answer is known at once.
func (d *Desk) perform(ctx context.Context, at circ.Moment, fx visit.Effect) (visit.Event, error) {
	switch e := fx.(type) {
	case visit.Look:
		return d.look(ctx, at, e)
	case visit.Record:
		return d.record(ctx, at, e)
	case visit.Drop:
		r, err := d.Ledger.Drop(ctx, at, e.Tx)
		d.Poke()
		return visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{r}}, d.survive(ctx, err)
	case visit.Resume:
		return d.resume(ctx, at, e)
	case visit.AskPIN:
		return d.askPIN(ctx, at, e)
	case visit.Judge:
		return d.Beside.Judge(string(e.Text)), nil
	case visit.Print:
		d.Beside.Print(e)
	case visit.Ended:
		if d.Beside.EndPrint != nil {
			d.Beside.EndPrint(e.Visit)
		}
	case visit.Pay:
		return visit.Paid{Visit: e.Visit, Result: visit.PayDeclined}, nil // no terminal is known here, and so none is offered
	default:
		return d.writeDown(ctx, at, fx)
	}
	return nil, nil
}

// writeDown commits what is no act on an item: each is one event for central.
func (d *Desk) writeDown(ctx context.Context, at circ.Moment, fx visit.Effect) (visit.Event, error) {
	var answer visit.Event
	var err error
	switch e := fx.(type) {
	case visit.LeaveSet:
		var f circ.Facts
		if f, err = d.facts(ctx, at, e.Set.Who, []circ.ItemID{e.Set.Item}); err == nil {
			err = d.Ledger.LeftIncomplete(ctx, at, e.Set, f.Version)
		}
	case visit.AskRenew:
		err = d.Ledger.AskRenew(ctx, at, e.Visit, e.Who)
		answer = visit.Renewed{Visit: e.Visit, OK: err == nil}
	case visit.Told:
		var f circ.Facts
		if f, err = d.facts(ctx, at, e.Who, nil); err == nil {
			err = d.Ledger.Told(ctx, at, e.Visit, e.Who, f.Version, e.Codes)
		}
	case visit.Notice:
		err = d.Ledger.Notice(ctx, at, e.Visit, contract.Notice{Why: contract.NoticeWhy(e.Why), Items: e.Items})
	case visit.Mail:
		err = d.Ledger.AskReceipt(ctx, at, e.Visit, e.Who, receiptLines(e.Lines))
	}
	d.Poke()
	return answer, d.survive(ctx, err)
}

func receiptLines(lines []visit.Line) []contract.ReceiptLine {
	var out []contract.ReceiptLine
	for _, l := range lines {
		out = append(out, contract.ReceiptLine{Item: l.Item, Kind: l.Kind, Due: l.Decision.Due})
	}
	return out
}

// look answers what is known of a card and of items.
func (d *Desk) look(ctx context.Context, at circ.Moment, e visit.Look) (visit.Event, error) {
	f, err := d.facts(ctx, at, e.Who, e.Items)
	if err != nil {
		return nil, err
	}
	st := d.standing(at, f)
	if st.Reason == circ.OK && e.Who.Known() && !d.state.Proved {
		if st.Reason, err = d.shutByPIN(ctx, at, f, e.Who); err != nil {
			return nil, err
		}
	}
	return visit.Known{Visit: e.Visit, Ask: e.Ask, Standing: st, Items: f.Items}, nil
}

// standing is what a card may do, and what there is to tell it.
func (d *Desk) standing(at circ.Moment, f circ.Facts) visit.Standing {
	reason, service := policy.Rules{Zone: zone(f.Rules)}.Standing(at, f)
	st := visit.Standing{Known: f.Borrower != nil, Reason: reason, Service: visit.Service(service)}
	b := f.Borrower
	if b == nil {
		return st
	}
	st.Loans, st.Oldest, st.Notes, st.Mail = b.Loans, b.Oldest, b.Messages, b.Mail
	if !b.Oldest.IsZero() && at.Wall.After(b.Oldest) {
		st.Late = -1 // at least one; how many only central knows
	}
	return st
}
