package cache

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/contract"
)

func TestOpenKeepsWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir?", "cache #1.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	library(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = openAt(t, path)
	if got := titleOf(t, c, "book-1"); got != "Middlemarch" || c.Rebuilt != nil {
		t.Errorf("got %q, %+v", got, c.Rebuilt)
	}
	if names := listDir(t, filepath.Dir(path)); !strings.Contains(names, "cache #1.db") {
		t.Errorf("files: %s", names)
	}
}

func listDir(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// Each file is a cache that went bad, or never was one.
func TestOpenRebuildsWhatIsDamaged(t *testing.T) {
	edit := func(f func(b []byte) []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	exec := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := pool(dsn(path, false), 1)
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.ExecContext(t.Context(), text)
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		why    string
	}{
		{"no database", edit(func([]byte) []byte { return []byte(strings.Repeat("a text of some kind ", 500)) }), "not a database"},
		{"cut off", edit(func(b []byte) []byte { return b[:len(b)/2] }), "malformed"},
		{"pages overwritten", edit(func(b []byte) []byte { copy(b[2*4096:], make([]byte, 8*4096)); return b }), ""},
		{"a newer schema", exec("PRAGMA user_version = 99"), "its schema is number 99"},
		{"somebody else's", exec("PRAGMA user_version = 0"), "not a cache"},
		{"a table is missing", exec("DROP TABLE clock"), "no such table"},
		{"the first rows are missing", exec("DELETE FROM feed"), "first rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cache.db")
			c, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			library(t, c)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			tt.damage(t, path)
			c = openAt(t, path)
			if c.Rebuilt == nil {
				t.Fatal("nothing was noticed")
			}
			if !strings.Contains(c.Rebuilt.Why.Error(), tt.why) {
				t.Errorf("why: got %q, want %q in it", c.Rebuilt.Why, tt.why)
			}
			if !strings.HasPrefix(c.Rebuilt.Kept, path+".damaged-") {
				t.Errorf("kept: got %q", c.Rebuilt.Kept)
			}
			if _, err := os.Stat(c.Rebuilt.Kept); err != nil {
				t.Error(err)
			}
			if got := titleOf(t, c, "book-1"); got != "-" {
				t.Errorf("the fresh cache knows %q", got)
			}
			library(t, c)
		})
	}
}

func TestOpenKeepsFewDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cache.db")
	for i := range damagedKept + 3 {
		if err := os.WriteFile(path, []byte(strings.Repeat("damage", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		written := time.Unix(int64(1_000_000_000+i), 0)
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
		c, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := "cache.db cache.db.damaged-1000000003 cache.db.damaged-1000000004 cache.db.damaged-1000000005"
	if got := listDir(t, dir); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Where no file can be, that is an error, and nothing is put aside.
func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"no directory": filepath.Join(dir, "missing", "cache.db"),
		"a directory":  dir,
	} {
		if c, err := Open(t.Context(), path); err == nil {
			t.Errorf("%s: no error, rebuilt %+v", name, c.Rebuilt)
		}
	}
	if got := listDir(t, dir); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// Every connection is what dsn says, and readBack would notice if it were not:
// the driver passes over words that it does not know.
func TestConnectionsAreReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	openAt(t, path)
	tests := []struct {
		name, from, to string
		queryOnly, ok  bool
	}{
		{"writer", "", "", false, true},
		{"reader", "", "", true, true},
		{"synchronous misspelt", "_synchronous", "_synchronus", false, false},
		{"synchronous NORMAL", "FULL", "NORMAL", false, false},
		{"foreign keys misspelt", "_foreign_keys", "_foreign_key", false, false},
		{"synchronous in another driver's words", "_synchronous=FULL", "_pragma=synchronous(2)", false, false},
		{"an impatient one", "_busy_timeout=5000", "_busy_timeout=50", false, false},
		{"reader that writes", "_query_only", "_queryonly", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, err := pool(strings.Replace(dsn(path, tt.queryOnly), tt.from, tt.to, 1), 2)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := readBack(t.Context(), db, 2, tt.queryOnly); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}

// The writer's transactions are immediate from their beginning: a second
// writer is kept out before the first statement.
func TestWriterIsImmediate(t *testing.T) {
	c := newCache(t)
	conn, err := c.w.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var path string
	if err := c.r.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&path); err != nil {
		t.Fatal(err)
	}
	other, err := pool(strings.Replace(dsn(path, false), "5000", "1", 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("got %v, want locked", err)
	}
	if _, err := c.r.ExecContext(t.Context(), "DELETE FROM item"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a reader wrote: %v", err)
	}
}

func TestCancelledContextWritesNothing(t *testing.T) {
	c := newCache(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Apply(ctx, snapshot(contract.FeedItems, v(1, 4), fourItems...)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Facts(ctx, moment, testKey, borrower(annaCard), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, _, _ := c.Versions(t.Context()); got != v(0, 0) {
		t.Errorf("got %v", got)
	}
}

// After a commit of which nobody knows what it did, the file is opened again
// before anything else is written. While that fails nothing is written, and
// what is there can still be read.
func TestDoubt(t *testing.T) {
	c := newCache(t)
	library(t, c)
	doubt := func() {
		t.Helper()
		err := c.write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("COMMIT") // so that the commit itself comes back with an error
			return err
		})
		if !errors.Is(err, ErrDoubt) {
			t.Fatalf("a failed commit: got %v, want %v", err, ErrDoubt)
		}
	}
	doubt()
	if err := c.RaiseFloor(t.Context(), noon.Add(time.Hour)); err != nil {
		t.Errorf("the next write: %v", err)
	}
	if got, err := c.Floor(t.Context()); !got.Equal(noon.Add(time.Hour)) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}

	doubt()
	other, err := sql.Open("sqlite3", "file:"+c.path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	held, err := other.Begin() // keeps the log from being written back
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec("SELECT count(*) FROM item; UPDATE clock SET floor_ms = floor_ms"); err != nil {
		t.Fatal(err)
	}
	if err := c.RaiseFloor(t.Context(), noon.Add(2*time.Hour)); !errors.Is(err, ErrDoubt) {
		t.Errorf("raise the floor: got %v, want %v", err, ErrDoubt)
	}
	if got := titleOf(t, c, "book-1"); got != "Middlemarch" {
		t.Errorf("got %q", got)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := c.RaiseFloor(t.Context(), noon.Add(2*time.Hour)); err != nil {
		t.Errorf("once nobody holds it: %v", err)
	}
}

func TestFloorOnlyRises(t *testing.T) {
	c := newCache(t)
	if got, err := c.Floor(t.Context()); !got.IsZero() || err != nil {
		t.Errorf("got %v (%v), want zero", got, err)
	}
	for _, step := range []struct{ told, want int }{{1, 1}, {3, 3}, {2, 3}, {3, 3}, {4, 4}} {
		if err := c.RaiseFloor(t.Context(), noon.Add(time.Duration(step.told)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		want := noon.Add(time.Duration(step.want) * time.Hour)
		if got, err := c.Floor(t.Context()); !got.Equal(want) || err != nil {
			t.Errorf("got %v (%v), want %v", got, err, want)
		}
	}
}

func TestStatus(t *testing.T) {
	c := newCache(t)
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Age(noon); ok {
		t.Error("an empty cache has an age")
	}
	library(t, c)
	apply(t, c, pages(snapshot(contract.FeedItems, v(1, 90), fourItems...), 3)[0])
	if s, err = c.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	if age, ok := s.Age(noon.Add(time.Hour)); age != time.Hour || !ok {
		t.Errorf("age: got %v %v", age, ok)
	}
	if s.Rows["item"] != 3 || s.Rows["circ"] != 3 || s.Rows["borrower"] != 2 || s.Rows["book"] != 2 || s.Rows["outcome"] != 1 {
		t.Errorf("rows: got %v", s.Rows)
	}
	if s.Items.Loading != v(1, 90) || s.Items.Loaded != 3 || s.Own.Loaded != 0 || s.Folded != 5 || s.Epoch != testEpoch {
		t.Errorf("got %+v", s)
	}
}

// A cache that a newer program wrote is begun anew, and the kiosk still knows
// how late it is at least.
func TestANewCacheKeepsTheFloor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	floor := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	c, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RaiseFloor(t.Context(), floor); err != nil {
		t.Fatal(err)
	}
	if _, err := c.w.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = Open(t.Context(), path)
	if err != nil || c.Rebuilt == nil {
		t.Fatalf("got %v, %v, want a fresh cache", c, err)
	}
	defer c.Close()
	if got, err := c.Floor(t.Context()); err != nil || !got.Equal(floor) {
		t.Errorf("got floor %s, %v, want %s", got, err, floor)
	}
}
