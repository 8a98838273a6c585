package central_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// shelf is what a kiosk's cache would hold of one feed.
type shelf struct {
	to     circ.FeedVersion
	rows   map[string]contract.Row // by kind and key
	folded *contract.Folded
	chunks int
}

// everything pulls a feed from nothing.
func (k *kiosk) everything(f contract.Feed) *shelf {
	k.h.t.Helper()
	s := &shelf{rows: map[string]contract.Row{}}
	k.catchUp(f, s, nil)
	return s
}

// catchUp pulls a feed until its last chunk, applying it as a cache does.
// between is called after every chunk but the last.
func (k *kiosk) catchUp(f contract.Feed, s *shelf, between func()) {
	k.h.t.Helper()
	p := contract.Pull{Feed: f, Have: s.to}
	aside := map[string]contract.Row{}
	for count := 0; ; {
		c := k.pull(p)
		s.chunks++
		if c.Reset != (s.to.Version == 0 || s.to.Generation != c.To.Generation) {
			k.h.t.Fatalf("got reset %v from %v to %v", c.Reset, s.to, c.To)
		}
		if !c.Reset && c.From != s.to {
			k.h.t.Fatalf("got a delta from %v, want from %v", c.From, s.to)
		}
		count += len(c.Rows)
		for _, r := range c.Rows {
			aside[string(r.Kind)+" "+r.Key] = r
		}
		if !c.Last {
			p.To, p.Cursor = c.To, c.Cursor
			if between != nil {
				between()
			}
			continue
		}
		if c.Total != count {
			k.h.t.Fatalf("got total %d, want %d", c.Total, count)
		}
		if c.Reset {
			s.rows = map[string]contract.Row{}
		}
		for key, r := range aside {
			if r.Ver <= s.rows[key].Ver {
				continue
			}
			if s.rows[key] = r; r.Deleted {
				delete(s.rows, key)
			}
		}
		s.to, s.folded = c.To, c.Folded
		return
	}
}

// same compares two shelves' rows.
func same(t *testing.T, got, want *shelf) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want.rows)) {
		if g, w := got.rows[key], want.rows[key]; g.Ver != w.Ver || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s: got %s of version %d, want %s of %d", key, g.Data, g.Ver, w.Data, w.Ver)
		}
	}
	for key := range got.rows {
		if _, ok := want.rows[key]; !ok {
			t.Errorf("%s: got a row that a fresh snapshot does not have", key)
		}
	}
}

