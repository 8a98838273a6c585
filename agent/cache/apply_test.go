package cache

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

var fourItems = []contract.Row{item("a", 1, "A"), item("b", 2, "B"), item("c", 3, "C"), item("d", 4, "D")}

func pull(have, to circ.FeedVersion, cursor string) *contract.Pull {
	return &contract.Pull{V: 1, Feed: contract.FeedItems, Have: have, To: to, Cursor: cursor}
}

// applyCase starts with items a to d at version 1.4 and applies chunks. The
// last one answers with next or err.
type applyCase struct {
	name   string
	chunks []contract.Chunk
	next   *contract.Pull
	err    error
	held   circ.FeedVersion
	titles string // of a to e
}

func applyCases() []applyCase {
	here, items := v(1, 4), contract.FeedItems
	big := pages(snapshot(items, v(1, 9), item("a", 1, "A"), item("b", 7, "B7"), item("e", 9, "E")), 1)
	bigger := pages(snapshot(items, v(1, 11), item("a", 11, "A11"), item("b", 7, "B7"), item("e", 9, "E")), 2)
	long := pages(delta(items, here, v(1, 8), item("a", 8, "A8"), gone(contract.RowItem, "b", 7), item("e", 6, "E")), 1)
	short := snapshot(items, v(1, 9), item("a", 1, "A"))
	short.Total = 2
	return []applyCase{
		{name: "a delta", chunks: []contract.Chunk{delta(items, here, v(1, 6), item("b", 6, "B6"), gone(contract.RowItem, "c", 5))},
			held: v(1, 6), titles: "A B6 - D -"},
		{name: "a delta twice", chunks: []contract.Chunk{
			delta(items, here, v(1, 6), item("b", 6, "B6")), delta(items, here, v(1, 6), item("b", 6, "B6"))},
			held: v(1, 6), titles: "A B6 C D -"},
		{name: "an old delta after a newer", chunks: []contract.Chunk{
			delta(items, here, v(1, 6), item("b", 6, "B6")), delta(items, v(1, 6), v(1, 7), item("b", 7, "B7")),
			delta(items, here, v(1, 6), item("b", 6, "B6"))},
			held: v(1, 7), titles: "A B7 C D -"},
		{name: "a delta with a gap before it", chunks: []contract.Chunk{delta(items, v(1, 5), v(1, 6), item("b", 6, "B6"))},
			next: pull(here, v(0, 0), ""), held: here, titles: "A B C D -"},
		{name: "a delta that overlaps", chunks: []contract.Chunk{delta(items, v(1, 3), v(1, 6), item("b", 6, "B6"))},
			next: pull(here, v(0, 0), ""), held: here, titles: "A B C D -"},
		{name: "a delta of the next generation", chunks: []contract.Chunk{delta(items, v(2, 4), v(2, 5), item("b", 5, "B5"))},
			next: pull(here, v(0, 0), ""), held: here, titles: "A B C D -"},
		{name: "a delta of the last generation", chunks: []contract.Chunk{delta(items, v(0, 4), v(0, 9), item("b", 5, "B5"))},
			held: here, titles: "A B C D -"},
		{name: "rows no newer than what is held", chunks: []contract.Chunk{
			delta(items, here, v(1, 6), item("b", 2, "other B"), item("c", 1, "older C"), gone(contract.RowItem, "d", 4))},
			held: v(1, 6), titles: "A B C D -"},
		{name: "a row and its tombstone, in any order", chunks: []contract.Chunk{
			delta(items, here, v(1, 9), gone(contract.RowItem, "b", 8), item("b", 7, "B7"), item("c", 8, "C8"), gone(contract.RowItem, "c", 7))},
			held: v(1, 9), titles: "A - C8 D -"},
		{name: "an empty delta", chunks: []contract.Chunk{delta(items, here, here)}, held: here, titles: "A B C D -"},
		{name: "a long delta shows nothing before its end", chunks: long[:2],
			next: pull(here, v(1, 8), long[1].Cursor), held: here, titles: "A B C D -"},
		{name: "a long delta", chunks: long, held: v(1, 8), titles: "A8 - C D E"},
		{name: "a broadcast within a long delta", chunks: []contract.Chunk{long[0], delta(items, here, v(1, 6), item("e", 6, "E")), long[1]},
			next: pull(v(1, 6), v(0, 0), ""), held: v(1, 6), titles: "A B C D E"},
		{name: "a reset shows nothing before its end", chunks: big[:2],
			next: pull(here, v(1, 9), big[1].Cursor), held: here, titles: "A B C D -"},
		{name: "a reset", chunks: big, held: v(1, 9), titles: "A B7 - - E"},
		{name: "a reset with every chunk twice", chunks: []contract.Chunk{big[0], big[0], big[1], big[1], big[2], big[2]},
			held: v(1, 9), titles: "A B7 - - E"},
		{name: "a middle chunk again is passed over", chunks: []contract.Chunk{big[0], big[1], big[1]}[0:3],
			held: here, titles: "A B C D -"},
		{name: "a first chunk again hears where to go on", chunks: []contract.Chunk{big[0], big[1], big[0]},
			next: pull(here, v(1, 9), big[1].Cursor), held: here, titles: "A B C D -"},
		{name: "a broadcast within a reset", chunks: []contract.Chunk{big[0], delta(items, v(1, 8), v(1, 9), item("e", 9, "E"))},
			next: pull(here, v(1, 9), big[0].Cursor), held: here, titles: "A B C D -"},
		{name: "a reset to a newer version begins anew", chunks: []contract.Chunk{big[0], big[1], bigger[0], bigger[1]},
			held: v(1, 11), titles: "A11 B7 - - E"},
		{name: "a chunk of a reset that was left", chunks: []contract.Chunk{big[0], bigger[0], big[1]},
			err: ErrOrder, held: here, titles: "A B C D -"},
		{name: "a reset in the wrong order", chunks: []contract.Chunk{big[0], big[2]}, err: ErrOrder, held: here, titles: "A B C D -"},
		{name: "a reset from the middle", chunks: big[1:2], err: ErrOrder, held: here, titles: "A B C D -"},
		{name: "a reset of which a row is missing", chunks: []contract.Chunk{short}, err: ErrTotal, held: here, titles: "A B C D -"},
		{name: "an older reset", chunks: []contract.Chunk{snapshot(items, v(1, 3), item("a", 3, "old"))}, held: here, titles: "A B C D -"},
		{name: "a reset of the next generation", chunks: []contract.Chunk{snapshot(items, v(2, 2), item("a", 1, "A anew"))},
			held: v(2, 2), titles: "A anew - - - -"},
		{name: "a reset of the last generation", chunks: []contract.Chunk{snapshot(items, v(0, 90), item("a", 1, "old"))},
			err: ErrStale, held: here, titles: "A B C D -"},
		{name: "an empty reset", chunks: []contract.Chunk{snapshot(items, v(2, 2))}, held: v(2, 2), titles: "- - - - -"},
		{name: "a kind of a later version", chunks: []contract.Chunk{
			snapshot(items, v(2, 2), item("a", 1, "A"), contract.Row{Kind: "shelf", Key: "\xff", Data: []byte("{")})},
			held: v(2, 2), titles: "A - - - -"},
	}
}

