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
	"sync"
	"sync/atomic"
)

// readers is how many connections read at the same time.
const readers = 2

// Cache is one open cache file. It is safe for concurrent use: readers see
// the last commit and never wait for the one writer.
type Cache struct {
	Rebuilt *Rebuilt // nil: the file that was there is the one in use

	path    string
	mu      sync.RWMutex // held for reading while w or r is in use, for writing while they are opened again
	w       *sql.DB      // one connection, immediate transactions
	r       *sql.DB      // query-only connections
	doubt   atomic.Bool
	spoilt  atomic.Pointer[spoilt] // nil: the file in use is good
	born    uint64                 // how many files w and r had before; guarded by mu
	kept    string                 // Kept; guarded by mu
	seenMax int                    // rows of the table seen
}

// Rebuilt says that a file was there and could not be used, and was put aside
// for a fresh one. Everything in it comes again from central.
type Rebuilt struct {
	Why  error
	Kept string // path of the file put aside
}

// ErrDoubt says that a commit came back with an error, so that nobody knows
// what the file holds. The next write closes every handle, opens the file again
// and writes the log back, and only then goes on; while that fails, nothing is
// written and reading goes on.
var ErrDoubt = errors.New("the cache is in doubt after a failed commit")

// Close ends every connection. The file is whole afterwards.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut()
}

func (c *Cache) shut() error { return errors.Join(c.r.Close(), c.w.Close()) }

// settleDoubt opens the file again. A disk that was full has room by and by.
func (c *Cache) settleDoubt(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.doubt.Load() {
		return nil
	}
	if err := errors.Join(c.shut(), c.connect()); err != nil {
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	if err := c.reload(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	c.doubt.Store(false)
	return nil
}

// write runs one transaction. A cancelled statement would roll the transaction
// back and let the next one commit on its own, so ctx is honoured only while
// waiting for the connection; the statements inside are short.
//
// What is found damaged is put aside (noticed).
func (c *Cache) write(ctx context.Context, do func(*sql.Tx) error) error {
	if err := c.mended(ctx); err != nil {
		return err
	}
	born, err := c.writeHere(ctx, do)
	return c.noticed(ctx, born, err)
}

func (c *Cache) writeHere(ctx context.Context, do func(*sql.Tx) error) (born uint64, err error) {
	if c.doubt.Load() {
		if err := c.settleDoubt(ctx); err != nil {
			return c.age(), err
		}
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.born, c.commit(ctx, do)
}

// age is born, for whoever does not hold mu.
func (c *Cache) age() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.born
}

func (c *Cache) commit(ctx context.Context, do func(*sql.Tx) error) error {
	conn, err := c.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if c.doubt.Load() { // since: whoever had the connection before has left it so
		return ErrDoubt
	}
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

// read runs do on one snapshot of the file. What is found damaged is put aside.
func (c *Cache) read(ctx context.Context, do func(*sql.Tx) error) error {
	if err := c.mended(ctx); err != nil {
		return err
	}
	born, err := c.readHere(ctx, do)
	return c.noticed(ctx, born, err)
}

func (c *Cache) readHere(ctx context.Context, do func(*sql.Tx) error) (born uint64, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	tx, err := c.r.BeginTx(ctx, nil)
	if err != nil {
		return c.born, err
	}
	err = do(tx)
	if e := tx.Rollback(); err == nil && e != nil && !errors.Is(e, sql.ErrTxDone) {
		err = e
	}
	return c.born, err
}
