package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// next is a program that is newer than this one by one migration.
func next(t *testing.T, text string) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	files[fmt.Sprintf("migrations/%04d_next.sql", len(names)+1)] = &fstest.MapFile{Data: []byte(text)}
	return files
}

// upgraded is a ledger that a newer program has had open.
func upgraded(t *testing.T, text string) string {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(ctx, path, Options{Kiosk: "k", Reserve: 4096})
	if err != nil {
		t.Fatal(err)
	}
	told(t, l, 1)
	if err := migrate(ctx, l.db, next(t, text)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func told(t *testing.T, l *Ledger, want uint64) {
	t.Helper()
	ctx := context.Background()
	if err := l.Notice(ctx, circ.Moment{}, circ.Visit{}, contract.Notice{Why: contract.NoticeHelp}); err != nil {
		t.Fatal(err)
	}
	if p, err := l.Position(ctx); err != nil || p.Last != want {
		t.Fatalf("%d events, %v, want %d", p.Last, err, want)
	}
}

// A program that is put back goes on with what the newer one wrote, if that
// only added something; and the newer one goes on with what this one wrote.
func TestAnOlderProgramGoesOnWithWhatANewerOneAdded(t *testing.T) {
	ctx := context.Background()
	added := "-- oldest: 3\nCREATE TABLE shelf (item TEXT PRIMARY KEY) STRICT;\nALTER TABLE loan ADD COLUMN shelf TEXT;\n"
	path := upgraded(t, added)
	for boot := range uint64(2) {
		l, err := Open(ctx, path, Options{Kiosk: "k", Reserve: 4096})
		if err != nil {
			t.Fatal(err)
		}
		told(t, l, 2+boot)
		if boot == 1 {
			if err := migrate(ctx, l.db, next(t, added)); err != nil {
				t.Errorf("the newer program again: %v", err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := Audit(ctx, path); err != nil || r.Unacked() != 3 {
		t.Errorf("%d events, %v, want 3", r.Unacked(), err)
	}
}

// What it could not keep it does not touch, and it says why: this is no damage,
// and nothing is there to be salvaged.
func TestAnOlderProgramTouchesNothingThatItCannotKeep(t *testing.T) {
	ctx := context.Background()
	path := upgraded(t, "ALTER TABLE event RENAME COLUMN at TO time;\n")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, path, Options{Kiosk: "k", Reserve: 4096})
	if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "install the newer program") {
		t.Errorf("got %v, want %v", err, ErrNewer)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed, %v", err)
	}
}
