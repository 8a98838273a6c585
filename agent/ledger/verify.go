package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"

	"github.com/mattn/go-sqlite3"

	"nightdesk/agent/contract"
)

// errOlder says that a file has the schema of an older program, whose rows
// cannot all be checked before it is brought up.
var errOlder = errors.New("its schema is older than this program; it is brought up when the kiosk next starts")

// errBlank says that the power went while a ledger was being made, before
// anything was written in it.
var errBlank = errors.New("nothing has been written in it yet")

// look checks a ledger without changing a byte, so that a damaged one can
// still be salvaged as it was found: opening it for writing would already throw
// away what stands behind a damaged place in the log. It says whether every
// row has been checked; a new ledger, and one of an older program, has not.
func (l *Ledger) look(ctx context.Context) (checked bool, err error) {
	_, had := readWitness(l.path)
	info, err := os.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		if had {
			err = fmt.Errorf("%w: its file is gone", ErrDamaged)
		}
		return false, ignore(err, fs.ErrNotExist)
	}
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(l.path + "-journal"); err == nil && !had {
		return false, nil // it has a journal only while SQLite makes it, and opening it takes that back
	}
	if err := checkLog(l.path + "-wal"); err != nil {
		return false, err
	}
	db, err := openReadOnly(l.path)
	if err != nil {
		return false, err
	}
	defer db.Close()
	err = asDamage(verify(ctx, db, l.path))
	if had && (errors.Is(err, errOlder) || errors.Is(err, errBlank)) {
		err = fmt.Errorf("%w: it is older than what was acknowledged", ErrDamaged)
	}
	return err == nil, ignore(ignore(err, errOlder), errBlank)
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

func openReadOnly(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_query_only=1&_busy_timeout=5000")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// asDamage tells damage from trouble: a disk that is full or does not answer
// says nothing of what is on it. Whatever else goes wrong while the rows are
// checked is something that was not written so.
func asDamage(err error) error {
	var e sqlite3.Error
	switch {
	case err == nil, errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer), errors.Is(err, errOlder), errors.Is(err, errBlank),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &e):
		switch e.Code {
		case sqlite3.ErrIoErr, sqlite3.ErrFull, sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrCantOpen,
			sqlite3.ErrPerm, sqlite3.ErrNomem, sqlite3.ErrReadonly, sqlite3.ErrInterrupt, sqlite3.ErrProtocol:
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// sqliteDamage is asDamage of what SQLite itself says, and nothing else.
func sqliteDamage(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return asDamage(err)
	}
	return err
}

// verify checks in one snapshot that a ledger holds what was written: SQLite's
// own structure, the schema, every row's checksum, every epoch's chain, that no
// row is missing, and that the last commit is one that was acknowledged, or later.
func verify(ctx context.Context, db *sql.DB, path string) error {
	if err := checkHeader(path); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := verifySchema(ctx, tx); err != nil {
		return err
	}
	if t, err := readTotals(ctx, tx); err == nil && t.serial == 0 {
		return errBlank
	}
	t, err := verifyRows(ctx, tx)
	if err != nil {
		return err
	}
	if w, ok := readWitness(path); ok && w.Serial > t.serial {
		return fmt.Errorf("%w: %d changes are missing that were acknowledged", ErrDamaged, w.Serial-t.serial)
	}
	return nil
}

// checkHeader looks at what SQLite believes unasked: page size, log, fractions.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [24]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("%w: its first page is cut off", ErrDamaged)
	}
	if string(head[:16]) != "SQLite format 3\x00" || !bytes.Equal(head[16:], []byte{pageSize >> 8, pageSize & 0xFF, 2, 2, 0, 64, 32, 32}) {
		return fmt.Errorf("%w: its header is not that of a ledger", ErrDamaged)
	}
	return nil
}

// verifySchema holds the schema against the one that this program makes.
func verifySchema(ctx context.Context, q querier) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if have < len(names) {
		return errOlder
	}
	if have > len(names) {
		return mayGoOn(ctx, q, have, len(names))
	}
	want, err := ownSchema()
	if err != nil {
		return err
	}
	got, err := schema(ctx, q)
	if err == nil && got != want {
		err = fmt.Errorf("%w: its tables are not those of a ledger", ErrDamaged)
	}
	return err
}

// ownSchema is the schema that this program makes, made once: it is always the same.
var ownSchema = sync.OnceValues(func() (string, error) {
	ctx := context.Background() // nothing here waits
	fresh, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return "", err
	}
	defer fresh.Close()
	fresh.SetMaxOpenConns(1)
	if err := migrate(ctx, fresh, migrations); err != nil {
		return "", err
	}
	return schema(ctx, fresh)
})

