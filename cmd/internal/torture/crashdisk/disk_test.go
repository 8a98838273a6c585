package crashdisk_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"nightdesk/cmd/internal/torture/crashdisk"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watch makes a database on a watched disk, with one row committed.
func watch(t *testing.T) (*crashdisk.Disk, *sql.DB) {
	t.Helper()
	dir := t.TempDir()
	d, err := crashdisk.Watch(dir)
	must(t, err)
	db := open(t, dir)
	t.Cleanup(func() { db.Close(); d.Forget() })
	_, err = db.Exec("CREATE TABLE shelf (book TEXT)")
	must(t, err)
	must(t, put(db, "Middlemarch"))
	return d, db
}

func open(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "x.db")+"?_journal_mode=WAL&_synchronous=FULL")
	must(t, err)
	db.SetMaxOpenConns(1)
	return db
}

func put(db *sql.DB, book string) error {
	_, err := db.Exec("INSERT INTO shelf VALUES (?)", book)
	return err
}

// books are those in a database that is found with these files.
func books(t *testing.T, files map[string][]byte) (found []string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	db := open(t, dir)
	defer db.Close()
	rows, err := db.Query("SELECT book FROM shelf ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var book string
		must(t, rows.Scan(&book))
		found = append(found, book)
	}
	return found, rows.Err()
}

func TestEveryOperationIsWrittenDownInOrder(t *testing.T) {
	d, db := watch(t)
	before := d.Ops()
	must(t, put(db, "Emma"))
	var kinds []string
	for _, o := range d.Log()[before:] {
		kinds = append(kinds, o.Kind.String())
		if o.File != "x.db-wal" {
			t.Errorf("%s: a commit writes to the log alone", o)
		}
	}
	if n := len(kinds); n < 3 || kinds[n-1] != "sync" || slices.Contains(kinds[:n-1], "sync") {
		t.Errorf("a commit was %v, want writes and one sync", kinds)
	}
}

// After a cut anywhere, all is there that was committed before it, and what was
// being committed is there whole or not at all.
func TestACutKeepsWhatWasSynced(t *testing.T) {
	d, db := watch(t)
	chance := rand.New(rand.NewPCG(1, 2))
	from := d.Ops()
	var committed []int
	for n := range 5 {
		must(t, put(db, fmt.Sprint("volume ", n)))
		committed = append(committed, d.Ops())
	}
	log := d.Log()
	replay := d.Replay(log)
	seen := map[int]bool{}
	for k := from; k <= len(log); k++ {
		replay.To(k)
		found, err := books(t, replay.Cut(chance))
		must(t, err)
		sure := 1
		for _, op := range committed {
			if op <= k {
				sure++
			}
		}
		if len(found) < sure || len(found) > sure+1 {
			t.Fatalf("cut after operation %d: %d books, want %d, or one more", k, len(found), sure)
		}
		seen[len(found)-sure] = true
	}
	if !seen[0] || !seen[1] {
		t.Error("what was being committed was always there, or never: is anything left to chance?")
	}
}

func TestADiskThatLiesLosesAll(t *testing.T) {
	d, db := watch(t)
	must(t, put(db, "Emma"))
	log := d.Log()
	replay := d.Replay(log)
	replay.Lies = true
	replay.To(len(log))
	lost := false
	for seed := range uint64(50) {
		found, err := books(t, replay.Cut(rand.New(rand.NewPCG(seed, 0))))
		lost = lost || err != nil || len(found) < 2
	}
	if !lost {
		t.Error("nothing was ever lost")
	}
}

func TestAnOperationFailsAsItWasTold(t *testing.T) {
	for _, c := range []struct {
		fault crashdisk.Fault
		want  string
	}{
		{crashdisk.IOError, "disk I/O error: input/output error"},
		{crashdisk.Full, "database or disk is full"},
		{crashdisk.Short, "disk I/O error: input/output error"},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			d, db := watch(t)
			d.Fail(c.fault, d.Tries()+1, 1)
			if err := put(db, "Emma"); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if d.Failed() != 1 {
				t.Errorf("%d operations failed, want one", d.Failed())
			}
			must(t, put(db, "Persuasion"))
			d.Fail(c.fault, d.Tries()+1, -1)
			for range 3 {
				if err := put(db, "Emma"); err == nil {
					t.Error("a disk that fails for ever works again")
				}
			}
			d.Mend()
			must(t, put(db, "Sanditon"))
		})
	}
}

// After a sync that failed, the kernel takes for clean what it could not write.
func TestAFailedSyncForgets(t *testing.T) {
	d, db := watch(t)
	failed := func(o crashdisk.Op) bool { return o.Kind == crashdisk.SyncFailed }
	for skip := 1; !slices.ContainsFunc(d.Log(), failed); skip++ {
		d.Fail(crashdisk.IOError, d.Tries()+skip, 1)
		if put(db, "Emma") == nil {
			t.Fatal("no sync failed")
		}
	}
	log := d.Log()
	lost := false
	for seed := range uint64(20) {
		replay := d.Replay(append(slices.Clip(log), crashdisk.Op{Kind: crashdisk.Sync, File: "x.db-wal"}))
		replay.Forgets = rand.New(rand.NewPCG(seed, 1))
		replay.To(len(log) + 1)
		all := replay.Now()["x.db-wal"]
		plain := d.Replay(log)
		plain.To(len(log))
		lost = lost || !slices.Equal(all, plain.Now()["x.db-wal"])
	}
	if !lost {
		t.Error("a later sync brought everything back")
	}
}