func TestApply(t *testing.T) {
	for _, tt := range applyCases() {
		t.Run(tt.name, func(t *testing.T) {
			c := newCache(t)
			apply(t, c, snapshot(contract.FeedItems, v(1, 4), fourItems...))
			last := len(tt.chunks) - 1
			apply(t, c, tt.chunks[:last]...)
			next, err := c.Apply(t.Context(), tt.chunks[last])
			if !errors.Is(err, tt.err) {
				t.Errorf("error: got %v, want %v", err, tt.err)
			}
			if d := cmp.Diff(tt.next, next); d != "" {
				t.Errorf("next pull: %s", d)
			}
			if got, _, err := c.Versions(t.Context()); got != tt.held || err != nil {
				t.Errorf("version: got %v (%v), want %v", got, err, tt.held)
			}
			var titles []string
			for _, id := range []circ.ItemID{"a", "b", "c", "d", "e"} {
				titles = append(titles, titleOf(t, c, id))
			}
			if got := strings.Join(titles, " "); got != tt.titles {
				t.Errorf("titles: got %q, want %q", got, tt.titles)
			}
		})
	}
}

func TestApplyRefusesTheMalformed(t *testing.T) {
	good := func() contract.Chunk { return delta(contract.FeedItems, v(1, 4), v(1, 6), item("b", 6, "B6")) }
	own := func(rows ...contract.Row) contract.Chunk { return snapshot(contract.FeedOwn, v(1, 6), rows...) }
	change := func(f func(*contract.Chunk)) contract.Chunk { c := good(); f(&c); return c }
	raw := func(kind contract.RowKind, key, data string) contract.Row {
		return contract.Row{Kind: kind, Key: key, Ver: 6, Data: []byte(data)}
	}
	who := hexKey(annaCard)
	tests := map[string]contract.Chunk{
		"no feed":                      change(func(c *contract.Chunk) { c.Feed = "" }),
		"no version":                   change(func(c *contract.Chunk) { c.To, c.From = v(0, 0), v(0, 0) }),
		"a huge version":               change(func(c *contract.Chunk) { c.To.Version = 1 << 63 }),
		"backwards":                    change(func(c *contract.Chunk) { c.To = v(1, 3) }),
		"generations mixed":            change(func(c *contract.Chunk) { c.To = v(2, 6) }),
		"no way on":                    change(func(c *contract.Chunk) { c.Last = false }),
		"round in a circle":            change(func(c *contract.Chunk) { c.Last, c.After, c.Cursor = false, "x", "x" }),
		"a row of the other feed":      change(func(c *contract.Chunk) { c.Rows = []contract.Row{raw("borrower", who, "{}")} }),
		"a second row, without a key":  change(func(c *contract.Chunk) { c.Rows = append(c.Rows, raw("item", "", "{}")) }),
		"a key of bad bytes":           change(func(c *contract.Chunk) { c.Rows[0].Key = "\xff" }),
		"a key without end":            change(func(c *contract.Chunk) { c.Rows[0].Key = strings.Repeat("k", 129) }),
		"a row without a version":      change(func(c *contract.Chunk) { c.Rows[0].Ver = 0 }),
		"a row without data":           change(func(c *contract.Chunk) { c.Rows[0].Data = nil }),
		"data that is no object":       change(func(c *contract.Chunk) { c.Rows[0].Data = []byte(`"B6"`) }),
		"data cut off":                 change(func(c *contract.Chunk) { c.Rows[0].Data = []byte(`{"title":`) }),
		"an age limit out of range":    change(func(c *contract.Chunk) { c.Rows[0] = raw("item", "b", `{"age":999}`) }),
		"an item in the own feed":      own(item("b", 6, "B6")),
		"a card number for a card":     own(raw("borrower", "21221012345671", "{}")),
		"an impossible day":            own(raw("borrower", who, `{"exp":"2026-02-30"}`)),
		"loans below nought":           own(raw("borrower", who, `{"loans":-1}`)),
		"a mark of the wrong size":     own(raw("circ", "b", `{"loan":true,"holder":"0102"}`)),
		"renewals below nought":        own(raw("circ", "b", `{"ren":-1}`)),
		"an outcome of no event":       own(raw("outcome", "5", `{"out":"accepted"}`)),
		"an outcome of event 0":        own(raw("outcome", uuid.Nil.String()+"/0", `{"out":"accepted"}`)),
		"an outcome that says nothing": own(raw("outcome", uuid.Nil.String()+"/1", `{}`)),
		"rules that are a list":        own(raw("rules", "rules", `[]`)),
	}
	c := newCache(t)
	apply(t, c, snapshot(contract.FeedItems, v(1, 4), fourItems...))
	for name, chunk := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Apply(t.Context(), chunk); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, want %v", err, ErrMalformed)
			}
			items, own, err := c.Versions(t.Context())
			if items != v(1, 4) || own != v(0, 0) || err != nil {
				t.Errorf("versions: got %v %v (%v)", items, own, err)
			}
			if got := titleOf(t, c, "b"); got != "B" {
				t.Errorf("title of b: got %q, want B", got)
			}
		})
	}
	if next := apply(t, c, good()); next != nil {
		t.Errorf("the good chunk: got %v, want nil", next)
	}
}

