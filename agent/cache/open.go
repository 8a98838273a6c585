package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// damagedKept is how many files put aside are kept: a kiosk whose disk damages
// every new one must not fill it up.
const damagedKept = 3

// errDamaged marks what is wrong with a file that opens but cannot be used.
var errDamaged = errors.New("unusable")

// Open opens the cache in the file path, or begins it. A file that is damaged,
// or that a newer program wrote, is renamed to path.damaged-<unix time of its
// last change> and a fresh one is begun; Rebuilt then says so. An error means
// that there can be no cache here: no directory, no permission, a full disk,
// or connections that do not do what they were told.
func Open(ctx context.Context, path string) (*Cache, error) {
	c, err := open(ctx, path)
	if why := err; damaged(why) {
		kept, asideErr := putAside(path)
		if asideErr != nil {
			return nil, fmt.Errorf("put the damaged cache aside: %w (%w)", asideErr, why)
		}
		if c, err = open(ctx, path); err == nil {
			c.Rebuilt, c.kept = &Rebuilt{Why: why, Kept: kept}, kept
			c.keepFloor(ctx, kept)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the cache %s: %w", path, err)
	}
	return c, nil
}

func open(ctx context.Context, path string) (*Cache, error) {
	c := &Cache{path: path, seenMax: 200_000}
	if err := c.connect(); err != nil {
		return nil, err
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// connect makes the pools; nothing is opened before it is used.
func (c *Cache) connect() (err error) {
	if c.w, err = pool(dsn(c.path, false), 1); err != nil {
		return err
	}
	c.r, err = pool(dsn(c.path, true), readers)
	return err
}

// reload is start after a doubt: what the file holds has been looked through.
func (c *Cache) reload(ctx context.Context) error {
	if err := readBack(ctx, c.w, 1, false); err != nil {
		return err
	}
	if err := c.empty(ctx); err != nil {
		return err
	}
	if err := c.fence(ctx); err != nil {
		return err
	}
	return readBack(ctx, c.r, readers, true)
}

// start goes from an open writer to a checked cache. The writer comes first:
// it makes the file and its write-ahead log.
func (c *Cache) start(ctx context.Context) error {
	if err := readBack(ctx, c.w, 1, false); err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.migrate(ctx); err != nil {
		return err
	}
	return readBack(ctx, c.r, readers, true)
}

// dsn is the only place where connections are told what to be. The driver
// passes over words that it does not know, so readBack checks every one.
func dsn(path string, queryOnly bool) string {
	q := "?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_busy_timeout=5000"
	if queryOnly {
		q += "&_query_only=1"
	} else {
		q += "&_txlock=immediate"
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + q
}

func pool(dsn string, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// readBack takes every connection of a pool at once and asks it what it is.
func readBack(ctx context.Context, db *sql.DB, size int, queryOnly bool) error {
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"busy_timeout": "5000", "query_only": "0"}
	if queryOnly {
		want["query_only"] = "1"
	}
	for range size {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() // only when all have been asked
		if err := askPragmas(ctx, conn, want); err != nil {
			return err
		}
	}
	return nil
}

func askPragmas(ctx context.Context, conn *sql.Conn, want map[string]string) error {
	for pragma, want := range want {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the connection has %s = %s, not %s", pragma, got, want)
		}
	}
	return nil
}

// settle brings the write-ahead log into the file and has SQLite look it
// through. After an unclean stop nothing may be read before that.
func (c *Cache) settle(ctx context.Context) error {
	if err := c.empty(ctx); err != nil {
		return err
	}
	var verdict string
	if err := c.w.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	return c.fence(ctx)
}

// fence commits once more, and changes nothing: its sync makes it durable that
// the log was emptied, which SQLite does not sync by itself. After a sync that
// failed, the log on the disk may lack what the file has by now; if it came
// back, older pages would stand before newer ones. A full disk can do without:
// the cache can still be read, and at worst is begun afresh.
func (c *Cache) fence(ctx context.Context) error {
	var version int
	err := c.w.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil && version > 0 {
		_, err = c.w.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrFull {
		return nil
	}
	return err
}

// empty brings the whole log into the file.
func (c *Cache) empty(ctx context.Context) error {
	var busy, frames, moved int
	row := c.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := row.Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("another program has it open")
	}
	return nil
}

// damaged says whether a fresh file would help. SQLite's plain "error" is
// among them: it is what a table of another shape answers to our statements.
func damaged(err error) bool {
	if errors.Is(err, errDamaged) || errors.Is(err, ErrDamaged) {
		return true
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrError, sqlite3.ErrConstraint, sqlite3.ErrMismatch:
		return true
	}
	return false
}

// putAside renames a file with its log, and forgets all but the newest of
// those put aside before.
func putAside(path string) (kept string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	kept = freeName(path+".damaged-", info.ModTime().Unix())
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+part, kept+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := forgetDamaged(path); err != nil {
		return "", err
	}
	return kept, syncDir(filepath.Dir(path))
}

func freeName(prefix string, unix int64) string {
	for ; ; unix++ {
		name := prefix + strconv.FormatInt(unix, 10)
		if _, err := os.Lstat(name); err != nil {
			return name
		}
	}
}

func forgetDamaged(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	var old []string // names end in a Unix time: by length, then by name, is by age
	for _, e := range entries {
		unix, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".damaged-")
		if _, err := strconv.ParseInt(unix, 10, 64); ok && err == nil {
			old = append(old, e.Name())
		}
	}
	slices.SortFunc(old, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	for _, name := range old[:max(0, len(old)-damagedKept)] {
		for _, part := range []string{"", "-wal", "-shm"} {
			err := os.Remove(filepath.Join(filepath.Dir(path), name+part))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
