package ledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
)

// evening leaves a ledger with something in every table: a loan, an issue and
// a return under way, a tag in doubt, wrong PINs, and an epoch that has ended.
func (d *desk) evening() {
	d.t.Helper()
	ctx := context.Background()
	d.record(d.ask(circ.Issue, "z", nil))
	p := d.position()
	if err := d.Acked(ctx, p.Epoch, p.Last, p.Hash); err != nil {
		d.t.Fatal(err)
	}
	if err := d.NewEpoch(ctx, d.now); err != nil {
		d.t.Fatal(err)
	}
	d.record(d.ask(circ.Issue, "a", nil), d.ask(circ.Issue, "b", tags(1)), d.ask(circ.Return, "c", tags(2, 3)))
	in := d.record(d.ask(circ.Issue, "d", tags(4)))[0]
	if _, err := d.Drop(ctx, d.now, in.Tx); err != nil {
		d.t.Fatal(err)
	}
	d.tried(1, false)
}

// opens says what happens when the ledger is opened again, and that looking at
// a damaged one has not changed it.
func (d *desk) opens() error {
	d.t.Helper()
	before := d.bytes()
	l, err := ledger.Open(context.Background(), d.path, d.o)
	if err == nil {
		l.Close()
		return nil
	}
	if !bytes.Equal(before, d.bytes()) {
		d.t.Error("a ledger that was refused has been changed")
	}
	return err
}

