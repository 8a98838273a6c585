package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// write runs fn in one transaction and commits it. A nil error means that the
// disk has it. An error of fn, or before the commit, means that nothing
// happened. An error of the commit itself is doubt: the file is closed, opened
// again and asked, and only then is it known.
func (l *Ledger) write(ctx context.Context, name string, fn func(*writer) error) error {
	// A statement that is cancelled rolls the whole transaction back and lets
	// the next one commit by itself; so nothing in here can be cancelled.
	ctx = context.WithoutCancel(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return err
	}
	if err := l.makeRoom(ctx); err != nil {
		return err
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	w := &writer{ctx: ctx, tx: tx, o: l.o, boots: l.boots, grown: l.grown}
	serial, err := w.run(fn)
	if err == nil {
		err = l.o.Step("before " + name)
	}
	if err != nil {
		tx.Rollback()
		l.spend(err) // nothing happened; the next try finds room for a return
		return err
	}
	if err := l.settleDoubt(ctx, tx.Commit(), serial); err != nil {
		return err
	}
	l.grown = w.grown
	l.witness(serial)
	return l.o.Step("after " + name)
}

// run does the work and raises the serial number.
func (w *writer) run(fn func(*writer) error) (serial int64, err error) {
	if w.totals, err = readTotals(w.ctx, w.tx); err != nil {
		return 0, err
	}
	if err := fn(w); err != nil {
		return 0, err
	}
	w.totals.serial++
	w.saveTotals()
	return w.totals.serial, w.err
}

// settleDoubt turns a commit's error into knowledge. An fsync that reported an
// error is never tried again: the kernel may have dropped the pages and would
// say yes. Instead every handle is closed, the file is read afresh, and the
// log must be written back before the serial number is believed.
func (l *Ledger) settleDoubt(ctx context.Context, commit error, serial int64) error {
	if commit == nil {
		return nil
	}
	l.db.Close()
	l.db = nil
	if err := l.open(ctx); err != nil {
		return fmt.Errorf("%w: %w, after %w", ErrDoubt, err, commit)
	}
	have, err := readTotals(ctx, l.db)
	if err != nil {
		return fmt.Errorf("%w: %w, after %w", ErrDoubt, err, commit)
	}
	if have.serial < serial {
		return fmt.Errorf("commit: %w", commit)
	}
	return nil
}

// writer is one write transaction. Its first error sticks, so that a run of
// statements reads as one sentence and is checked once.
type writer struct {
	ctx    context.Context
	tx     *sql.Tx
	o      Options
	boots  int64
	totals totals
	grown  chain // the current epoch as this transaction leaves it
	err    error
}

func (w *writer) exec(query string, args ...any) (changed int64) {
	if w.err != nil {
		return 0
	}
	res, err := w.tx.ExecContext(w.ctx, query, args...)
	if err != nil {
		w.err = err
		return 0
	}
	changed, w.err = res.RowsAffected()
	return changed
}

// row reads one value; a missing row is an error.
func (w *writer) row(dst any, query string, args ...any) {
	if w.err == nil {
		w.err = w.tx.QueryRowContext(w.ctx, query, args...).Scan(dst)
	}
}

// each runs a query and hands every row to scan.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// row is one row of a table, wherever it was read.
type row interface{ Scan(dst ...any) error }

// querier is a transaction or the connection itself.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
