// Package store keeps central's data in one SQLite file, central.db. It knows
// how things are stored and never what they mean: the rooms that do have each
// declared the methods they need, and PostgreSQL will offer the same ones.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"nightdesk/cmd/internal/central/record"
)

// Options are what a store can do without.
type Options struct {
	// Step is called with "commit-before" and "commit-after" around every
	// commit. An error at the first rolls back; at the second it reaches the
	// caller although the commit stands. Tests cut the power there.
	Step func(name string) error
	// Serving says that this program is the one that serves kiosks: what an
	// unclean stop has left in the log must be proved to be on disk first.
	Serving bool
}

// Store is an open database. One connection writes, a few read.
type Store struct {
	w, r  *sql.DB
	step  func(string) error
	doubt atomic.Bool // a commit failed: what is on disk is not known
}

// ErrDoubt says that a commit failed, so that nobody knows what is on disk.
// Only closing and opening again, which proves it, ends the doubt (design D2).
var ErrDoubt = errors.New("a write to central.db failed and what is on disk is in doubt; stop central, check the disk, start it again")

// The driver passes over parameters that it does not know, and its default is
// synchronous=NORMAL: so every one is read back (checkPragmas).
func dsn(path string, write bool) string {
	q := "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=on"
	if write {
		q += "&_txlock=immediate"
	} else {
		q += "&_query_only=1"
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + q
}

// Create makes a new database, mode 0600. It is an error if there is one.
func Create(ctx context.Context, path, authority string, now time.Time) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	// Closed before SQLite opens it: closing it later would drop SQLite's locks.
	if err := f.Close(); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	err = s.write(ctx, func(t *Tx) error {
		return t.exec(`INSERT INTO state (id, authority, generation, version, items, own, oldest) VALUES (1, ?, ?, 0, 0, 0, ?)`,
			authority, now.UnixMilli(), allowed(migrations))
	})
	return errors.Join(err, s.Close())
}

// Open opens a database that Create made, and brings its tables up to date.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{step: o.Step}
	if s.step == nil {
		s.step = func(string) error { return nil }
	}
	if err := s.open(ctx, path, o.Serving); err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string, serving bool) error {
	var err error
	if s.w, err = sql.Open("sqlite3", dsn(path, true)); err != nil {
		return err
	}
	s.w.SetMaxOpenConns(1)
	if err := checkPragmas(ctx, s.w, 0); err != nil {
		return err
	}
	if serving {
		if err := settleLog(ctx, s.w); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx, migrations); err != nil {
		return err
	}
	if s.r, err = sql.Open("sqlite3", dsn(path, false)); err != nil {
		return err
	}
	s.r.SetMaxOpenConns(4)
	return checkPragmas(ctx, s.r, 1)
}

// Close closes every connection. The store is of no use afterwards.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.r, s.w} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// checkPragmas reads back what the DSN asked for. synchronous 2 is FULL
// (SQLite documentation, pragma synchronous).
func checkPragmas(ctx context.Context, db *sql.DB, queryOnly int) error {
	for _, p := range []struct {
		name, want string
	}{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "5000"},
		{"query_only", fmt.Sprint(queryOnly)},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("read back %s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("%s is %q, not %q: is the disk or the file read-only?", p.name, got, p.want)
		}
	}
	return nil
}

// settleLog moves the whole log into the database file and syncs it. If it
// cannot, what the log holds may not be on disk, and no acknowledgement may
// rest on it.
func settleLog(ctx context.Context, db *sql.DB) error {
	var busy, logged, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
		return fmt.Errorf("settle the log: %w", err)
	}
	if busy != 0 {
		return errors.New("settle the log: another program is reading the database; end it and start again")
	}
	// One more commit, which changes nothing: its sync makes it durable that the
	// log was emptied, which SQLite does not sync by itself. After a sync that
	// failed, the log on the disk may lack what the file has by now; if it came
	// back, older pages would stand before newer ones.
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("settle the log: %w", err)
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return fmt.Errorf("settle the log: %w", err)
	}
	return nil
}

// write runs do in one immediate transaction. The context is asked once,
// before: a statement cancelled inside a transaction would roll the first
// half back and let the second half commit on its own.
func (s *Store) write(ctx context.Context, do func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.doubt.Load() {
		return ErrDoubt
	}
	tx, err := s.w.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(&Tx{tx: tx}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := s.step("commit-before"); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		s.doubt.Store(true)
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	return s.step("commit-after")
}

// read runs do on one snapshot of the database.
func (s *Store) read(ctx context.Context, do func(*Tx) error) error {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	err = do(&Tx{tx: tx})
	return errors.Join(err, tx.Rollback())
}

// Tx is one transaction. Writing methods are called inside write only.
type Tx struct {
	tx      *sql.Tx
	kiosk   string               // whose row is locked; "" in transactions about no kiosk
	version uint64               // of this transaction's changes; 0: none yet
	moved   [2]bool              // which feeds are at that version already
	ready   map[string]*sql.Stmt // by their text; they end with the transaction
}

// stmt prepares a statement once in a transaction: an import runs the same
// few a hundred thousand times.
func (t *Tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.ready[query]; ok {
		return s, nil
	}
	s, err := t.tx.Prepare(query)
	if err != nil {
		return nil, err
	}
	if t.ready == nil {
		t.ready = map[string]*sql.Stmt{}
	}
	t.ready[query] = s
	return s, nil
}

func (t *Tx) exec(query string, args ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.Exec(args...)
	return refusal(err)
}

// script runs several statements without arguments.
func (t *Tx) script(text string) error {
	_, err := t.tx.Exec(text)
	return err
}

// refusal tells the database's no to one row from trouble with the database.
func refusal(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrConstraint {
		return fmt.Errorf("%w: %w", record.ErrConstraint, err)
	}
	return err
}

// find scans the one row there is; found is false if there is none.
func (t *Tx) find(query string, args []any, into ...any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls scan for every row.
func (t *Tx) each(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := t.tx.Query(query, args...)
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

// feed is one of the two feeds; state says in a column of its own where each stands.
type feed int

const (
	items feed = iota
	own
)

// changed gives the version that this transaction's changes carry, and moves
// the feed to it. The transaction is immediate, so versions never commit out
// of order.
func (t *Tx) changed(f feed) (uint64, error) {
	if t.version == 0 {
		if _, err := t.find(`UPDATE state SET version = version + 1 RETURNING version`, nil, &t.version); err != nil {
			return 0, fmt.Errorf("take the next version: %w", err)
		}
	}
	if t.moved[f] {
		return t.version, nil
	}
	t.moved[f] = true
	if f == items {
		return t.version, t.exec(`UPDATE state SET items = version`)
	}
	return t.version, t.exec(`UPDATE state SET own = version`)
}

// Times are stored as milliseconds; the zero time is NULL.
func ms(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func at(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMilli(v.Int64).UTC()
}
