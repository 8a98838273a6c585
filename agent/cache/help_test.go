package cache

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

var (
	testKey   = []byte("the key K of one kiosk, 32 bytes")
	testEpoch = uuid.MustParse("0190f5c4-0000-7000-8000-000000000001")
	noon      = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	moment    = circ.Moment{Wall: noon}
)

const (
	annaCard circ.Card = "21221012345671"
	benCard  circ.Card = "23529000035676"
)

func borrower(card circ.Card) circ.Borrower {
	return circ.Borrower{Card: card, Key: contract.CardKey(testKey, card)}
}

func newCache(t testing.TB) *Cache {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "cache.db"))
}

func openAt(t testing.TB, path string) *Cache {
	t.Helper()
	c, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func v(gen, ver uint64) circ.FeedVersion { return circ.FeedVersion{Generation: gen, Version: ver} }

func row(kind contract.RowKind, key string, ver uint64, data any) contract.Row {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return contract.Row{Kind: kind, Key: key, Ver: ver, Data: b}
}

func gone(kind contract.RowKind, key string, ver uint64) contract.Row {
	return contract.Row{Kind: kind, Key: key, Ver: ver, Deleted: true}
}

func item(key string, ver uint64, title string) contract.Row {
	return row(contract.RowItem, key, ver, contract.ItemRow{Title: title, Class: "book"})
}

// snapshot is a whole feed in one chunk.
func snapshot(feed contract.Feed, to circ.FeedVersion, rows ...contract.Row) contract.Chunk {
	return contract.Chunk{Statement: contract.Statement{V: 1, Issued: noon}, Feed: feed, To: to,
		Reset: true, Last: true, Total: len(rows), Rows: rows}
}

// delta is a whole delta in one chunk.
func delta(feed contract.Feed, from, to circ.FeedVersion, rows ...contract.Row) contract.Chunk {
	return contract.Chunk{Statement: contract.Statement{V: 1, Issued: noon}, Feed: feed, From: from, To: to,
		Last: true, Rows: rows}
}

// pages cuts a chunk into pages of n rows, with the last key as cursor.
func pages(whole contract.Chunk, n int) []contract.Chunk {
	var out []contract.Chunk
	after := ""
	for rows := whole.Rows; ; {
		page := whole
		page.After, page.Last, page.Total = after, len(rows) <= n, 0
		page.Rows = rows[:min(n, len(rows))]
		rows = rows[len(page.Rows):]
		if page.Last {
			page.Total = len(whole.Rows)
			return append(out, page)
		}
		after = string(page.Rows[n-1].Kind) + " " + page.Rows[n-1].Key
		page.Cursor = after
		out = append(out, page)
	}
}

// apply takes chunks that must all be taken.
func apply(t testing.TB, c *Cache, chunks ...contract.Chunk) (next *contract.Pull) {
	t.Helper()
	for _, chunk := range chunks {
		var err error
		if next, err = c.Apply(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

func facts(t testing.TB, c *Cache, who circ.Borrower, items ...circ.ItemID) circ.Facts {
	t.Helper()
	f, err := c.Facts(t.Context(), moment, testKey, who, items)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func titleOf(t testing.TB, c *Cache, id circ.ItemID) string {
	t.Helper()
	f := facts(t, c, circ.Borrower{}, id).Items[id]
	if !f.Known {
		return "-"
	}
	return f.Title
}
