package central_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
)

// noon is when the tests happen, unless they say otherwise.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// clock is a clock that stands still until it is set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time  { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) set(t time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.t = t }

const (
	itemsCSV = `item,title,class,owner,parts,age,not_for_loan
B1,The Hobbit,book,,,,
B2,Emma,book,,,,
B3,Dune,book,,,,
B4,Ulysses,book,,,,
REF,Atlas,book,,,,yes
FILM,Alien,dvd,,disc 1;disc 2,18,
HELD,Wanted,book,,,,
`
	borrowersCSV = `card,category,blocked,expires,age_band,messages
C1,adult,,,18,
C2,adult,,2027-12-31,18,hello
OLD,adult,,2026-01-31,18,
BAD,adult,yes,,18,
KID,adult,,,5,
`
	holdsCSV  = "item,card\nHELD,C1\nHELD,OLD\n"
	policyTML = `[default]
timezone = "Europe/London"
[default.classes.book]
days = 21
renewals = 1
[default.classes.dvd]
days = 7
renewals = 0
limit = 1
[default.categories.adult]
limit = 3
`
	calendarTML = "[default]\nclosed = [2026-12-25]\nweekly.sunday = {closed = true}\n"
)

// export writes an export's files.
func export(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func smallLibrary(t testing.TB) string {
	return export(t, map[string]string{
		"items.csv": itemsCSV, "borrowers.csv": borrowersCSV, "holds.csv": holdsCSV,
		"policy.toml": policyTML, "calendar.toml": calendarTML,
	})
}

// house is central and its kiosks.
type house struct {
	t      testing.TB
	ctx    context.Context
	dir    string
	clock  *clock
	c      *central.Central
	step   func(string) error
	kiosks map[string]*kiosk
}

func newHouse(t testing.TB, from string, kiosks ...string) *house {
	t.Helper()
	h := &house{t: t, ctx: t.Context(), dir: filepath.Join(t.TempDir(), "central"), clock: &clock{t: noon}, kiosks: map[string]*kiosk{}}
	if err := central.Create(h.ctx, h.dir, "test", noon); err != nil {
		t.Fatal(err)
	}
	h.open()
	t.Cleanup(func() { h.c.Close() })
	if from != "" {
		if _, err := h.c.ImportFrom(h.ctx, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range kiosks {
		h.enrol(name)
	}
	return h
}

// open opens central's directory, as after a start.
func (h *house) open() {
	h.t.Helper()
	c, err := central.Open(h.ctx, h.dir, central.Options{Now: h.clock.now, Serving: true, Step: func(name string) error {
		if h.step == nil {
			return nil
		}
		return h.step(name)
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.c = c
}

func (h *house) enrol(name string) *kiosk {
	h.t.Helper()
	cred, err := h.c.AddKiosk(h.ctx, central.Enrolment{Name: name, Venue: "main"})
	if err != nil {
		h.t.Fatal(err)
	}
	k := &kiosk{h: h, cred: cred, boot: uuid.New()}
	k.newEpoch()
	h.kiosks[name] = k
	return k
}

// kiosk plays a kiosk's ledger and uplink.
type kiosk struct {
	h      *house
	cred   contract.Credential
	boot   uuid.UUID
	epoch  circ.Epoch
	events []json.RawMessage
	chain  []contract.Hash // at n
	acked  uint64
}

func (k *kiosk) newEpoch() {
	k.epoch, k.events, k.chain, k.acked = uuid.Must(uuid.NewV7()), nil, []contract.Hash{{}}, 0
}

func (k *kiosk) last() uint64 { return uint64(len(k.events)) }

// did appends an event.
func (k *kiosk) did(typ contract.EventType, tx circ.Tx, at time.Time, q circ.ClockQuality, data any) {
	k.h.t.Helper()
	d, err := json.Marshal(data)
	if err != nil {
		k.h.t.Fatal(err)
	}
	body, err := contract.EncodeEvent(contract.Event{
		N: k.last() + 1, Type: typ, At: at, Boot: k.boot, Clock: q, Tx: tx, Data: d,
	})
	if err != nil {
		k.h.t.Fatal(err)
	}
	k.append(body)
}

func (k *kiosk) append(body []byte) {
	n := k.last() + 1
	k.events = append(k.events, body)
	k.chain = append(k.chain, k.chain[n-1].Next(n, body))
}

func (k *kiosk) seal(tx circ.Tx, typ contract.EventType, card circ.Card) contract.Sealed {
	k.h.t.Helper()
	s, err := contract.Seal(k.cred.SealKey, k.cred.Kiosk, tx, typ, card)
	if err != nil {
		k.h.t.Fatal(err)
	}
	return s
}

func (k *kiosk) issue(item circ.ItemID, card circ.Card, at time.Time) circ.Tx {
	tx := uuid.New()
	k.did(contract.LoanIssued, tx, at, circ.Synced, contract.Loan{
		Item: item, Who: k.seal(tx, contract.LoanIssued, card), Due: at.AddDate(0, 0, 21),
	})
	return tx
}

func (k *kiosk) takeBack(item circ.ItemID, at time.Time) {
	k.did(contract.LoanReturned, uuid.New(), at, circ.Synced, contract.Returned{Item: item, Began: at, Shelf: circ.Bin})
}

// batch signs events from to to.
func (k *kiosk) batch(from, to uint64) []byte {
	k.h.t.Helper()
	b := contract.Batch{
		V: contract.Version, Kiosk: k.cred.Kiosk, Epoch: k.epoch, From: from, To: to,
		Prev: k.chain[from-1], Sent: noon, Events: k.events[from-1 : to],
	}
	return k.sign(contract.KindBatch, b)
}

func (k *kiosk) sign(kind contract.Kind, v any) []byte {
	k.h.t.Helper()
	payload, err := json.Marshal(v)
	if err != nil {
		k.h.t.Fatal(err)
	}
	msg, err := contract.Sign(kind, payload, k.cred.Key())
	if err != nil {
		k.h.t.Fatal(err)
	}
	return msg
}

func (k *kiosk) hello() contract.Hello {
	return contract.Hello{
		V: contract.Version, Kiosk: k.cred.Kiosk, Epoch: k.epoch, First: min(1, k.last()), Last: k.last(),
		Hash: k.chain[k.last()], Acked: k.acked, Boot: k.boot, Sent: noon,
	}
}

func (k *kiosk) sayHello() contract.Ack {
	k.h.t.Helper()
	return k.ack(k.h.handle(k.cred.Topics().Hi(), k.sign(contract.KindHello, k.hello())))
}

func (k *kiosk) sendBatch(from, to uint64) contract.Ack {
	k.h.t.Helper()
	return k.ack(k.h.handle(k.cred.Topics().Ev(), k.batch(from, to)))
}

// send sends what is not acknowledged, and takes the acknowledgement.
func (k *kiosk) send() contract.Ack {
	k.h.t.Helper()
	a := k.sendBatch(k.acked+1, k.last())
	if a.Through != k.last() || a.Hash != k.chain[k.last()] || a.Order != "" {
		k.h.t.Fatalf("got acknowledged through %d, order %q, want %d", a.Through, a.Order, k.last())
	}
	k.acked = a.Through
	return a
}

func (k *kiosk) ack(outs []central.Out) contract.Ack {
	k.h.t.Helper()
	if len(outs) != 1 || outs[0].Topic != k.cred.Topics().Ak() || outs[0].QoS != 1 || outs[0].Retain {
		k.h.t.Fatalf("got %+v, want one acknowledgement", outs)
	}
	a, err := contract.Decode[contract.Ack](contract.KindAck, outs[0].Payload, k.cred.Central())
	if err != nil {
		k.h.t.Fatal(err)
	}
	if err := a.Check(contract.KindAck, k.cred.Kiosk, k.h.clock.now()); err != nil {
		k.h.t.Fatal(err)
	}
	return a
}

// pull fetches one chunk.
func (k *kiosk) pull(p contract.Pull) contract.Chunk {
	k.h.t.Helper()
	p.V, p.Kiosk = contract.Version, k.cred.Kiosk
	outs := k.h.handle(k.cred.Topics().Hi(), k.sign(contract.KindPull, p))
	if len(outs) != 1 || outs[0].Topic != k.cred.Topics().Dt() {
		k.h.t.Fatalf("got %d messages, want one chunk", len(outs))
	}
	if len(outs[0].Payload) > contract.MaxChunkBytes {
		k.h.t.Fatalf("got a chunk of %d bytes, want at most %d", len(outs[0].Payload), contract.MaxChunkBytes)
	}
	c, err := contract.Decode[contract.Chunk](contract.KindChunk, outs[0].Payload, k.cred.Central())
	if err != nil {
		k.h.t.Fatal(err)
	}
	return c
}

// handle is Handle where no error is expected.
func (h *house) handle(topic string, msg []byte) []central.Out {
	h.t.Helper()
	outs, err := h.c.Handle(h.ctx, topic, msg)
	if err != nil {
		h.t.Fatal(err)
	}
	return outs
}

// event reads the kiosk's event n.
func (k *kiosk) event(n uint64) contract.Event {
	k.h.t.Helper()
	var e contract.Event
	if err := json.Unmarshal(k.events[n-1], &e); err != nil {
		k.h.t.Fatal(err)
	}
	return e
}

// lastTx is the transaction of the kiosk's newest event.
func lastTx(k *kiosk) circ.Tx {
	if k.last() == 0 {
		return uuid.New()
	}
	return k.event(k.last()).Tx
}

// repeat says the newest event again under the next number, as a kiosk does
// that numbers its events anew.
func repeat(k *kiosk) {
	e := k.event(k.last())
	k.did(e.Type, e.Tx, e.At, e.Clock, e.Data)
}
