package power

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/policy"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/crashdisk"
)

// evening is a kiosk and its central, all on one watched disk, and the
// history of what they said.
type evening struct {
	t       testing.TB
	chance  *rand.Rand
	dir     string
	disk    *crashdisk.Disk
	cred    contract.Credential
	books   []*book
	items   string // the catalogue as it was imported
	clock   clock
	visit   circ.Visit
	who     circ.Borrower
	wrong   map[circ.CardKey]int
	lent    map[circ.ItemID]circ.Visit // by which visit it was last
	central *central.Central
	ledger  *ledger.Ledger
	cache   *cache.Cache
	uplink  *uplink.Uplink
	pragma  string // run on every connection once its room has checked it
	history history
}

// newEvening makes the folders and switches everything on. The connections
// write their logs back after SQLite's own thousand pages, or fewer: to see it
// happen, and the log begun anew, more often than every thousand pages. A
// control says more, in SQL.
func newEvening(t testing.TB, chance *rand.Rand, control string) *evening {
	t.Helper()
	e := &evening{t: t, chance: chance, dir: torture.Memory(t), clock: clock{wall: founded}, wrong: map[circ.CardKey]int{},
		lent: map[circ.ItemID]circ.Visit{}, history: history{rooms: map[room][]moment{}}}
	e.pragma = fmt.Sprintf("PRAGMA wal_autocheckpoint = %d; %s", []int{1000, 24, 60, 150}[chance.IntN(4)], control)
	e.books, e.items = library()
	must(t, os.Mkdir(filepath.Join(e.dir, "kiosk"), 0o700))
	e.cred = found(t, filepath.Join(e.dir, "central"), e.items)
	var err error
	e.disk, err = crashdisk.Watch(e.dir)
	must(t, err)
	connections.collect(e.dir)
	e.centralOn()
	e.on()
	return e
}

func (e *evening) path(r room) string { return filepath.Join(e.dir, string(r)) }

func (e *evening) centralOn() {
	e.call(theCentral, "open", func() (err error) {
		e.central, err = central.Open(context.Background(), filepath.Join(e.dir, "central"),
			central.Options{Now: func() time.Time { return e.clock.wall }, Serving: true})
		return err
	})
}

// on switches the kiosk on.
func (e *evening) on() {
	ctx := context.Background()
	e.clock.boots(time.Minute)
	e.call(theLedger, "open", func() (err error) {
		e.ledger, err = ledger.Open(ctx, e.path(theLedger), e.ledgerOptions())
		return err
	})
	e.call(theCache, "open", func() (err error) {
		e.cache, err = cache.Open(ctx, e.path(theCache))
		return err
	})
	e.uplink = uplink.New(uplink.Config{Credential: e.cred, Now: e.clock.now}, outbox{e.ledger, e}, feeds{e.cache, e})
}

// ledgerOptions keep a reserve of a page: it is no part of this.
func (e *evening) ledgerOptions() ledger.Options {
	return ledger.Options{Kiosk: e.cred.Kiosk, Seal: e.cred.SealKey, Reserve: 4096}
}

// off closes the kiosk's files, or central's, as a clean stop does.
func (e *evening) off() {
	must(e.t, errors.Join(e.ledger.Close(), e.cache.Close()))
}

// end closes all, and gives the log.
func (e *evening) end() []crashdisk.Op {
	e.off()
	must(e.t, e.central.Close())
	log := e.disk.Log()
	e.t.Cleanup(e.disk.Forget)
	return log
}

// call runs one call to a room, and notes what the room holds once it has
// answered.
func (e *evening) call(r room, what string, do func() error) (from int) {
	e.t.Helper()
	from = e.disk.Ops()
	if err := do(); err != nil {
		e.t.Fatalf("%s: %v", what, err)
	}
	m := moment{what: what, from: from, to: e.disk.Ops(), clock: e.clock}
	var err error
	if what == "open" {
		must(e.t, connections.run(e.dir, e.pragma))
	}
	m.known, err = e.look(r)
	must(e.t, err)
	m.witness, err = os.ReadFile(e.path(r) + "-last")
	if err != nil && !os.IsNotExist(err) {
		e.t.Fatal(err)
	}
	e.history.rooms[r] = append(e.history.rooms[r], m)
	return from
}

func (e *evening) look(r room) (known, error) {
	ctx := context.Background()
	switch r {
	case theLedger:
		return look(ctx, e.path(theLedger), e.wrong)
	case theCache:
		return lookCache(ctx, e.cache)
	}
	return lookCentral(ctx, e.central)
}

func lookCache(ctx context.Context, c *cache.Cache) (known, error) {
	s, err := c.Status(ctx)
	return known{print: text(s)}, err
}

// tell notes what a borrower is told of a receipt whose call began at from.
func (e *evening) tell(from int, receipts ...circ.Receipt) {
	for _, r := range receipts {
		t := check.Told{Item: r.Item, Kind: circ.Return}
		switch {
		case r.Decision.Verdict != circ.Yes || r.State == circ.Refused || r.Kind == circ.Renew:
			continue
		case r.Kind == circ.Issue && r.State != circ.Cancelled:
			t.Kind, t.Card, t.Doubt = circ.Issue, e.who.Card, r.State == circ.Pending
		default:
			t.Doubt = r.State != circ.Done && r.State != circ.Cancelled
		}
		e.history.said = append(e.history.said, said{from: from, op: e.disk.Ops(), told: t})
	}
}

