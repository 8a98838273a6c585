package cache

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

func hexMark(item circ.ItemID, card circ.Card) string {
	m := contract.Mark(testKey, item, card)
	return hex.EncodeToString(m[:])
}

func hexKey(card circ.Card) string {
	k := contract.CardKey(testKey, card)
	return hex.EncodeToString(k[:])
}

// library is a small authority: Anna has book-1 on loan, Ben waits for book-2.
func library(t testing.TB, c *Cache) {
	t.Helper()
	due := time.Date(2026, 12, 16, 23, 59, 59, 0, time.UTC)
	apply(t, c, snapshot(contract.FeedItems, v(1, 40),
		row(contract.RowItem, "book-1", 3, contract.ItemRow{Title: "Middlemarch", Class: "book", Owner: "GB-UkLdLB"}),
		row(contract.RowItem, "book-2", 4, contract.ItemRow{Title: "Emma", Class: "book", NotLoan: true}),
		row(contract.RowItem, "set-3", 5, contract.ItemRow{Title: "A course", Class: "set", Parts: []string{"book", "CD"}, Age: 12})))
	own := snapshot(contract.FeedOwn, v(1, 41),
		row(contract.RowBorrower, hexKey(annaCard), 6, contract.BorrowerRow{Category: "adult", Expires: "2027-03-31",
			AgeBand: 18, Loans: 1, ByClass: map[string]int{"book": 1}, Oldest: "2026-12-16", Messages: []string{"hold-ready"}}),
		row(contract.RowBorrower, hexKey(benCard), 7, contract.BorrowerRow{Category: "child", Blocked: true}),
		row(contract.RowCirc, "book-1", 8, contract.CircRow{OnLoan: true, Holder: hexMark("book-1", annaCard), Due: due, Renewals: 2}),
		row(contract.RowCirc, "book-2", 9, contract.CircRow{Hold: hexMark("book-2", benCard)}),
		row(contract.RowCirc, "ghost", 10, contract.CircRow{OnLoan: true, Holder: hexMark("ghost", benCard)}),
		row(contract.RowRules, "rules", 11, circ.RuleBook{Version: "r7", Venue: "Syston", TimeZone: "Europe/London"}),
		row(contract.RowCalendar, "calendar", 12, circ.Calendar{Until: "2027-12-31"}),
		row(contract.RowOutcome, testEpoch.String()+"/5", 13, contract.OutcomeRow{Outcome: "case", Reason: "item-held", Case: "C-9"}))
	own.Folded = &contract.Folded{Epoch: testEpoch, N: 5}
	apply(t, c, own)
}

