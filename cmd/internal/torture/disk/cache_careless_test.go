package disk

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"

	"nightdesk/cmd/internal/torture"
)

// believeCache reads what the cache holds as a program does that has SQLite look
// the file through and then believes every row.
func (e *evening) believeCache(t *testing.T, path string, f files) (answers, error) {
	f.lay(t, path)
	db, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	ctx, a := context.Background(), answers{}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return nil, fmt.Errorf("the file is damaged: %s, %w", verdict, err)
	}
	for n := range books {
		said, err := asked(ctx, db, `SELECT (SELECT coalesce(title, '') || ' ' || class || ' ' || age FROM item WHERE item = ?1) || ' ' ||
			(SELECT on_loan || ' ' || hex(holder) || ' ' || coalesce(due_ms, '') || ' ' || hex(hold) FROM circ WHERE item = ?1)`, string(item(n)))
		a.note("item "+string(item(n)), said, err)
	}
	for n := range readers {
		key := e.reader(n).Key
		said, err := asked(ctx, db, "SELECT category || ' ' || blocked || ' ' || loans || ' ' || coalesce(expires_day, '') FROM borrower WHERE who = ?", key[:])
		a.note(fmt.Sprint("borrower ", n), said, err)
	}
	said, err := asked(ctx, db, "SELECT group_concat(feed || generation || ' ' || version || ' ' || as_of_ms) FROM feed")
	a.note("feeds", said, err)
	return a, nil
}

func asked(ctx context.Context, db *sql.DB, query string, args ...any) (said sql.NullString, err error) {
	err = db.QueryRowContext(ctx, query, args...).Scan(&said)
	return said, err
}

// The control: the same changes, read by a program that leaves it to SQLite to
// notice. It has wrong facts, and this rig sees that.
func TestACarelessReaderOfTheCacheIsCaught(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the same to the cache, read without checks", Unit: "changes",
		Target: "control: changed facts are used and seen", Short: 300, Long: 2000})
	e := newEvening(t, run.Stream(1))
	truth, err := e.believeCache(t, e.path("true-cache.db"), e.cacheClosed)
	must(t, err)
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, _ int) (tally, string) {
		harmed, _ := e.cacheClosed.harm(r)
		said, err := e.believeCache(t, e.path(fmt.Sprintf("careless-cache-%d.db", worker)), harmed)
		switch {
		case err != nil:
			return tally{found: 1}, ""
		case said.against(truth) != "":
			return tally{wrong: 1}, ""
		}
		return tally{harmless: 1}, ""
	})
	run.Reached("%d noticed, %d with a fact that is another", n.found, n.wrong)
	if n.wrong == 0 {
		t.Error("no changed fact was seen: this rig cannot fail")
	}
}
