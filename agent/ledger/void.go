package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"nightdesk/agent/circ"
)

// Void ends those issues of a visit whose items the cache knows something newer
// of: no tag may go quiet for them any more. Their loans are central's to judge.
func (l *Ledger) Void(ctx context.Context, at circ.Moment, visit circ.Visit, overtaken func(circ.ItemID) bool) ([]circ.Receipt, error) {
	open, err := l.issuesOf(ctx, visit)
	if err != nil {
		return nil, fmt.Errorf("look for issues that are overtaken: %w", err)
	}
	var over []circ.Tx
	for _, a := range open {
		if overtaken(a.item) { // not inside the transaction: it may ask this ledger
			over = append(over, a.tx)
		}
	}
	var receipts []circ.Receipt
	for _, tx := range over {
		r, err := l.Drop(ctx, at, tx)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, r)
	}
	return receipts, nil
}

func (l *Ledger) issuesOf(ctx context.Context, visit circ.Visit) (open []act, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	err = each(ctx, l.db, func(rows *sql.Rows) error {
		a, err := scanAct(rows)
		open = append(open, a)
		return err
	}, "SELECT "+actColumns+" FROM act WHERE kind = 'issue' AND visit = ?", visit[:])
	return open, err
}
