// Package cache keeps what central told this kiosk, and what this kiosk has
// seen, in one SQLite file that can be begun afresh at any time. It refuses
// to know who anybody is: cards are keyed hashes, holders four bytes, and of
// a feed's rows only the fields named here are kept. It decides nothing and
// records no loan: that is the ledger's.
package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// readers is how many connections read at the same time.
const readers = 2

// Cache is one open cache file. It is safe for concurrent use: readers see
// the last commit and never wait for the one writer.
type Cache struct {
	Rebuilt *Rebuilt // nil: the file that was there is the one in use

	w       *sql.DB // one connection, immediate transactions
	r       *sql.DB // query-only connections
	doubt   atomic.Bool
	seenMax int // rows of the table seen
}

// Rebuilt says that a file was there and could not be used, and was put aside
// for a fresh one. Everything in it comes again from central.
type Rebuilt struct {
	Why  error
	Kept string // path of the file put aside
}

// ErrDoubt says that a commit came back with an error, so that nobody knows
// what the file holds. Nothing is written any more until the cache has been
// closed and opened again; reading goes on.
var ErrDoubt = errors.New("the cache is in doubt after a failed commit: it must be opened again")

// Close ends every connection. The file is whole afterwards.
func (c *Cache) Close() error {
	return errors.Join(c.r.Close(), c.w.Close())
}

// write runs one transaction. A cancelled statement would roll the transaction
// back and let the next one commit on its own, so ctx is honoured only while
// waiting for the connection; the statements inside are short.
func (c *Cache) write(ctx context.Context, do func(*sql.Tx) error) error {
	if c.doubt.Load() {
		return ErrDoubt
	}
	conn, err := c.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		c.doubt.Store(true)
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	return nil
}

// read runs do on one snapshot of the file.
func (c *Cache) read(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := c.r.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = do(tx)
	if e := tx.Rollback(); err == nil && e != nil && !errors.Is(e, sql.ErrTxDone) {
		err = e
	}
	return err
}
