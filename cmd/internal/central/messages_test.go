package central_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// real gives a kiosk of the tests a real ledger and a real cache: what the
// desk writes goes through inbox, record and feed into what the desk reads.
type real struct {
	*kiosk
	*ledger.Ledger
	cache *cache.Cache
	now   circ.Moment
}

func newReal(k *kiosk) *real {
	k.h.t.Helper()
	dir := k.h.t.TempDir()
	c, err := cache.Open(k.h.ctx, filepath.Join(dir, "cache.db"))
	if err != nil {
		k.h.t.Fatal(err)
	}
	l, err := ledger.Open(k.h.ctx, filepath.Join(dir, "ledger.db"), ledger.Options{Kiosk: k.cred.Kiosk, Seal: k.cred.SealKey})
	if err != nil {
		k.h.t.Fatal(err)
	}
	k.h.t.Cleanup(func() { c.Close(); l.Close() })
	return &real{kiosk: k, Ledger: l, cache: c, now: circ.Moment{Wall: noon, Boot: k.boot, Quality: circ.Synced}}
}

func (r *real) who(card circ.Card) circ.Borrower {
	return circ.Borrower{Card: card, Key: contract.CardKey(r.cred.CardKey, card)}
}

// sync sends the ledger's events and takes both feeds.
func (r *real) sync() {
	t, ctx := r.h.t, r.h.ctx
	t.Helper()
	b, err := r.Unsent(ctx, contract.MaxEvents)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Events) > 0 {
		b.Sent = noon
		a := r.ack(r.h.handle(r.cred.Topics().Ev(), r.sign(contract.KindBatch, b)))
		if err := r.Acked(ctx, a.Epoch, a.Through, a.Hash); err != nil {
			t.Fatal(err)
		}
	}
	for _, feed := range []contract.Feed{contract.FeedItems, contract.FeedOwn} {
		next, err := r.cache.Want(ctx, feed)
		for pull := &next; pull != nil && err == nil; {
			pull, err = r.cache.Apply(ctx, r.pull(*pull))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// facts are what the desk knows of a card after a sync.
func (r *real) facts(card circ.Card, items ...circ.ItemID) circ.Facts {
	r.h.t.Helper()
	r.sync()
	f, err := r.cache.Facts(r.h.ctx, r.now, r.cred.CardKey, r.who(card), items)
	if err != nil {
		r.h.t.Fatal(err)
	}
	if f.Borrower == nil {
		r.h.t.Fatalf("card %s is not in the cache", card)
	}
	return f
}

// hears checks what a card is told at this kiosk.
func (r *real) hears(card circ.Card, want string) {
	r.h.t.Helper()
	if got := strings.Join(r.facts(card).Borrower.Messages, " "); got != want {
		r.h.t.Errorf("card %s at %s: got %q, want %q", card, r.cred.Kiosk, got, want)
	}
}

// tell shows a card what there is to tell, and writes down that it was shown.
func (r *real) tell(card circ.Card) {
	r.h.t.Helper()
	f := r.facts(card)
	if err := r.Told(r.h.ctx, r.now, uuid.New(), r.who(card), f.Version, f.Borrower.Messages); err != nil {
		r.h.t.Fatal(err)
	}
}

// A borrower asks at one kiosk for everything to be renewed, hears of it at
// another, and then no more.
func TestRenewingWithoutTheItems(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b", "c")
	a, b, c := newReal(h.kiosks["a"]), newReal(h.kiosks["b"]), h.kiosks["c"]
	c.issue("B1", "C2", noon.AddDate(0, 0, -5))
	c.issue("B2", "C2", noon.AddDate(0, 0, -4))
	c.issue("HELD", "C2", noon.AddDate(0, 0, -3))
	c.send()
	a.hears("C2", "item-recalled hello")

	visit := uuid.New()
	for range 2 {
		if err := a.AskRenew(h.ctx, a.now, visit, a.who("C2")); err != nil {
			t.Fatal(err)
		}
	}
	f := a.facts("C2", "B1", "B2", "HELD")
	want := time.Date(2026, 12, 16, 23, 59, 59, 0, time.UTC) // 21 days on, the day's last second in London
	for _, item := range []circ.ItemID{"B1", "B2"} {
		if i := f.Items[item]; !i.Due.Equal(want) || i.Renewals != 1 || !i.Yours {
			t.Errorf("%s: got %+v, want it due %s", item, i, want)
		}
	}
	if i := f.Items["HELD"]; i.Renewals != 0 || !i.Due.Equal(noon.AddDate(0, 0, 18)) {
		t.Errorf("HELD: got %+v, want it as it was: another waits for it", i)
	}
	b.hears("C2", "renewed-part item-recalled hello")
	b.tell("C2")
	b.hears("C2", "item-recalled hello")
	a.hears("C2", "item-recalled hello")
}

// The answer to the last asking is the one that is told.
func TestAskingAgainForRenewals(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
	b.issue("HELD", "C2", noon.AddDate(0, 0, -3))
	b.send()
	ask := func() {
		t.Helper()
		if err := a.AskRenew(h.ctx, a.now, uuid.New(), a.who("C2")); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	a.hears("C2", "renewed-none item-recalled hello")
	reserve(h, "B1,C1,\n") // nobody waits for it any more
	ask()
	a.hears("C2", "renewed-all hello")
}

// A date moves past closed days; the calendar is the kiosk's venue's.
func TestARenewalIsDueOnAnOpenDay(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
	b.issue("B1", "C1", noon.AddDate(0, 0, -5))
	b.send()
	h.clock.set(noon.AddDate(0, 0, 9)) // 4 December: 21 days on is Christmas, and closed
	a.now.Wall = h.clock.now()
	if err := a.AskRenew(h.ctx, a.now, uuid.New(), a.who("C1")); err != nil {
		t.Fatal(err)
	}
	if got := a.facts("C1", "B1").Items["B1"].Due; got.Format(time.DateOnly) != "2026-12-26" {
		t.Errorf("got due %s, want 26 December", got)
	}
}

// After midnight in London it is still yesterday in UTC.
func TestARenewalCountsFromTheVenuesToday(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	h.clock.set(time.Date(2026, 6, 8, 23, 30, 0, 0, time.UTC)) // the 9th in London
	a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
	a.now.Wall = h.clock.now()
	b.issue("B1", "C1", a.now.Wall.AddDate(0, 0, -5))
	b.send()
	if err := a.AskRenew(h.ctx, a.now, uuid.New(), a.who("C1")); err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 6, 30, 22, 59, 59, 0, time.UTC)
	if got := a.facts("C1", "B1").Items["B1"].Due; !got.Equal(want) {
		t.Errorf("got due %s, want %s", got, want)
	}
}

// What was told from an old row does not take a newer message away.
func TestToldFromAnOldRow(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
	displace := func(item circ.ItemID) {
		b.issue(item, "C1", noon.Add(-2*time.Hour))
		b.issue(item, "C2", noon.Add(-time.Hour))
		b.send()
	}
	displace("B1")
	old := a.facts("C1")
	displace("B2")
	if err := a.Told(h.ctx, a.now, uuid.New(), a.who("C1"), old.Version, old.Borrower.Messages); err != nil {
		t.Fatal(err)
	}
	a.hears("C1", "loan-changed")
	a.tell("C1")
	a.hears("C1", "")
}

// After central was restored, versions say nothing: what was told before is
// told by its time.
func TestToldBeforeARestore(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
	b.issue("B1", "C1", noon.Add(-2*time.Hour))
	b.issue("B1", "C2", noon.Add(-time.Hour))
	b.send()
	a.tell("C1")
	if err := h.c.RestoreGeneration(h.ctx); err != nil {
		t.Fatal(err)
	}
	a.hears("C1", "")
}

// Each message goes into the row when the record says so, and out of it when
// it is so no more.
func TestMessagesComeAndGo(t *testing.T) {
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	for _, c := range []struct {
		name string
		do   func(k *kiosk)
		want string
		then func(k *kiosk) // nil: it is told
	}{
		{"the item turned up on another card", func(k *kiosk) { k.issue("B1", "C1", at(-3)); k.issue("B1", "C2", at(-2)) }, "loan-changed", nil},
		{"the books have a later date than was shown", func(k *kiosk) {
			k.issue("B1", "C1", at(-72))
			renew(k, "B1", "C1", at(-1), at(48))
		}, "due-changed", nil},
		{"a renewal of what the card does not have", func(k *kiosk) { renew(k, "B1", "C1", at(-1), at(500)) }, "loan-refused",
			func(k *kiosk) { closeAll(k.h) }},
		{"a return that did not come to its end", func(k *kiosk) {
			k.issue("B1", "C1", at(-3))
			k.did(contract.ReturnIncomplete, uuid.New(), at(-1), circ.Synced, contract.Returned{Item: "B1", Began: at(-1)})
		}, "return-incomplete", func(k *kiosk) { k.takeBack("B1", at(-1)) }},
		{"somebody waits for it", func(k *kiosk) { k.issue("B1", "C1", at(-3)); k.send(); reserve(k.h, "B1,C2,\n") }, "item-recalled",
			func(k *kiosk) { k.takeBack("B1", at(-1)) }},
		{"nobody waits for it any more", func(k *kiosk) { k.issue("B1", "C1", at(-3)); k.send(); reserve(k.h, "B1,C2,\n") }, "item-recalled",
			func(k *kiosk) { reserve(k.h, "B2,C2,\n") }},
		{"a reservation", func(k *kiosk) { reserve(k.h, "B1,C1,main\nB2,C1,elsewhere\nB3,C1,\n") }, "hold-ready",
			func(k *kiosk) { k.issue("B1", "C1", at(-1)) }},
		{"reservations", func(k *kiosk) { reserve(k.h, "B1,C1,main\nB2,C1,main\n") }, "holds-ready",
			func(k *kiosk) { reserve(k.h, "B9,C2,\n") }},
		{"a reservation that another has taken", func(k *kiosk) { reserve(k.h, "B1,C1,main\n") }, "hold-ready",
			func(k *kiosk) { k.issue("B1", "C2", at(-1)); flush(k); reserve(k.h, "B1,C1,main\n") }},
		{"something late", func(k *kiosk) { k.issue("B1", "C1", at(-24*30)) }, "overdue", func(k *kiosk) { k.takeBack("B1", at(-1)) }},
		{"a card that ends soon", func(k *kiosk) { borrowers(k.h, "C1,adult,2026-12-10\n") }, "card-expires",
			func(k *kiosk) { borrowers(k.h, "C1,adult,2027-12-10\n") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, smallLibrary(t), "a", "b")
			reserve(h, "B9,C9,\n")
			a, b := newReal(h.kiosks["a"]), h.kiosks["b"]
			a.hears("C1", "")
			c.do(b)
			flush(b)
			a.hears("C1", c.want)
			if c.then == nil {
				a.tell("C1")
			} else {
				a.tell("C1")
				a.hears("C1", c.want)
				c.then(b)
				flush(b)
			}
			a.hears("C1", "")
		})
	}
}

func flush(k *kiosk) {
	if k.acked < k.last() {
		k.send()
	}
}

func renew(k *kiosk, item circ.ItemID, card circ.Card, at, due time.Time) {
	tx := uuid.New()
	k.did(contract.LoanRenewed, tx, at, circ.Synced, contract.Loan{Item: item, Who: k.seal(tx, contract.LoanRenewed, card), Due: due})
}

func reserve(h *house, lines string)   { imports(h, "holds.csv", "item,card,ready\n"+lines) }
func borrowers(h *house, lines string) { imports(h, "borrowers.csv", "card,category,expires\n"+lines) }

func imports(h *house, name, text string) {
	h.t.Helper()
	if _, err := h.c.ImportFrom(h.ctx, export(h.t, map[string]string{name: text})); err != nil {
		h.t.Fatal(err)
	}
}

func closeAll(h *house) {
	h.t.Helper()
	cases, err := h.c.Cases(h.ctx, false)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range cases {
		if err := h.c.CloseCase(h.ctx, c.ID, "seen to"); err != nil {
			h.t.Fatal(err)
		}
	}
}
