package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

func tagOf(item circ.ItemID, at time.Time) Seen {
	return Seen{UID: drivers.UID{0xE0, 4, 1, 0, 0, 0, 0, 7}, Item: item, Part: 1, Of: 1,
		Digest: Digest([]byte(item)), Usage: 0x10, Owner: "GB-UkLdLB", Model: "28560-2", ReadAt: at}
}

func learn(t *testing.T, c *Cache, s Seen) (bool, circ.ItemID) {
	t.Helper()
	changed, was, err := c.Learn(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return changed, was
}

func recallTag(t *testing.T, c *Cache, s Seen) (Seen, bool) {
	t.Helper()
	got, ok, err := c.Recall(t.Context(), s.UID)
	if err != nil {
		t.Fatal(err)
	}
	return got, ok
}

func TestLearnAndRecall(t *testing.T) {
	c := newCache(t)
	library(t, c)
	if _, ok := recallTag(t, c, tagOf("book-1", noon)); ok {
		t.Fatal("a tag is known that was never read")
	}
	part2 := tagOf("book-2", noon)
	part2.Part, part2.Of = 2, 2
	usage := part2
	usage.Usage = 0x13
	steps := []struct {
		name    string
		tell    Seen
		changed bool
		was     circ.ItemID
	}{
		{"for the first time", tagOf("book-1", noon), false, ""},
		{"again", tagOf("book-1", noon.Add(time.Hour)), false, ""},
		{"on another item", tagOf("book-2", noon.Add(2*time.Hour)), true, "book-1"},
		{"as another part", part2, true, "book-2"},
		{"with another usage", usage, false, ""},
	}
	for _, s := range steps {
		changed, was := learn(t, c, s.tell)
		if changed != s.changed || was != s.was {
			t.Errorf("%s: got %v %q, want %v %q", s.name, changed, was, s.changed, s.was)
		}
		got, ok := recallTag(t, c, s.tell)
		want := s.tell
		if s.name == "again" {
			want.ReadAt = noon // the same within a day is not written again
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Seen{}), cmpopts.IgnoreFields(Seen{}, "Version")); d != "" || !ok {
			t.Errorf("%s: %s", s.name, d)
		}
	}
}

func TestUsable(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name  string
		then  []contract.Chunk // what central says after the tag was read
		again bool             // the tag was read again after that
		after time.Duration
		want  bool
	}{
		{"at once", nil, false, 0, true},
		{"after 30 days", nil, false, 30 * day, true},
		{"after 31 days", nil, false, 31 * day, false},
		{"the clock set back a little", nil, false, -time.Minute, true},
		{"the clock set back a day", nil, false, -day, false},
		{"another item changed", []contract.Chunk{delta(contract.FeedItems, v(1, 40), v(1, 50), item("book-2", 50, "Emma"))}, false, 0, true},
		{"the item changed", []contract.Chunk{delta(contract.FeedItems, v(1, 40), v(1, 50), item("book-1", 50, "Another"))}, false, 0, false},
		{"the item changed, and the tag was read again", []contract.Chunk{delta(contract.FeedItems, v(1, 40), v(1, 50), item("book-1", 50, "Another"))}, true, 0, true},
		{"the item is gone", []contract.Chunk{delta(contract.FeedItems, v(1, 40), v(1, 50), gone(contract.RowItem, "book-1", 50))}, false, 0, false},
		{"its loan changed", []contract.Chunk{delta(contract.FeedOwn, v(1, 41), v(1, 50), row(contract.RowCirc, "book-1", 50, contract.CircRow{}))}, false, 0, true},
		{"central was restored", []contract.Chunk{snapshot(contract.FeedItems, v(2, 3), item("book-1", 3, "Middlemarch"))}, false, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCache(t)
			library(t, c)
			learn(t, c, tagOf("book-1", noon))
			apply(t, c, tt.then...)
			if tt.again {
				learn(t, c, tagOf("book-1", noon.Add(time.Minute)))
			}
			s, _ := recallTag(t, c, tagOf("book-1", noon))
			if got := s.Usable(noon.Add(tt.after)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if (Seen{}).Usable(noon) {
		t.Error("a tag that was never read is usable")
	}
}

// An item that the cache did not know is usable until central tells of it.
func TestUsableOfAnUnknownItem(t *testing.T) {
	c := newCache(t)
	library(t, c)
	learn(t, c, tagOf("new", noon))
	if s, _ := recallTag(t, c, tagOf("new", noon)); !s.Usable(noon) {
		t.Error("not usable before central spoke of it")
	}
	apply(t, c, delta(contract.FeedItems, v(1, 40), v(1, 41), item("new", 41, "New")))
	if s, _ := recallTag(t, c, tagOf("new", noon)); s.Usable(noon) {
		t.Error("usable although central has spoken of it since")
	}
}

func TestSeenIsBounded(t *testing.T) {
	c := newCache(t)
	c.seenMax = 3
	for i := range 5 {
		s := tagOf(circ.ItemID(fmt.Sprint("book-", i)), noon.Add(time.Duration(i)*time.Minute))
		s.UID[7] = byte(i)
		learn(t, c, s)
	}
	for i := range 5 {
		s := tagOf("", noon)
		s.UID[7] = byte(i)
		if _, ok := recallTag(t, c, s); ok != (i >= 2) {
			t.Errorf("tag %d: got %v, want %v", i, ok, i >= 2)
		}
	}
}

func TestOutcomes(t *testing.T) {
	c := newCache(t)
	library(t, c)
	later := delta(contract.FeedOwn, v(1, 41), v(1, 60),
		row(contract.RowOutcome, testEpoch.String()+"/6", 60, contract.OutcomeRow{Outcome: "accepted"}))
	later.Issued = noon.Add(OutcomesKept)
	apply(t, c, later)
	five := Outcome{Epoch: testEpoch, N: 5, Outcome: "case", Reason: "item-held", Case: "C-9", Heard: noon}
	six := Outcome{Epoch: testEpoch, N: 6, Outcome: "accepted", Heard: later.Issued}
	check := func(limit int, want ...Outcome) {
		t.Helper()
		got, err := c.Outcomes(t.Context(), limit)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
	}
	check(10, six, five)
	check(1, six)
	check(-1)
	if got, ok, err := c.Outcome(t.Context(), testEpoch, 5); got != five || !ok || err != nil {
		t.Errorf("got %+v %v %v, want %+v", got, ok, err, five)
	}
	if _, ok, err := c.Outcome(t.Context(), testEpoch, 7); ok || err != nil {
		t.Errorf("an outcome of an event nobody heard of: %v", err)
	}
	late := delta(contract.FeedOwn, v(1, 60), v(1, 60))
	late.Issued = noon.Add(OutcomesKept + time.Millisecond)
	apply(t, c, late)
	check(10, six)
}
