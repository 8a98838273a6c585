// Package feeds publishes what kiosks cache: where the feeds stand, whole
// snapshots, and what changed since a version, in signed chunks. It keeps no
// state of its own: every chunk is computed from the record and from the
// question, so any receiver can answer any kiosk. It never sends a card
// number, neither as data nor in a cursor.
package feeds

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/record"
)

// How long what central signs may be believed.
const (
	AckFor  = 10 * time.Minute
	DataFor = 14 * 24 * time.Hour // as long as any kiosk lends from a cache (design D7)
)

// outcomesFor is how long outcomes are told: as long as kiosks keep events.
const outcomesFor = 30 * 24 * time.Hour

// Heads say where the two feeds stand.
type Heads struct {
	Items circ.FeedVersion
	Own   circ.FeedVersion
}

// Store gives one consistent look at the record.
type Store interface {
	// View runs do on one snapshot of the database.
	View(ctx context.Context, do func(View) error) error
	// Renew starts a new generation: somebody has seen a version that this
	// database has not reached.
	Renew(ctx context.Context, at time.Time) error
}

// View is the record at one moment. Pages are at most max rows of a kind, the
// next after the one named, unchanged ones left out: those with a version of
// at most since. Rows that are gone are left out when since is 0.
type View interface {
	Heads() (Heads, error)
	Shards() ([]string, error)
	// Keyed is the version at which the kiosk was last enrolled.
	Keyed(kiosk string) (uint64, error)
	// Folded says which of the kiosk's events the version contains; nil if it
	// never sent any.
	Folded(kiosk string, version uint64) (*contract.Folded, error)

	Book(kind, venue string) (body []byte, ver uint64, err error)
	Items(since uint64, after circ.ItemID, max int) ([]Item, error)
	Borrowers(since uint64, after int64, max int) ([]Borrower, error)
	// Card gives one card, unless it is gone or nobody knows it.
	Card(circ.Card) (Borrower, bool, error)
	// Verifier is what a card's PIN can be held against; nil if nothing.
	Verifier(circ.Card) (*contract.Verifier, error)
	Circs(since uint64, after circ.ItemID, max int) ([]Circ, error)
	Outcomes(kiosk string, since uint64, after int64, received time.Time, max int) ([]Outcome, error)
}

// Item is an item and its version.
type Item struct {
	record.Item
	Ver uint64
}

// Borrower is a card, what it has on loan, and its version.
type Borrower struct {
	record.Borrower
	ID      int64
	Loans   int
	ByClass map[string]int
	Oldest  time.Time // due date; zero: none
	Told    []string  // message codes
	Ready   []string  // for each hold that can be collected, at which venue
	Ver     uint64
}

// Circ is an item's open loan, who waits for it first, and its version.
type Circ struct {
	Item     circ.ItemID
	OnLoan   bool
	Holder   circ.Card
	Due      time.Time
	Renewals int
	Waits    circ.Card // "" nobody
	Ver      uint64
}

// Outcome is an outcome and its version.
type Outcome struct {
	record.Outcome
	ID  int64
	Ver uint64
}

// Voice is who speaks: one run of central.
type Voice struct {
	Key   ed25519.PrivateKey
	Birth uuid.UUID
}

// Says begins a message of central.
func (v Voice) Says(kind contract.Kind, to string, at time.Time, lasts time.Duration) contract.Statement {
	return contract.Statement{
		V: contract.Version, Audience: to, Type: kind,
		Issued: at.UTC(), Expires: at.Add(lasts).UTC(), Birth: v.Birth,
	}
}

// Feeds publishes a record.
type Feeds struct {
	store Store
	voice Voice
}

// New makes feeds over a store.
func New(store Store, voice Voice) *Feeds { return &Feeds{store: store, voice: voice} }

