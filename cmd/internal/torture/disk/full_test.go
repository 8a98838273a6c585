package disk

import (
	"cmp"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
)

// shop is a kiosk whose disk runs full, what borrowers were told, and what
// stands on the shelves.
type shop struct {
	*town
	t       *testing.T
	told    []check.Told
	in, out []int         // items without tags: their acts close at once
	worst   time.Duration // that a borrower waited for an answer
	refused int
	retried int // returns that the borrower had to put down again
}

func newShop(t *testing.T, dir string, reserve int64) *shop {
	t.Helper()
	w := newTown(t)
	must(t, w.close())
	w.dir, w.reserve = dir, reserve
	w.open(t)
	t.Cleanup(func() { must(t, errors.Join(w.close(), w.central.Close())) })
	must(t, w.sync())
	s := &shop{town: w, t: t}
	for n := 0; n < books; n += 3 {
		s.in = append(s.in, n)
	}
	return s
}

// ask is what a borrower wants, and whether it was done. An error is what the
// desk tells as a refusal and outlives; doubt and damage it does not.
func (s *shop) ask(kind circ.Kind, n int) (done bool) {
	s.t.Helper()
	s.pass(time.Second)
	req := circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: s.visit, Item: item(n)}
	if kind == circ.Issue {
		req.Who = s.reader(n % readers)
	}
	began := time.Now()
	rs, err := s.ledger.Record(context.Background(), s.now, []circ.Request{req}, circ.Facts{}, yes)
	s.worst = max(s.worst, time.Since(began))
	if errors.Is(err, ledger.ErrDoubt) || errors.Is(err, ledger.ErrDamaged) {
		s.t.Fatalf("%s: %v", kind, err)
	}
	if err != nil || rs[0].State != circ.Done {
		if err == nil && rs[0].Decision.Reason != circ.LedgerReadOnly {
			s.t.Fatalf("%s: %+v", kind, rs[0])
		}
		s.refused++
		return false
	}
	s.told = append(s.told, check.Told{Item: req.Item, Kind: kind, Card: req.Who.Card})
	return true
}

// lend tries to lend up to n items, and says how many went out.
func (s *shop) lend(n int) (lent int) {
	s.t.Helper()
	for range min(n, len(s.in)) {
		if !s.ask(circ.Issue, s.in[0]) {
			return lent
		}
		s.out, s.in = append(s.out, s.in[0]), s.in[1:]
		lent++
	}
	return lent
}

// takeBack returns n items; each is put down again if it was refused once.
func (s *shop) takeBack(n int) (back int) {
	s.t.Helper()
	for range min(n, len(s.out)) {
		if !s.ask(circ.Return, s.out[0]) {
			s.retried++
			if !s.ask(circ.Return, s.out[0]) {
				return back
			}
		}
		s.in, s.out = append(s.in, s.out[0]), s.out[1:]
		back++
	}
	return back
}

// The disk runs full because of another program, and is emptied again, over and
// over. Full, the kiosk lends nothing and says so, and takes back; when even
// its reserve has been eaten it says no to that too; emptied, it lends again.
func TestFullDisk(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "another program fills the kiosk's file system of 64 MB", Unit: "fillings",
		Target: "issues refused in plain words, returns until the reserve is gone, nothing acknowledged lost, recovers by itself",
		Short:  3, Long: 60})
	dir, kind := smallDisk(t)
	s := newShop(t, dir, 0)
	other := photographs{dir + "/photographs"}
	returned := 0
	for round := range run.Count {
		if lent := s.lend(20); lent < 20 {
			t.Fatalf("filling %d: only %d of 20 items were lent on an empty disk", round, lent)
		}
		other.grow(t)
		if lent := s.lend(100); lent > 10 || s.lend(1) > 0 {
			t.Fatalf("filling %d: items are lent on a full disk", round)
		}
		back := s.takeBack(12)
		if returned += back; back < 12 {
			t.Fatalf("filling %d: only %d of 12 returns were taken from the reserve", round, back)
		}
		other.grow(t)
		_ = errors.Join(s.sync(), s.learn(30)) // what cannot be written down now is said again later
		s.takeBack(2 + run.Rand.IntN(3))
		other.grow(t)
		s.takeBack(1)
		other.delete(t)
		s.recovers(round)
	}
	s.agree()
	run.Reached("%s: %d issues and returns told as done, all at central; %d refused; %d returns while full (%d put down twice); longest answer %v",
		kind, len(s.told), s.refused, returned, s.retried, s.worst.Round(time.Millisecond))
}

// recovers lets the first borrower after the disk has room find everything as
// it should be, without anybody's help.
func (s *shop) recovers(round int) {
	s.t.Helper()
	lent := s.lend(1) // the first write finds that there is room again
	if lent += s.lend(1); lent == 0 {
		s.t.Fatalf("filling %d: with room again nothing is lent", round)
	}
	if _, err := os.Stat(s.path("ledger.db-reserve")); err != nil {
		s.t.Fatalf("filling %d: the reserve is not kept again: %v", round, err)
	}
	s.takeBack(len(s.out))
	if err := errors.Join(s.sync(), s.learn(30)); err != nil {
		s.t.Fatalf("filling %d: with room again: %v", round, err)
	}
}

// learn is what the cache has to write when tags are read.
func (s *shop) learn(n int) (err error) {
	s.pass(25 * time.Hour) // an older sight of the same is not written down
	for n := range n {
		_, _, e := s.cache.Learn(context.Background(), cache.Seen{UID: uid(n), Item: item(n), Part: 1, Of: 1, ReadAt: s.now.Wall})
		err = cmp.Or(err, e)
	}
	return err
}

// agree compares ledger, central, and what the borrowers were told.
func (s *shop) agree() {
	s.t.Helper()
	ctx := context.Background()
	s.lend(5)
	if err := s.sync(); err != nil {
		s.t.Fatal(err)
	}
	report, err := ledger.Audit(ctx, s.path("ledger.db"))
	must(s.t, err)
	there, err := check.AtCentral(ctx, s.central, kiosk)
	must(s.t, err)
	if v := check.AtRest(check.Reading{Ledger: report, Central: there, Told: s.told}); !v.OK() || v.Acked < len(s.told) {
		s.t.Errorf("%v, %v", v, v.Harms)
	}
}

// The control: a kiosk that keeps no reserve can take nothing back.
func TestWithoutAReserveNothingComesBack(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the same without a reserve", Unit: "fillings",
		Target: "control: returns fail at once, and are seen to", Short: 1, Long: 5})
	dir, _ := smallDisk(t)
	s := newShop(t, dir, 1) // one byte
	other := photographs{dir + "/photographs"}
	for range run.Count {
		s.lend(20)
		other.grow(t)
		s.lend(100)
		other.grow(t)
		back := s.takeBack(12)
		run.Reached("%d of 12 returns", back)
		if back == 12 {
			t.Error("all returns were taken: this rig cannot fail")
		}
		other.delete(t)
		s.recovers(0)
	}
}