func row[T any](t *testing.T, s *shelf, kind contract.RowKind, key string) T {
	t.Helper()
	var v T
	r, ok := s.rows[string(kind)+" "+key]
	if !ok {
		t.Fatalf("there is no %s %s", kind, key)
	}
	if err := json.Unmarshal(r.Data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (k *kiosk) card(c circ.Card) string {
	key := contract.CardKey(k.cred.CardKey, c)
	return hex.EncodeToString(key[:])
}

func (k *kiosk) mark(i circ.ItemID, c circ.Card) string {
	m := contract.Mark(k.cred.CardKey, i, c)
	return hex.EncodeToString(m[:])
}

func TestOwnFeed(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	due := time.Date(2026, 6, 30, 22, 59, 59, 0, time.UTC) // the last second of the day in London
	k.issue("B1", "C2", due.AddDate(0, 0, -21))
	k.issue("B2", "OLD", noon)
	k.send()
	s := k.everything(contract.FeedOwn)

	b := row[contract.BorrowerRow](t, s, contract.RowBorrower, k.card("C2"))
	if b.Category != "adult" || b.Expires != "2027-12-31" || b.Loans != 1 || b.ByClass["book"] != 1 || b.Oldest != "2026-06-30" || b.AgeBand != 18 {
		t.Errorf("got %+v", b)
	}
	old := row[contract.BorrowerRow](t, s, contract.RowBorrower, k.card("OLD"))
	if len(old.Messages) != 1 || old.Messages[0] != string(circ.BorrowerExpired) {
		t.Errorf("got messages %v, want what central found", old.Messages)
	}
	c := row[contract.CircRow](t, s, contract.RowCirc, "B1")
	if !c.OnLoan || c.Holder != k.mark("B1", "C2") || !c.Due.Equal(due) || c.Hold != "" {
		t.Errorf("got %+v", c)
	}
	if c := row[contract.CircRow](t, s, contract.RowCirc, "HELD"); c.OnLoan || c.Hold != k.mark("HELD", "C1") {
		t.Errorf("got %+v", c)
	}
	if r := row[circ.RuleBook](t, s, contract.RowRules, "rules"); r.Classes["book"].Days != 21 || r.Version == "" {
		t.Errorf("got rules %+v", r)
	}
	if x := row[circ.Calendar](t, s, contract.RowCalendar, "calendar"); !x.Closed["2026-12-25"] || !x.Weekly[0].Closed {
		t.Errorf("got calendar %+v", x)
	}
	if o := row[contract.OutcomeRow](t, s, contract.RowOutcome, k.epoch.String()+"/2"); o.Outcome != "case" || o.Reason != string(circ.BorrowerExpired) || o.Case == "" {
		t.Errorf("got outcome %+v", o)
	}
	if s.folded == nil || *s.folded != (contract.Folded{Epoch: k.epoch, N: 2}) {
		t.Errorf("got folded %v, want 2", s.folded)
	}
	for key, r := range s.rows {
		if x := key + string(r.Data); strings.Contains(x, "C2") || strings.Contains(x, "OLD") {
			t.Errorf("a card number is in the feed: %s", x)
		}
	}
}

// I10: a snapshot and deltas from any version are a fresh snapshot, while
// kiosks and imports change things between the chunks.
func TestSnapshotAndDeltasConverge(t *testing.T) {
	dir := manyItems(t, 3000, 0)
	h := newHouse(t, dir, "a", "b")
	a, b := h.kiosks["a"], h.kiosks["b"]
	for i := range 300 {
		b.issue(itemNo(i), circ.Card(fmt.Sprintf("C%d", i%40)), noon)
	}
	for b.acked < b.last() {
		b.acked = b.sendBatch(b.acked+1, min(b.acked+100, b.last())).Through
	}
	items, own := &shelf{}, &shelf{}
	round := 0
	change := func() {
		round++
		b.takeBack(itemNo(round*7%300), noon)
		b.issue(itemNo(2999-round), "C1", noon)
		a.issue(itemNo(1000+round), "C2", noon)
		a.send()
		b.send()
		if round%3 == 0 {
			if _, err := h.c.ImportFrom(h.ctx, manyItems(t, 3000, round)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 4 {
		a.catchUp(contract.FeedItems, items, change)
		a.catchUp(contract.FeedOwn, own, change)
		change()
	}
	if round < 6 {
		t.Errorf("things changed only %d times: the feeds are too small for this test", round)
	}
	a.catchUp(contract.FeedItems, items, nil)
	a.catchUp(contract.FeedOwn, own, nil)
	same(t, items, a.everything(contract.FeedItems))
	same(t, own, a.everything(contract.FeedOwn))
	if own.folded == nil || own.folded.N != a.last() {
		t.Errorf("got folded %v, want %d", own.folded, a.last())
	}
}

// Folded never speaks of an event whose rows are not in the feed: they may
// have been sent before the event was processed.
func TestFoldedFitsTheRows(t *testing.T) {
	h := newHouse(t, manyItems(t, 3000, 0), "a")
	k := h.kiosks["a"]
	for i := range 1500 {
		k.issue(itemNo(i), "C1", noon)
		if i%100 == 99 {
			k.send()
		}
	}
	s := &shelf{}
	k.catchUp(contract.FeedOwn, s, func() {
		k.takeBack(itemNo(int(k.last())-1500), noon) // among those of the first chunk
		k.send()
	})
	if s.chunks < 2 {
		t.Fatal("the feed came in one chunk: the test needs more")
	}
	for n := uint64(1501); n <= s.folded.N; n++ {
		key := string(contract.RowCirc) + " " + string(itemNo(int(n)-1501))
		if _, onLoan := s.rows[key]; onLoan {
			t.Errorf("event %d is called folded, and its item is still on loan in the feed", n)
		}
	}
	if s.folded.N != 1500 {
		t.Errorf("got folded %d, want 1500: what the first chunk was made of", s.folded.N)
	}
	k.catchUp(contract.FeedOwn, s, nil)
	same(t, s, k.everything(contract.FeedOwn))
}

func TestDeltaHoldsOnlyWhatChanged(t *testing.T) {
	dir := smallLibrary(t)
	h := newHouse(t, dir, "a")
	k := h.kiosks["a"]
	s := k.everything(contract.FeedItems)
	if len(s.rows) != 7 {
		t.Fatalf("got %d items, want 7", len(s.rows))
	}
	changed := strings.Replace(strings.Replace(itemsCSV, "Emma", "Emma again", 1), "B3,Dune,book,,,,\n", "", 1)
	if err := os.WriteFile(filepath.Join(dir, "items.csv"), []byte(changed+"B9,New,book,,,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.c.ImportFrom(h.ctx, dir); err != nil {
		t.Fatal(err)
	}
	c := k.pull(contract.Pull{Feed: contract.FeedItems, Have: s.to})
	var got []string
	for _, r := range c.Rows {
		got = append(got, fmt.Sprintf("%s %v", r.Key, r.Deleted))
	}
	if want := "[B2 false B3 true B9 false]"; fmt.Sprint(got) != want || c.Reset || !c.Last {
		t.Errorf("got %v, reset %v, want %s", got, c.Reset, want)
	}
	before := c.To
	if _, err := h.c.ImportFrom(h.ctx, dir); err != nil {
		t.Fatal(err)
	}
	if c := k.pull(contract.Pull{Feed: contract.FeedItems, Have: before}); len(c.Rows) != 0 || c.To != before || !c.Last {
		t.Errorf("the same files again: got %d rows to %v, want none", len(c.Rows), c.To)
	}
}

// A kiosk with new keys cannot use what it has: it is sent everything.
func TestNewKeysResetTheOwnFeed(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	held := h.kiosks["a"].everything(contract.FeedOwn)
	k := h.enrol("a")
	if c := k.pull(contract.Pull{Feed: contract.FeedOwn, Have: held.to}); !c.Reset {
		t.Error("got a delta, want a reset")
	}
}

func TestRulesOfOneVenueComeAndGo(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	s := k.everything(contract.FeedOwn)
	venue := strings.Replace(strings.ReplaceAll(policyTML, "[default", "[venue.main"), "days = 21", "days = 14", 1)
	for _, c := range []struct {
		policy string
		days   int
	}{{policyTML + venue, 14}, {policyTML, 21}} {
		dir := export(t, map[string]string{"policy.toml": c.policy})
		if _, err := h.c.ImportFrom(h.ctx, dir); err != nil {
			t.Fatal(err)
		}
		k.catchUp(contract.FeedOwn, s, nil)
		if got := row[circ.RuleBook](t, s, contract.RowRules, "rules").Classes["book"].Days; got != c.days {
			t.Errorf("got %d days, want %d", got, c.days)
		}
	}
}

func TestBulletin(t *testing.T) {
	dir := smallLibrary(t)
	h := newHouse(t, dir, "a")
	k := h.kiosks["a"]
	tell := h.c.Bulletin()
	outs, err := tell(h.ctx)
	if err != nil || len(outs) != 1 || outs[0].Topic != k.cred.Topics().ShardHd() || !outs[0].Retain {
		t.Fatalf("got %d messages, %v, want one retained head", len(outs), err)
	}
	head, err := contract.Decode[contract.Head](contract.KindHead, outs[0].Payload, k.cred.Central())
	if err != nil {
		t.Fatal(err)
	}
	if err := head.Check(contract.KindHead, contract.ShardAudience("all"), noon); err != nil {
		t.Error(err)
	}
	held := k.everything(contract.FeedItems)
	if head.Items != held.to || head.Own != k.everything(contract.FeedOwn).to {
		t.Errorf("got heads %v and %v", head.Items, head.Own)
	}
	if outs, err := tell(h.ctx); err != nil || len(outs) != 0 {
		t.Errorf("nothing new: got %d messages, %v", len(outs), err)
	}
	changed := strings.Replace(itemsCSV, "Emma", "Emma again", 1)
	if err := os.WriteFile(filepath.Join(dir, "items.csv"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.c.ImportFrom(h.ctx, dir); err != nil {
		t.Fatal(err)
	}
	outs, err = tell(h.ctx)
	if err != nil || len(outs) != 2 || outs[0].Topic != k.cred.Topics().ShardDt() {
		t.Fatalf("got %d messages, %v, want a delta and a head", len(outs), err)
	}
	c, err := contract.Decode[contract.Chunk](contract.KindChunk, outs[0].Payload, k.cred.Central())
	if err != nil {
		t.Fatal(err)
	}
	if c.From != held.to || len(c.Rows) != 1 || c.Rows[0].Key != "B2" || !c.Last || c.Audience != "shard:all" {
		t.Errorf("got %+v", c)
	}
	h.clock.set(noon.Add(2 * time.Hour))
	if outs, err := tell(h.ctx); err != nil || len(outs) != 1 {
		t.Errorf("an hour later: got %d messages, %v, want the head again", len(outs), err)
	}
}

func itemNo(i int) circ.ItemID { return circ.ItemID(fmt.Sprintf("3900%08d", i)) }

// manyItems exports n items; edition changes every seventh title.
func manyItems(t testing.TB, n, edition int) string {
	var items, borrowers strings.Builder
	items.WriteString("item,title,class\n")
	for i := range n {
		title := fmt.Sprintf("A history of the year %d in several volumes", i)
		if i%7 == 0 {
			title += fmt.Sprintf(", edition %d", edition)
		}
		fmt.Fprintf(&items, "%s,%q,book\n", itemNo(i), title)
	}
	borrowers.WriteString("card,category\n")
	for i := range 40 {
		fmt.Fprintf(&borrowers, "C%d,adult\n", i)
	}
	return export(t, map[string]string{"items.csv": items.String(), "borrowers.csv": borrowers.String()})
}

// A whole authority's catalogue, imported, imported again, and pulled.
func TestHundredThousandItems(t *testing.T) {
	const n = 100_000
	dir := manyItems(t, n, 0)
	h := newHouse(t, "", "a")
	began := time.Now()
	sum, err := h.c.ImportFrom(h.ctx, dir)
	if err != nil || sum["items"].Changed != n {
		t.Fatalf("got %v, %v", sum, err)
	}
	imported := time.Since(began)
	began = time.Now()
	if sum, err = h.c.ImportFrom(h.ctx, dir); err != nil || sum["items"].Changed != 0 {
		t.Fatalf("again: got %v, %v", sum, err)
	}
	again := time.Since(began)
	began = time.Now()
	s := h.kiosks["a"].everything(contract.FeedItems)
	if len(s.rows) != n {
		t.Errorf("got %d rows, want %d", len(s.rows), n)
	}
	t.Logf("import %v, again %v, pull of %d chunks %v", imported, again, s.chunks, time.Since(began))
}
