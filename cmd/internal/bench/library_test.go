package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// A large authority as one kiosk knows it.
const (
	titles    = 1_000_000
	borrowers = 5_000
	away      = 100_000 // of the titles, from firstAway on
	firstAway = 800_000
	pageRows  = 5_000 // of a feed
)

// library is a data directory whose cache central has filled.
type library struct {
	dir   string
	cred  contract.Credential
	took  time.Duration // to fill the cache
	bytes int64         // of the file
}

// newLibrary fills a cache as central does: page by page, through Apply.
func newLibrary(b *testing.B) library {
	b.Helper()
	l := library{dir: b.TempDir(), cred: credential(b)}
	began := time.Now()
	c, err := cache.Open(b.Context(), l.cache())
	must(b, err)
	l.send(b, c, contract.FeedItems, titles, l.item)
	l.send(b, c, contract.FeedOwn, 2+borrowers+away, l.own)
	must(b, c.Close())
	l.took = time.Since(began)
	info, err := os.Stat(l.cache())
	must(b, err)
	l.bytes = info.Size()
	return l
}

func (l library) cache() string { return filepath.Join(l.dir, "cache.db") }

// credential is what central gives a kiosk. Nobody listens at its broker.
func credential(b *testing.B) contract.Credential {
	b.Helper()
	central, _, err := ed25519.GenerateKey(rand.Reader)
	must(b, err)
	_, own, err := ed25519.GenerateKey(rand.Reader)
	must(b, err)
	_, seal, err := contract.NewSealKeys()
	must(b, err)
	return contract.Credential{V: contract.Version, Authority: "leics", Kiosk: "syston-1", Venue: "syston", Shard: "0",
		SignKey: own.Seed(), CentralKey: central, SealKey: seal, CardKey: make([]byte, 32),
		Broker: contract.Broker{URL: "mqtt://127.0.0.1:1"}, Issued: time.Now()}
}

// send gives the cache a whole feed of n rows.
func (l library) send(b *testing.B, c *cache.Cache, feed contract.Feed, n int, at func(*testing.B, int) contract.Row) {
	b.Helper()
	after := ""
	for from := 0; from < n; from += pageRows {
		chunk := contract.Chunk{Statement: contract.Statement{V: contract.Version, Issued: time.Now()}, Feed: feed,
			To: circ.FeedVersion{Generation: 1, Version: 1}, Reset: true, After: after, Cursor: fmt.Sprint(from + pageRows)}
		for i := from; i < min(n, from+pageRows); i++ {
			chunk.Rows = append(chunk.Rows, at(b, i))
		}
		if from+pageRows >= n {
			chunk.Last, chunk.Total, chunk.Cursor = true, n, ""
		}
		_, err := c.Apply(b.Context(), chunk)
		must(b, err)
		after = chunk.Cursor
	}
}

func (l library) item(b *testing.B, i int) contract.Row {
	return row(b, contract.RowItem, string(itemOf(i)), contract.ItemRow{Class: "book",
		Title: fmt.Sprintf("The Collected Letters of an English Village, volume %d", i)})
}

// own is what this kiosk alone is told: rules, calendar, borrowers, and which
// items are on loan.
func (l library) own(b *testing.B, i int) contract.Row {
	switch i -= 2; {
	case i == -2:
		return row(b, contract.RowCalendar, "calendar", circ.Calendar{})
	case i == -1:
		return row(b, contract.RowRules, "rules", circ.RuleBook{Version: "r1", Venue: "Syston", TimeZone: "Europe/London",
			Classes: map[string]circ.ClassRule{"book": {Days: 21}}, Categories: map[string]circ.CategoryRule{"adult": {Limit: 40}}})
	case i < borrowers:
		key := contract.CardKey(l.cred.CardKey, cardOf(i))
		return row(b, contract.RowBorrower, hex.EncodeToString(key[:]), contract.BorrowerRow{Category: "adult", AgeBand: 18})
	}
	item := itemOf(firstAway + i - borrowers)
	mark := contract.Mark(l.cred.CardKey, item, cardOf(i%borrowers))
	return row(b, contract.RowCirc, string(item), contract.CircRow{OnLoan: true, Holder: hex.EncodeToString(mark[:]),
		Due: time.Now().AddDate(0, 0, 14)})
}

func cardOf(i int) circ.Card { return circ.Card(fmt.Sprintf("2122101%07d", i)) }

// openLedger is a new ledger on the real disk.
func (l library) openLedger(b *testing.B) (*ledger.Ledger, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "ledger.db")
	book, err := ledger.Open(b.Context(), path, ledger.Options{Kiosk: l.cred.Kiosk, Seal: l.cred.SealKey})
	must(b, err)
	b.Cleanup(func() { book.Close() })
	return book, path
}
