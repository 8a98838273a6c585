package agent

import (
	"context"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
)

// PINQuestion is one PIN to be checked, beside the desk.
type PINQuestion struct {
	At       circ.Moment
	Who      circ.Borrower
	PIN      string
	Rule     circ.PINRule
	Verifier *circ.Verifier
}

// PINResult is what came of it.
type PINResult struct {
	Step contract.PINStep
	Row  *contract.BorrowerRow // the card as central has it now; nil: central was silent
}

// pinFor is how long central is waited for. The borrower's screen waits a
// little longer, and so the offline rule can still decide.
const pinFor = visit.CheckFor - 1500*time.Millisecond

// checkPIN puts the one question to central and says what follows. It waits,
// and then may compute for a fifth of a second.
func checkPIN(ctx context.Context, ask func(context.Context, circ.Moment, circ.Borrower, string) (contract.Answer, error), q PINQuestion) PINResult {
	ctx, cancel := context.WithTimeout(ctx, pinFor)
	defer cancel()
	answer, err := ask(ctx, q.At, q.Who, q.PIN)
	r := PINResult{Step: contract.AfterPIN(q.Rule, answer, err, q.Verifier, q.PIN)}
	if err == nil {
		r.Row = answer.Borrower
	}
	return r
}

// asksPIN says whether a PIN is asked for now (design D7).
func asksPIN(book *circ.RuleBook, online bool) bool {
	if book == nil || book.PIN.Ask != circ.PINOnline {
		return false
	}
	return online || book.PIN.Offline == circ.PINVerifier || book.PIN.Offline == circ.PINRefuse
}

// shutByPIN says that a card or this kiosk has had too many wrong PINs. That
// holds although no PIN is asked for while central is silent: else the lock
// ended with the network cable.
func (d *Desk) shutByPIN(ctx context.Context, at circ.Moment, f circ.Facts, who circ.Borrower) (circ.Reason, error) {
	if f.Rules == nil || f.Rules.PIN.Ask != circ.PINOnline {
		return circ.OK, nil
	}
	tries, err := d.Ledger.PINTries(ctx, at, who.Key)
	if err := d.survive(ctx, err); err != nil {
		return circ.OK, err
	}
	switch {
	case err != nil:
		return visit.PINNoAnswer, nil
	case tries.Device > 0 || tries.Locked(f.Rules.PIN):
		return visit.PINLocked, nil
	}
	return circ.OK, nil
}

// askPIN checks a PIN: here what needs no waiting, the rest beside the desk.
func (d *Desk) askPIN(ctx context.Context, at circ.Moment, e visit.AskPIN) (visit.Event, error) {
	f, err := d.facts(ctx, at, e.Who, nil)
	if err != nil {
		return nil, err
	}
	var rule circ.PINRule
	if f.Rules != nil {
		rule = f.Rules.PIN
	}
	var verifier *circ.Verifier
	if f.Borrower != nil {
		verifier = f.Borrower.Verifier
	}
	tries, err := d.Ledger.PINTries(ctx, at, e.Who.Key)
	if err != nil {
		return visit.Answered{Visit: e.Visit, Ask: e.Ask, PIN: visit.PINRefused}, d.survive(ctx, err)
	}
	if step := contract.BeforePIN(rule, f.Online, tries, verifier); step != contract.PINEnter {
		return d.answered(at, e, f, PINResult{Step: step}, 0), nil
	}
	q := PINQuestion{At: at, Who: e.Who, PIN: string(e.PIN), Rule: rule, Verifier: verifier}
	d.Beside.PIN(q, func(ctx context.Context, r PINResult) error { return d.pinChecked(ctx, e, rule, r) })
	return nil, nil
}

// pinChecked notes a PIN that was right or wrong, and only then tells.
func (d *Desk) pinChecked(ctx context.Context, e visit.AskPIN, rule circ.PINRule, r PINResult) error {
	at, left := d.Now(), 0
	if r.Step == contract.PINRight || r.Step == contract.PINWrong {
		err := d.Ledger.PINTried(ctx, at, e.Who.Key, r.Step == contract.PINRight)
		if err := d.survive(ctx, err); err != nil {
			return err
		}
		if err != nil {
			r.Step = contract.PINReturns // a guess that cannot be counted is not answered
		}
	}
	if r.Step == contract.PINWrong {
		tries, err := d.Ledger.PINTries(ctx, at, e.Who.Key)
		if err := d.survive(ctx, err); err != nil {
			return err
		}
		if err == nil && tries.Device == 0 {
			left = tries.Left(rule)
		}
	}
	f, err := d.facts(ctx, at, e.Who, nil)
	if err != nil {
		return err
	}
	return d.Handle(ctx, d.answered(at, e, f, r, left))
}

func (d *Desk) answered(at circ.Moment, e visit.AskPIN, f circ.Facts, r PINResult, left int) visit.Event {
	a := visit.Answered{Visit: e.Visit, Ask: e.Ask, Left: left}
	switch r.Step {
	case contract.PINRight:
		a.PIN = visit.PINRight
	case contract.PINSkip:
		a.PIN = visit.PINSilent
	case contract.PINWrong:
		a.PIN = visit.PINWrong
	case contract.PINLocked, contract.PINPaused:
		a.PIN = visit.PINShut
	default:
		a.PIN = visit.PINRefused
	}
	if r.Row != nil {
		fresh, err := r.Row.Over(f.Borrower, zone(f.Rules))
		if err != nil {
			d.Log.Warn("central's word about a card cannot be read; the cache's stands", "err", err)
		} else {
			f.Borrower = &fresh
		}
	}
	a.Standing = d.standing(at, f)
	return a
}
