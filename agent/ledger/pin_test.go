package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

func (d *desk) tried(card byte, right bool) {
	d.t.Helper()
	if err := d.PINTried(context.Background(), d.now, circ.CardKey{card}, right); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) tries(card byte) contract.PINState {
	d.t.Helper()
	s, err := d.PINTries(context.Background(), d.now, circ.CardKey{card})
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *desk) expectTries(card byte, want contract.PINState) {
	d.t.Helper()
	if got := d.tries(card); got != want {
		d.t.Fatalf("card %d: got %+v, want %+v", card, got, want)
	}
}

// sql runs a statement on the ledger's file, beside the ledger.
func (d *desk) sql(query string, args ...any) {
	d.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?_busy_timeout=5000")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query, args...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) count(query string) (n int) {
	d.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

func TestWrongPINsAreCountedPerCard(t *testing.T) {
	d := newDesk(t)
	d.expectTries(1, contract.PINState{})
	d.tried(1, false)
	d.pass(time.Hour)
	d.tried(1, false)
	d.tried(2, false)
	d.expectTries(1, contract.PINState{Wrong: 2, Card: 24 * time.Hour})
	d.expectTries(2, contract.PINState{Wrong: 1, Card: 24 * time.Hour})
	d.tried(1, true)
	d.expectTries(1, contract.PINState{})
	d.expectTries(2, contract.PINState{Wrong: 1, Card: 24 * time.Hour})
	d.pass(24*time.Hour - time.Second)
	d.expectTries(2, contract.PINState{Wrong: 1, Card: time.Second})
	d.pass(time.Second)
	d.expectTries(2, contract.PINState{})
	if n := d.count("SELECT count(*) FROM pin"); n != 0 {
		t.Errorf("%d rows are left, and a card's key with them", n)
	}
	if err := d.PINTried(context.Background(), d.now, circ.CardKey{}, false); err == nil {
		t.Error("a PIN of no card is counted")
	}
}

// The eleventh wrong PIN in a quarter of an hour, over all cards, locks the
// kiosk; a right one in between does not help a guesser.
func TestTooManyWrongPINsLockTheKiosk(t *testing.T) {
	d := newDesk(t)
	for n := range byte(10) {
		d.tried(n+1, false)
		d.pass(time.Minute)
		d.tried(99, true)
	}
	d.expectTries(50, contract.PINState{})
	d.tried(20, false)
	d.expectTries(50, contract.PINState{Device: 15 * time.Minute})
	d.pass(15*time.Minute - time.Millisecond)
	d.expectTries(50, contract.PINState{Device: time.Millisecond})
	d.pass(time.Millisecond)
	d.expectTries(50, contract.PINState{})
	d.tried(21, false)
	d.expectTries(50, contract.PINState{}) // the count began anew
}

func TestWrongPINsFarApartDoNotLockTheKiosk(t *testing.T) {
	d := newDesk(t)
	for n := range byte(40) {
		d.tried(n+1, false)
		d.pass(90*time.Second + time.Millisecond) // ten in a quarter of an hour
	}
	if s := d.tries(1); s.Device != 0 {
		t.Errorf("got %+v", s)
	}
}

// What each way of waiting takes off a lock of 24 hours.
func TestNobodyShortensALock(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name string
		wait func(d *desk)
		left time.Duration
	}{
		{"three hours", func(d *desk) { d.pass(3 * hour) }, 21 * hour},
		{"the clock is set on by a year", func(d *desk) { d.now.Wall = d.now.Wall.AddDate(1, 0, 0) }, 24 * hour},
		{"and set back", func(d *desk) { d.now.Wall = d.now.Wall.AddDate(-1, 0, 0); d.pass(hour) }, 23 * hour},
		{"a restart at once", func(d *desk) { d.reboot(0) }, 24*hour - time.Second},
		{"two days off, by a clock with a battery", func(d *desk) { d.reboot(48 * hour) }, 24*hour - time.Second},
		{"four hours off, by a clock that is disciplined before and after", func(d *desk) {
			d.reboot(4 * hour)
			d.now.Quality = circ.Synced
		}, 20 * hour},
		{"disciplined only after", func(d *desk) {
			d.tried(1, true)
			d.now.Quality = circ.Restored
			d.tried(1, false)
			d.reboot(48 * hour)
			d.now.Quality = circ.Synced
		}, 24*hour - time.Second},
		{"a disciplined clock that goes back", func(d *desk) {
			d.reboot(-48 * hour)
			d.now.Quality = circ.Synced
		}, 24*hour - time.Second},
		{"two hours waited after the restart, nobody having looked before", func(d *desk) {
			d.reboot(0)
			d.pass(2 * hour)
		}, 22*hour - time.Second},
		{"an hour in each of three boots, looked at in each", func(d *desk) {
			for range 3 {
				d.pass(hour)
				d.tries(1)
				d.reboot(0)
				d.tries(1)
			}
		}, 21*hour - 3*time.Second},
		{"an hour in each of three boots, and nobody looks", func(d *desk) {
			for range 3 {
				d.pass(hour)
				d.reboot(0)
			}
		}, 24*hour - time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.tried(1, false)
			c.wait(d)
			got := d.tries(1)
			if got.Wrong != 1 || got.Card != c.left {
				t.Errorf("got %+v, want %s", got, c.left)
			}
		})
	}
}