// After a total that does not fit, the whole reset is gone and begins anew.
func TestApplyBeginsAnewAfterAWrongTotal(t *testing.T) {
	c := newCache(t)
	chunks := pages(snapshot(contract.FeedItems, v(1, 4), fourItems...), 2)
	bad := chunks[1]
	bad.Total = 5
	apply(t, c, chunks[0])
	if _, err := c.Apply(t.Context(), bad); !errors.Is(err, ErrTotal) {
		t.Fatalf("got %v, want %v", err, ErrTotal)
	}
	want, err := c.Want(t.Context(), contract.FeedItems)
	if d := cmp.Diff(*pull(v(0, 0), v(0, 0), ""), want); d != "" || err != nil {
		t.Errorf("want: %v %s", err, d)
	}
	apply(t, c, chunks...)
	if got := titleOf(t, c, "d"); got != "D" {
		t.Errorf("got %q, want D", got)
	}
}

// Central answers for the page awaited with a page of another transfer: the
// one begun can never end, and Want asks from the beginning.
func TestApplyLeavesATransferThatCannotEnd(t *testing.T) {
	c := newCache(t)
	apply(t, c, pages(snapshot(contract.FeedItems, v(1, 4), fourItems...), 2)[0])
	other := pages(snapshot(contract.FeedItems, v(2, 4), fourItems...), 2)[1]
	if _, err := c.Apply(t.Context(), other); !errors.Is(err, ErrOrder) {
		t.Fatalf("got %v, want %v", err, ErrOrder)
	}
	want, err := c.Want(t.Context(), contract.FeedItems)
	if d := cmp.Diff(*pull(v(0, 0), v(0, 0), ""), want); d != "" || err != nil {
		t.Errorf("want: %v %s", err, d)
	}
}

