package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, o Options) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "central.db")
	if err := Create(t.Context(), path, "test", noon); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func TestCreateOverwritesNothing(t *testing.T) {
	_, path := open(t, Options{})
	if err := Create(t.Context(), path, "test", noon); err == nil {
		t.Error("got no error")
	}
}

func TestOpenWantsWhatCreateMade(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no.db"), Options{}); err == nil {
		t.Error("got no error")
	}
}

// A misspelt parameter is passed over by the driver: the read-back sees it.
func TestPragmasAreReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronus=FULL&_foreign_keys=on&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := checkPragmas(t.Context(), db, 0); err == nil {
		t.Error("got no error for synchronous=NORMAL")
	}
}

// After a failed commit nothing more is written: nobody knows what is on disk.
func TestFailedCommitIsDoubt(t *testing.T) {
	s, _ := open(t, Options{})
	ctx := t.Context()
	// A foreign key that is checked at the commit makes the commit itself fail.
	err := s.write(ctx, func(tx *Tx) error {
		return errors.Join(tx.script("PRAGMA defer_foreign_keys = on"),
			tx.exec(`INSERT INTO stream (kiosk, epoch, seq, began) VALUES ('nobody', x'00', 1, 0)`))
	})
	if !errors.Is(err, ErrDoubt) {
		t.Fatalf("got %v, want doubt", err)
	}
	if err := s.Renew(ctx, noon); !errors.Is(err, ErrDoubt) {
		t.Errorf("got %v, want doubt", err)
	}
}

func TestStepsAroundACommit(t *testing.T) {
	cut := ""
	errDark := errors.New("dark")
	s, _ := open(t, Options{Step: func(name string) error {
		if name == cut {
			return errDark
		}
		return nil
	}})
	for _, c := range []struct {
		step string
		kept bool
	}{{"commit-before", false}, {"commit-after", true}} {
		cut = c.step
		err := s.Update(t.Context(), "", func(tx record.Tx) error { return tx.PutItem(record.Item{ID: circ.ItemID(c.step)}) })
		if !errors.Is(err, errDark) {
			t.Errorf("%s: got %v, want dark", c.step, err)
		}
		cut = ""
		err = s.Update(t.Context(), "", func(tx record.Tx) error {
			if _, found, err := tx.Item(circ.ItemID(c.step)); found != c.kept || err != nil {
				t.Errorf("%s: got found %v, %v, want %v", c.step, found, err, c.kept)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnItemHasOneOpenLoan(t *testing.T) {
	s, _ := open(t, Options{})
	err := s.Update(t.Context(), "", func(tx record.Tx) error {
		return errors.Join(
			tx.PutLoan(record.Loan{Tx: circ.Tx{1}, Item: "B1", Card: "C1", Start: noon}),
			tx.PutLoan(record.Loan{Tx: circ.Tx{2}, Item: "B1", Card: "C2", Start: noon}))
	})
	if !errors.Is(err, record.ErrConstraint) {
		t.Errorf("got %v, want a constraint", err)
	}
}

func TestCancelledContextBeginsNothing(t *testing.T) {
	s, _ := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Renew(ctx, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}

func TestBackup(t *testing.T) {
	s, path := open(t, Options{})
	copied := path + ".copy"
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), copied); err == nil {
		t.Error("a second time: got no error")
	}
	c, err := Open(t.Context(), copied, Options{Serving: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if name, err := c.Authority(t.Context()); name != "test" || err != nil {
		t.Errorf("got %q, %v", name, err)
	}
}
