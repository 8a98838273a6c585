package uplink

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

func TestMain(m *testing.M) {
	warm()
	goleak.VerifyTestMain(m)
}

// warm has the contract make its coders: made in the time bubble of one test,
// they would be of no use to the next.
func warm() {
	payload := []byte(strings.Repeat(" ", 400))
	msg := must(contract.Sign(contract.KindHello, payload, kioskKey))
	must(contract.Open(contract.KindHello, msg, kioskKey.Public().(ed25519.PublicKey)))
}

var (
	kioskKey   = ed25519.NewKeyFromSeed([]byte("kiosk-kiosk-kiosk-kiosk-kiosk-ki"))
	centralKey = ed25519.NewKeyFromSeed([]byte("central-central-central-central-"))
	strangeKey = ed25519.NewKeyFromSeed([]byte("stranger-stranger-stranger-stran"))
	own        = contract.Topics{Authority: "harbour", Kiosk: "kiosk-1", Shard: "town"}
	boot       = uuid.MustParse("01939a00-0000-7000-8000-00000000b007")
	evening    = time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)
)

func credential() contract.Credential {
	return contract.Credential{
		V: contract.Version, Authority: own.Authority, Kiosk: own.Kiosk, Venue: "main", Shard: own.Shard,
		SignKey: kioskKey.Seed(), CentralKey: centralKey.Public().(ed25519.PublicKey),
		SealKey: make([]byte, 32), CardKey: make([]byte, 32),
		Issued: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), // before the time in a bubble
	}
}

// clock is a kiosk's clock that stands still until it is moved.
type clock struct {
	mono    time.Duration
	wall    time.Time
	quality circ.ClockQuality
}

func (c *clock) now() circ.Moment {
	return circ.Moment{Wall: c.wall.Add(c.mono), Mono: c.mono, Boot: boot, Quality: c.quality}
}

// outbox is a ledger's outbox in memory.
type outbox struct {
	mu     sync.Mutex
	epoch  circ.Epoch
	events []json.RawMessage
	acked  uint64
	kept   uint64 // events up to here are pruned
	folded contract.Folded
	epochs int
}

func newOutbox(events int) *outbox {
	o := &outbox{epoch: uuid.MustParse("01939f4b-0000-7000-8000-000000000001")}
	o.record(events)
	return o
}

// record adds events, whose titles have what a careless encoder would change.
func (o *outbox) record(events int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for range events {
		n := len(o.events) + 1
		o.events = append(o.events, json.RawMessage(fmt.Sprintf("{\"n\":%d,\"t\":\"tag.fault\",\"d\":{\"why\":\"<&>\u2028ü %d\"}}", n, o.epochs)))
	}
}

func (o *outbox) hash(through uint64) contract.Hash {
	return contract.Hash{}.Walk(1, contract.Batch{Events: o.events[:through]}.Raw())
}

func (o *outbox) Unsent(ctx context.Context, max int) (contract.Batch, error) {
	return o.From(ctx, o.acked+1, max)
}

func (o *outbox) From(_ context.Context, n uint64, max int) (contract.Batch, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n = min(n, uint64(len(o.events))+1)
	if n <= o.kept {
		n = o.kept + 1
	}
	events := o.events[n-1:]
	events = events[:min(len(events), max)]
	return contract.Batch{Epoch: o.epoch, From: n, To: n + uint64(len(events)) - 1, Prev: o.hash(n - 1), Events: slices.Clone(events)}, nil
}

var errDiverged = errors.New("the chains differ")

func (o *outbox) Acked(_ context.Context, epoch circ.Epoch, through uint64, hash contract.Hash) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if epoch != o.epoch || through <= o.acked {
		return nil
	}
	if through > uint64(len(o.events)) || o.hash(through) != hash {
		return errDiverged
	}
	o.acked = through
	return nil
}

