package central_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// fill makes n events, all different.
func (k *kiosk) fill(n int) {
	for i := range n {
		k.takeBack(circ.ItemID(fmt.Sprintf("B%d", i%4+1)), noon)
	}
}

func stored(t *testing.T, h *house) int {
	t.Helper()
	events, err := h.c.Events(h.ctx, "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	return len(events)
}

func TestGapIsAskedFor(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	k.fill(6)
	a := k.sendBatch(3, 4)
	if a.Through != 0 || a.Need == nil || *a.Need != (contract.Range{From: 1, To: 2}) {
		t.Errorf("got through %d, need %v, want 0 and 1 to 2", a.Through, a.Need)
	}
	if n := stored(t, h); n != 0 {
		t.Errorf("got %d events stored, want none", n)
	}
	for _, part := range [][2]uint64{{1, 3}, {2, 5}, {1, 2}, {5, 6}} {
		a = k.sendBatch(part[0], part[1])
	}
	if a.Through != 6 || a.Hash != k.chain[6] || a.Need != nil {
		t.Errorf("got through %d, need %v, want 6", a.Through, a.Need)
	}
	if n := stored(t, h); n != 6 {
		t.Errorf("got %d events stored, want 6", n)
	}
}

func TestAnotherHistoryNeedsANewEpoch(t *testing.T) {
	for _, c := range []struct {
		name    string
		restore func(k *kiosk)
		say     func(k *kiosk) contract.Ack
	}{
		{"another event under a number that is stored", func(k *kiosk) { k.forget(3); k.fill(2) },
			func(k *kiosk) contract.Ack { return k.sendBatch(4, 5) }},
		{"another event before a new one", func(k *kiosk) { k.forget(4); k.issue("B1", "C1", noon); k.fill(1) },
			func(k *kiosk) contract.Ack { return k.sendBatch(6, 6) }},
		{"a hello that knows fewer", func(k *kiosk) { k.forget(3) },
			func(k *kiosk) contract.Ack { return k.sayHello() }},
		{"a hello with another hash", func(k *kiosk) { k.forget(4); k.issue("B1", "C1", noon) },
			func(k *kiosk) contract.Ack { return k.sayHello() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, smallLibrary(t), "a")
			k := h.kiosks["a"]
			k.fill(3)
			k.issue("B2", "C1", noon)
			k.issue("B3", "C1", noon)
			k.send()
			before := openLoans(t, h)
			c.restore(k)
			if a := c.say(k); a.Order != contract.NewEpoch || a.Through > 3 {
				t.Errorf("got order %q through %d, want %q through at most 3", a.Order, a.Through, contract.NewEpoch)
			}
			if n := stored(t, h); n != 5 || openLoans(t, h) != before {
				t.Errorf("got %d events and loans %s, want 5 and %s", n, openLoans(t, h), before)
			}
			if got := openCases(t, h); got != "rolled-back" {
				t.Errorf("got cases %q, want rolled-back", got)
			}
			k.newEpoch()
			k.issue("B4", "C2", noon)
			k.sayHello()
			k.send()
			if got, want := openLoans(t, h), before+" B4:C2"; got != want {
				t.Errorf("got loans %q, want %q", got, want)
			}
		})
	}
}

// forget takes the kiosk back to the state after event n, as an old image does.
func (k *kiosk) forget(n int) {
	k.events, k.chain = k.events[:n:n], k.chain[:n+1:n+1]
	k.acked = min(k.acked, uint64(n))
}

// What a rolled-back kiosk and central both have is acknowledged with the
// order, so that it is not numbered anew.
func TestNewEpochAcknowledgesWhatBothHave(t *testing.T) {
	h := newHouse(t, "", "a")
	k := h.kiosks["a"]
	k.fill(5)
	k.send()
	k.forget(3)
	if a := k.sayHello(); a.Order != contract.NewEpoch || a.Through != 3 || a.Hash != k.chain[3] {
		t.Errorf("got order %q through %d, want newepoch through 3", a.Order, a.Through)
	}
}