func schema(ctx context.Context, q querier) (text string, err error) {
	err = each(ctx, q, func(r *sql.Rows) error {
		var line string
		err := r.Scan(&line)
		text += line + "\n"
		return err
	}, "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
	return text, err
}

// verifyRows checks everything that is in the tables. SQLite's own check sees
// what is wrong between pages, rows and indexes; it does not see flipped bits.
func verifyRows(ctx context.Context, q querier) (totals, error) {
	var verdict string
	if err := q.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return totals{}, err
	}
	if verdict != "ok" {
		return totals{}, fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	want, err := readTotals(ctx, q)
	if err != nil {
		return want, err
	}
	got, err := addUp(ctx, q)
	if err != nil {
		return want, err
	}
	for t, n := range got {
		if n != want.rows[t] {
			return want, fmt.Errorf("%w: rows of table %s are missing", ErrDamaged, table(t))
		}
	}
	if _, err := currentChain(ctx, q); err != nil {
		return want, err
	}
	return want, nil
}

// addUp checks every row of every table, and adds up what they come to.
func addUp(ctx context.Context, q querier) (sums [tables]uint64, err error) {
	var events int64
	for _, t := range []struct {
		table   table
		columns string
		scan    func(row) ([]byte, error)
	}{
		{tableChain, chainColumns, func(r row) ([]byte, error) {
			c, err := scanChain(r)
			events += int64(c.head - c.base)
			return c.sum(), err
		}},
		{tableLoan, loanColumns, func(r row) ([]byte, error) { x, err := scanLoan(r); return x.sum(), err }},
		{tableAct, actColumns, checkAct},
		{tableWish, wishColumns, func(r row) ([]byte, error) { x, err := scanWish(r); return wishSum(x), err }},
		{tableDoubt, wishColumns, func(r row) ([]byte, error) { x, err := scanWish(r); return wishSum(x), err }},
		{tablePIN, tryColumns, func(r row) ([]byte, error) { x, err := scanTry(r); return x.sum(), err }},
	} {
		err := each(ctx, q, func(r *sql.Rows) error {
			check, err := t.scan(r)
			sums[t.table] += worth(check)
			return err
		}, "SELECT "+t.columns+" FROM "+t.table.String()+" AS w")
		if err != nil {
			return sums, err
		}
	}
	return sums, verifyChains(ctx, q, events)
}

func checkAct(r row) ([]byte, error) {
	a, body, err := scanActBody(r)
	return a.sum(body), err
}

// verifyChains walks every epoch from its base to its head; there are as many
// events as they say.
func verifyChains(ctx context.Context, q querier, want int64) error {
	var chains []chain
	err := each(ctx, q, func(r *sql.Rows) error {
		c, err := scanChain(r)
		chains = append(chains, c)
		return err
	}, "SELECT "+chainColumns+" FROM chain")
	for _, c := range chains {
		if err == nil {
			err = verifyEvents(ctx, q, c)
		}
	}
	var have int64
	if err == nil {
		err = q.QueryRowContext(ctx, "SELECT count(*) FROM event").Scan(&have)
	}
	if err == nil && have != want {
		err = fmt.Errorf("%w: there are %d events and should be %d", ErrDamaged, have, want)
	}
	return err
}

// verifyEvents walks an epoch's chain from its base to its head.
func verifyEvents(ctx context.Context, q querier, c chain) error {
	hash, n := c.baseHash, c.base
	err := each(ctx, q, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		n++
		hash = hash.Next(n, e.body)
		if e.n != n || hash != e.hash {
			return fmt.Errorf("%w: event %d does not fit the chain", ErrDamaged, n)
		}
		return nil
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? ORDER BY n", c.epoch[:])
	if err != nil {
		return err
	}
	if n != c.head || hash != c.hHash {
		return fmt.Errorf("%w: events end at %d and the chain at %d", ErrDamaged, n, c.head)
	}
	return nil
}

// stored is an event as its row has it.
type stored struct {
	epoch [16]byte
	n     uint64
	tx    [16]byte
	kind  string
	at    int64
	body  []byte
	hash  contract.Hash
	older bool // than the checksum: what its bytes say fits the row, and only the chain proves them
}

const eventColumns = "epoch, n, tx, type, at, body, hash, sum"

func (e stored) sum() []byte {
	return sum("event", e.epoch[:], number(int64(e.n)), e.tx[:], []byte(e.kind), number(e.at), e.body, e.hash[:])
}

// scanEvent reads an event and checks its row. One that is older than the
// checksum is held against what its own bytes say.
func scanEvent(r row) (stored, error) {
	var e stored
	var epoch, tx, hash, check []byte
	if err := r.Scan(&epoch, &e.n, &tx, &e.kind, &e.at, &e.body, &hash, &check); err != nil {
		return e, err
	}
	if len(epoch) != 16 || len(tx) != 16 || len(hash) != 32 {
		return e, damaged("event", e.n)
	}
	e.epoch, e.tx, e.hash = [16]byte(epoch), [16]byte(tx), contract.Hash(hash)
	if check != nil {
		if !bytes.Equal(check, e.sum()) {
			return e, damaged("event", e.n)
		}
		return e, nil
	}
	e.older = true
	var said contract.Event
	if json.Unmarshal(e.body, &said) != nil || said.N != e.n || said.Tx != e.tx || string(said.Type) != e.kind || said.At.UnixMilli() != e.at {
		return e, damaged("event", e.n)
	}
	return e, nil
}
