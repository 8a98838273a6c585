package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
)

// table is one whose rows are added up, so that one that vanishes is missed.
type table int

const (
	tableChain table = iota
	tableLoan
	tableAct
	tableWish
	tableDoubt
	tablePIN
	tables
)

func (t table) String() string {
	return [tables]string{"chain", "loan", "act", "wish", "doubt", "pin"}[t]
}

// totals is the one row of its table.
type totals struct {
	boots, serial int64
	oldest        int64 // schema that a program must know at least to go on with the file
	rows          [tables]uint64
}

func (t totals) sum() []byte {
	fields := [][]byte{number(t.boots), number(t.serial), number(t.oldest)}
	for _, n := range t.rows {
		fields = append(fields, number(int64(n)))
	}
	return sum("total", fields...)
}

// worth is what a row's checksum adds to its table's total.
func worth(check []byte) uint64 {
	if len(check) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(check)
}

const totalColumns = "boots, serial, oldest, chain, loan, act, wish, doubt, pin, sum"

func scanTotals(r row) (totals, error) {
	var t totals
	var rows [tables]int64
	var check []byte
	err := r.Scan(&t.boots, &t.serial, &t.oldest, &rows[0], &rows[1], &rows[2], &rows[3], &rows[4], &rows[5], &check)
	if err != nil {
		return t, err
	}
	for i, n := range rows {
		t.rows[i] = uint64(n)
	}
	if !bytes.Equal(check, t.sum()) {
		return t, damaged("total", "only")
	}
	return t, nil
}

func readTotals(ctx context.Context, q querier) (totals, error) {
	return scanTotals(q.QueryRowContext(ctx, "SELECT "+totalColumns+" FROM total"))
}

// totalsFrom is the schema that has totals.
const totalsFrom = 3

// firstTotals counts what a ledger holds that had no totals before, or nothing
// in a new one.
func firstTotals(ctx context.Context, tx *sql.Tx) error {
	t := totals{oldest: totalsFrom}
	err := tx.QueryRowContext(ctx, `SELECT (SELECT value FROM mark WHERE name = 'boots'), (SELECT value FROM mark WHERE name = 'serial')`).
		Scan(&t.boots, &t.serial)
	if err != nil {
		return err
	}
	if t.rows, err = addUp(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DROP TABLE mark"); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO total (only, "+totalColumns+") VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", t.args()...)
	return err
}

func (t totals) args() []any {
	args := []any{t.boots, t.serial, t.oldest}
	for _, n := range t.rows {
		args = append(args, int64(n))
	}
	return append(args, t.sum())
}

func (w *writer) saveTotals() {
	w.exec("UPDATE total SET boots = ?, serial = ?, oldest = ?, chain = ?, loan = ?, act = ?, wish = ?, doubt = ?, pin = ?, sum = ?", w.totals.args()...)
}

// forget takes rows out of a table's total that are about to be deleted or
// replaced, and says how many there are.
func (w *writer) forget(t table, where string, args ...any) (rows int) {
	if w.err != nil {
		return 0
	}
	w.err = each(w.ctx, w.tx, func(r *sql.Rows) error {
		var check []byte
		err := r.Scan(&check)
		w.totals.rows[t] -= worth(check)
		rows++
		return err
	}, "SELECT sum FROM "+t.String()+" WHERE "+where, args...)
	return rows
}

// delete takes rows out of a table, and says how many there were.
func (w *writer) delete(t table, where string, args ...any) (rows int) {
	if rows = w.forget(t, where, args...); rows > 0 {
		w.exec("DELETE FROM "+t.String()+" WHERE "+where, args...)
	}
	return rows
}

// put writes a row, whose old form, if there was one, has been forgotten.
func (w *writer) put(t table, check []byte, query string, args ...any) {
	w.exec(query, args...)
	w.totals.rows[t] += worth(check)
}
