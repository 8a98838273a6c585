// Package ledger is what this kiosk did: loans, intents, wishes and events in
// one SQLite file behind one connection. It decides nothing and reaches no
// device; it refuses to acknowledge what is not on the disk.
package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// What callers branch on.
var (
	// ErrDoubt says that a commit's outcome cannot be learned: the file does
	// not open again, or its log cannot be written back.
	ErrDoubt = errors.New("the ledger is in doubt")
	// ErrNewer says that a newer program wrote the ledger, and that this one
	// could not keep what it wrote.
	ErrNewer = errors.New("a newer program wrote the ledger")
	// ErrDamaged says that a row is not what was written.
	ErrDamaged = errors.New("the ledger is damaged")
	// ErrDiverged says that central's hash at a common number is not ours.
	ErrDiverged = errors.New("the event chain differs from central's")
)

// Options is what a ledger must know to write events.
type Options struct {
	Kiosk string           // name in the seals
	Seal  contract.SealKey // central's public sealing key
	// Reserve is how many bytes of the disk are kept for returns and for
	// settling doubt when it is full; 0 is 4 MiB.
	Reserve int64
	// Step is called before and after each commit with "before NAME" and
	// "after NAME"; an error from it ends the call there, as a power cut would.
	// Nil does nothing.
	Step func(name string) error
}

// Ledger is one kiosk's ledger. Its methods may be called from any goroutine;
// the one connection puts them in line.
type Ledger struct {
	path string
	o    Options

	mu    sync.Mutex // guards what follows, and puts write transactions in line
	db    *sql.DB
	boots int64
	grown chain // the current epoch as the last commit left it

	folded contract.Folded // by the last Fold of this run; what came before it cannot be raced
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the ledger at path, or makes a new one. It writes back what a
// power cut left in the log, checks every row that anything still depends on,
// and counts the boot. ErrDamaged if a row is not what was written.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	if o.Step == nil {
		o.Step = func(string) error { return nil }
	}
	l := &Ledger{path: path, o: o}
	if err := l.start(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("open ledger %s: %w", filepath.Base(path), err)
	}
	return l, nil
}

// start looks first and touches afterwards. What is checked here is not
// checked again at every read but by its row's checksum.
func (l *Ledger) start(ctx context.Context) error {
	checked, err := l.look(ctx)
	if err != nil && l.spend(err) {
		checked, err = l.look(ctx)
	}
	if err != nil {
		return err
	}
	if err := l.open(ctx); err != nil {
		return sqliteDamage(err)
	}
	return l.begin(ctx, checked)
}

// Close closes the file. Nothing is lost by not calling it.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.db == nil {
		return nil
	}
	return l.db.Close()
}

// dsn has every pragma in it: set with Exec they would reach one connection of
// a pool, and misspelt ones are passed over in silence (checkPragmas reads
// them back).
func dsn(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_foreign_keys=on&_busy_timeout=5000"
}

// open opens the file. On a full disk the reserve makes room for the log to be
// written back.
func (l *Ledger) open(ctx context.Context) error {
	err := l.openOnce(ctx)
	if err != nil && l.spend(err) {
		err = l.openOnce(ctx)
	}
	return err
}

// ready opens the file again if a doubt could not be settled before. The
// caller holds mu.
func (l *Ledger) ready(ctx context.Context) error {
	if l.db != nil {
		return nil
	}
	if err := l.open(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	return nil
}

func (l *Ledger) openOnce(ctx context.Context) error {
	db, err := sql.Open("sqlite3", dsn(l.path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	if err := prepare(ctx, db); err != nil {
		db.Close()
		return err
	}
	l.db = db
	return nil
}

// prepare reads the pragmas back and moves everything committed from the log
// into the file: no commit may stand behind a frame that was never synced.
func prepare(ctx context.Context, db *sql.DB) error {
	if err := checkPragmas(ctx, db); err != nil {
		return err
	}
	var busy, log, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved); err != nil {
		return fmt.Errorf("write back the log: %w", err)
	}
	if busy != 0 {
		return errors.New("write back the log: another program has the ledger open")
	}
	if err := fence(ctx, db); err != nil {
		return fmt.Errorf("write back the log: %w", err)
	}
	return migrate(ctx, db, migrations)
}

// fence commits once more, and changes nothing. Its sync makes it durable that
// the log was emptied, which SQLite does not sync by itself: after a sync that
// failed, the log on the disk may lack frames that the file has by now, and if
// it came back it would put older pages in front of newer ones.
func fence(ctx context.Context, db *sql.DB) error {
	var version int
	err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil && version > 0 {
		_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	return err
}

func checkPragmas(ctx context.Context, db *sql.DB) error {
	want := []struct{ name, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "5000"},
	}
	for _, p := range want {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", p.name, err)
		}
		if got != p.value {
			return fmt.Errorf("pragma %s is %s and must be %s", p.name, got, p.value)
		}
	}
	return nil
}

// begin counts the boot, starts the first epoch and checks what is there, if
// that has not been done.
func (l *Ledger) begin(ctx context.Context, checked bool) error {
	return l.write(ctx, "begin", func(w *writer) error {
		if err := w.startEpoch(); err != nil {
			return err
		}
		if !checked {
			if err := w.check(); err != nil {
				return asDamage(err)
			}
		}
		w.totals.boots++
		l.boots = w.totals.boots
		return w.err
	})
}

// check looks at every row inside a transaction that has not ended yet.
func (w *writer) check() error {
	w.saveTotals()
	if w.err != nil {
		return w.err
	}
	_, err := verifyRows(w.ctx, w.tx)
	return err
}

// Boots is how often this ledger has been opened.
func (l *Ledger) Boots() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.boots
}

// at is the moment in the form the rows have.
func millis(at circ.Moment) int64 { return at.Wall.UnixMilli() }
