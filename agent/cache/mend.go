package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-sqlite3"
)

// spoilt is a file in use that was found damaged. While it is, nothing is read
// and nothing is written.
type spoilt struct {
	why  error
	kept string // where it was put aside; "": it has not been yet
}

// harmed says whether an error in the middle of things means that the file is
// damaged. At the start more does (damaged): there nothing of ours runs yet
// that could be wrong itself.
func harmed(err error) bool {
	var e sqlite3.Error
	return errors.Is(err, ErrDamaged) || errors.As(err, &e) && (e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB)
}

// noticed sees to it that a file that has told a lie is never asked again: it
// is put aside and a new one begun, here and now. The caller gets its error all
// the same, and so it reaches the log; whoever asks next finds an empty cache,
// which central fills. born is which file the caller had.
func (c *Cache) noticed(ctx context.Context, born uint64, err error) error {
	if !harmed(err) {
		return err
	}
	if !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.born == born && c.spoilt.Load() == nil {
		c.spoilt.Store(&spoilt{why: err})
	}
	kept, e := c.mend(ctx)
	switch {
	case e != nil:
		return fmt.Errorf("%w (%w)", err, e)
	case kept != "":
		return fmt.Errorf("%w; the file was put aside as %s and a new one begun, which central fills", err, kept)
	}
	return err
}

// Kept is where a damaged file lies in whose place the one in use was begun, at
// the start or since; "": there was none.
func (c *Cache) Kept() string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.kept
}

// mended begins a new file if the one in use is spoilt and that has not worked yet.
func (c *Cache) mended(ctx context.Context) error {
	if c.spoilt.Load() == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.mend(ctx)
	return err
}

// mend puts a spoilt file aside and begins a new one. What fails, the disk being
// full for one, is tried again at the next call.
func (c *Cache) mend(ctx context.Context) (kept string, err error) {
	s := c.spoilt.Load()
	if s == nil {
		return "", nil
	}
	ctx = context.WithoutCancel(ctx)
	_ = c.shut() // whatever it says: the file is not used any more
	if _, err := os.Stat(c.path); s.kept == "" && err == nil {
		kept, err := putAside(c.path)
		if err != nil {
			return "", fmt.Errorf("put the damaged cache aside: %w", err)
		}
		s = &spoilt{s.why, kept}
		c.spoilt.Store(s)
	}
	fresh, err := Open(ctx, c.path)
	if err != nil {
		return "", fmt.Errorf("begin a new cache: %w", err)
	}
	fresh.keepFloor(ctx, s.kept)
	c.w, c.r = fresh.w, fresh.r
	c.born, c.kept = c.born+1, s.kept
	c.doubt.Store(false)
	c.spoilt.Store(nil)
	return s.kept, nil
}

// keepFloor takes the time floor over from a file that was put aside, if it can
// still be read: a newer program's can. Central tells everything else again, but
// with no floor a clock that stands in 1970 might never let it (design D9).
func (c *Cache) keepFloor(ctx context.Context, kept string) {
	db, err := pool(dsn(kept, true), 1)
	if err != nil {
		return
	}
	defer db.Close()
	var schema int
	if db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&schema) != nil {
		return
	}
	at, err := floor(db)
	if schema < sums {
		var ms int64
		err = db.QueryRowContext(ctx, "SELECT floor_ms FROM clock").Scan(&ms)
		at = instant(ms)
	}
	late := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) // later than any kiosk runs
	if err == nil && at.Before(late) {
		_ = c.RaiseFloor(ctx, at) // without it the kiosk is as one that was just installed
	}
}
