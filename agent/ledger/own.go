package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// own reads what this kiosk did and central has not folded into the facts yet
// (design D8): of the items asked about, and of the borrower.
func (w *writer) own(pile []circ.Request, f circ.Facts) (circ.Own, error) {
	own := circ.Own{ByClass: map[string]int{}, Items: map[circ.ItemID]circ.OwnItem{}}
	current, err := currentChain(w.ctx, w.tx)
	if err != nil {
		return own, err
	}
	for _, req := range pile {
		l, found := w.loanOf(req.Item)
		if found && unfolded(l, f, current.epoch) {
			own.Items[req.Item] = ownItem(l, req.Who.Key)
		}
	}
	for _, l := range w.loansOf(who(pile)) {
		if l.open && unfolded(l, f, current.epoch) && !countedInCache(l, f) {
			own.Loans++
			own.ByClass[l.class]++
			own.Offline++
		}
	}
	return own, w.err
}

// ErrStale says that the facts are older than what has been folded since they
// were read. A borrower's loans in between are counted in neither, and one too
// many would be lent.
var ErrStale = errors.New("the cache knows more by now than these facts")

// stale asks only where a cache has been filled: one that was begun anew knows
// of no fold, and lends nothing before it does.
func (l *Ledger) stale(pile []circ.Request, f circ.Facts) bool {
	if who(pile) == (circ.CardKey{}) || l.folded.N == 0 || f.Version.Version == 0 {
		return false
	}
	return f.Epoch != l.folded.Epoch || f.Folded < l.folded.N
}

// unfolded says that the cache does not contain this act yet. The cache speaks
// of one epoch; an act of another counts only if it is of the one that grows.
func unfolded(l loan, f circ.Facts, current circ.Epoch) bool {
	if l.epoch == f.Epoch {
		return l.n > f.Folded
	}
	return l.epoch == current
}

// countedInCache: a renewal of a loan that the cache knows adds none.
func countedInCache(l loan, f circ.Facts) bool {
	i, ok := f.Items[l.item]
	return ok && i.OnLoan && i.Yours
}

func ownItem(l loan, who circ.CardKey) circ.OwnItem {
	o := circ.OwnItem{OnLoan: l.open, Renewals: l.renewals, Tx: l.tx}
	o.Yours = l.open && who != (circ.CardKey{}) && l.who == who
	if l.due != 0 {
		o.Due = time.UnixMilli(l.due).UTC()
	}
	return o
}

// who is the one borrower of a pile.
func who(pile []circ.Request) circ.CardKey {
	for _, r := range pile {
		if r.Who.Key != (circ.CardKey{}) {
			return r.Who.Key
		}
	}
	return circ.CardKey{}
}

func (w *writer) loansOf(who circ.CardKey) (loans []loan) {
	if w.err != nil || who == (circ.CardKey{}) {
		return nil
	}
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		l, err := scanLoan(rows)
		loans = append(loans, l)
		return err
	}, "SELECT "+loanColumns+" FROM loan WHERE who = ?", who[:])
	return loans
}

// count lets the next request of the pile see this one.
func count(f *circ.Facts, req circ.Request, r circ.Receipt) {
	if r.Decision.Verdict != circ.Yes {
		return
	}
	class := f.Items[req.Item].Class
	switch req.Kind {
	case circ.Issue:
		f.Own.Loans++
		f.Own.ByClass[class]++
		f.Own.Offline++
		f.Own.Items[req.Item] = circ.OwnItem{OnLoan: true, Yours: true, Due: r.Decision.Due, Tx: req.Tx}
	case circ.Renew:
		o := f.Own.Items[req.Item]
		f.Own.Items[req.Item] = circ.OwnItem{OnLoan: true, Yours: true, Due: r.Decision.Due, Renewals: o.Renewals + 1, Tx: req.Tx}
	case circ.Return, circ.Cancel:
		if r.State == circ.Done || r.State == circ.Cancelled {
			f.Own.Items[req.Item] = circ.OwnItem{Tx: req.Tx}
		}
	}
}

// Lent is what this kiosk itself knows of an item's loan.
type Lent struct {
	Open bool // lent here, and not returned here since
	// Epoch and N name the event that says so.
	Epoch circ.Epoch
	N     uint64
	Feed  circ.FeedVersion // what the cache knew when that was decided
}

// Lent says what this kiosk last did with an item.
func (l *Ledger) Lent(ctx context.Context, item circ.ItemID) (Lent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return Lent{}, err
	}
	var out Lent
	err := each(ctx, l.db, func(rows *sql.Rows) error {
		x, err := scanLoan(rows)
		out.Open, out.Epoch, out.N = x.open, x.epoch, x.n
		return err
	}, "SELECT "+loanColumns+" FROM loan WHERE item = ?", string(item))
	if err != nil || out.Epoch == (circ.Epoch{}) {
		return out, err
	}
	err = each(ctx, l.db, func(rows *sql.Rows) error {
		row, err := scanEvent(rows)
		if err != nil {
			return err
		}
		var e contract.Event
		err = json.Unmarshal(row.body, &e)
		out.Feed = e.Feed
		return err
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? AND n = ?", out.Epoch[:], int64(out.N))
	return out, err
}