// write makes a tag say something.
func (e *evening) write(w circ.Wish) {
	for _, b := range e.books {
		for _, t := range b.tags {
			if t.uid == w.UID {
				t.says = w.Want
			}
		}
	}
	op := e.disk.Ops()
	e.history.said = append(e.history.said, said{from: op, op: op, tag: w.UID, says: w.Want})
}

// facts are what the cache says of a pile.
func (e *evening) facts(pile []circ.Request) circ.Facts {
	var items []circ.ItemID
	var who circ.Borrower
	for _, r := range pile {
		items = append(items, r.Item)
		if r.Who.Known() {
			who = r.Who
		}
	}
	f, err := e.cache.Facts(context.Background(), e.clock.now(), e.cred.CardKey, who, items)
	must(e.t, err)
	f.Online = true
	return f
}

func decide(at circ.Moment, r circ.Request, f circ.Facts) circ.Decision {
	return policy.Rules{Zone: time.UTC}.Decide(at, r, f)
}

// The rooms as the uplink sees them, each call noted.

type outbox struct {
	*ledger.Ledger
	e *evening
}

func (o outbox) Acked(ctx context.Context, epoch circ.Epoch, n uint64, h contract.Hash) (err error) {
	o.e.call(theLedger, "acked", func() error { return o.Ledger.Acked(ctx, epoch, n, h) })
	return nil
}

func (o outbox) NewEpoch(ctx context.Context, at circ.Moment) error {
	o.e.call(theLedger, "new epoch", func() error { return o.Ledger.NewEpoch(ctx, at) })
	return nil
}

func (o outbox) Fold(ctx context.Context, epoch circ.Epoch, n uint64) error {
	o.e.call(theLedger, "fold", func() error { return o.Ledger.Fold(ctx, epoch, n) })
	return nil
}

type feeds struct {
	*cache.Cache
	e *evening
}

func (f feeds) Apply(ctx context.Context, c contract.Chunk) (next *contract.Pull, err error) {
	f.e.call(theCache, "apply", func() (err error) { next, err = f.Cache.Apply(ctx, c); return err })
	return next, nil
}

func (f feeds) Confirm(ctx context.Context, items, own circ.FeedVersion, issued time.Time) error {
	f.e.call(theCache, "confirm", func() error { return f.Cache.Confirm(ctx, items, own, issued) })
	return nil
}

func (f feeds) RaiseFloor(ctx context.Context, t time.Time) error {
	f.e.call(theCache, "raise the floor", func() error { return f.Cache.RaiseFloor(ctx, t) })
	return nil
}

// link is a broker in memory: what is published reaches central at once, and
// its answers wait to be received.
type link struct {
	handle func(topic string, payload []byte) ([]central.Out, error)
	in     chan uplink.Message
}

func (l link) Messages() <-chan uplink.Message { return l.in }
func (l link) Done() <-chan struct{}           { return nil }
func (l link) Err() error                      { return nil }

func (l link) Publish(_ context.Context, topic string, _ byte, _ bool, payload []byte) error {
	outs, err := l.handle(topic, payload)
	for _, o := range outs {
		l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
	}
	return err
}

// talk is one session of a kiosk with central, until neither has more to say.
func talk(u *uplink.Uplink, clock *clock, handle func(string, []byte) ([]central.Out, error)) error {
	ctx := context.Background()
	l := link{handle: handle, in: make(chan uplink.Message, 64)}
	c, err := u.Conversation(l)
	if err == nil {
		err = c.Open(ctx)
	}
	for range 400 {
		if err != nil {
			return err
		}
		select {
		case m := <-l.in:
			err = c.Handle(ctx, m)
		default:
			return nil
		}
		clock.pass(10 * time.Millisecond)
		if err == nil {
			err = c.Tick(ctx)
		}
	}
	return errors.New("the session with central does not end")
}

func (e *evening) sync() {
	must(e.t, talk(e.uplink, &e.clock, func(topic string, payload []byte) (outs []central.Out, err error) {
		e.call(theCentral, "handle "+topic[strings.LastIndex(topic, "/")+1:], func() (err error) {
			outs, err = e.central.Handle(context.Background(), topic, payload)
			return err
		})
		return outs, nil
	}))
}

// begin is a new visit of one of the borrowers.
func (e *evening) begin() {
	card := cards[e.chance.IntN(len(cards))]
	e.visit, e.who = uuid.New(), circ.Borrower{Card: card, Key: contract.CardKey(e.cred.CardKey, card)}
	e.clock.pass(2 * time.Minute)
}

// some gives up to n books that are, or are not, on loan at this kiosk.
func (e *evening) some(n int, lent bool) (some []*book) {
	m, _ := e.history.before(theLedger, e.disk.Ops())
	busy := map[circ.ItemID]bool{}
	for _, w := range m.known.report.Wishes {
		busy[w.Item] = true
	}
	for _, i := range e.chance.Perm(len(e.books)) {
		b := e.books[i]
		_, is := m.known.report.Loans[b.id]
		if is == lent && !busy[b.id] && len(some) < n {
			some = append(some, b)
		}
	}
	return some
}

func (e *evening) ask(kind circ.Kind, books ...*book) (pile []circ.Request) {
	for _, b := range books {
		r := circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: e.visit, Item: b.id, Model: "28560-3"}
		if kind != circ.Return {
			r.Who = e.who
		}
		for i, t := range b.tags {
			r.Tags = append(r.Tags, circ.SeenTag{UID: t.uid, Part: i + 1, Of: len(b.tags), AFI: 0x07})
		}
		pile = append(pile, r)
	}
	return slices.Clip(pile)
}