func TestOldEpochIsStopped(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	k.fill(2)
	k.send()
	copied := *k
	k.newEpoch()
	k.fill(1)
	k.send()

	copied.fill(1)
	for range 2 {
		if a := copied.sendBatch(3, 3); a.Order != contract.Stop || a.Epoch != copied.epoch {
			t.Errorf("got order %q in %s, want stop", a.Order, a.Epoch)
		}
	}
	if a := copied.sayHello(); a.Order != contract.Stop {
		t.Errorf("got order %q, want stop", a.Order)
	}
	if n := stored(t, h); n != 3 {
		t.Errorf("got %d events, want 3", n)
	}
	if got := h.c.Counts()["order-stop"]; got != 3 {
		t.Errorf("got counter %d, want 3", got)
	}
	if got := openCases(t, h); got != "old-epoch" {
		t.Errorf("got cases %q, want one old-epoch", got)
	}
	if err := h.c.ResumeKiosk(h.ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if a := copied.sayHello(); a.Order != contract.NewEpoch {
		t.Errorf("resumed: got order %q, want newepoch", a.Order)
	}
}

func TestLostEventsBecomeACase(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	k.fill(2)
	k.send()
	k.fill(6)
	hello := k.hello()
	hello.First = 6 // 3 to 5 are gone from its disk
	a := k.ack(h.handle(k.cred.Topics().Hi(), k.sign(contract.KindHello, hello)))
	if a.Need == nil || a.Need.From != 6 || a.Order != "" {
		t.Fatalf("got need %v, order %q, want from 6", a.Need, a.Order)
	}
	if a := k.sendBatch(6, 8); a.Through != 8 || a.Hash != k.chain[8] {
		t.Errorf("got through %d, want 8", a.Through)
	}
	if got := openCases(t, h); got != "loss" {
		t.Errorf("got cases %q, want loss", got)
	}
	if f := k.everything(contract.FeedOwn).folded; f == nil || f.N != 8 {
		t.Errorf("got folded %v, want 8", f)
	}
}

// The power is cut at every step of every commit; after it comes back and the
// kiosk has sent again, the record is as if nothing had happened.
func TestPowerCut(t *testing.T) {
	errDark := errors.New("the power is gone")
	var want string
	for cut := 0; ; cut++ {
		h := newHouse(t, smallLibrary(t), "a")
		k := h.kiosks["a"]
		k.issue("B1", "C1", noon)
		k.issue("NEW", "C2", noon)
		k.takeBack("B1", noon)
		steps := 0
		h.step = func(string) error {
			if steps++; steps > cut {
				return errDark
			}
			return nil
		}
		_, err := h.c.Handle(h.ctx, k.cred.Topics().Ev(), k.batch(1, 3))
		h.step = nil
		if err != nil && !errors.Is(err, errDark) {
			t.Fatal(err)
		}
		whole := err == nil
		h.c.Close()
		h.open()
		k.send()
		got := openLoans(t, h) + " | " + openCases(t, h)
		if want == "" {
			want = "NEW:C2 | item-unknown"
		}
		if got != want {
			t.Errorf("cut at step %d: got %q, want %q", cut, got, want)
		}
		if whole {
			t.Logf("cut %d steps", cut)
			if cut < 4 {
				t.Errorf("got %d steps, want two commits with two each", cut)
			}
			return
		}
	}
}

// What was stored and not processed is processed at the next start, without
// the kiosk.
func TestRepairAtStart(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	k.issue("B1", "C1", noon)
	commits := 0
	h.step = func(name string) error {
		if commits++; commits > 2 {
			return errors.New("the power is gone")
		}
		return nil
	}
	outs, err := h.c.Handle(h.ctx, k.cred.Topics().Ev(), k.batch(1, 1))
	if err == nil {
		t.Fatal("got no error")
	}
	if a := k.ack(outs); a.Through != 1 {
		t.Errorf("got through %d, want 1: the event is stored", a.Through)
	}
	h.step = nil
	if got := openLoans(t, h); got != "" {
		t.Fatalf("got loans %q before the start", got)
	}
	h.c.Close()
	h.open()
	if got := openLoans(t, h); got != "B1:C1" {
		t.Errorf("got loans %q, want B1:C1", got)
	}
}

// I7, small: central is restored to an older copy; the kiosks say hello and
// feed it again, and the record is as it was.
func TestRestoredCentralIsFedAgain(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := h.kiosks["a"], h.kiosks["b"]
	a.issue("B1", "C1", noon)
	a.send()
	h.c.Close()
	old, err := os.ReadFile(filepath.Join(h.dir, "central.db"))
	if err != nil {
		t.Fatal(err)
	}
	h.open()
	a.issue("B2", "C1", noon)
	b.issue("B3", "C2", noon)
	a.takeBack("B1", noon)
	a.send()
	b.send()
	want := openLoans(t, h)
	held := a.everything(contract.FeedOwn)

	h.c.Close()
	if err := os.WriteFile(filepath.Join(h.dir, "central.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	h.clock.set(noon.AddDate(0, 0, 1))
	h.open()
	for _, k := range []*kiosk{a, b} {
		ack := k.sayHello()
		if ack.Need == nil || ack.Need.From != ack.Through+1 || ack.Order != "" {
			t.Fatalf("got need %v after %d, order %q", ack.Need, ack.Through, ack.Order)
		}
		k.acked = ack.Through
		k.send()
	}
	if got := openLoans(t, h); got != want {
		t.Errorf("got loans %q, want %q", got, want)
	}
	c := a.pull(contract.Pull{Feed: contract.FeedOwn, Have: held.to})
	if !c.Reset || c.To.Generation <= held.to.Generation {
		t.Errorf("got reset %v to %v, want a reset to a newer generation than %v", c.Reset, c.To, held.to)
	}
}

// Even if no event was lost, a kiosk that has seen a newer version of a feed
// proves that central is older than it was.
func TestFeedOfTheFutureStartsAGeneration(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	held := k.everything(contract.FeedItems).to
	h.clock.set(noon.AddDate(0, 0, 1))
	ahead := held
	ahead.Version += 5
	c := k.pull(contract.Pull{Feed: contract.FeedItems, Have: ahead})
	if !c.Reset || c.To.Generation <= held.Generation {
		t.Errorf("got reset %v to %v, want a reset to a newer generation", c.Reset, c.To)
	}
}
