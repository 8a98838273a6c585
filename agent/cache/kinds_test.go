package cache

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Every column of every kind follows a newer row, and every kind can be taken
// away: a delta comes to the same as a snapshot of what is then true.
func TestDeltaOfEveryKind(t *testing.T) {
	out := testEpoch.String() + "/5"
	first := map[contract.Feed][]contract.Row{
		contract.FeedItems: {
			row("item", "i", 1, contract.ItemRow{Title: "T", Class: "c", Owner: "o", Parts: []string{"p"}, Tagged: 1, Age: 1, NotLoan: true}), item("gone", 1, "x")},
		contract.FeedOwn: {
			row("circ", "i", 1, contract.CircRow{OnLoan: true, Holder: "00000001", Due: noon, Renewals: 1, Hold: "00000002"}),
			row("circ", "gone", 1, contract.CircRow{}),
			row("borrower", hexKey(annaCard), 1, contract.BorrowerRow{Category: "c", Blocked: true, Expires: "2026-01-01", AgeBand: 1, Loans: 1,
				ByClass: map[string]int{"c": 1}, Oldest: "2026-01-02", Messages: []string{"m"}, Mail: true}),
			row("borrower", hexKey(benCard), 1, contract.BorrowerRow{}),
			row("rules", "rules", 1, circ.RuleBook{Version: "1"}), row("calendar", "calendar", 1, circ.Calendar{Until: "1"}),
			row("outcome", out, 1, contract.OutcomeRow{Outcome: "case", Reason: "r", Case: "c"}),
			row("outcome", out+"0", 1, contract.OutcomeRow{Outcome: "case"})},
	}
	second := map[contract.Feed][]contract.Row{
		contract.FeedItems: {row("item", "i", 2, contract.ItemRow{Title: "T2", Class: "c2", Owner: "o2", Parts: []string{"p2"}, Tagged: 2, Age: 2})},
		contract.FeedOwn: {
			row("circ", "i", 2, contract.CircRow{Holder: "00000021", Due: noon.Add(time.Hour), Renewals: 2, Hold: "00000022"}),
			row("borrower", hexKey(annaCard), 2, contract.BorrowerRow{Category: "c2", Expires: "2026-02-01", AgeBand: 2, Loans: 2,
				ByClass: map[string]int{"c": 2}, Oldest: "2026-02-02", Messages: []string{"m2"}}),
			row("rules", "rules", 2, circ.RuleBook{Version: "2"}), row("calendar", "calendar", 2, circ.Calendar{Until: "2"}),
			row("outcome", out, 2, contract.OutcomeRow{Outcome: "accepted", Reason: "r2", Case: "c2"})},
	}
	tombstones := map[contract.Feed][]contract.Row{
		contract.FeedItems: {gone("item", "gone", 2)},
		contract.FeedOwn:   {gone("circ", "gone", 2), gone("borrower", hexKey(benCard), 2), gone("outcome", out+"0", 2)},
	}
	for _, feed := range []contract.Feed{contract.FeedItems, contract.FeedOwn} {
		step, fresh := newCache(t), newCache(t)
		change := delta(feed, v(1, 1), v(1, 2), append(second[feed], tombstones[feed]...)...)
		change.Issued = noon.Add(time.Minute)
		apply(t, step, snapshot(feed, v(1, 1), first[feed]...), change)
		whole := snapshot(feed, v(1, 2), second[feed]...)
		whole.Issued = change.Issued
		apply(t, fresh, whole)
		for _, table := range tables(feed) {
			got, want := everything(t, step, table), everything(t, fresh, table)
			if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
				t.Errorf("%s: %s", table, d)
			}
		}
	}
}

func everything(t *testing.T, c *Cache, table string) [][]any {
	t.Helper()
	rows, err := c.r.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]any
	for rows.Next() {
		cells := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, cells)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
