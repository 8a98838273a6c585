package cache

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Anna's oldest loan is due on 16 December, her membership ends on 31 March,
// and a reservation waits for her (library).
func TestMessagesThatHangOnTheDay(t *testing.T) {
	c := newCache(t)
	library(t, c)
	for _, tt := range []struct {
		name  string
		at    string
		clock circ.ClockQuality
		want  string
	}{
		{"nothing yet", "2026-12-16T12:00:00Z", circ.Synced, "hold-ready"},
		{"the last minute of the day it is due", "2026-12-16T23:59:00Z", circ.Synced, "hold-ready"},
		{"the day after", "2026-12-17T00:00:00Z", circ.Synced, "overdue hold-ready"},
		{"a clock that is not to be trusted", "2026-12-17T00:00:00Z", circ.Restored, "hold-ready"},
		{"a month before the card ends", "2027-03-02T12:00:00Z", circ.RTC, "overdue hold-ready card-expires"},
		{"its last day", "2027-03-31T12:00:00Z", circ.RTC, "overdue hold-ready card-expires"},
		{"after it: the screen says so otherwise", "2027-04-01T12:00:00Z", circ.RTC, "overdue hold-ready"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		f, err := c.Facts(t.Context(), circ.Moment{Wall: at, Quality: tt.clock}, testKey, borrower(annaCard), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Borrower.Messages, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMessagesComeInOneOrderAndOnce(t *testing.T) {
	c := newCache(t)
	apply(t, c, snapshot(contract.FeedOwn, v(1, 1), row(contract.RowBorrower, hexKey(annaCard), 1, contract.BorrowerRow{
		Category: "adult", Mail: true, Messages: []string{"zoo", "hold-ready", "overdue", "renewed-part", "overdue"}, Oldest: "2026-11-01"})))
	f, err := c.Facts(t.Context(), circ.Moment{Wall: noon, Quality: circ.Synced}, testKey, borrower(annaCard), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Borrower.Messages, " "); got != "renewed-part overdue hold-ready zoo" {
		t.Errorf("got %q", got)
	}
	if !f.Borrower.Mail {
		t.Error("got no mail, want what central says")
	}
}

func TestTaggedPartsReachTheFacts(t *testing.T) {
	c := newCache(t)
	apply(t, c, snapshot(contract.FeedItems, v(1, 1), row(contract.RowItem, "set", 1, contract.ItemRow{Title: "A course", Parts: []string{"book", "CD", "map"}, Tagged: 2})))
	i := facts(t, c, circ.Borrower{}, "set").Items["set"]
	if i.Tagged != 2 || strings.Join(i.Untagged([]circ.SeenTag{{Part: 1, Of: 2}}), " ") != "map" {
		t.Errorf("got %+v", i)
	}
}

// A cache from before parts had tags asks for its items again, and has what it
// had until they come.
func TestAnOlderCacheAsksForItsItemsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	old, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"0001_begin.sql", "0002_pin.sql"} {
		text, err := migrations.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := old.Exec(string(text)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = old.Exec(`PRAGMA user_version = 2; UPDATE feed SET generation = 1, version = 40;
		INSERT INTO item VALUES ('book-1', 3, 'Middlemarch', 'book', '', '', 0, 0)`)
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}
	c := openAt(t, path)
	if got := titleOf(t, c, "book-1"); got != "Middlemarch" {
		t.Errorf("got %q, want what was there", got)
	}
	for feed, want := range map[contract.Feed]circ.FeedVersion{contract.FeedItems: v(1, 0), contract.FeedOwn: v(1, 40)} {
		if pull, err := c.Want(t.Context(), feed); err != nil || pull.Have != want {
			t.Errorf("%s: got %+v, %v, want %v", feed, pull, err, want)
		}
	}
	apply(t, c, snapshot(contract.FeedItems, v(1, 40), item("book-9", 3, "New")))
	if got := titleOf(t, c, "book-9"); got != "New" {
		t.Errorf("got %q, want the snapshot taken although its version was held before", got)
	}
}
