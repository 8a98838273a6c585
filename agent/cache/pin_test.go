package cache

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// A card's verifier comes with its row and goes with it.
func TestVerifier(t *testing.T) {
	c := newCache(t)
	salt := []byte("0123456789abcdef")
	with := func(b byte) contract.BorrowerRow {
		return contract.BorrowerRow{Verifier: &contract.Verifier{Salt: salt, Bits: b}}
	}
	apply(t, c, snapshot(contract.FeedOwn, v(1, 1), row(contract.RowBorrower, hexKey(annaCard), 1, with(0)),
		row(contract.RowBorrower, hexKey(benCard), 1, contract.BorrowerRow{})))
	expect := func(card circ.Card, want *circ.Verifier) {
		t.Helper()
		if d := cmp.Diff(want, facts(t, c, borrower(card)).Borrower.Verifier); d != "" {
			t.Error(d)
		}
	}
	expect(annaCard, &circ.Verifier{Salt: salt}) // bits that are nought are bits
	expect(benCard, nil)
	apply(t, c, delta(contract.FeedOwn, v(1, 1), v(1, 2), row(contract.RowBorrower, hexKey(annaCard), 2, contract.BorrowerRow{}),
		row(contract.RowBorrower, hexKey(benCard), 2, with(127))))
	expect(annaCard, nil)
	expect(benCard, &circ.Verifier{Salt: salt, Bits: 127})
	for name, bad := range map[string]contract.Verifier{"no salt": {Bits: 1}, "eight bits": {Salt: salt, Bits: 128}} {
		chunk := delta(contract.FeedOwn, v(1, 2), v(1, 3), row(contract.RowBorrower, hexKey(benCard), 3, contract.BorrowerRow{Verifier: &bad}))
		if _, err := c.Apply(t.Context(), chunk); err == nil {
			t.Errorf("%s: the row is taken", name)
		}
	}
}

// A cache of the first schema keeps what it holds, and takes verifiers.
func TestACacheOfTheFirstSchemaIsBroughtUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	old, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := migrations.ReadFile("migrations/0001_begin.sql")
	if err != nil {
		t.Fatal(err)
	}
	key := borrower(annaCard).Key
	_, err = old.Exec(string(first)+`; PRAGMA user_version = 1; UPDATE feed SET generation = 1, version = 4 WHERE feed = 'own';
		INSERT INTO borrower VALUES (?, 3, 'adult', 0, NULL, 18, 2, '', NULL, '')`, key[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	c := openAt(t, path)
	if c.Rebuilt != nil {
		t.Fatalf("begun afresh: %v", c.Rebuilt.Why)
	}
	if b := facts(t, c, borrower(annaCard)).Borrower; b == nil || b.Loans != 2 || b.Verifier != nil {
		t.Errorf("got %+v", b)
	}
	apply(t, c, delta(contract.FeedOwn, v(1, 4), v(1, 5), row(contract.RowBorrower, hexKey(annaCard), 5,
		contract.BorrowerRow{Verifier: &contract.Verifier{Salt: []byte("0123456789abcdef"), Bits: 9}})))
	if b := facts(t, c, borrower(annaCard)).Borrower; b.Verifier == nil || b.Verifier.Bits != 9 {
		t.Errorf("got %+v", b)
	}
}
