package ledger_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// commits is how many of each are timed, one of ours after one bare one.
const commits = 300

// BenchmarkCommit times a recorded issue, one a commit, beside SQLite alone
// with three rows of the same size in one transaction, on the same disk and
// with the same pragmas. They take turns, so that both meet the same noise.
func BenchmarkCommit(b *testing.B) {
	_, seal, err := contract.NewSealKeys()
	must(b, err)
	dir := b.TempDir()
	l, err := ledger.Open(b.Context(), filepath.Join(dir, "ledger.db"), ledger.Options{Kiosk: "syston-1", Seal: seal})
	must(b, err)
	defer l.Close()
	bare := openBare(b, filepath.Join(dir, "bare.db"))
	defer bare.Close()
	var ours, theirs []time.Duration
	for i := range commits * b.N {
		theirs = append(theirs, took(b, func() error { return threeRows(bare, i) }))
		ours = append(ours, took(b, func() error { return oneIssue(b, l, i) }))
	}
	rate := func(d []time.Duration) float64 {
		slices.Sort(d)
		return 1 / d[len(d)/2].Seconds()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate(ours), "issues/s")
	b.ReportMetric(rate(theirs), "bare-commits/s")
	b.ReportMetric(rate(ours)/rate(theirs), "of-bare")
	fmt.Printf("\nCommits a second, from the median of %d: issues %.0f (p95 %v), bare SQLite FULL %.0f (p95 %v)\n", len(ours),
		rate(ours), ours[len(ours)*95/100].Round(10*time.Microsecond), rate(theirs), theirs[len(theirs)*95/100].Round(10*time.Microsecond))
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func took(b *testing.B, do func() error) time.Duration {
	b.Helper()
	began := time.Now()
	must(b, do())
	return time.Since(began)
}

func oneIssue(b *testing.B, l *ledger.Ledger, i int) error {
	item := circ.ItemID(fmt.Sprintf("312210123%05d", i))
	now := circ.Moment{Wall: time.Now(), Mono: time.Second, Boot: uuid.UUID{1}, Quality: circ.Synced}
	req := circ.Request{Tx: ledger.NewTx(), Kind: circ.Issue, Visit: uuid.UUID{2}, Item: item,
		Who:  circ.Borrower{Card: "21221012345671", Key: circ.CardKey{1}},
		Tags: []circ.SeenTag{{UID: [8]byte{0xE0, 4, 1, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}, Part: 1, Of: 1, AFI: 0x07}}}
	rs, err := l.Record(b.Context(), now, []circ.Request{req}, circ.Facts{}, yes)
	if err == nil && (len(rs) != 1 || rs[0].State != circ.Pending) {
		return fmt.Errorf("receipts %+v, want one that waits for its tag", rs)
	}
	return err
}

func openBare(b *testing.B, path string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_foreign_keys=on&_busy_timeout=5000")
	must(b, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE one (k TEXT PRIMARY KEY, v BLOB); CREATE TABLE two (k TEXT PRIMARY KEY, v BLOB); CREATE TABLE three (k TEXT PRIMARY KEY, v BLOB)")
	must(b, err)
	return db
}

// threeRows is about what an issue is: a loan, its event and a wish.
func threeRows(db *sql.DB, i int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for table, size := range map[string]int{"one": 200, "two": 700, "three": 100} {
		if _, err := tx.Exec("INSERT INTO "+table+" (k, v) VALUES (?, ?)", fmt.Sprintf("312210123%05d", i), make([]byte, size)); err != nil {
			return err
		}
	}
	return tx.Commit()
}