// A power cut between any two chunks: the file opened again goes on where it
// was (Want), and likewise if it is told everything from the beginning.
func TestLoadSurvivesAPowerCut(t *testing.T) {
	chunks := pages(snapshot(contract.FeedItems, v(1, 4), fourItems...), 1)
	for cut := range chunks {
		for _, again := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "cache.db")
			c, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			apply(t, c, chunks[:cut]...)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			c = openAt(t, path)
			want, err := c.Want(t.Context(), contract.FeedItems)
			if err != nil {
				t.Fatal(err)
			}
			if want.Cursor != chunks[cut].After {
				t.Errorf("cut at %d: wants %q, want %q", cut, want.Cursor, chunks[cut].After)
			}
			if again {
				apply(t, c, chunks...)
			} else {
				apply(t, c, chunks[cut:]...)
			}
			if got, _, _ := c.Versions(t.Context()); got != v(1, 4) || titleOf(t, c, "a") != "A" || titleOf(t, c, "d") != "D" {
				t.Errorf("cut at %d, again %v: got %v", cut, again, got)
			}
		}
	}
}

func TestFoldedAndAsOf(t *testing.T) {
	c := newCache(t)
	own := contract.FeedOwn
	at := func(chunk contract.Chunk, minutes int, epoch circ.Epoch, n uint64) contract.Chunk {
		chunk.Issued = noon.Add(time.Duration(minutes) * time.Minute)
		if n > 0 {
			chunk.Folded = &contract.Folded{Epoch: epoch, N: n}
		}
		return chunk
	}
	other := uuid.MustParse("0190f5c4-0000-7000-8000-000000000002")
	steps := []struct {
		name   string
		chunk  contract.Chunk
		epoch  circ.Epoch
		folded uint64
		asOf   int // minutes after noon
	}{
		{"a snapshot", at(snapshot(own, v(1, 5)), 1, testEpoch, 7), testEpoch, 7, 1},
		{"items say nothing of it", at(snapshot(contract.FeedItems, v(1, 5)), 2, other, 99), testEpoch, 7, 1},
		{"a delta without", at(delta(own, v(1, 5), v(1, 6)), 3, other, 0), testEpoch, 7, 3},
		{"a delta with more", at(delta(own, v(1, 6), v(1, 7)), 4, testEpoch, 9), testEpoch, 9, 4},
		{"a delta with less", at(delta(own, v(1, 7), v(1, 8)), 3, testEpoch, 8), testEpoch, 9, 4},
		{"nothing new, but folded", at(delta(own, v(1, 8), v(1, 8)), 6, testEpoch, 10), testEpoch, 10, 6},
		{"an old one again", at(delta(own, v(1, 6), v(1, 7)), 7, testEpoch, 90), testEpoch, 10, 6},
		{"a page that is not the last", pages(at(delta(own, v(1, 8), v(1, 9), gone("circ", "a", 9), gone("circ", "b", 9)), 8, testEpoch, 12), 1)[0], testEpoch, 10, 6},
		{"a new epoch", at(delta(own, v(1, 8), v(1, 10)), 9, other, 2), other, 2, 9},
		{"a new generation", at(snapshot(own, v(2, 3)), 5, testEpoch, 1), testEpoch, 1, 5},
	}
	for _, s := range steps {
		apply(t, c, s.chunk)
		f := facts(t, c, circ.Borrower{})
		if f.Epoch != s.epoch || f.Folded != s.folded {
			t.Errorf("%s: folded: got %v/%d, want %v/%d", s.name, f.Epoch, f.Folded, s.epoch, s.folded)
		}
		if want := noon.Add(time.Duration(s.asOf) * time.Minute); !f.AsOf.Equal(want) {
			t.Errorf("%s: as of: got %v, want %v", s.name, f.AsOf, want)
		}
	}
	if floor, err := c.Floor(t.Context()); !floor.Equal(noon.Add(9*time.Minute)) || err != nil {
		t.Errorf("floor: got %v (%v)", floor, err)
	}
}

