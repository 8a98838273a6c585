package cache

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// OutcomesKept is how long an outcome is kept after it was heard of.
const OutcomesKept = 30 * 24 * time.Hour

// load is a transfer under way: the pages of one reset or one delta that have
// come so far. The zero load is none. It survives a power cut, and goes on
// only towards the version it was begun for.
type load struct {
	reset    bool
	from, to circ.FeedVersion
	cursor   string // the page awaited
	rows     int    // come so far, of any kind
}

// carries says whether a chunk is one of this transfer's.
func (l load) carries(chunk contract.Chunk) bool {
	return l.to != circ.FeedVersion{} && l.to == chunk.To && l.from == chunk.From && l.reset == chunk.Reset
}

// pull asks for the page awaited, or for what comes after the version held.
func (l load) pull(feed contract.Feed, have circ.FeedVersion) contract.Pull {
	return contract.Pull{V: contract.Version, Feed: feed, Have: have, To: l.to, Cursor: l.cursor}
}

// underway reads a feed's transfer.
func underway(tx *sql.Tx, feed contract.Feed) (load, error) {
	row, found, err := loadTable.find(tx, string(feed))
	if err != nil || !found {
		return load{}, err
	}
	return load{
		reset:  row.flag(1),
		from:   circ.FeedVersion{Generation: uint64(row.number(2)), Version: uint64(row.number(3))},
		to:     circ.FeedVersion{Generation: uint64(row.number(4)), Version: uint64(row.number(5))},
		cursor: row.text(6), rows: int(row.number(7)),
	}, nil
}

// begin throws away what another transfer of the feed has left.
func begin(tx *sql.Tx, chunk contract.Chunk) (load, error) {
	l := load{reset: chunk.Reset, from: chunk.From, to: chunk.To}
	return l, discard(tx, chunk.Feed)
}

// discard empties everything in which a feed's rows wait.
func discard(tx *sql.Tx, feed contract.Feed) error {
	for _, table := range tables(feed) {
		if _, err := tx.Exec("DELETE FROM load_" + table); err != nil {
			return err
		}
	}
	for _, table := range []string{"load", "load_page", "load_delta"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE feed = ?", feed); err != nil {
			return err
		}
	}
	return nil
}

// tables of a feed; each has a side table of the same shape.
func tables(feed contract.Feed) []string {
	if feed == contract.FeedItems {
		return []string{"item"}
	}
	return []string{"circ", "borrower", "book", "outcome"}
}

// add takes a page, and finishes the transfer if it was the last.
func (l load) add(tx *sql.Tx, chunk contract.Chunk, lines []line, have circ.FeedVersion) (*contract.Pull, error, error) {
	l.rows += len(chunk.Rows)
	l.cursor = chunk.Cursor
	err := error(nil)
	if l.reset {
		_, err = write(tx, "load_", lines)
	} else {
		err = wait(tx, chunk.Feed, lines)
	}
	if err != nil {
		return nil, nil, err
	}
	if chunk.Last {
		refused, err := l.finish(tx, chunk)
		return nil, refused, err
	}
	pull := l.pull(chunk.Feed, have)
	return &pull, nil, l.save(tx, chunk)
}

func (l load) save(tx *sql.Tx, chunk contract.Chunk) error {
	err := loadTable.store(tx, chunk.Feed, l.reset, l.from.Generation, l.from.Version, l.to.Generation, l.to.Version, l.cursor, l.rows)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO load_page VALUES (?, ?)", chunk.Feed, chunk.After)
	return err
}

// finish puts the rows in place and moves the feed to its new version. A delta
// need not say its total.
func (l load) finish(tx *sql.Tx, chunk contract.Chunk) (refused, err error) {
	if l.rows != chunk.Total && (l.reset || chunk.Total != 0) {
		return fmt.Errorf("%w: %d came of %d", ErrTotal, l.rows, chunk.Total), discard(tx, chunk.Feed)
	}
	if l.reset {
		err = swap(tx, chunk.Feed)
	} else {
		err = merge(tx, chunk)
	}
	if err != nil {
		return nil, err
	}
	if err := discard(tx, chunk.Feed); err != nil {
		return nil, err
	}
	if err := advance(tx, chunk); err != nil {
		return nil, err
	}
	return nil, outcomeTable.thin(tx, "heard_ms < ?", chunk.Issued.Add(-OutcomesKept).UnixMilli())
}

