package uplink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Message is what came over a link.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker had kept it: it does not prove that central is there
}

// Link is a connection to the broker that has subscribed to all that central
// says to this kiosk. Publish returns an error when the link is of no use any
// more; that it returns none proves nothing (design D3).
type Link interface {
	Publish(ctx context.Context, topic string, qos byte, retain bool, payload []byte) error
	Messages() <-chan Message
	Done() <-chan struct{} // closed when the link broke
	Err() error            // why it broke
}

// Conversation is what is being said in one session. It is used by one
// goroutine. Everything happens inside Open, Handle, Poked and Tick, each of
// which returns an error when the session should end; so a test can take it
// step by step.
type Conversation struct {
	u       *Uplink
	link    Link
	session uuid.UUID
	births  map[uuid.UUID]bool // central's runs that have been greeted
	beat    alarm
	noted   time.Duration // when the cache last heard that nothing is new
	back    bool          // central was silent for long, or is another run; until the next ack
	ask     alarm         // when a question is said again

	stream stream
	feeds  map[contract.Feed]*feed
}

// alarm is a time at which something is due, in circ.Moment.Mono.
type alarm struct {
	on bool
	at time.Duration
}

func (a *alarm) set(at time.Duration)      { *a = alarm{true, at} }
func (a *alarm) stop()                     { *a = alarm{} }
func (a alarm) due(now time.Duration) bool { return a.on && a.at <= now }

// sooner is the alarm that rings first.
func (a alarm) sooner(b alarm) alarm {
	if !b.on || a.on && a.at <= b.at {
		return a
	}
	return b
}

// Converse carries on one conversation over a link until the link breaks, ctx
// is done, or something fails. When ctx is done it says goodbye and returns nil.
func (u *Uplink) Converse(ctx context.Context, link Link) error {
	session, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("name a session: %w", err)
	}
	return u.converse(ctx, link, session)
}

func (u *Uplink) converse(ctx context.Context, link Link, session uuid.UUID) error {
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	default:
		return errBusy
	}
	c := u.conversation(link, session)
	err := c.Open(ctx)
	if err == nil {
		err = c.run(ctx)
	}
	// A client that disconnects properly has no will, whatever made it go.
	if link.Err() == nil {
		c.goodbye(context.WithoutCancel(ctx))
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// run is the loop over all that can happen in a session.
func (c *Conversation) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(max(0, c.Wake()-c.now()))
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.link.Done():
			return fmt.Errorf("the link to the broker broke: %w", c.link.Err())
		case m := <-c.link.Messages():
			err = c.Handle(ctx, m)
		case <-c.u.poke:
			err = c.Poked(ctx)
		case <-c.u.asks:
			err = c.Asked(ctx)
		case <-timer.C:
			err = c.Tick(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// Conversation begins a conversation that the caller drives himself: Open,
// then Handle and Poked as things happen, and Tick when Wake has come.
func (u *Uplink) Conversation(link Link) (*Conversation, error) {
	session, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("name a session: %w", err)
	}
	return u.conversation(link, session), nil
}

func (u *Uplink) conversation(link Link, session uuid.UUID) *Conversation {
	return &Conversation{
		u: u, link: link, session: session, births: map[uuid.UUID]bool{},
		noted: u.cfg.Now().Mono - noteEvery,
		feeds: map[contract.Feed]*feed{contract.FeedOwn: {}, contract.FeedItems: {}},
	}
}

func (c *Conversation) now() time.Duration { return c.u.cfg.Now().Mono }

// Open says that the kiosk is there and what it holds.
func (c *Conversation) Open(ctx context.Context) error {
	c.u.loadFloor(ctx)
	c.versions(ctx)
	if err := publish(ctx, c, c.u.topics.St(), 1, true, contract.KindStatus, c.u.status(c.session, true)); err != nil {
		return err
	}
	c.beat.set(c.now() + jitter(c.u.cfg.Heartbeat))
	if err := c.hello(ctx); err != nil {
		return err
	}
	return c.Asked(ctx)
}

// status is the birth, the farewell, and the will.
func (u *Uplink) status(session uuid.UUID, online bool) contract.Status {
	now := u.cfg.Now()
	return contract.Status{V: contract.Version, Kiosk: u.topics.Kiosk, Online: online, Session: session, Boot: now.Boot, At: utc(now)}
}

// goodbye says that the kiosk is going, as the will would if it just went.
func (c *Conversation) goodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := publish(ctx, c, c.u.topics.St(), 1, true, contract.KindStatus, c.u.status(c.session, false)); err != nil {
		c.u.cfg.Log.Info("no goodbye to the broker", "err", err)
	}
}

