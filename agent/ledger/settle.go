package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// How long an act outlives its visit (design D1).
const (
	resumeFor  = 15 * time.Minute // an issue's quiet wishes, for its borrower to come back
	intentFor  = 2 * time.Minute  // a return's intent, for its tag to lie on a pad after a restart
	resumeBoot = 1                // boots that an issue's quiet wishes survive
)

// Wanted lists what somebody still wants of these tags: loud wishes of open
// intents, and quiet wishes of this visit only. An old quiet wish is never
// drained unasked: the book may have been returned elsewhere meanwhile.
func (l *Ledger) Wanted(ctx context.Context, visit circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	args := []any{visit[:]}
	for _, u := range uids {
		args = append(args, u[:])
	}
	var wishes []circ.Wish
	err := each(ctx, l.db, func(rows *sql.Rows) error {
		x, err := scanWish(rows)
		wishes = append(wishes, x)
		return err
	}, "SELECT "+wishColumns+" FROM wish w JOIN act a ON a.tx = w.tx WHERE (w.want = 'loud' OR a.visit = ?) AND w.uid IN (?"+
		strings.Repeat(", ?", len(uids)-1)+") ORDER BY w.uid", args...)
	if err != nil {
		return nil, fmt.Errorf("look up what the tags must become: %w", err)
	}
	return wishes, nil
}

// Settle deletes exactly these wishes, by transaction and UID, because their
// tags have been read back. With the last wish of a return the same commit
// closes the loan and writes loan.returned. One receipt for each transaction
// touched; a wish that is no longer there touches nothing.
func (l *Ledger) Settle(ctx context.Context, at circ.Moment, done ...circ.Wish) ([]circ.Receipt, error) {
	var receipts []circ.Receipt
	err := l.write(ctx, "settle", func(w *writer) error {
		var touched []circ.Tx
		for _, x := range done {
			if w.delete(tableWish, "uid = ? AND tx = ?", x.UID[:], x.Tx[:]) > 0 {
				touched = add(touched, x.Tx)
			}
		}
		for _, tx := range touched {
			for _, a := range w.acts("tx = ?", tx[:]) {
				receipts = append(receipts, w.advance(at, a))
			}
		}
		return w.err
	})
	if err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	return receipts, nil
}

func add(txs []circ.Tx, tx circ.Tx) []circ.Tx {
	for _, t := range txs {
		if t == tx {
			return txs
		}
	}
	return append(txs, tx)
}

// advance closes an act that waits for no tag any more.
func (w *writer) advance(at circ.Moment, a act) circ.Receipt {
	if len(w.open(a.tx)) > 0 {
		return w.receipt(a, circ.Pending)
	}
	w.delete(tableAct, "tx = ?", a.tx[:])
	if a.kind != circ.Issue {
		w.close(at, a)
	}
	return w.receipt(a, closed(a.kind))
}

// close ends the loan and says so to central. The time that counts for fines
// is the time of the intent.
func (w *writer) close(at circ.Moment, a act) {
	n, epoch := w.event(at, closing(a.kind), a.tx, a.visit, a.draft.Feed, a.draft.Decision.Rules, a.closingData())
	w.saveLoan(loan{item: a.item, tx: a.tx, class: a.draft.Class, epoch: epoch, n: n})
}

func (a act) closingData() any {
	if a.kind == circ.Cancel {
		return contract.Loan{Item: a.item, Who: a.draft.Done, Tags: refs(a.draft.Tags), Of: a.draft.Of}
	}
	return contract.Returned{Item: a.item, Who: a.draft.Done, Began: time.UnixMilli(a.wall).UTC(),
		Shelf: a.draft.Decision.Shelf, Flags: a.draft.Decision.Flags, Tags: refs(a.draft.Tags)}
}

// closing is the event that ends an act well.
func closing(k circ.Kind) contract.EventType {
	if k == circ.Cancel {
		return contract.LoanCancelled
	}
	return contract.LoanReturned
}

