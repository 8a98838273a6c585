package upgrade

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/branch"
	"nightdesk/cmd/internal/torture/crashdisk"
)

// The new program finds everything that the old one left, and all of it arrives.
func TestUpgrade(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "a new program on files of the first schema, with events unsent and tags open", Unit: "unsent events",
		Target: "nothing lost, everything is sent, what was open is finished or told to staff", Short: 10_000, Long: 10_000,
	})
	dir := torture.Memory(t)
	old, cred := unpack(t, dir)
	b := branch.Resume(t, run.Rand, dir, old.Books, old.Now.Add(time.Hour))
	old.tell(b)
	path := filepath.Join(dir, cred.Kiosk, "ledger.db")
	busy(t, path, cred, (run.Count-int(old.Last-old.Acked)+1)/2*2, b.Books[50:], b.Cards, old.Now)
	b.Pass(time.Duration(run.Count) * time.Second)
	k := b.Resume(cred)
	defer k.SwitchOff()
	before := history(t, path)
	if len(before) < run.Count {
		t.Fatalf("the new ledger holds %d events and open tags, want more than %d", len(before), run.Count)
	}
	if k.Cache.Rebuilt != nil {
		t.Errorf("the cache was begun anew: %v", k.Cache.Rebuilt.Why)
	}
	for range 1 + run.Count/100/100 { // so many batches fit into a session of the rig
		b.Must(k.Talk())
	}
	b.Pass(20 * time.Minute)
	ended, err := k.Ledger.Expire(t.Context(), k.Moment(), circ.Visit{})
	b.Must(err)
	b.Must(k.Talk())
	r, err := k.Read()
	b.Must(err)
	v := check.AtRest(r)
	for _, h := range v.Harms {
		t.Error(h)
	}
	if v.Acked < run.Count || len(ended) != 5 {
		t.Errorf("%d events acknowledged and %d open acts ended, want %d and 5", v.Acked, len(ended), run.Count)
	}
	run.Reached("%d events acknowledged, %d lost, %d doubled; 5 open acts told to staff", v.Acked, v.Lost, v.Doubled)
}

// programs are what opens the files, one after the other.
func programs(ctx context.Context, dir string, cred contract.Credential) error {
	l, err := ledger.Open(ctx, filepath.Join(dir, cred.Kiosk, "ledger.db"), ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey, Reserve: 4096})
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	k, err := cache.Open(ctx, filepath.Join(dir, cred.Kiosk, "cache.db"))
	if err != nil {
		return err
	}
	if k.Rebuilt != nil {
		return fmt.Errorf("the cache was begun anew: %w", k.Rebuilt.Why)
	}
	if err := k.Close(); err != nil {
		return err
	}
	c, err := central.Open(ctx, filepath.Join(dir, "central"), central.Options{Now: func() time.Time { return branch.Opened }, Serving: true})
	if err != nil {
		return err
	}
	return c.Close()
}

// stored is what central holds, in one line for each event, loan and case.
func stored(t testing.TB, dir string) (lines []string) {
	t.Helper()
	c, err := central.Open(t.Context(), filepath.Join(dir, "central"), central.Options{Now: func() time.Time { return branch.Opened }})
	must(t, err)
	defer c.Close()
	events, err := c.Events(t.Context(), "", 1000)
	must(t, err)
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s %d %s", e.Epoch, e.N, e.Body))
	}
	loans, err := c.Loans(t.Context(), true)
	must(t, err)
	for _, l := range loans {
		lines = append(lines, fmt.Sprintf("%+v", l))
	}
	return lines
}

// way is the way up from the first schema, as the disk saw it.
type way struct {
	cred    contract.Credential
	disk    *crashdisk.Disk
	log     []crashdisk.Op
	ledger  []string // what must be there after every cut
	central []string
}

// climb goes up once, and remembers the way.
func climb(t *testing.T, somebody func(ctx context.Context, dir string, cred contract.Credential) error) way {
	t.Helper()
	dir := torture.Memory(t)
	_, cred := unpack(t, dir)
	disk, err := crashdisk.Watch(dir)
	must(t, err)
	t.Cleanup(disk.Forget)
	must(t, somebody(t.Context(), dir, cred))
	w := way{cred: cred, disk: disk, log: disk.Log()}
	must(t, programs(t.Context(), dir, cred))
	w.ledger, w.central = history(t, filepath.Join(dir, cred.Kiosk, "ledger.db")), stored(t, dir)
	return w
}

