package cache

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// lie changes the file behind the program's back, as a disk does.
func lie(t *testing.T, path, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), text, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// ask asks for everything that a decision uses.
func ask(t *testing.T, c *Cache) (f circ.Facts, err error) {
	t.Helper()
	f, err = c.Facts(t.Context(), moment, testKey, borrower(annaCard), []circ.ItemID{"book-1", "book-2", "book-3"})
	_, _, e1 := c.Recall(t.Context(), tagOf("book-1", noon).UID)
	_, e2 := c.Outcomes(t.Context(), 10)
	_, _, e3 := c.Versions(t.Context())
	_, e4 := c.Floor(t.Context())
	return f, errors.Join(err, e1, e2, e3, e4)
}

// Whatever column of whatever row is not as it was written: it is not used, the
// kiosk hears of it in plain words, and has a new cache at once. A key that has
// changed is noticed by whoever asks for what it was.
func TestAChangedRowIsNeverUsed(t *testing.T) {
	for _, table := range append([]table{feedTable, clockTable}, counted...) {
		for _, column := range append(table.columns, "sum") {
			t.Run(table.name+"/"+column, func(t *testing.T) {
				c := newCache(t)
				library(t, c)
				learn(t, c, tagOf("book-1", noon))
				lie(t, c.path, "PRAGMA ignore_check_constraints = 1; UPDATE "+table.name+" SET "+column+" = CASE typeof("+column+
					") WHEN 'text' THEN "+column+" || '~' WHEN 'integer' THEN "+column+" + 1 WHEN 'null' THEN "+
					"(SELECT iif(type = 'INTEGER', 1, x'01') FROM pragma_table_info('"+table.name+"') WHERE name = '"+column+"')"+
					" ELSE CAST("+column+" || x'01' AS BLOB) END")
				_, err := ask(t, c)
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "the table "+table.name) || !strings.Contains(err.Error(), "put aside as") {
					t.Fatalf("got %v, want to hear what is damaged and where it is", err)
				}
				f, err := ask(t, c)
				if err != nil || f.Rules != nil || f.Borrower != nil || f.Items["book-1"].Known {
					t.Errorf("the new cache: got %+v, %v", f, err)
				}
				library(t, c)
				if titleOf(t, c, "book-1") != "Middlemarch" {
					t.Error("the new cache takes nothing from central")
				}
			})
		}
	}
}

// Damage that the file shows only when it is opened.
func TestARowThatVanished(t *testing.T) {
	for _, table := range counted {
		path := filepath.Join(t.TempDir(), "cache.db")
		c := openAt(t, path)
		library(t, c)
		learn(t, c, tagOf("book-1", noon))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		key := table.key()
		lie(t, path, "DELETE FROM "+table.name+" WHERE "+key+" = (SELECT "+key[1:len(key)-1]+" FROM "+table.name+" LIMIT 1)")
		c = openAt(t, path)
		if c.Rebuilt == nil || !strings.Contains(c.Rebuilt.Why.Error(), "the table "+table.name+" has") {
			t.Errorf("%s: got %+v", table.name, c.Rebuilt)
		}
		if got, err := c.Floor(t.Context()); err != nil || !got.Equal(noon) {
			t.Errorf("%s: got floor %v, %v", table.name, got, err)
		}
	}
}

// What waits for the rest of a delta is not believed either.
func TestAChangedRowThatWaits(t *testing.T) {
	c := newCache(t)
	library(t, c)
	have, _, _ := c.Versions(t.Context())
	parts := pages(delta(contract.FeedItems, have, v(1, 90), item("a", 88, "A"), item("b", 89, "B"), item("c", 90, "C")), 2)
	apply(t, c, parts[0])
	lie(t, c.path, `UPDATE load_delta SET body = replace(body, 'A', 'Z')`)
	if _, err := c.Apply(t.Context(), parts[1]); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if pull, err := c.Want(t.Context(), contract.FeedItems); err != nil || pull.Have != v(0, 0) {
		t.Errorf("the new cache wants %+v, %v", pull, err)
	}
}

// The counts follow every way in which rows come and go.
func TestCountsFollow(t *testing.T) {
	c := newCache(t)
	library(t, c)
	have, _, _ := c.Versions(t.Context())
	apply(t, c, delta(contract.FeedItems, have, v(1, 95), item("new", 90, "N"), item("book-1", 91, "again"), item("book-2", 1, "older"),
		gone(contract.RowItem, "book-3", 92), gone(contract.RowItem, "nobody", 93)))
	c.seenMax = 3
	for n := range 6 {
		s := tagOf("book-1", noon.Add(time.Duration(n)*time.Minute))
		s.UID[7] = byte(n)
		learn(t, c, s)
	}
	late := delta(contract.FeedOwn, v(1, 7), v(1, 8))
	_, late.From, _ = c.Versions(t.Context())
	late.To.Version, late.Issued = late.From.Version+1, noon.Add(2*OutcomesKept)
	apply(t, c, late)
	err := c.read(t.Context(), counts)
	s, e := c.Status(t.Context())
	if err := errors.Join(err, e); err != nil || s.Rows["seen"] != 3 || s.Rows["outcome"] != 0 {
		t.Errorf("got %v, %v", s.Rows, err)
	}
}