// Verify says that a tag was seen quiet. If it had been reported as unverified
// and its loan stands, central hears tag.verified, once. It says whether it did.
func (l *Ledger) Verify(ctx context.Context, at circ.Moment, visit circ.Visit, uid drivers.UID) (bool, error) {
	if none, err := l.certain(ctx, uid); none || err != nil {
		return false, err
	}
	told := false
	err := l.write(ctx, "verify", func(w *writer) error {
		for _, x := range w.wishes("doubt", "w.uid = ?", uid[:]) {
			w.delete(tableDoubt, "uid = ?", uid[:])
			if loan, found := w.loanOf(x.Item); !found || !loan.open || loan.tx != x.Tx {
				continue
			}
			w.event(at, contract.TagVerified, x.Tx, visit, circ.FeedVersion{}, "", contract.TagNote{Item: x.Item, Want: x.Want,
				Tags: []contract.TagRef{{UID: x.UID, Part: x.Part, Of: x.Of}}})
			told = true
		}
		return w.err
	})
	if err != nil {
		return false, fmt.Errorf("note that a tag is quiet: %w", err)
	}
	return told, nil
}

// certain says that a tag is in no doubt.
func (l *Ledger) certain(ctx context.Context, uid drivers.UID) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return false, err
	}
	var n int
	err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM doubt WHERE uid = ?", uid[:]).Scan(&n)
	return n == 0, err
}

// closed is what a receipt says when an act has ended well.
func closed(k circ.Kind) circ.State {
	if k == circ.Cancel {
		return circ.Cancelled
	}
	return circ.Done
}

func (w *writer) receipt(a act, s circ.State) circ.Receipt {
	return circ.Receipt{Tx: a.tx, Kind: a.kind, Visit: a.visit, Item: a.item, Decision: a.draft.Decision,
		State: s, Open: w.open(a.tx)}
}

// Drop ends a transaction's open wishes: a return's intent becomes
// return.incomplete and its loan stays open; an issue's open wishes become
// tag.unverified and its loan stands. A transaction without open wishes is no
// error and changes nothing.
func (l *Ledger) Drop(ctx context.Context, at circ.Moment, tx circ.Tx) (circ.Receipt, error) {
	var r circ.Receipt
	err := l.write(ctx, "drop", func(w *writer) error {
		for _, a := range w.acts("tx = ?", tx[:]) {
			r = w.drop(at, a)
		}
		return w.err
	})
	if err != nil {
		return r, fmt.Errorf("end what is unfinished: %w", err)
	}
	return r, nil
}

func (w *writer) drop(at circ.Moment, a act) circ.Receipt {
	open := w.openRefs(a)
	state := circ.Incomplete
	if a.kind == circ.Issue {
		state = circ.Unverified
		w.doubt(a.tx)
		w.event(at, contract.TagUnverified, a.tx, a.visit, a.draft.Feed, a.draft.Decision.Rules,
			contract.TagNote{Item: a.item, Tags: open, Want: circ.Quiet, Why: "not confirmed quiet: the gate may sound"})
	} else {
		w.event(at, contract.ReturnIncomplete, a.tx, a.visit, a.draft.Feed, a.draft.Decision.Rules,
			contract.Returned{Item: a.item, Who: a.draft.Incomplete, Began: time.UnixMilli(a.wall).UTC(),
				Shelf: circ.HelpShelf, Flags: a.draft.Decision.Flags, Tags: refs(a.draft.Tags), Open: open})
	}
	r := w.receipt(a, state)
	w.delete(tableWish, "tx = ?", a.tx[:])
	w.delete(tableAct, "tx = ?", a.tx[:])
	return r
}

// doubt keeps the tags that an issue still waited for, in case one is seen
// quiet after all.
func (w *writer) doubt(tx circ.Tx) {
	for _, x := range w.wishes("wish", "w.tx = ?", tx[:]) {
		w.saveDoubt(x)
	}
}

func (w *writer) saveDoubt(x circ.Wish) {
	w.forget(tableDoubt, "uid = ?", x.UID[:])
	w.put(tableDoubt, wishSum(x), "INSERT OR REPLACE INTO doubt (uid, want, tx, item, part, of, sum) VALUES (?, ?, ?, ?, ?, ?, ?)", wishRow(x)...)
}

func (w *writer) openRefs(a act) []contract.TagRef {
	open := map[drivers.UID]bool{}
	for _, u := range w.open(a.tx) {
		open[u] = true
	}
	var out []contract.TagRef
	for _, r := range refs(a.draft.Tags) {
		if open[r.UID] {
			out = append(out, r)
		}
	}
	return out
}

