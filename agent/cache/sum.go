package cache

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrDamaged says that the file holds what was never written. It has been put
// aside, or will be as soon as a new one can be begun; central fills that.
var ErrDamaged = errors.New("the cache is damaged")

// sumSize is how many bytes of SHA-256 a row carries. SQLite's own check passes
// most flipped bits.
const sumSize = 8

// table is one whose rows carry a checksum.
type table struct {
	name    string
	keys    int      // how many of the columns, from the first, are the key
	columns []string // all but the sum
}

var (
	feedTable     = table{"feed", 1, []string{"feed", "generation", "version", "as_of_ms", "folded_epoch", "folded_n"}}
	clockTable    = table{"clock", 1, []string{"only", "floor_ms"}}
	tallyTable    = table{"tally", 1, []string{"what", "rows"}}
	itemTable     = table{"item", 1, []string{"item", "ver", "title", "class", "owner", "parts", "tagged", "age", "not_loan"}}
	circTable     = table{"circ", 1, []string{"item", "ver", "on_loan", "holder", "due_ms", "renewals", "hold"}}
	borrowerTable = table{"borrower", 1, []string{"who", "ver", "category", "blocked", "expires_day", "age_band", "loans",
		"by_class", "oldest_day", "messages", "reachable", "verifier"}}
	bookTable    = table{"book", 2, []string{"kind", "key", "ver", "body"}}
	outcomeTable = table{"outcome", 2, []string{"epoch", "n", "ver", "outcome", "reason", "case_ref", "heard_ms"}}
	seenTable    = table{"seen", 1, []string{"uid", "item", "part", "of", "digest", "usage", "owner", "model", "read_ms", "generation", "item_ver"}}
	loadTable    = table{"load", 1, []string{"feed", "reset", "from_generation", "from_version", "to_generation", "to_version", "cursor", "rows"}}
	deltaTable   = table{"load_delta", 3, []string{"feed", "kind", "key", "ver", "deleted", "body"}}
)

// counted are the tables whose rows are counted when the file is opened.
var counted = []table{itemTable, circTable, borrowerTable, bookTable, outcomeTable, seenTable}

// querier is a transaction or a pool.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
}

// again is a transaction in which the same is asked many times.
type repeated struct {
	tx    *sql.Tx
	ready map[string]*sql.Stmt // closed with the transaction
}

func (a repeated) Query(query string, args ...any) (*sql.Rows, error) {
	stmt, ok := a.ready[query]
	if !ok {
		var err error
		if stmt, err = a.tx.Prepare(query); err != nil {
			return nil, err
		}
		a.ready[query] = stmt
	}
	return stmt.Query(args...)
}

// cells are a row's columns, and after all of them its sum.
type cells []any

func (c cells) text(i int) string  { s, _ := c[i].(string); return s }
func (c cells) number(i int) int64 { n, _ := c[i].(int64); return n }
func (c cells) bytes(i int) []byte { b, _ := c[i].([]byte); return b }
func (c cells) flag(i int) bool    { return c.number(i) != 0 }

func (c cells) maybe(i int) sql.NullInt64 {
	n, ok := c[i].(int64)
	return sql.NullInt64{Int64: n, Valid: ok}
}

// seal makes of a row's values what is stored, in place, and adds the sum.
func (t table) seal(row []any) (cells, error) {
	for i, v := range row {
		switch v := v.(type) {
		case string, []byte, int64, nil:
		case bool:
			row[i] = flag(v)
		default:
			stored, err := driver.DefaultParameterConverter.ConvertValue(v)
			if err != nil {
				return nil, fmt.Errorf("column %s of the table %s: %w", t.columns[i], t.name, err)
			}
			row[i] = stored
		}
	}
	return append(row, t.sum(row)), nil
}

func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// sum is the first bytes of SHA-256 over the table's name and every value, each
// with its kind and its length in front.
func (t table) sum(values []any) []byte {
	b := add(make([]byte, 0, 512), 's', t.name)
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case string:
			b = add(b, 's', v)
		case []byte:
			if v == nil {
				b = append(b, 'n')
				continue
			}
			b = add(b, 'b', v)
		case nil:
			b = append(b, 'n')
		default:
			b = append(b, '?') // no column holds such a value: it fits no sum that was written
		}
	}
	all := sha256.Sum256(b)
	return all[:sumSize]
}

func add[T string | []byte](b []byte, kind byte, v T) []byte {
	return append(binary.BigEndian.AppendUint32(append(b, kind), uint32(len(v))), v...)
}

// check holds a row against its sum.
func (t table) check(row cells) error {
	last := len(row) - 1
	if sum, ok := row[last].([]byte); !ok || !bytes.Equal(sum, t.sum(row[:last])) {
		return fmt.Errorf("%w: a row of the table %s does not fit its checksum", ErrDamaged, t.name)
	}
	return nil
}

func (t table) list() string { return strings.Join(t.columns, ", ") + ", sum" }