// While no new file can be begun, nothing is known; as soon as one can be, it is.
func TestMendingIsTriedAgain(t *testing.T) {
	c := newCache(t)
	library(t, c)
	lie(t, c.path, "UPDATE item SET title = 'Another'")
	away := c.path + ".away"
	name := c.path
	c.path = filepath.Join(name, "no folder") // where nothing can be begun
	if _, err := ask(t, c); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "begin a new cache") {
		t.Errorf("got %v", err)
	}
	if f, err := ask(t, c); err == nil {
		t.Errorf("got %+v of a file that is spoilt", f)
	}
	c.path = away
	if f, err := ask(t, c); err != nil || f.Items["book-1"].Known {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := os.Stat(away); err != nil {
		t.Error(err)
	}
}

// Many notice at once, and one of them mends.
func TestMendingOnce(t *testing.T) {
	c := newCache(t)
	library(t, c)
	lie(t, c.path, "UPDATE item SET title = 'Another'")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				f, err := c.Facts(t.Context(), moment, testKey, borrower(annaCard), []circ.ItemID{"book-1"})
				if err != nil && !errors.Is(err, ErrDamaged) || f.Items["book-1"].Title == "Another" {
					t.Errorf("got %+v, %v", f, err)
				}
				if err := c.RaiseFloor(t.Context(), noon.Add(time.Hour)); err != nil && !errors.Is(err, ErrDamaged) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := strings.Count(listDir(t, filepath.Dir(c.path)), ".damaged-"); got < 1 || c.born != 1 {
		t.Errorf("%d files aside, %d times begun anew", got, c.born)
	}
}

// What SQLite itself calls damaged is treated as what we do.
func TestSQLiteNotices(t *testing.T) {
	c := newCache(t)
	library(t, c)
	err := c.read(t.Context(), func(*sql.Tx) error { return sqlite3.Error{Code: sqlite3.ErrCorrupt} })
	if !errors.Is(err, ErrDamaged) || titleOf(t, c, "book-1") != "-" || !strings.HasPrefix(c.Kept(), c.path+".damaged-") {
		t.Errorf("got %v, kept %q", err, c.Kept())
	}
	err = c.write(t.Context(), func(*sql.Tx) error { return sqlite3.Error{Code: sqlite3.ErrFull} })
	if errors.Is(err, ErrDamaged) || c.born != 1 {
		t.Errorf("a full disk: got %v, begun anew %d times", err, c.born)
	}
}

// A cache from before the sums keeps what it holds, and has them afterwards.
func TestAnOlderCacheGetsItsSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	for n, name := range []string{"0001_begin.sql", "0002_pin.sql", "0003_sets_reachable.sql"} {
		text, err := migrations.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		lie(t, path, fmt.Sprintf("%s; PRAGMA user_version = %d", text, n+1))
	}
	const many = 2500 // more than are taken at a time
	lie(t, path, `WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?)
		INSERT INTO item (item, ver, title, class, owner, parts, age, not_loan) SELECT 'book-' || n, n, 'T', 'book', '', '', 0, 0 FROM i`, many)
	lie(t, path, "UPDATE clock SET floor_ms = ?; UPDATE feed SET generation = 1, version = 7", noon.UnixMilli())
	lie(t, path, "INSERT INTO seen VALUES (x'E004010000000001', 'book-1', 1, 1, x'0000000000000000', 0, '', '', ?, 1, 1)", noon.UnixMilli())
	c := openAt(t, path)
	if c.Rebuilt != nil {
		t.Fatal(c.Rebuilt.Why)
	}
	rows := 0
	err := c.read(t.Context(), func(tx *sql.Tx) error {
		return itemTable.each(tx, func(cells) error { rows++; return nil }, "")
	})
	if err != nil || rows != many {
		t.Errorf("%d rows have their sum, %v", rows, err)
	}
	s := tagOf("book-1", noon)
	s.UID = [8]byte{0xE0, 4, 1, 0, 0, 0, 0, 1}
	if got, known := recallTag(t, c, s); !known || !got.Usable(noon) {
		t.Errorf("got %+v, %v", got, known)
	}
	if at, err := c.Floor(t.Context()); err != nil || !at.Equal(noon) {
		t.Errorf("got floor %v, %v", at, err)
	}
}
