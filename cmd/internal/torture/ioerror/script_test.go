package ioerror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/policy"
	"nightdesk/drivers"
)

// step is one thing that is done, and done again if it was answered with an
// error: by the same transaction.
type step struct {
	what string
	do   func() error
}

var errRefused = errors.New("refused: the disk is full or in doubt")

func uid(n byte) drivers.UID { return drivers.UID{0xE0, 0x04, 0x01, 0, 0, 0, 0, n} }

func decide(at circ.Moment, r circ.Request, f circ.Facts) circ.Decision {
	return policy.Rules{Zone: time.UTC}.Decide(at, r, f)
}

// evening is at the ledger.
type evening struct {
	p     *tape
	l     *ledger.Ledger
	after time.Duration // since the library opened
}

func (e *evening) now() circ.Moment { return moment(e.after) }

// ask is a request for an item with these tags.
func (e *evening) ask(kind circ.Kind, item circ.ItemID, uids ...byte) step {
	r := circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: visit, Item: item, Model: "28560-3"}
	if kind != circ.Return {
		r.Who = e.p.ada()
	}
	for i, n := range uids {
		r.Tags = append(r.Tags, circ.SeenTag{UID: uid(n), Part: i + 1, Of: len(uids), AFI: 0x07})
	}
	return step{fmt.Sprintf("%s of %s", kind, item), func() error {
		receipts, err := e.l.Record(context.Background(), e.now(), []circ.Request{r}, e.p.facts, decide)
		if err == nil && receipts[0].Decision.Reason == circ.LedgerReadOnly {
			return errRefused
		}
		if err == nil && receipts[0].State != circ.Pending && receipts[0].State != circ.Done {
			return fmt.Errorf("the receipt says %s, %s", receipts[0].State, receipts[0].Decision.Reason)
		}
		return err
	}}
}

// settle has these tags say what is wanted of them.
func (e *evening) settle(uids ...byte) step {
	return step{"settle", func() error {
		var list []drivers.UID
		for _, n := range uids {
			list = append(list, uid(n))
		}
		wishes, err := e.l.Wanted(context.Background(), visit, list)
		if err == nil {
			_, err = e.l.Settle(context.Background(), e.now(), wishes...)
		}
		return err
	}}
}

// expire lets the borrower's time go by.
func (e *evening) expire() error {
	e.after = 20 * time.Minute
	_, err := e.l.Expire(context.Background(), e.now(), circ.Visit{9})
	return err
}

func (e *evening) resume() error {
	_, err := e.l.Resume(context.Background(), e.now(), e.p.ada().Key, visit, func(circ.ItemID) bool { return false })
	return err
}

// acked acknowledges the first two events, once.
func (e *evening) acked() error {
	ctx := context.Background()
	b, err := e.l.Unsent(ctx, 2)
	if err != nil || b.From > 1 {
		return err
	}
	return e.l.Acked(ctx, b.Epoch, b.To, b.Prev.Walk(b.From, b.Raw()))
}

func (e *evening) fold() error {
	at, err := e.l.Position(context.Background())
	if err != nil {
		return err
	}
	return e.l.Fold(context.Background(), at.Epoch, at.Last)
}

// script is the evening: two issues with tags and one without, wrong PINs, a
// word for central, a return, one that does not come to its end, and what comes
// of central's answers.
func script(p *tape, l *ledger.Ledger) (*evening, []step) {
	e := &evening{p: p, l: l}
	ctx := context.Background()
	return e, []step{
		e.ask(circ.Issue, novel, 1), e.settle(1),
		e.ask(circ.Issue, set, 2, 3), e.settle(2), e.settle(3),
		e.ask(circ.Issue, magazine),
		{"ask for renewals", func() error { return e.l.AskRenew(ctx, e.now(), visit, p.ada()) }},
		{"PIN", func() error { return e.l.PINTried(ctx, e.now(), p.ada().Key, false) }},
		e.ask(circ.Return, novel, 1), e.settle(1),
		e.ask(circ.Return, set, 2, 3), e.settle(2),
		{"time goes by", e.expire}, {"resume", e.resume}, {"acked", e.acked},
		{"new epoch", func() error { return e.l.NewEpoch(ctx, e.now()) }},
		{"fold", e.fold},
		e.ask(circ.Return, magazine),
	}
}

// naive puts a step into the script that lends again what has been lent, under
// a name of its own, as somebody would who does not look whether it is there.
func naive(steps []step, p *tape, l *ledger.Ledger) []step {
	again := step{"lend again", func() error {
		r := circ.Request{Tx: ledger.NewTx(), Kind: circ.Issue, Visit: visit, Item: magazine, Who: p.ada()}
		_, err := l.Record(context.Background(), moment(0), []circ.Request{r}, p.facts,
			func(circ.Moment, circ.Request, circ.Facts) circ.Decision {
				return circ.Decision{Verdict: circ.Yes, Reason: circ.OK}
			})
		return err
	}}
	return append(steps[:6:6], append([]step{again}, steps[6:]...)...)
}