// Handle takes one message. What is not believed is counted and is no error.
func (c *Conversation) Handle(ctx context.Context, m Message) error {
	t, err := contract.ParseTopic(m.Topic)
	if err != nil || !c.u.mine(t) {
		c.u.refuse("another topic", errTopic)
		return nil
	}
	switch t.Channel {
	case "dn/ak":
		return hear(ctx, c, contract.KindAck, t, m, c.acked)
	case "dn/dt":
		return hear(ctx, c, contract.KindChunk, t, m, c.chunk)
	case "dn/answer":
		return hear(ctx, c, contract.KindAnswer, t, m, c.answered)
	case "b/dt":
		return hear(ctx, c, contract.KindChunk, t, m, c.broadcast)
	case "b/hd":
		return hear(ctx, c, contract.KindHead, t, m, c.head)
	}
	c.u.refuse(t.Channel, errTopic)
	return nil
}

// hear believes a message, or counts it, before it is acted on.
func hear[T statement](ctx context.Context, c *Conversation, kind contract.Kind, t contract.Topic, m Message,
	act func(context.Context, T) error) error {
	audience := c.u.topics.Kiosk
	if t.Shard != "" {
		audience = contract.ShardAudience(t.Shard)
	}
	v, err := believe[T](c.u, kind, audience, m)
	answer := c.answers(v, err)
	if err != nil && !answer {
		c.u.refuse(t.Channel, err)
		return nil
	}
	if c.u.silence(c.u.cfg.Now()) >= onlineFor {
		c.back = true
	}
	c.u.listen(ctx, v.Said(), m.Retained)
	if answer {
		if err := c.tell(v); err != nil {
			return err
		}
	}
	if err := c.greet(ctx, v.Said(), m.Retained); err != nil {
		return err
	}
	return act(ctx, v)
}

// greet says hello to a run of central that has not been heard in this
// session, unless the hello of the beginning has reached it. Several receivers
// may speak in turn, each with its own birth, so each is greeted once.
func (c *Conversation) greet(ctx context.Context, said contract.Statement, kept bool) error {
	if c.births[said.Birth] {
		return nil
	}
	answer := len(c.births) == 0 && said.Type == contract.KindAck
	if len(c.births) == maxBirths {
		clear(c.births)
	}
	c.births[said.Birth] = true
	if answer || kept {
		return nil
	}
	c.back = true // what was sent to the run before may have died with it
	return c.hello(ctx)
}

// maxBirths is how many runs of central are remembered in one session.
const maxBirths = 64

// Poked says that new events are waiting.
func (c *Conversation) Poked(ctx context.Context) error { return c.drain(ctx) }

// Tick does what has become due.
func (c *Conversation) Tick(ctx context.Context) error {
	now := c.now()
	if c.beat.due(now) {
		if err := c.heartbeat(ctx); err != nil {
			return err
		}
	}
	if c.ask.due(now) {
		if err := c.Asked(ctx); err != nil {
			return err
		}
	}
	if err := c.stream.tick(ctx, c, now); err != nil {
		return err
	}
	for _, name := range []contract.Feed{contract.FeedOwn, contract.FeedItems} {
		if f := c.feeds[name]; f.due.due(now) {
			if err := c.pull(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Wake is when the next Tick is due, in circ.Moment.Mono.
func (c *Conversation) Wake() time.Duration {
	next := c.beat.sooner(c.stream.greeting.due).sooner(c.stream.again).sooner(c.stream.pause).sooner(c.ask)
	for _, f := range c.feeds {
		next = next.sooner(f.due)
	}
	return next.at
}

func (c *Conversation) heartbeat(ctx context.Context) error {
	now := c.u.cfg.Now()
	p, err := c.u.out.Position(ctx)
	if err != nil {
		return err
	}
	h := Health{Cache: -1}
	if c.u.cfg.Health != nil {
		h = c.u.cfg.Health()
	}
	age := int64(-1)
	if h.Cache >= 0 {
		age = int64(h.Cache / time.Second)
	}
	err = publish(ctx, c, c.u.topics.Hb(), 0, false, contract.KindHeartbeat, contract.Heartbeat{
		V: contract.Version, Kiosk: c.u.topics.Kiosk, At: utc(now), Clock: now.Quality, Waiting: p.Last - p.Acked, Cache: age, Pads: h.Pads,
	})
	if err != nil {
		return err
	}
	c.beat.set(now.Mono + jitter(c.u.cfg.Heartbeat))
	// Nothing new is no reason to seem offline: a hello is always answered.
	if c.u.silence(now) >= askAfter {
		return c.hello(ctx)
	}
	return nil
}

// utc is a moment as messages carry it: UTC, milliseconds.
func utc(m circ.Moment) time.Time { return m.Wall.UTC().Truncate(time.Millisecond) }

// jitter is d, give or take 20 %, so that kiosks do not speak in chorus.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// patience is how long to wait at the given try, from 0 on: the base, twice
// as long each time, at most most.
func patience(base, most time.Duration, try int) time.Duration {
	return jitter(min(base<<min(try, 10), most))
}