// is compares the key with as many arguments.
func (t table) is() string { return strings.Join(t.columns[:t.keys], " = ? AND ") + " = ?" }

// key is the key as one value, and marks as many arguments.
func (t table) key() string { return "(" + strings.Join(t.columns[:t.keys], ", ") + ")" }

func marks(n int) string { return "(?" + strings.Repeat(", ?", n-1) + ")" }

// save is the SQL that puts a sealed row into the table with the prefix, in
// place of one that is there.
func (t table) save(prefix string) string {
	var set []string
	for _, column := range append(t.columns[t.keys:len(t.columns):len(t.columns)], "sum") {
		set = append(set, column+" = excluded."+column)
	}
	return "INSERT INTO " + prefix + t.name + " (" + t.list() + ") VALUES " + marks(len(t.columns)+1) +
		" ON CONFLICT DO UPDATE SET " + strings.Join(set, ", ")
}

// put is save, and keeps what is newer.
func (t table) put(prefix string) string { return t.save(prefix) + " WHERE excluded.ver > ver" }

// drop is the SQL that takes out what is older. Arguments: key, version.
func (t table) drop(prefix string) string {
	return "DELETE FROM " + prefix + t.name + " WHERE " + t.is() + " AND ver < ?"
}

// store seals a row and saves it.
func (t table) store(tx *sql.Tx, values ...any) error {
	row, err := t.seal(values)
	if err != nil {
		return err
	}
	_, err = tx.Exec(t.save(""), row...)
	return err
}

// each reads whole rows and holds every one against its sum. rest follows
// the table's name: conditions and an order.
func (t table) each(q querier, do func(cells) error, rest string, args ...any) error {
	return t.rows(q, do, "SELECT "+t.list()+" FROM "+t.name+" "+rest, args...)
}

func (t table) rows(q querier, do func(cells) error, query string, args ...any) error {
	return scan(q, len(t.columns)+1, func(row cells) error {
		if err := t.check(row); err != nil {
			return err
		}
		return do(row)
	}, query, args...)
}

func scan(q querier, width int, do func(cells) error, query string, args ...any) error {
	rows, err := q.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row := make(cells, width)
		into := make([]any, width)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// find reads the row of a key, which is as the driver reads it. Where none is,
// the rows on either side are held against their sums: a row whose key has
// changed lies there still.
func (t table) find(q querier, key ...any) (row cells, found bool, err error) {
	err = t.each(q, func(r cells) error { row, found = r, true; return nil }, "WHERE "+t.is(), key...)
	if err != nil || found {
		return row, found, err
	}
	beside := func(sign, order string) string {
		return "SELECT * FROM (SELECT " + t.list() + " FROM " + t.name + " WHERE " + t.key() + sign + marks(t.keys) +
			" ORDER BY " + strings.Join(t.columns[:t.keys], order+", ") + order + " LIMIT 1)"
	}
	err = t.rows(q, func(cells) error { return nil }, beside(" < ", " DESC")+" UNION ALL "+beside(" > ", ""),
		append(key[:len(key):len(key)], key...)...)
	return nil, false, err
}

// must is find where there must be a row.
func (t table) must(q querier, key ...any) (cells, error) {
	row, found, err := t.find(q, key...)
	if err == nil && !found {
		err = fmt.Errorf("%w: a row of the table %s is missing", ErrDamaged, t.name)
	}
	return row, err
}

// sealAll gives every row that a program before this one wrote its sum, and
// every table its count. Rows are taken a thousand at a time, in order of key:
// a table must not be changed while it is being read.
func sealAll(tx *sql.Tx) error {
	for _, t := range append([]table{feedTable, clockTable}, counted...) {
		if err := t.sealAll(tx); err != nil {
			return err
		}
	}
	for _, t := range counted {
		if err := recount(tx, t.name); err != nil {
			return err
		}
	}
	return nil
}

func (t table) sealAll(tx *sql.Tx) error {
	const most = 1000
	update, err := tx.Prepare("UPDATE " + t.name + " SET sum = ? WHERE " + t.is())
	if err != nil {
		return err
	}
	defer update.Close()
	var after []any // the last key done
	for {
		where := ""
		if after != nil {
			where = "WHERE " + t.key() + " > " + marks(t.keys)
		}
		var batch []cells
		err := scan(tx, len(t.columns), func(row cells) error { batch = append(batch, row); return nil },
			fmt.Sprintf("SELECT %s FROM %s %s ORDER BY %s LIMIT %d", strings.Join(t.columns, ", "), t.name, where,
				strings.Join(t.columns[:t.keys], ", "), most), after...)
		if err != nil {
			return err
		}
		for _, row := range batch {
			after = row[:t.keys]
			if _, err := update.Exec(append([]any{t.sum(row)}, after...)...); err != nil {
				return err
			}
		}
		if len(batch) < most {
			return nil
		}
	}
}
