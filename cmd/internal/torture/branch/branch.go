// Package branch is a library branch in one process for the rigs that turn
// clocks and put disks back: kiosks without devices over real ledger and cache
// files, and a real central in a directory, with a time that passes only when
// it is told to. Items really are somewhere: on a shelf, or with somebody.
package branch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// Opened is when the branch opens: a Monday in winter.
var Opened = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// Branch is everything that no kiosk's disk holds.
type Branch struct {
	T       testing.TB
	Dir     string
	Chance  *rand.Rand
	Now     time.Time // what time it really is; central's clock is right
	Central *central.Central
	Books   []*Book
	Cards   []circ.Card
	Told    []check.Told // what borrowers were told at any kiosk, in order
	Down    bool         // no kiosk reaches central

	boots uint64 // of all kiosks
}

// Book is an item and where it really is.
type Book struct {
	ID   circ.ItemID
	Tags []drivers.UID // none: it is lent by its barcode
	With circ.Card     // who has taken it away; "": it is in the branch
	Lost bool          // what happened to it last, no disk has any more
}

// New makes a branch with as many books, and central with their catalogue.
func New(t testing.TB, chance *rand.Rand, books int) *Branch {
	t.Helper()
	b := &Branch{T: t, Dir: torture.Memory(t), Chance: chance, Now: Opened}
	b.furnish(books)
	b.Must(central.Create(context.Background(), b.CentralDir(), "leics", b.Now))
	b.CentralOn()
	b.Import()
	t.Cleanup(func() { b.Central.Close() })
	return b
}

// furnish gives the branch its books and its borrowers.
func (b *Branch) furnish(books int) {
	for n := range books {
		book := &Book{ID: circ.ItemID(fmt.Sprintf("3122101234%04d", n))}
		for part := range n % 3 { // none, one, or a set of two
			book.Tags = append(book.Tags, drivers.UID{0xE0, 4, 1, 0, 0, byte(part), byte(n >> 8), byte(n)})
		}
		b.Books = append(b.Books, book)
	}
	for n := range 6 {
		b.Cards = append(b.Cards, circ.Card(fmt.Sprintf("2122101234567%d", n)))
	}
}

// CentralDir is where central keeps everything.
func (b *Branch) CentralDir() string { return filepath.Join(b.Dir, "central") }

// CentralOn starts central.
func (b *Branch) CentralOn() {
	b.T.Helper()
	var err error
	b.Central, err = central.Open(context.Background(), b.CentralDir(), central.Options{Now: func() time.Time { return b.Now }, Serving: true})
	b.Must(err)
}

// Import brings the catalogue to central.
func (b *Branch) Import() {
	b.T.Helper()
	dir := filepath.Join(b.Dir, "exports")
	b.Must(os.MkdirAll(dir, 0o700))
	items, cards := "item,title,class,owner,parts,age,not_for_loan\n", "card,category,blocked,expires,age_band,messages\n"
	for _, x := range b.Books {
		parts := ""
		if len(x.Tags) > 1 {
			parts = "Disc 1;Disc 2"
		}
		items += fmt.Sprintf("%s,Book %s,book,,%s,,\n", x.ID, x.ID.Tail(), parts)
	}
	for _, c := range b.Cards {
		cards += string(c) + ",adult,,,18,\n"
	}
	for name, text := range map[string]string{"items.csv": items, "borrowers.csv": cards, "policy.toml": rules, "calendar.toml": "[default]\n"} {
		b.Must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	_, err := b.Central.ImportFrom(context.Background(), dir)
	b.Must(err)
}

const rules = `[default]
version = "r1"
venue = "Syston"
timezone = "Europe/London"
[default.classes.book]
days = 21
renewals = 5
[default.categories.adult]
limit = 50
[default.unknown]
issue_item = false
`

// Pass lets time pass.
func (b *Branch) Pass(d time.Duration) { b.Now = b.Now.Add(d) }

// Where gives the books that are in the branch, or those that are not.
func (b *Branch) Where(in bool) (found []*Book) {
	for _, x := range b.Books {
		if (x.With == "") == in {
			found = append(found, x)
		}
	}
	b.Chance.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found
}

// Somebody is one of the borrowers.
func (b *Branch) Somebody() circ.Card { return b.Cards[b.Chance.IntN(len(b.Cards))] }

// Book finds a book.
func (b *Branch) Book(id circ.ItemID) *Book {
	return b.Books[slices.IndexFunc(b.Books, func(x *Book) bool { return x.ID == id })]
}

// Must ends the test on an error.
func (b *Branch) Must(err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatal(err)
	}
}

// Forget says that no disk knows any more what happened last to a book: what
// was told of it may not be so.
func (b *Branch) Forget(id circ.ItemID) {
	b.Book(id).Lost = true
	b.Told = append(b.Told, check.Told{Item: id, Doubt: true})
}

// PutCentralBack puts central's database back to a copy of it.
func (b *Branch) PutCentralBack(copy string) {
	b.T.Helper()
	b.Must(b.Central.Close())
	body, err := os.ReadFile(copy)
	b.Must(err)
	path := filepath.Join(b.CentralDir(), "central.db")
	for _, part := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.Must(err)
		}
	}
	b.Must(os.WriteFile(path, body, 0o600))
	b.CentralOn()
}

// Copy copies a folder's files, as they are, into another that holds nothing
// else afterwards. While nobody writes, it is what a kill would have left.
func (b *Branch) Copy(from, to string) {
	b.T.Helper()
	b.Must(os.RemoveAll(to))
	b.Must(filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if strings.HasSuffix(path, "-reserve") { // as large as it is empty
			return nil
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, body, 0o600)
	}))
}

// Resume is a branch whose central lies in a folder already, at a time.
func Resume(t testing.TB, chance *rand.Rand, dir string, books int, now time.Time) *Branch {
	t.Helper()
	b := &Branch{T: t, Dir: dir, Chance: chance, Now: now}
	b.furnish(books)
	b.CentralOn()
	t.Cleanup(func() { b.Central.Close() })
	return b
}