func (d *desk) bytes() []byte {
	d.t.Helper()
	var all []byte
	for _, part := range []string{"", "-wal"} {
		b, err := os.ReadFile(d.path + part)
		if err != nil && !os.IsNotExist(err) {
			d.t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// A row that has changed does not fit its checksum. A row that is gone, with
// every trace that SQLite's own check would find, is missed all the same.
func TestNoRowChangesOrVanishesUnnoticed(t *testing.T) {
	for name, change := range map[string]string{
		"a loan is gone":               "DELETE FROM loan WHERE item = 'a'",
		"a return under way is gone":   "DELETE FROM wish WHERE want = 'loud'; DELETE FROM act WHERE kind = 'return'",
		"one of its tags is gone":      "DELETE FROM wish WHERE part = 2",
		"a tag in doubt is gone":       "DELETE FROM doubt",
		"a tag in doubt is another":    "UPDATE doubt SET uid = x'e004010000000009'",
		"wrong PINs are gone":          "DELETE FROM pin WHERE kind = 'card'",
		"the newest event is gone":     "DELETE FROM event WHERE n = (SELECT max(n) FROM event)",
		"an old epoch is gone":         "DELETE FROM event WHERE epoch <> (SELECT epoch FROM chain WHERE current = 1); DELETE FROM chain WHERE current = 0",
		"an old epoch's event is gone": "DELETE FROM event WHERE epoch <> (SELECT epoch FROM chain WHERE current = 1)",
		"an event's time is another":   "DROP TRIGGER event_never_changes; UPDATE event SET at = at + 1 WHERE n = 1",
		"an event's act is another":    "DROP TRIGGER event_never_changes; UPDATE event SET tx = zeroblob(16) WHERE n = 1",
		"events may be changed":        "DROP TRIGGER event_never_changes",
		"the boots are others":         "UPDATE total SET boots = boots + 1",
		"the totals are gone":          "DELETE FROM total",
		"no epoch is current":          "UPDATE chain SET current = 0",
		"an index is gone":             "DROP INDEX loan_who",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.evening()
			d.Close()
			if err := d.opens(); err != nil {
				t.Fatalf("undamaged: %v", err)
			}
			d.sql(change)
			if err := d.opens(); !errors.Is(err, ledger.ErrDamaged) {
				t.Errorf("got %v, want %v", err, ledger.ErrDamaged)
			}
			if _, err := ledger.Audit(context.Background(), d.path); !errors.Is(err, ledger.ErrDamaged) {
				t.Errorf("audit: got %v, want %v", err, ledger.ErrDamaged)
			}
		})
	}
}

// cut copies the ledger as a power cut leaves it: with its log, and with
// the witness of what was acknowledged.
func (d *desk) cut() *desk {
	d.t.Helper()
	other := *d
	other.path = d.t.TempDir() + "/ledger.db"
	for _, part := range []string{"", "-wal", "-last"} {
		b, err := os.ReadFile(d.path + part)
		if err == nil {
			err = os.WriteFile(other.path+part, b, 0o600)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	return &other
}

// in changes a file where it lies.
func in(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// SQLite reads a log up to the first frame that does not fit, and takes the
// rest for something that was never finished. What had been acknowledged is
// missed; what a cut has torn before anybody heard of it is not.
func TestALogThatLostACommitIsNoticed(t *testing.T) {
	flip := func(at int) func([]byte) []byte { return func(b []byte) []byte { b[at] ^= 1; return b } }
	none := func(b []byte) []byte { return b }
	for name, c := range map[string]struct {
		log     func([]byte) []byte
		unaware bool // the witness was not on the disk yet
		whole   bool
		first   bool // there is one transaction in the log
	}{
		"nothing is wrong":                    {log: none, whole: true},
		"nothing is wrong, and no witness":    {log: none, unaware: true, whole: true},
		"the log's header":                    {log: flip(17)},
		"the log's header, and no witness":    {log: flip(17), unaware: true},
		"a frame in the middle":               {log: flip(5000)},
		"a frame in the middle, no witness":   {log: flip(5000), unaware: true},
		"the last frame":                      {log: func(b []byte) []byte { return flip(len(b) - 100)(b) }},
		"the log is gone":                     {log: func([]byte) []byte { return nil }},
		"the last frame was torn, unanswered": {log: func(b []byte) []byte { return flip(len(b) - 100)(b) }, unaware: true, whole: true},
		"the first transaction was torn":      {log: flip(3000), unaware: true, whole: true, first: true},
		"the first transaction, acknowledged": {log: flip(3000), first: true},
		"the last frame is half there":        {log: func(b []byte) []byte { return b[:len(b)-2000] }, unaware: true, whole: true},
	} {
		t.Run(name, func(t *testing.T) {
			running := newDesk(t)
			running.evening()
			if c.first {
				running.reboot(0)
			}
			d := running.cut()
			in(t, d.path+"-wal", c.log)
			if c.unaware {
				os.Remove(d.path + "-last")
			}
			err := d.opens()
			if c.whole && err != nil || !c.whole && !errors.Is(err, ledger.ErrDamaged) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A witness that cannot be read says nothing. One that can says that there was
// a ledger, so that one that is gone is not begun anew in silence.
func TestAWitnessRemembersTheLedger(t *testing.T) {
	d := newDesk(t)
	d.evening()
	d.Close()
	in(t, d.path+"-last", func(b []byte) []byte { b[30] ^= 4; return b })
	if err := d.opens(); err != nil {
		t.Errorf("with a damaged witness: %v", err)
	}
	os.Remove(d.path)
	if err := d.opens(); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("without the ledger: got %v, want %v", err, ledger.ErrDamaged)
	}
	os.Remove(d.path + "-last")
	if err := d.opens(); err != nil {
		t.Errorf("a new ledger: %v", err)
	}
}

// A page's number of rows is SQLite's business, and checked.
func TestAPageThatHidesARowIsNoticed(t *testing.T) {
	d := newDesk(t)
	d.evening()
	d.Close()
	tried := 0
	in(t, d.path, func(b []byte) []byte {
		for at := 4096; at < len(b); at += 4096 {
			if n := binary.BigEndian.Uint16(b[at+3:]); b[at] == 0x0A && n > 1 && tried == 0 {
				binary.BigEndian.PutUint16(b[at+3:], n-1)
				tried++
			}
		}
		return b
	})
	if err := d.opens(); tried == 0 || !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("%d pages: got %v", tried, err)
	}
}