func (o *outbox) Position(context.Context) (contract.Hello, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	last := uint64(len(o.events))
	return contract.Hello{Epoch: o.epoch, First: o.kept + 1, Last: last, Hash: o.hash(last), Acked: o.acked}, nil
}

// retired is how many events are acknowledged.
func (o *outbox) retired() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acked
}

// NewEpoch renumbers as a ledger does: here the events differ by their title.
func (o *outbox) NewEpoch(context.Context, circ.Moment) error {
	o.mu.Lock()
	open := len(o.events) - int(o.acked)
	o.epoch[15]++
	o.events, o.acked, o.kept = nil, 0, 0
	o.epochs++
	o.mu.Unlock()
	o.record(open)
	return nil
}

func (o *outbox) Again(ctx context.Context, at circ.Moment) error {
	o.mu.Lock()
	o.acked = 0
	o.mu.Unlock()
	return o.NewEpoch(ctx, at)
}

func (o *outbox) Fold(_ context.Context, epoch circ.Epoch, n uint64) error {
	o.folded = contract.Folded{Epoch: epoch, N: n}
	return nil
}

// shelf is a cache in memory: the keys of each feed's rows.
type shelf struct {
	mu        sync.Mutex
	have      map[contract.Feed]circ.FeedVersion
	rows      map[contract.Feed][]string
	load      map[contract.Feed]*transfer
	confirmed time.Time
	floor     time.Time
	broken    error
}

type transfer struct {
	to     circ.FeedVersion
	cursor string
	rows   []string
}

func newShelf() *shelf {
	return &shelf{have: map[contract.Feed]circ.FeedVersion{}, rows: map[contract.Feed][]string{}, load: map[contract.Feed]*transfer{}}
}

func (s *shelf) Apply(ctx context.Context, c contract.Chunk) (*contract.Pull, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	s.mu.Lock()
	have, l := s.have[c.Feed], s.load[c.Feed]
	s.mu.Unlock()
	switch {
	case c.Reset && c.To.Generation < have.Generation:
		return nil, errors.New("an older generation")
	case c.To == have && c.From != have || c.To.Before(have) && c.To.Generation == have.Generation:
		return nil, nil
	case !c.Reset && c.From != have:
		want, err := s.Want(ctx, c.Feed)
		return &want, err
	case l == nil && c.After != "":
		return nil, errors.New("out of order")
	case l != nil && l.to == c.To && c.After != l.cursor:
		return nil, nil
	case l == nil || l.to != c.To:
		l = &transfer{to: c.To}
	}
	for _, row := range c.Rows {
		l.rows = append(l.rows, row.Key)
	}
	l.cursor = c.Cursor
	s.mu.Lock()
	s.load[c.Feed] = l
	if c.Last {
		if c.Reset {
			s.rows[c.Feed] = nil
		}
		s.rows[c.Feed], s.have[c.Feed] = append(s.rows[c.Feed], l.rows...), c.To
		delete(s.load, c.Feed)
	}
	s.mu.Unlock()
	if c.Last {
		return nil, nil
	}
	want, err := s.Want(ctx, c.Feed)
	return &want, err
}

// items is how many items are held.
func (s *shelf) items() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows[contract.FeedItems])
}

func (s *shelf) Want(_ context.Context, feed contract.Feed) (contract.Pull, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := contract.Pull{V: 1, Feed: feed, Have: s.have[feed]}
	if l := s.load[feed]; l != nil {
		p.To, p.Cursor = l.to, l.cursor
	}
	return p, s.broken
}

func (s *shelf) Versions(context.Context) (items, own circ.FeedVersion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.have[contract.FeedItems], s.have[contract.FeedOwn], s.broken
}

func (s *shelf) Confirm(_ context.Context, _, _ circ.FeedVersion, issued time.Time) error {
	s.confirmed = issued
	return s.broken
}

func (s *shelf) Floor(context.Context) (time.Time, error) { return s.floor, s.broken }

func (s *shelf) RaiseFloor(_ context.Context, t time.Time) error {
	s.floor = t
	return s.broken
}