func TestConfirm(t *testing.T) {
	c := newCache(t)
	apply(t, c, snapshot(contract.FeedItems, v(1, 5)), snapshot(contract.FeedOwn, v(1, 6)))
	hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	steps := []struct {
		items, own         circ.FeedVersion
		issued             int
		wantItems, wantOwn int
	}{
		{v(1, 5), v(1, 6), 1, 1, 1},
		{v(1, 5), v(1, 7), 2, 2, 1}, // something newer is to be had
		{v(1, 5), v(1, 6), 1, 2, 1}, // an old head again
		{v(2, 5), v(2, 6), 9, 2, 1},
	}
	for i, s := range steps {
		if err := c.Confirm(t.Context(), s.items, s.own, hour(s.issued)); err != nil {
			t.Fatal(err)
		}
		got, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !got.Items.AsOf.Equal(hour(s.wantItems)) || !got.Own.AsOf.Equal(hour(s.wantOwn)) {
			t.Errorf("step %d: got %v and %v", i, got.Items.AsOf, got.Own.AsOf)
		}
	}
	if s, _ := c.Status(t.Context()); !s.Floor.Equal(hour(9)) {
		t.Errorf("floor: got %v, want %v", s.Floor, hour(9))
	}
	empty := newCache(t)
	if err := empty.Confirm(t.Context(), v(0, 0), v(0, 0), noon); err != nil {
		t.Fatal(err)
	}
	if s, _ := empty.Status(t.Context()); !s.Own.AsOf.IsZero() {
		t.Errorf("a cache that holds nothing is as of %v", s.Own.AsOf)
	}
}