// Resume gives a borrower's unfinished issues to the visit in which the card
// was shown again, if that is soon enough; void says of an item that the cache
// knows something newer, and ends its wishes instead.
func (l *Ledger) Resume(ctx context.Context, at circ.Moment, who circ.CardKey, visit circ.Visit, void func(circ.ItemID) bool) ([]circ.Receipt, error) {
	overtaken := map[circ.ItemID]bool{}
	items, err := l.unfinished(ctx, who, visit)
	for _, item := range items {
		overtaken[item] = void(item) // not inside the transaction: void may ask this ledger
	}
	if err == nil {
		var receipts []circ.Receipt
		err = l.write(ctx, "resume", func(w *writer) error {
			receipts = l.resume(w, at, who, visit, overtaken)
			return w.err
		})
		if err == nil {
			return receipts, nil
		}
	}
	return nil, fmt.Errorf("resume a borrower's issues: %w", err)
}

// resumable picks a borrower's issues that belong to another visit.
const resumable = "kind = 'issue' AND who = ? AND visit <> ?"

func (l *Ledger) unfinished(ctx context.Context, who circ.CardKey, visit circ.Visit) (items []circ.ItemID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	err = each(ctx, l.db, func(rows *sql.Rows) error {
		a, err := scanAct(rows)
		items = append(items, a.item)
		return err
	}, "SELECT "+actColumns+" FROM act WHERE "+resumable, who[:], visit[:])
	return items, err
}

func (l *Ledger) resume(w *writer, at circ.Moment, who circ.CardKey, visit circ.Visit, overtaken map[circ.ItemID]bool) (receipts []circ.Receipt) {
	for _, a := range w.acts(resumable, who[:], visit[:]) {
		if l.expired(a, at) || overtaken[a.item] {
			receipts = append(receipts, w.drop(at, a))
			continue
		}
		a.visit = visit
		w.saveAct(a)
		receipts = append(receipts, w.receipt(a, circ.Pending))
	}
	return receipts
}

// Expire ends what nobody can finish any more: issues whose borrower did not
// come back, and intents whose tags did not lie on a pad. The visit named is
// left alone.
func (l *Ledger) Expire(ctx context.Context, at circ.Moment, visit circ.Visit) ([]circ.Receipt, error) {
	if none, err := l.nothingOpen(ctx, visit); none || err != nil {
		return nil, err
	}
	var receipts []circ.Receipt
	err := l.write(ctx, "expire", func(w *writer) error {
		for _, a := range w.acts("visit <> ?", visit[:]) {
			if l.expired(a, at) {
				receipts = append(receipts, w.drop(at, a))
			}
		}
		return w.err
	})
	if err != nil {
		return nil, fmt.Errorf("end what is unfinished: %w", err)
	}
	return receipts, nil
}

func (l *Ledger) nothingOpen(ctx context.Context, visit circ.Visit) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return false, err
	}
	var n int
	err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM act WHERE visit <> ?", visit[:]).Scan(&n)
	return n == 0, err
}

// expired says that an act has outlived its time. Within a boot the monotonic
// clock tells; across boots the wall clock, which must not have gone back, and
// never longer than this boot has lasted.
func (l *Ledger) expired(a act, at circ.Moment) bool {
	limit := resumeFor
	if a.kind != circ.Issue {
		limit = intentFor
	}
	if a.boots == l.boots {
		return at.Mono-time.Duration(a.mono)*time.Millisecond > limit
	}
	if a.kind != circ.Issue {
		return at.Mono > limit
	}
	past := at.Wall.Sub(time.UnixMilli(a.wall))
	return l.boots-a.boots > resumeBoot || past < 0 || past > limit || at.Mono > limit
}

// Note writes a tag.fault, tag.changed or tag.verified event.
func (l *Ledger) Note(ctx context.Context, at circ.Moment, visit circ.Visit, t contract.EventType, note contract.TagNote) error {
	err := l.write(ctx, "note", func(w *writer) error {
		w.event(at, t, NewTx(), visit, circ.FeedVersion{}, "", note)
		return w.err
	})
	if err != nil {
		return fmt.Errorf("note %s: %w", t, err)
	}
	return nil
}
