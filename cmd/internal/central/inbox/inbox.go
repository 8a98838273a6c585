// Package inbox takes in what kiosks send: it believes only what is signed by
// the kiosk that the topic names, stores events with their hash chain, and
// acknowledges them in the transaction that stored them. It does not look
// into events, and it never forgets or refuses one.
package inbox

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Kiosk is an enrolled kiosk.
type Kiosk struct {
	Name    string
	Venue   string
	Shard   string
	Key     ed25519.PublicKey
	CardKey []byte // K (design D6)
	Revoked bool
	Resume  bool // staff have looked: an older epoch is answered with newepoch, not with stop
}

// Stream is how far central has come in one epoch of a kiosk's events.
type Stream struct {
	Epoch  circ.Epoch
	Stored uint64        // every n up to here is stored, or declared lost
	Hash   contract.Hash // chain hash at Stored
	Blank  bool          // Hash is not known: events up to Stored are lost, and the next batch's Prev is believed
}

// maxNumber is the largest event number: what a signed 64-bit column holds.
const maxNumber = 1<<63 - 1

// Stored is one event as it is kept.
type Stored struct {
	N        uint64
	Body     []byte
	Hash     contract.Hash // chain hash at N
	Received time.Time
}

// Store keeps streams and events.
type Store interface {
	Kiosk(ctx context.Context, name string) (Kiosk, bool, error)
	// Receive runs do in one write transaction, with the kiosk's row locked.
	Receive(ctx context.Context, kiosk string, do func(Tx) error) error
	// Seen notes a sign of life.
	Seen(ctx context.Context, kiosk string, s Sign) error
}

// Tx is a kiosk's streams inside one write transaction.
type Tx interface {
	// Current gives the kiosk's newest stream, if it ever had one.
	Current() (Stream, bool, error)
	// Known says whether the kiosk ever used an epoch.
	Known(circ.Epoch) (bool, error)
	// StoredOf is how far an epoch's events are stored; 0 if it is not known.
	StoredOf(circ.Epoch) (uint64, error)
	// Begin makes an epoch the current one, with nothing stored. A resumed
	// kiosk is resumed no longer.
	Begin(circ.Epoch, time.Time) error
	// HashAt gives the chain hash at n; not found for n = 0 and for lost events.
	HashAt(epoch circ.Epoch, n uint64) (contract.Hash, bool, error)
	// Began notes how long a boot of the kiosk had run at a time, in
	// milliseconds: so central learns when it began. What was told soon before
	// stands if it says an earlier beginning, for a message can only have been
	// late.
	Began(boot uuid.UUID, mono int64, at time.Time) error
	// Heard is the longest that a boot of the kiosk is known to have run, in
	// milliseconds; 0: nothing was heard of it.
	Heard(boot uuid.UUID) (mono int64, err error)
	// Append stores events and moves the stream to s.
	Append(s Stream, events []Stored) error
	// Restored starts a new generation of the feeds: a kiosk has proved that
	// central is older than it was.
	Restored(time.Time) error
	// Alarm opens a case about the kiosk itself, once while it is open.
	Alarm(a Alarm) error
}

// Alarm is a case about a kiosk's numbering.
type Alarm struct {
	Reason circ.Reason
	Epoch  circ.Epoch
	N      uint64
	At     time.Time
	Note   string
}

// Sign is what a status or heartbeat says.
type Sign struct {
	At      time.Time // when it was received
	Online  bool
	Session [16]byte // zero for a heartbeat
}

// What goes wrong with a kiosk's numbering.
const (
	Lost       circ.Reason = "loss"         // row 35: the kiosk no longer has events that central never got, or lost again
	RolledBack circ.Reason = "rolled-back"  // row 38: the kiosk's ledger is older than central's knowledge of it, or another
	OldEpoch   circ.Reason = "old-epoch"    // row 38: a copy of the kiosk, or an old image of it, is at work
	Recovered  circ.Reason = "central-back" // central was restored from an older copy
)

// Why a letter is not believed. Nothing changes because of it.
var (
	ErrTopic   = errors.New("the topic is not one that kiosks of this authority write to")
	ErrUnknown = errors.New("no such kiosk is enrolled")
	ErrRevoked = errors.New("the kiosk's enrolment is revoked")
	ErrForeign = errors.New("the message names another kiosk than its topic")
)

// Letter is a message whose sender is proved.
type Letter struct {
	Kiosk   Kiosk
	Channel string // contract.Channel.Name
	Kind    contract.Kind
	Body    []byte // exact payload
}

// Inbox receives for one authority.
type Inbox struct {
	authority string
	store     Store
}

// New makes an inbox over a store.
func New(authority string, store Store) *Inbox {
	return &Inbox{authority: authority, store: store}
}

// Open proves who sent a message: the topic names a kiosk of this authority,
// which is enrolled and not revoked; its key made the signature; the message
// itself names the same kiosk; and its kind belongs on the topic. Errors:
// those above, those of contract.Open, or the store's.
func (b *Inbox) Open(ctx context.Context, topic string, msg []byte) (Letter, error) {
	t, err := contract.ParseTopic(topic)
	if err != nil || t.Authority != b.authority || t.Kiosk == "" || t.Channel[:3] != "up/" {
		return Letter{}, ErrTopic
	}
	k, found, err := b.store.Kiosk(ctx, t.Kiosk)
	if err != nil {
		return Letter{}, fmt.Errorf("look up kiosk %s: %w", t.Kiosk, err)
	}
	if !found {
		return Letter{}, fmt.Errorf("%s: %w", t.Kiosk, ErrUnknown)
	}
	l := Letter{Kiosk: k, Channel: t.Channel}
	if l.Kind, err = contract.PeekKind(msg); err != nil {
		return l, err
	}
	if !belongs(t.Channel, l.Kind) {
		return l, fmt.Errorf("%s on %s: %w", l.Kind, t.Channel, contract.ErrKind)
	}
	if l.Body, err = contract.Open(l.Kind, msg, k.Key); err != nil {
		return l, err
	}
	if err := l.names(k.Name); err != nil {
		return l, err
	}
	if k.Revoked {
		return l, fmt.Errorf("%s: %w", k.Name, ErrRevoked)
	}
	return l, nil
}

func belongs(channel string, kind contract.Kind) bool {
	for _, c := range contract.Channels() {
		if c.Name != channel {
			continue
		}
		for _, k := range c.Kinds {
			if k == kind {
				return true
			}
		}
	}
	return false
}

// names checks what every message of a kiosk says of itself.
func (l Letter) names(kiosk string) error {
	var said struct {
		V     int    `json:"v"`
		Kiosk string `json:"k"`
	}
	if err := l.Read(&said); err != nil {
		return err
	}
	if said.V != contract.Version {
		return fmt.Errorf("%w: version %d", contract.ErrMalformed, said.V)
	}
	if said.Kiosk != kiosk {
		return ErrForeign
	}
	return nil
}

// Read takes the letter's payload apart.
func (l Letter) Read(v any) error {
	if err := json.Unmarshal(l.Body, v); err != nil {
		return fmt.Errorf("read a %s of %s: %w: %w", l.Kind, l.Kiosk.Name, contract.ErrMalformed, err)
	}
	return nil
}
