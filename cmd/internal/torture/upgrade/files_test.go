// Package upgrade is the rig that puts a new program on what an old one has
// left: a kiosk and a central of the first schema, with thousands of events
// that central has not heard of and with acts whose tags are still open; and
// cuts the power at every step of the way up.
package upgrade

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/branch"
)

// left is what the old program told when it wrote testdata/first.tar.gz; see
// the page beside it.
type left struct {
	Now   time.Time
	Books int
	Told  []struct {
		Item circ.ItemID
		Kind circ.Kind
		Card string
	}
	With        map[circ.ItemID]string
	Last, Acked uint64
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unpack puts the old program's files into a folder.
func unpack(t testing.TB, dir string) (l left, cred contract.Credential) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "first.tar.gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		path := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if h.Typeflag == tar.TypeDir {
			must(t, os.MkdirAll(path, 0o700))
			continue
		}
		body, err := io.ReadAll(r)
		must(t, err)
		must(t, os.WriteFile(path, body, 0o600))
	}
	body, err := os.ReadFile(filepath.Join(dir, "told.json"))
	must(t, err)
	must(t, json.Unmarshal(body, &l))
	cred, err = contract.LoadCredential(filepath.Join(dir, "credential.json"))
	must(t, err)
	return l, cred
}

// told is what the borrowers were told, and where the books are.
func (l left) tell(b *branch.Branch) {
	for _, x := range l.Told {
		b.Told = append(b.Told, check.Told{Item: x.Item, Kind: x.Kind, Card: circ.Card(x.Card)})
	}
	for id, card := range l.With {
		b.Book(id).With = circ.Card(card)
	}
}

// busy adds events to the old ledger as the old program would have: books lent
// by their barcodes and brought back, again and again. The rows are those of
// the first schema; a ledger's own tests say what a chain's checksum is.
func busy(t testing.TB, path string, cred contract.Credential, events int, books []*branch.Book, cards []circ.Card, now time.Time) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_txlock=immediate")
	must(t, err)
	defer db.Close()
	tx, err := db.Begin()
	must(t, err)
	var epoch, baseHash, head []byte
	var base, last, acked int64
	must(t, tx.QueryRow("SELECT epoch, base, base_hash, head, head_hash, acked FROM chain WHERE current = 1").
		Scan(&epoch, &base, &baseHash, &last, &head, &acked))
	hash := contract.Hash(head)
	for n := range events {
		e := oldEvent(t, cred, n, uint64(last)+1, books, cards, now.Add(time.Duration(n)*time.Second))
		body, err := contract.EncodeEvent(e)
		must(t, err)
		last++
		hash = hash.Next(uint64(last), body)
		_, err = tx.Exec("INSERT INTO event (epoch, n, tx, type, at, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
			epoch, last, e.Tx[:], string(e.Type), e.At.UnixMilli(), body, hash[:])
		must(t, err)
	}
	check := sum("chain", epoch, number(1), number(base), baseHash, number(last), hash[:], number(acked))
	_, err = tx.Exec("UPDATE chain SET head = ?, head_hash = ?, sum = ? WHERE current = 1", last, hash[:], check)
	must(t, err)
	must(t, tx.Commit())
}

// oldEvent is the issue of a book, and then its return.
func oldEvent(t testing.TB, cred contract.Credential, n int, number uint64, books []*branch.Book, cards []circ.Card, at time.Time) contract.Event {
	t.Helper()
	book := books[n/2%len(books)]
	e := contract.Event{N: number, At: at.UTC(), Mono: int64(n) * 1000, Boot: [16]byte{9}, Clock: circ.RTC, Tx: ledger.NewTx(), Visit: [16]byte{8}}
	var data any
	if n%2 == 0 {
		e.Type = contract.LoanIssued
		who, err := contract.Seal(cred.SealKey, cred.Kiosk, e.Tx, e.Type, cards[n/2%len(cards)])
		must(t, err)
		data = contract.Loan{Item: book.ID, Who: who, Due: at.AddDate(0, 0, 21).UTC(), Class: "book"}
	} else {
		e.Type = contract.LoanReturned
		data = contract.Returned{Item: book.ID, Began: at.UTC(), Shelf: circ.Bin}
	}
	var err error
	e.Data, err = json.Marshal(data)
	must(t, err)
	return e
}

// sum is a row's checksum as the ledger has had it from the first: the first 8
// bytes of SHA-256 over its fields, each with its length in front.
func sum(table string, fields ...[]byte) []byte {
	h := sha256.New()
	for _, f := range append([][]byte{[]byte(table)}, fields...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f))))
		h.Write(f)
	}
	return h.Sum(nil)[:8]
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// history is what a ledger holds, in one line for each event and open act.
func history(t testing.TB, path string) (lines []string) {
	t.Helper()
	r, err := ledger.Audit(t.Context(), path)
	must(t, err)
	for _, e := range r.Events {
		lines = append(lines, fmt.Sprintf("%s %d %x %v", e.Epoch, e.N, sha256.Sum256(e.Body), e.Acked))
	}
	for _, w := range r.Wishes {
		lines = append(lines, fmt.Sprintf("%+v", w))
	}
	return lines
}