func TestFacts(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	c := newCache(t)
	library(t, c)
	got := facts(t, c, borrower(annaCard), "book-1", "book-2", "set-3", "ghost", "nobody-knows")
	want := circ.Facts{
		Version: v(1, 41), Folded: 5, Epoch: testEpoch, AsOf: noon,
		Rules:    &circ.RuleBook{Version: "r7", Venue: "Syston", TimeZone: "Europe/London"},
		Calendar: circ.Calendar{Until: "2027-12-31"},
		Borrower: &circ.BorrowerFacts{Category: "adult", Expires: time.Date(2027, 3, 31, 23, 59, 59, 0, london),
			AgeBand: 18, Loans: 1, ByClass: map[string]int{"book": 1},
			Oldest: time.Date(2026, 12, 16, 23, 59, 59, 0, london), Messages: []string{"hold-ready"}},
		Items: map[circ.ItemID]circ.ItemFacts{
			"book-1": {Known: true, Title: "Middlemarch", Class: "book", Owner: "GB-UkLdLB", OnLoan: true, Yours: true,
				Due: time.Date(2026, 12, 16, 23, 59, 59, 0, time.UTC), Renewals: 2, Version: 8},
			"book-2":       {Known: true, Title: "Emma", Class: "book", NotLoan: true, Hold: circ.HoldOther, Version: 9},
			"set-3":        {Known: true, Title: "A course", Class: "set", Parts: []string{"book", "CD"}, AgeLimit: 12},
			"ghost":        {OnLoan: true, Version: 10},
			"nobody-knows": {},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFactsOfOthers(t *testing.T) {
	c := newCache(t)
	library(t, c)
	tests := []struct {
		name      string
		who       circ.Borrower
		key       []byte
		yours     bool // book-1
		hold      circ.Hold
		ghost     bool
		inTheBook bool
	}{
		{"Anna", borrower(annaCard), testKey, true, circ.HoldOther, false, true},
		{"Ben", borrower(benCard), testKey, false, circ.HoldYours, true, true},
		{"a stranger", borrower("20000000000000"), testKey, false, circ.HoldOther, false, false},
		{"nobody", circ.Borrower{}, testKey, false, circ.HoldOther, false, false},
		{"Anna, known again by her key only", circ.Borrower{Key: borrower(annaCard).Key}, testKey, false, circ.HoldOther, false, true},
		{"Anna, but K is lost", borrower(annaCard), nil, false, circ.HoldOther, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := c.Facts(t.Context(), circ.Moment{}, tt.key, tt.who, []circ.ItemID{"book-1", "book-2", "ghost"})
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Items["book-1"].Yours; got != tt.yours {
				t.Errorf("book-1 yours: got %v, want %v", got, tt.yours)
			}
			if got := f.Items["book-2"].Hold; got != tt.hold {
				t.Errorf("book-2 hold: got %q, want %q", got, tt.hold)
			}
			if got := f.Items["ghost"].Yours; got != tt.ghost {
				t.Errorf("ghost yours: got %v, want %v", got, tt.ghost)
			}
			if got := f.Borrower != nil; got != tt.inTheBook {
				t.Errorf("borrower known: got %v, want %v", got, tt.inTheBook)
			}
		})
	}
}

func TestFactsBeforeCentralHasSpoken(t *testing.T) {
	c := newCache(t)
	f := facts(t, c, borrower(annaCard), "book-1")
	if f.Rules != nil || f.Borrower != nil || !f.AsOf.IsZero() || f.Version != v(0, 0) || f.Items["book-1"].Known {
		t.Errorf("got %+v, want nothing", f)
	}
}

// Anna's number, her name and her PIN are planted in everything that is told
// to the cache, beside the fields that it should keep.
func TestNothingOfAPersonReachesTheFile(t *testing.T) {
	dir := t.TempDir()
	c := openAt(t, filepath.Join(dir, "cache.db"))
	library(t, c)
	planted := contract.Row{Kind: contract.RowBorrower, Key: hexKey(annaCard), Ver: 50,
		Data: []byte(`{"cat":"adult","name":"Anna Planted","pin":"PIN-4711","card":"` + string(annaCard) + `"}`)}
	chunks := pages(delta(contract.FeedOwn, v(1, 41), v(1, 51), planted,
		row(contract.RowCirc, "book-1", 51, contract.CircRow{OnLoan: true, Holder: hexMark("book-1", annaCard)})), 1)
	apply(t, c, chunks[0]) // waits aside
	grepFiles(t, dir, "Anna Planted", "PIN-4711", string(annaCard))
	apply(t, c, chunks[1])
	planted.Ver, planted.Kind, planted.Key = 60, contract.RowOutcome, testEpoch.String()+"/6"
	planted.Data = []byte(`{"out":"accepted","card":"` + string(annaCard) + `"}`)
	apply(t, c, snapshot(contract.FeedOwn, v(2, 60), planted))
	facts(t, c, borrower(annaCard), "book-1")
	grepFiles(t, dir, "Anna Planted", "PIN-4711", string(annaCard))
}

func grepFiles(t *testing.T, dir string, words ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all int
	for _, e := range entries {
		b := readWhole(t, filepath.Join(dir, e.Name()))
		all += len(b)
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				t.Errorf("%s holds %q", e.Name(), w)
			}
		}
	}
	if all < 4096 {
		t.Fatalf("only %d bytes were looked through", all)
	}
}

func TestSchemaHasNoPerson(t *testing.T) {
	c := newCache(t)
	rows, err := c.r.QueryContext(t.Context(), `SELECT m.name, p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p
		WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	person := regexp.MustCompile(`(?i)name|pin|card|number|mail|phone|birth|address|salt|hash`)
	columns := 0
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		columns++
		if person.MatchString(column) {
			t.Errorf("table %s has a column %s", table, column)
		}
	}
	if err := rows.Err(); err != nil || columns < 60 {
		t.Errorf("looked at %d columns: %v", columns, err)
	}
}

// Every table is STRICT, and those with a key of their own have no row id.
func TestTablesAreStrict(t *testing.T) {
	c := newCache(t)
	rows, err := c.r.QueryContext(t.Context(), "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tables := 0
	for rows.Next() {
		var name string
		var strict bool
		if err := rows.Scan(&name, &strict); err != nil {
			t.Fatal(err)
		}
		tables++
		if !strict {
			t.Errorf("table %s is not STRICT", name)
		}
	}
	if err := rows.Err(); err != nil || tables != 17 {
		t.Errorf("got %d tables (%v), want 17", tables, err)
	}
}

// readWhole has another process read a live file: opened and closed in this
// one, the cache would lose its locks.
func readWhole(t *testing.T, path string) []byte {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "cat", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
