package disk

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// careless reads a ledger's rows as a program does that believes its database.
type careless struct{ db *sql.DB }

func (c careless) rows(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := c.db.QueryContext(ctx, query, args...)
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

func (c careless) Unsent(ctx context.Context, limit int) (contract.Batch, error) {
	var b contract.Batch
	var epoch, prev []byte
	var acked int64
	err := c.db.QueryRowContext(ctx, "SELECT epoch, acked, (SELECT hash FROM event e WHERE e.epoch = c.epoch AND n = acked) FROM chain c WHERE current = 1").
		Scan(&epoch, &acked, &prev)
	if err != nil {
		return b, err
	}
	copy(b.Epoch[:], epoch)
	copy(b.Prev[:], prev)
	err = c.rows(ctx, "SELECT body FROM event WHERE epoch = ? AND n > ? ORDER BY n LIMIT ?", []any{epoch, acked, limit}, func(r *sql.Rows) error {
		var body []byte
		err := r.Scan(&body)
		b.Events = append(b.Events, body)
		return err
	})
	return b.Cut(), err
}

func (c careless) Wanted(ctx context.Context, visit circ.Visit, uids []drivers.UID) (wishes []circ.Wish, err error) {
	args := []any{visit[:]}
	for _, u := range uids {
		args = append(args, u[:])
	}
	err = c.rows(ctx, "SELECT w.uid, w.want, w.tx, w.item, w.part, w.of FROM wish w JOIN act a ON a.tx = w.tx WHERE (w.want = 'loud' OR a.visit = ?) AND w.uid IN (?"+
		strings.Repeat(", ?", len(uids)-1)+") ORDER BY w.uid", args, func(r *sql.Rows) error {
		var x circ.Wish
		var uid, tx []byte
		err := r.Scan(&uid, &x.Want, &tx, &x.Item, &x.Part, &x.Of)
		copy(x.UID[:], uid)
		copy(x.Tx[:], tx)
		wishes = append(wishes, x)
		return err
	})
	return wishes, err
}

func (c careless) Lent(ctx context.Context, item circ.ItemID) (l ledger.Lent, err error) {
	err = c.rows(ctx, "SELECT l.open, l.epoch, l.n, e.body FROM loan l LEFT JOIN event e ON e.epoch = l.epoch AND e.n = l.n WHERE item = ?",
		[]any{string(item)}, func(r *sql.Rows) error {
			var epoch, body []byte
			var e contract.Event
			err := r.Scan(&l.Open, &epoch, &l.N, &body)
			copy(l.Epoch[:], epoch)
			if err == nil && body != nil {
				err = json.Unmarshal(body, &e)
			}
			l.Feed = e.Feed
			return err
		})
	return l, err
}

// The control: the same changes, read by a program that leaves it to SQLite to
// notice. It answers wrongly, and this rig sees that.
func TestACarelessReaderIsCaught(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the same, read without checks", Unit: "changes",
		Target: "control: wrong answers are given and seen", Short: 150, Long: 1000})
	e := newEvening(t, run.Stream(1))
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, i int) (tally, string) {
		path := e.path(fmt.Sprintf("careless-%d.db", worker))
		truth, err := e.believe(t, path, e.kind(i))
		must(t, err)
		harmed, _ := e.kind(i).harm(r)
		said, err := e.believe(t, path, harmed)
		switch {
		case err != nil:
			return tally{found: 1}, ""
		case said.against(truth) != "":
			return tally{wrong: 1}, ""
		}
		return tally{harmless: 1}, ""
	})
	run.Reached("%d noticed, %d wrong answers", n.found, n.wrong)
	if n.wrong == 0 {
		t.Error("no wrong answer was seen: this rig cannot fail")
	}
}

func (e *evening) believe(t *testing.T, path string, f files) (answers, error) {
	f.lay(t, path)
	db, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return e.ask(careless{db}), db.Ping()
}

// contents is every row of every table, as bytes, but for the one that counts
// the boots.
func contents(path string) (answers, error) {
	a, ctx := answers{}, context.Background()
	db, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for _, table := range []string{"chain", "event", "loan", "act", "wish", "doubt", "pin"} {
		columns, err := columnsOf(ctx, db, table)
		if err != nil {
			return nil, err
		}
		var all []string
		err = careless{db}.rows(ctx, "SELECT "+columns+" FROM "+table+" NOT INDEXED ORDER BY 1", nil, func(r *sql.Rows) error {
			var line string
			err := r.Scan(&line)
			all = append(all, line)
			return err
		})
		a.note("rows of "+table, all, err)
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

// columnsOf makes one text of all of a table's columns.
func columnsOf(ctx context.Context, db *sql.DB, table string) (list string, err error) {
	err = careless{db}.rows(ctx, "SELECT group_concat('quote(' || name || ')', ' || '' '' || ') FROM pragma_table_info(?)", []any{table},
		func(r *sql.Rows) error { return r.Scan(&list) })
	return list, err
}

func openPlain(path string) (*sql.DB, error) { return sql.Open("sqlite3", "file:"+path) }
