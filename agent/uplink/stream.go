package uplink

import (
	"context"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// stream is how far the kiosk's events have come in this session.
type stream struct {
	greeting greeting
	stopped  bool // Stop was ordered

	batch *flight // the one batch in flight
	again alarm   // when its bytes are sent again

	from  uint64 // a restored central is being fed again from here; 0: from the oldest unacknowledged
	need  uint64 // what central asked for last, and how often in vain
	vain  int
	pause alarm // no batch before it

	renewed alarm // the last new epoch; another within AckTimeout helps nobody
}

// greeting is a hello and the wait for its answer. No batch is sent before it.
type greeting struct {
	epoch    circ.Epoch
	answered bool
	due      alarm
	try      int
}

// flight is a batch on its way: the very bytes, which are sent again as they
// are until central says that it has them.
type flight struct {
	epoch    circ.Epoch
	from, to uint64
	msg      []byte
	sent     time.Duration
	try      int
}

// hello says what the kiosk holds. It is said again until an ack has answered it.
func (c *Conversation) hello(ctx context.Context) error {
	now := c.u.cfg.Now()
	h, err := c.u.out.Position(ctx)
	if err != nil {
		return err
	}
	h.V, h.Kiosk, h.Program = contract.Version, c.u.topics.Kiosk, c.u.cfg.Program
	h.Items, h.Own = c.feeds[contract.FeedItems].have, c.feeds[contract.FeedOwn].have
	h.Boot, h.Session, h.Sent, h.Mono = now.Boot, c.session, utc(now), now.Mono.Milliseconds()
	if err := publish(ctx, c, c.u.topics.Hi(), 1, false, contract.KindHello, h); err != nil {
		return err
	}
	g := &c.stream.greeting
	g.epoch = h.Epoch
	g.due.set(now.Mono + patience(c.u.cfg.AckTimeout, mostHello, g.try))
	g.try++
	return nil
}

// acked acts on central's word about the stream. Words about an epoch that is
// not the current one any more are passed over.
func (c *Conversation) acked(ctx context.Context, a contract.Ack) error {
	if a.Kiosk != c.u.topics.Kiosk {
		c.u.refuse("dn/ak", contract.ErrAudience)
		return nil
	}
	if err := c.heads(ctx, a.Items, a.Own, a.Issued, 0); err != nil {
		return err
	}
	s := &c.stream
	if a.Epoch != s.greeting.epoch {
		return nil
	}
	defer func() { c.back = false }()
	s.greeting.answered, s.greeting.try = true, 0
	s.greeting.due.stop()
	if a.Order == contract.Stop {
		return c.stop()
	}
	s.stopped = false
	c.u.setOrder(a.Order)
	retired := c.retire(ctx, a)
	switch a.Order {
	case contract.NewEpoch:
		if late, err := c.late(ctx, a); late || err != nil {
			return err
		}
		return c.newEpoch(ctx, c.u.out.NewEpoch, "central knows other events under this kiosk's numbers; a new epoch begins")
	case contract.Again:
		return c.newEpoch(ctx, c.u.out.Again, "central was restored from a copy older than an epoch that has ended; everything that is kept is sent again")
	}
	return c.goOn(ctx, a, retired)
}

// stop sends no more events. A hello now and then asks whether it still holds.
func (c *Conversation) stop() error {
	s := &c.stream
	c.u.setOrder(contract.Stop)
	s.stopped, s.batch = true, nil
	s.again.stop()
	s.pause.stop()
	s.greeting.due.set(c.now() + jitter(mostPatience))
	return nil
}

// retire tells the outbox what central has stored, and says whether the outbox
// agrees. If its chain differs, central must see the events to find that out,
// and then orders a new epoch.
func (c *Conversation) retire(ctx context.Context, a contract.Ack) bool {
	if a.Through == 0 {
		return true
	}
	err := c.u.out.Acked(ctx, a.Epoch, a.Through, a.Hash)
	if err != nil {
		c.u.cfg.Log.Error("an acknowledgement does not fit this kiosk's events", "through", a.Through, "err", err)
	}
	return err == nil
}

// late says whether an order to number anew may answer a hello that a broker
// delivered twice, or late: central then has more than that hello knew of, and
// that is this kiosk's own. Numbered anew, it would be there twice. So central
// is told what is here now, and nothing is sent until it has answered.
func (c *Conversation) late(ctx context.Context, a contract.Ack) (bool, error) {
	p, err := c.u.out.Position(ctx)
	if err != nil || a.Through == 0 || a.Through >= p.Last {
		return false, err
	}
	c.stream.greeting.answered = false
	return true, c.hello(ctx)
}

// newEpoch numbers events anew and says so. If central does not like the new
// epoch either, the next is tried after a while.
func (c *Conversation) newEpoch(ctx context.Context, begin func(context.Context, circ.Moment) error, why string) error {
	s, now := &c.stream, c.u.cfg.Now()
	if s.renewed.on && now.Mono-s.renewed.at < c.u.cfg.AckTimeout {
		s.greeting.answered = false
		s.greeting.due.set(now.Mono + jitter(2*c.u.cfg.AckTimeout))
		return nil
	}
	if err := begin(ctx, now); err != nil {
		return err
	}
	c.u.cfg.Log.Warn(why)
	c.stream = stream{renewed: alarm{true, now.Mono}}
	return c.hello(ctx)
}

// goOn sends what central needs, the batch in flight if it may have been lost
// with central, or the next batch.
func (c *Conversation) goOn(ctx context.Context, a contract.Ack, retired bool) error {
	s := &c.stream
	if b := s.batch; b != nil && retired && a.Through >= b.to {
		s.batch = nil
		s.again.stop()
		if err := c.advance(ctx, a.Through); err != nil {
			return err
		}
	}
	if a.Need != nil {
		return c.needed(ctx, a.Need.From)
	}
	if b := s.batch; b != nil && c.back {
		b.try = 0
		return c.resend(ctx)
	}
	return c.drain(ctx)
}

// advance moves the place from which a restored central is fed again, until
// it has all that it had once acknowledged.
func (c *Conversation) advance(ctx context.Context, through uint64) error {
	s := &c.stream
	s.vain = 0
	if s.from == 0 {
		return nil
	}
	p, err := c.u.out.Position(ctx)
	if err != nil {
		return err
	}
	s.from = through + 1
	if through >= p.Acked {
		s.from = 0
	}
	return nil
}

// needed goes back to where central's events end. If central asks for the same
// again although it was sent, or can no longer be, patience keeps the two from
// shouting at each other, and a hello lets central see why.
func (c *Conversation) needed(ctx context.Context, from uint64) error {
	s := &c.stream
	if s.need != from {
		s.vain = 0
	}
	s.need, s.from = from, from
	if b := s.batch; b != nil && b.from != from {
		s.batch = nil
		s.again.stop()
	}
	s.vain++
	if s.vain == 1 {
		s.pause.stop()
		return c.resendOrDrain(ctx)
	}
	if !s.pause.on {
		s.pause.set(c.now() + patience(c.u.cfg.AckTimeout, mostPatience, s.vain-2))
	}
	return nil
}

func (c *Conversation) resendOrDrain(ctx context.Context) error {
	if c.stream.batch != nil {
		return c.resend(ctx)
	}
	return c.drain(ctx)
}

// drain sends the next batch, if none is in flight and central is listening.
func (c *Conversation) drain(ctx context.Context) error {
	s := &c.stream
	if !s.greeting.answered || s.stopped || s.batch != nil || s.pause.on {
		return nil
	}
	b, err := c.next(ctx)
	if err != nil || len(b.Events) == 0 {
		return err
	}
	b = b.Cut()
	b.V, b.Kiosk, b.Sent = contract.Version, c.u.topics.Kiosk, utc(c.u.cfg.Now())
	msg, err := contract.Encode(contract.KindBatch, b, c.u.key)
	if err != nil {
		return err
	}
	s.batch = &flight{epoch: b.Epoch, from: b.From, to: b.To, msg: msg}
	return c.resend(ctx)
}

func (c *Conversation) next(ctx context.Context) (contract.Batch, error) {
	s := &c.stream
	if s.from == 0 {
		return c.u.out.Unsent(ctx, contract.MaxEvents)
	}
	b, err := c.u.out.From(ctx, s.from, contract.MaxEvents)
	if err != nil || len(b.Events) > 0 {
		return b, err
	}
	s.from = 0
	return c.u.out.Unsent(ctx, contract.MaxEvents)
}

// resend puts the bytes of the batch in flight on the wire, for the first time
// or again.
func (c *Conversation) resend(ctx context.Context) error {
	s := &c.stream
	b := s.batch
	b.sent = c.now()
	s.again.set(b.sent + patience(c.u.cfg.AckTimeout, mostPatience, b.try))
	b.try++
	return c.send(ctx, c.u.topics.Ev(), 1, false, contract.KindBatch, b.msg)
}

func (s *stream) tick(ctx context.Context, c *Conversation, now time.Duration) error {
	if s.greeting.due.due(now) {
		if err := c.hello(ctx); err != nil {
			return err
		}
	}
	if s.pause.due(now) {
		s.pause.stop()
		if err := c.hello(ctx); err != nil {
			return err
		}
		return c.resendOrDrain(ctx)
	}
	if s.batch != nil && s.again.due(now) {
		return c.resend(ctx)
	}
	return nil
}
