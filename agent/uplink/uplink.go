// Package uplink speaks with central over MQTT: it empties the kiosk's outbox,
// one batch at a time until central says that it has stored it, and brings the
// feeds into the cache. It refuses to believe anything that central has not
// signed for this kiosk, a broker's word about delivery included.
package uplink

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Outbox is the kiosk's event stream.
type Outbox interface {
	// Unsent is the oldest batch that central has not acknowledged; without
	// events when there is none.
	Unsent(ctx context.Context, max int) (contract.Batch, error)
	// From is the batch that begins at n, acknowledged or not: a restored
	// central asks for what it lost.
	From(ctx context.Context, n uint64, max int) (contract.Batch, error)
	// Acked retires every event up to through. It is an error, and nothing is
	// retired, if the kiosk's chain has another hash there.
	Acked(ctx context.Context, epoch circ.Epoch, through uint64, hash contract.Hash) error
	// Position fills in Epoch, First, Last, Hash and Acked.
	Position(ctx context.Context) (contract.Hello, error)
	// NewEpoch numbers the unacknowledged events anew.
	NewEpoch(ctx context.Context, at circ.Moment) error
	// Again numbers all events anew that are kept.
	Again(ctx context.Context, at circ.Moment) error
	// Fold forgets who was behind events that the cache contains by now.
	Fold(ctx context.Context, epoch circ.Epoch, n uint64) error
}

// Feeds is the kiosk's cache.
type Feeds interface {
	// Apply takes a chunk. Chunks that it has taken before change nothing. It
	// returns what to pull next, or nil.
	Apply(ctx context.Context, chunk contract.Chunk) (next *contract.Pull, err error)
	// Want is the Pull that carries a feed on from where it stands.
	Want(ctx context.Context, feed contract.Feed) (contract.Pull, error)
	// Versions tells what is held of the feeds; zero: nothing.
	Versions(ctx context.Context) (items, own circ.FeedVersion, err error)
	// Confirm hears that at a signed time these were the newest versions.
	Confirm(ctx context.Context, items, own circ.FeedVersion, issued time.Time) error
	// Floor is the newest signed time seen; RaiseFloor only raises it.
	Floor(ctx context.Context) (time.Time, error)
	RaiseFloor(ctx context.Context, t time.Time) error
}

// How long things take when Config says nothing, and what is not configured.
const (
	defaultAckTimeout = 30 * time.Second
	defaultHeartbeat  = time.Minute

	onlineFor    = 90 * time.Second // after a signed word from central (design D7)
	askAfter     = 45 * time.Second // of silence; the heartbeat then brings a hello with it
	mostPatience = 15 * time.Minute // between two tries of the same batch or pull
	mostHello    = time.Minute      // between two hellos that nobody answers
	headPause    = time.Second      // before a pull that all kiosks of the shard are about to send
	noteEvery    = 5 * time.Minute  // between two writes that only say that nothing is new
	logEvery     = 10 * time.Minute // between two lines about the same refusal
	farFuture    = time.Hour        // a signed time this far ahead of a good clock raises no floor
)

// Config is what an uplink is made of. The credential and Now are required.
type Config struct {
	Credential contract.Credential
	Broker     string // mqtt://host:port or mqtts://host:port; empty: the credential's
	Program    string // version of the kiosk's program
	Now        func() circ.Moment
	Log        *slog.Logger  // nil: silence
	AckTimeout time.Duration // until a batch, a hello or a pull is sent again; 0: 30 s
	Heartbeat  time.Duration // give or take 20 %; 0: 60 s
	Health     func() Health // for the heartbeat; nil: unknown
}

// Health is what a heartbeat says beside the waiting events.
type Health struct {
	Cache time.Duration   // age of the cache; negative: there is none
	Pads  map[string]bool // which pads answer
}

// Uplink is one kiosk's connection to central. One session runs at a time; the
// other methods may be called from any goroutine.
type Uplink struct {
	cfg     Config
	out     Outbox
	feeds   Feeds
	key     ed25519.PrivateKey
	central ed25519.PublicKey
	topics  contract.Topics

	turn    chan struct{} // held by the session that runs
	poke    chan struct{} // new events are waiting
	changed chan struct{} // the cache or Online changed
	asking  chan struct{} // held by the question that is asked
	asks    chan struct{} // there is a question to be said

	mu      sync.Mutex // guards what follows
	heard   word
	told    told
	order   contract.Order
	floor   time.Time // newest signed time known; raised in the cache now and then
	saved   time.Time // the floor as the cache has it
	refused map[string]*refusal
	lapse   *time.Timer // tells Changed when Online ends
	asked   *question   // whose answer is waited for
}

// word is the last signed word from central.
type word struct {
	ever   bool
	at     time.Duration // circ.Moment.Mono
	issued time.Time     // the newest signed time; an older one is not news
}

// errBusy says that a session is running already.
var errBusy = errors.New("a session with central is running already")

// New makes an uplink. It starts nothing.
func New(cfg Config, out Outbox, feeds Feeds) *Uplink {
	cfg.Broker = cmp.Or(cfg.Broker, cfg.Credential.Broker.URL)
	cfg.AckTimeout = cmp.Or(cfg.AckTimeout, defaultAckTimeout)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, defaultHeartbeat)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Uplink{
		cfg: cfg, out: out, feeds: feeds,
		key: cfg.Credential.Key(), central: cfg.Credential.Central(), topics: cfg.Credential.Topics(),
		turn: make(chan struct{}, 1), poke: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		asking: make(chan struct{}, 1), asks: make(chan struct{}, 1),
		refused: map[string]*refusal{},
	}
}

// Poke says that new events are waiting. It never blocks.
func (u *Uplink) Poke() { nudge(u.poke) }

// Changed tells that the cache has changed or Online may have. Several changes
// may come as one.
func (u *Uplink) Changed() <-chan struct{} { return u.changed }

// Online says whether central has been heard within 90 s: a signed word, newer
// than any before it, that no broker can have kept.
func (u *Uplink) Online(now circ.Moment) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.heard.ever && now.Mono-u.heard.at < onlineFor
}

// Heard is the newest signed time that central has said since the start, and
// when it came, in circ.Moment.Mono; false if none has.
func (u *Uplink) Heard() (issued time.Time, at time.Duration, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.heard.issued, u.heard.at, u.heard.ever
}

// Order is what central last ordered: contract.Stop means that staff must look
// and that no events are being sent.
func (u *Uplink) Order() contract.Order {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.order
}

func (u *Uplink) setOrder(o contract.Order) {
	u.mu.Lock()
	was := u.order
	u.order = o
	u.mu.Unlock()
	if was == o {
		return
	}
	if o == contract.Stop {
		u.cfg.Log.Error("central has ordered this kiosk to stop sending; staff must look")
	}
	nudge(u.changed)
}

// nudge fills a channel of one place if it is empty.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
