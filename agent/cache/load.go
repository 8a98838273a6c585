package cache

import (
	"database/sql"
	"encoding/json"
	"errors"
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
	var l load
	err := tx.QueryRow(`SELECT reset, from_generation, from_version, to_generation, to_version, cursor, rows
		FROM load WHERE feed = ?`, feed).Scan(&l.reset, &l.from.Generation, &l.from.Version,
		&l.to.Generation, &l.to.Version, &l.cursor, &l.rows)
	if errors.Is(err, sql.ErrNoRows) {
		return load{}, nil
	}
	return l, err
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
		err = write(tx, "load_", lines)
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
	_, err := tx.Exec(`INSERT INTO load VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET cursor = excluded.cursor, rows = excluded.rows`,
		chunk.Feed, l.reset, l.from.Generation, l.from.Version, l.to.Generation, l.to.Version, l.cursor, l.rows)
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
	_, err = tx.Exec("DELETE FROM outcome WHERE heard_ms < ?", chunk.Issued.Add(-OutcomesKept).UnixMilli())
	return nil, err
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
	return nil
}

// write puts lines into the tables with the prefix, or takes them out.
func write(tx *sql.Tx, prefix string, lines []line) error {
	ready := map[string]*sql.Stmt{} // by their SQL; closed with the transaction
	for _, l := range lines {
		text, args := l.sort.put, append(append(l.key[:len(l.key):len(l.key)], int64(l.Ver)), l.rest...)
		if l.Deleted {
			text, args = l.sort.drop, append(l.key[:len(l.key):len(l.key)], int64(l.Ver))
		}
		stmt, ok := ready[text]
		if !ok {
			var err error
			if stmt, err = tx.Prepare(fmt.Sprintf(text, prefix)); err != nil {
				return err
			}
			ready[text] = stmt
		}
		if _, err := stmt.Exec(args...); err != nil {
			return err
		}
	}
	return nil
}

// wait lays the lines of a delta aside. A tombstone waits as a row does, so
// that nothing older of the same key can come to life after it.
func wait(tx *sql.Tx, feed contract.Feed, lines []line) error {
	stmt, err := tx.Prepare(`INSERT INTO load_delta (feed, kind, key, ver, deleted, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET ver = excluded.ver, deleted = excluded.deleted, body = excluded.body
		WHERE excluded.ver > ver`)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := stmt.Exec(feed, l.Kind, l.Row.Key, int64(l.Ver), l.Deleted, string(l.Data)); err != nil {
			return err
		}
	}
	return stmt.Close()
}

// merge applies the delta that has come whole.
func merge(tx *sql.Tx, chunk contract.Chunk) error {
	rows, err := tx.Query("SELECT kind, key, ver, deleted, body FROM load_delta WHERE feed = ? ORDER BY kind, key", chunk.Feed)
	if err != nil {
		return err
	}
	defer rows.Close()
	chunk.Rows = nil
	for rows.Next() {
		var row contract.Row
		var body string
		if err := rows.Scan(&row.Kind, &row.Key, &row.Ver, &row.Deleted, &body); err != nil {
			return err
		}
		row.Data = json.RawMessage(body)
		chunk.Rows = append(chunk.Rows, row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	lines, err := readRows(chunk)
	if err != nil {
		return err
	}
	return write(tx, "", lines)
}