// swap exchanges the feed's tables with its side tables by their names, which
// costs the same for ten rows and a million.
func swap(tx *sql.Tx, feed contract.Feed) error {
	for _, t := range tables(feed) {
		for _, rename := range []string{t + " RENAME TO swap_" + t, "load_" + t + " RENAME TO " + t, "swap_" + t + " RENAME TO load_" + t} {
			if _, err := tx.Exec("ALTER TABLE " + rename); err != nil {
				return err
			}
		}
	}
	return recount(tx, tables(feed)...)
}

// statement is one that was made ready: into the table, or out of it.
type statement struct {
	table string
	drop  bool
}

// write puts lines into the tables with the prefix, or takes them out. It tells
// how many rows more that makes of each table in use.
func write(tx *sql.Tx, prefix string, lines []line) (more map[string]int64, err error) {
	ready := map[statement]*sql.Stmt{} // closed with the transaction
	more = map[string]int64{}
	for _, l := range lines {
		what := statement{l.sort.into.name, l.Deleted}
		stmt, ok := ready[what]
		if !ok {
			if stmt, err = tx.Prepare(l.statement(prefix)); err != nil {
				return nil, err
			}
			ready[what] = stmt
		}
		there := true
		if prefix == "" {
			if there, err = l.sort.into.holds(tx, l.key...); err != nil {
				return nil, err
			}
		}
		args, err := l.args()
		if err != nil {
			return nil, err
		}
		done, err := stmt.Exec(args...)
		if err != nil {
			return nil, err
		}
		if n, _ := done.RowsAffected(); l.Deleted { // sqlite3 always knows
			more[what.table] -= n
		} else if !there {
			more[what.table] += n
		}
	}
	return more, nil
}

// statement is the SQL that puts a line in place, or takes out what is older.
func (l line) statement(prefix string) string {
	if l.Deleted {
		return l.sort.into.drop(prefix)
	}
	return l.sort.into.put(prefix)
}

func (l line) args() ([]any, error) {
	args := append(append(make([]any, 0, len(l.sort.into.columns)+1), l.key...), int64(l.Ver))
	if l.Deleted {
		return args, nil
	}
	return l.sort.into.seal(append(args, l.rest...))
}

// wait lays the lines of a delta aside. A tombstone waits as a row does, so
// that nothing older of the same key can come to life after it.
func wait(tx *sql.Tx, feed contract.Feed, lines []line) error {
	stmt, err := tx.Prepare(deltaTable.put(""))
	if err != nil {
		return err
	}
	for _, l := range lines {
		row, err := deltaTable.seal([]any{feed, l.Kind, l.Row.Key, int64(l.Ver), l.Deleted, string(l.Data)})
		if err != nil {
			return err
		}
		if _, err := stmt.Exec(row...); err != nil {
			return err
		}
	}
	return stmt.Close()
}

// merge applies the delta that has come whole.
func merge(tx *sql.Tx, chunk contract.Chunk) error {
	chunk.Rows = nil
	err := deltaTable.each(tx, func(r cells) error {
		chunk.Rows = append(chunk.Rows, contract.Row{Kind: contract.RowKind(r.text(1)), Key: r.text(2), Ver: uint64(r.number(3)),
			Deleted: r.flag(4), Data: json.RawMessage(r.text(5))})
		return nil
	}, "WHERE feed = ? ORDER BY kind, key", string(chunk.Feed))
	if err != nil {
		return err
	}
	lines, err := readRows(chunk)
	if err != nil {
		return err
	}
	more, err := write(tx, "", lines)
	if err != nil {
		return err
	}
	for _, t := range counted {
		if err := t.grow(tx, more[t.name]); err != nil {
			return err
		}
	}
	return nil
}