// The power goes before or after the commit of a wrong PIN: what the borrower
// was told is on the disk, and what is not on the disk he was not told.
func TestAWrongPINSurvivesThePower(t *testing.T) {
	cut := errors.New("the power is cut")
	for _, c := range []struct {
		point string
		want  int
	}{{"before pin", 1}, {"after pin", 2}} {
		d := newDesk(t)
		d.tried(1, false)
		d.Close()
		armed := true
		d.o.Step = func(name string) error {
			if armed && name == c.point {
				return cut
			}
			return nil
		}
		d.start()
		if err := d.PINTried(context.Background(), d.now, circ.CardKey{1}, false); !errors.Is(err, cut) {
			t.Fatalf("%s: got %v", c.point, err)
		}
		armed = false
		d.reboot(0)
		if got := d.tries(1).Wrong; got != c.want {
			t.Errorf("%s: got %d wrong PINs, want %d", c.point, got, c.want)
		}
	}
}

func TestTheKiosksLockSurvivesARestart(t *testing.T) {
	d := newDesk(t)
	for n := range byte(11) {
		d.tried(n+1, false)
	}
	d.reboot(time.Hour) // by a clock with a battery: it proves nothing
	if s := d.tries(1); s.Device < 14*time.Minute {
		t.Errorf("got %+v", s)
	}
}

func TestAPINRowThatWasChangedIsNoticed(t *testing.T) {
	d := newDesk(t)
	d.tried(1, false)
	d.sql("UPDATE pin SET wrong = 0 WHERE kind = 'card'")
	if _, err := d.PINTries(context.Background(), d.now, circ.CardKey{1}); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("got %v, want %v", err, ledger.ErrDamaged)
	}
	d.Close()
	if _, err := ledger.Open(context.Background(), d.path, d.o); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("opened: got %v, want %v", err, ledger.ErrDamaged)
	}
}

func TestPruneForgetsWrongPINs(t *testing.T) {
	d := newDesk(t)
	d.tried(1, false)
	d.pass(25 * time.Hour)
	if _, err := d.Prune(context.Background(), d.now); err != nil {
		t.Fatal(err)
	}
	if n := d.count("SELECT count(*) FROM pin"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// A ledger of the first schema, with an open intent, open wishes and unsent
// events, is brought up to the newest: all of it is there and goes on.
func TestALedgerOfTheFirstSchemaIsBroughtUp(t *testing.T) {
	d := newDesk(t)
	d.record(d.ask(circ.Issue, "a", tags(1)))
	d.record(d.ask(circ.Issue, "b", nil))
	d.record(d.ask(circ.Return, "c", tags(2, 3)))
	before, wanted, position := d.events(), d.wanted(1, 2, 3), d.position()
	d.Close()
	os.Remove(d.path + "-last")
	d.sql("DROP TABLE pin; ALTER TABLE event DROP COLUMN sum; CREATE TABLE mark (\n\tname  TEXT PRIMARY KEY,\n\tvalue INTEGER NOT NULL\n) STRICT, WITHOUT ROWID; " +
		"INSERT INTO mark SELECT 'boots', boots FROM total UNION SELECT 'serial', serial FROM total; DROP TABLE total; PRAGMA user_version = 1")
	d.isFirstSchema()

	d.now = circ.Moment{Wall: d.now.Wall.Add(time.Minute), Mono: time.Second, Boot: uuid.New(), Quality: circ.RTC}
	d.start()
	if v := d.count("PRAGMA user_version"); v != 3 {
		t.Errorf("the schema is version %d, want 3", v)
	}
	if diff := cmp.Diff(before, d.events()); diff != "" || len(before) != 2 {
		t.Errorf("%d events: %s", len(before), diff)
	}
	if got := d.wanted(1, 2, 3); !slices.Equal(got, wanted) || len(got) != 3 {
		t.Errorf("wishes %v, want %v", got, wanted)
	}
	if got := d.position(); !cmp.Equal(got, position) {
		t.Errorf("got %+v, want %+v", got, position)
	}
	d.tried(1, false)
	d.settle(d.wanted(2, 3)...)
	d.expect(contract.LoanIssued, contract.LoanIssued, contract.LoanReturned)
	d.reboot(0)
	if s := d.tries(1); s.Wrong != 1 {
		t.Errorf("got %+v", s)
	}
}

func (d *desk) position() contract.Hello {
	d.t.Helper()
	h, err := d.Position(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return h
}

// isFirstSchema proves that the file is what the first schema makes.
func (d *desk) isFirstSchema() {
	d.t.Helper()
	text, err := os.ReadFile("migrations/0001.sql")
	if err != nil {
		d.t.Fatal(err)
	}
	fresh, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		d.t.Fatal(err)
	}
	defer fresh.Close()
	fresh.SetMaxOpenConns(1)
	if _, err := fresh.Exec(string(text)); err != nil {
		d.t.Fatal(err)
	}
	file, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?mode=ro")
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	if diff := cmp.Diff(schema(d.t, fresh), schema(d.t, file)); diff != "" {
		d.t.Fatalf("the first schema (-) and the file (+) differ:\n%s", diff)
	}
}

func schema(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	rows, err := db.Query("SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if rows.Err() != nil || len(all) == 0 {
		t.Fatal(fmt.Errorf("%d tables, %w", len(all), rows.Err()))
	}
	return all
}