// Heads says where the feeds stand now.
func (f *Feeds) Heads(ctx context.Context) (h Heads, shards []string, err error) {
	err = f.store.View(ctx, func(v View) error {
		if h, err = v.Heads(); err != nil {
			return err
		}
		shards, err = v.Shards()
		return err
	})
	if err != nil {
		err = fmt.Errorf("read where the feeds stand: %w", err)
	}
	return h, shards, err
}

// Head is the signed, retained word on where the feeds stand.
func (f *Feeds) Head(shard string, h Heads, at time.Time) ([]byte, error) {
	return contract.Encode(contract.KindHead, contract.Head{
		Statement: f.voice.Says(contract.KindHead, contract.ShardAudience(shard), at, DataFor),
		Shard:     shard, Items: h.Items, Own: h.Own,
	}, f.voice.Key)
}

// Audience is whom a pull's answer is for.
type Audience struct {
	Kiosk   string
	Venue   string
	CardKey []byte // K
}

// errAhead says that a kiosk has a version this database has not reached.
var errAhead = errors.New("the kiosk is ahead")

// Pull answers a kiosk with one chunk, signed. If the kiosk has seen a version
// that this database has not reached, the database is an older copy: a new
// generation begins, and the kiosk is sent everything.
func (f *Feeds) Pull(ctx context.Context, to Audience, p contract.Pull, at time.Time) ([]byte, error) {
	msg, err := f.pull(ctx, to, p, at)
	if errors.Is(err, errAhead) {
		if err := f.store.Renew(ctx, at); err != nil {
			return nil, fmt.Errorf("begin a new generation of the feeds: %w", err)
		}
		msg, err = f.pull(ctx, to, p, at)
	}
	if err != nil {
		return nil, fmt.Errorf("send %s to %s: %w", p.Feed, to.Kiosk, err)
	}
	return msg, nil
}

func (f *Feeds) pull(ctx context.Context, to Audience, p contract.Pull, at time.Time) (msg []byte, err error) {
	err = f.store.View(ctx, func(v View) error {
		r, err := f.reading(v, to, p, at)
		if err != nil {
			return err
		}
		msg, err = f.fit(r)
		return err
	})
	return msg, err
}

// fit packs as many rows into a chunk as the published size allows. How well
// they compress is known only afterwards, so it tries with less if need be.
func (f *Feeds) fit(r reading) ([]byte, error) {
	for room := chunkRaw; ; room /= 2 {
		c, err := r.chunk(room)
		if err != nil {
			return nil, err
		}
		c.Statement = f.voice.Says(contract.KindChunk, r.to.Kiosk, r.at, DataFor)
		msg, err := contract.Encode(contract.KindChunk, c, f.voice.Key)
		if !errors.Is(err, contract.ErrTooLarge) || room < chunkRaw/8 {
			return msg, err
		}
	}
}

// chunkRaw is how many bytes of rows a chunk holds before compression. Rows
// usually shrink to a third and grow again by a third in base64.
const chunkRaw = 128 << 10

// Broadcast is what changed of the items between two versions, in one chunk
// for a whole shard; nil if it does not fit into one, or there is nothing:
// then kiosks pull.
func (f *Feeds) Broadcast(ctx context.Context, shard string, from circ.FeedVersion, at time.Time) (msg []byte, err error) {
	err = f.store.View(ctx, func(v View) error {
		p := contract.Pull{Feed: contract.FeedItems, Have: from}
		r, err := f.reading(v, Audience{}, p, at)
		if err != nil || r.reset || r.head == from {
			return err
		}
		c, err := r.chunk(chunkRaw)
		if err != nil || !c.Last {
			return err
		}
		c.Statement = f.voice.Says(contract.KindChunk, contract.ShardAudience(shard), at, DataFor)
		msg, err = contract.Encode(contract.KindChunk, c, f.voice.Key)
		if errors.Is(err, contract.ErrTooLarge) {
			return nil
		}
		return err
	})
	if err != nil && !errors.Is(err, errAhead) {
		return nil, fmt.Errorf("broadcast items to %s: %w", shard, err)
	}
	return msg, nil
}