// cut starts the programs on what a power cut before step k may have left.
func (w way) cut(t *testing.T, k int, files map[string][]byte) error {
	t.Helper()
	at := filepath.Join(torture.Memory(t), "cut")
	_, _ = unpack(t, at) // the keys, and what the old program left
	defer os.RemoveAll(at)
	lay(t, at, files)
	where := fmt.Sprintf("cut %d of %d, before %s", k, len(w.log), w.log[k])
	if err := programs(t.Context(), at, w.cred); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	if got := history(t, filepath.Join(at, w.cred.Kiosk, "ledger.db")); !slices.Equal(got, w.ledger) {
		return fmt.Errorf("%s: the ledger holds\n%s\nand not\n%s", where, strings.Join(got, "\n"), strings.Join(w.ledger, "\n"))
	}
	if got := stored(t, at); !slices.Equal(got, w.central) {
		return fmt.Errorf("%s: central holds\n%s\nand not\n%s", where, strings.Join(got, "\n"), strings.Join(w.central, "\n"))
	}
	return nil
}

// The power may go at every step of the way up: the next start goes on.
func TestPowerCutOnTheWayUp(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "the power cut at every write and sync of the way from the first schema to this one", Unit: "cuts",
		Target: "ledger, cache and central open again, with everything in them", Short: 2, Long: 50,
	})
	w := climb(t, programs)
	if len(w.ledger) < 49 || len(w.central) < 24 {
		t.Fatalf("%d and %d lines: the old files hold nothing", len(w.ledger), len(w.central))
	}
	cuts := 0
	for round := range run.Count {
		replay, chance := w.disk.Replay(w.log), run.Stream(uint64(round))
		for k := range w.log {
			replay.To(k)
			cuts++
			must(t, w.cut(t, k, replay.Cut(chance)))
		}
	}
	run.Done(cuts)
	run.Reached("every start after it found all %d events, open tags and loans", len(w.ledger)+len(w.central))
}

// A program that says first that it is up, and then goes up step by step, is
// found: the power can go in between.
func TestGoingUpInPiecesIsFound(t *testing.T) {
	w := climb(t, func(_ context.Context, dir string, cred contract.Credential) error {
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, cred.Kiosk, "ledger.db")+"?_journal_mode=WAL&_synchronous=FULL")
		if err != nil {
			return err
		}
		defer db.Close()
		text, err := os.ReadFile("../../../../agent/ledger/migrations/0002_pin.sql")
		if err != nil {
			return err
		}
		for _, step := range []string{"PRAGMA user_version = 2", string(text)} {
			if _, err := db.Exec(step); err != nil {
				return err
			}
		}
		return nil
	})
	replay, chance := w.disk.Replay(w.log), rand.New(rand.NewPCG(1, 1))
	for k := range w.log {
		replay.To(k)
		if w.cut(t, k, replay.Cut(chance)) != nil {
			return
		}
	}
	t.Errorf("%d cuts, and nothing was found", len(w.log))
}

// lay puts the files of a cut where the programs look for them.
func lay(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, body := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), body, 0o600))
	}
}

// An event of a kind that nobody here knows is kept, sent, stored and laid
// before staff, and those behind it go on.
func TestAnEventOfTheFuture(t *testing.T) {
	b := branch.New(t, torture.Start(t, torture.Rig{Harm: "events of kinds that are not known yet", Unit: "events",
		Target: "kept, sent, acknowledged and told to staff", Short: 3, Long: 3}).Rand, 6)
	k := b.Enrol("syston-1")
	defer k.SwitchOff()
	b.Must(k.Talk())
	ctx := t.Context()
	for n := range 3 {
		b.Must(k.Ledger.Note(ctx, k.Moment(), circ.Visit{}, contract.EventType(fmt.Sprint("shelf.sorted-", n)), contract.TagNote{Item: b.Books[0].ID}))
		k.Issue(b.Somebody(), false, b.Where(true)[0])
	}
	b.Must(k.Ledger.NewEpoch(ctx, k.Moment())) // nor is one thrown away when it gets another number
	k.Restart(time.Minute)
	b.Must(k.Talk())
	r, err := k.Read()
	b.Must(err)
	if v := check.AtRest(r); !v.OK() || v.Acked != 6 {
		t.Errorf("%s, harms %v, want 6 events acknowledged", v, v.Harms)
	}
	cases, err := b.Central.Cases(ctx, false)
	b.Must(err)
	if len(cases) != 3 {
		t.Errorf("%d cases, want one for each event that is not known", len(cases))
	}
}
