package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"nightdesk/agent/ledger"
)

// The power goes while the first ledger is being made: it has its tables, and
// nothing in them. That is no damage.
func TestALedgerThatWasNotBegunIsBegunNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	off := errors.New("the power went")
	_, err := ledger.Open(context.Background(), path, ledger.Options{Kiosk: "syston-1", Step: func(name string) error {
		if name == "before begin" {
			return off
		}
		return nil
	}})
	if !errors.Is(err, off) {
		t.Fatalf("the power is cut: %v", err)
	}
	l, err := ledger.Open(context.Background(), path, ledger.Options{Kiosk: "syston-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Boots() != 1 {
		t.Errorf("%d boots, want the first", l.Boots())
	}
}
