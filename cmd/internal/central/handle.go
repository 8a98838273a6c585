package central

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/feeds"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/central/store"
)

// Handle takes one message of a kiosk and gives what is to be published. It
// knows nothing of MQTT. An acknowledgement is returned only after the commit
// that it speaks of; it may come beside an error of what was done after that
// commit. A message that is not believed changes nothing and is counted.
// Messages of one kiosk must be handled in their order.
func (c *Central) Handle(ctx context.Context, topic string, payload []byte) ([]Out, error) {
	outs, err := c.handle(ctx, topic, payload)
	if errors.Is(err, store.ErrDoubt) {
		err = fmt.Errorf("%w: %w", receiver.ErrFatal, err)
	}
	return outs, err
}

func (c *Central) handle(ctx context.Context, topic string, payload []byte) ([]Out, error) {
	at := c.now()
	l, err := c.inbox.Open(ctx, topic, payload)
	if errors.Is(err, inbox.ErrRevoked) {
		return c.refuse(ctx, l, at, err)
	}
	if err != nil {
		c.count(refusal(err), 1)
		return nil, err
	}
	switch l.Kind {
	case contract.KindBatch:
		return c.batch(ctx, l, at)
	case contract.KindHello:
		return c.hello(ctx, l, at)
	case contract.KindPull:
		return c.pull(ctx, l, at)
	case contract.KindAsk:
		return c.ask(ctx, l, at)
	case contract.KindStatus:
		return nil, c.inbox.Status(ctx, l, at)
	case contract.KindHeartbeat:
		return nil, c.inbox.Heartbeat(ctx, l, at)
	}
	return nil, fmt.Errorf("%s: %w", l.Kind, contract.ErrKind)
}

// refusal names the counter of a message that is not believed.
func refusal(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{inbox.ErrTopic, "refused-topic"}, {inbox.ErrUnknown, "refused-unknown"}, {inbox.ErrRevoked, "refused-revoked"},
		{inbox.ErrForeign, "refused-foreign"}, {contract.ErrUnsigned, "refused-unsigned"},
		{contract.ErrSignature, "refused-signature"}, {contract.ErrKind, "refused-kind"},
		{contract.ErrTooLarge, "refused-too-large"}, {contract.ErrMalformed, "refused-malformed"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "failed"
}

// refuse tells a kiosk whose enrolment has ended to stop.
func (c *Central) refuse(ctx context.Context, l inbox.Letter, at time.Time, why error) ([]Out, error) {
	c.count(refusal(why), 1)
	if l.Kind != contract.KindBatch && l.Kind != contract.KindHello {
		return nil, why
	}
	var said struct {
		Epoch circ.Epoch `json:"ep"`
	}
	if err := l.Read(&said); err != nil {
		return nil, err
	}
	outs, err := c.ack(ctx, l.Kiosk, inbox.Answer{Epoch: said.Epoch, Order: contract.Stop}, at)
	return outs, errors.Join(why, err)
}

// batch stores, then processes, then acknowledges. If processing fails, the
// events are stored all the same: they are acknowledged now and processed at
// the next batch or start.
func (c *Central) batch(ctx context.Context, l inbox.Letter, at time.Time) ([]Out, error) {
	a, err := c.inbox.Batch(ctx, l, at)
	if err != nil {
		c.count(refusal(err), 1)
		return nil, err
	}
	c.note(a)
	processing := c.record.Process(ctx, l.Kiosk.Name)
	outs, err := c.ack(ctx, l.Kiosk, a, at)
	return outs, errors.Join(processing, err)
}

func (c *Central) hello(ctx context.Context, l inbox.Letter, at time.Time) ([]Out, error) {
	_, a, err := c.inbox.Hello(ctx, l, at)
	if err != nil {
		c.count(refusal(err), 1)
		return nil, err
	}
	c.note(a)
	return c.ack(ctx, l.Kiosk, a, at)
}

func (c *Central) note(a inbox.Answer) {
	c.count("stored", a.Stored)
	if a.Need != nil {
		c.count("asked-again", 1)
	}
	if a.Order != "" {
		c.count("order-"+string(a.Order), 1)
	}
}

func (c *Central) ack(ctx context.Context, k inbox.Kiosk, a inbox.Answer, at time.Time) ([]Out, error) {
	heads, _, err := c.feeds.Heads(ctx)
	if err != nil {
		return nil, err
	}
	msg, err := contract.Encode(contract.KindAck, contract.Ack{
		Statement: c.voice.Says(contract.KindAck, k.Name, at, feeds.AckFor),
		Kiosk:     k.Name, Epoch: a.Epoch, Through: a.Through, Hash: a.Hash, Need: a.Need, Order: a.Order,
		Session: a.Session, Asked: a.Asked, Items: heads.Items, Own: heads.Own,
	}, c.voice.Key)
	if err != nil {
		return nil, err
	}
	return []Out{{Topic: c.topics(k.Name, k.Shard).Ak(), QoS: 1, Payload: msg}}, nil
}

func (c *Central) pull(ctx context.Context, l inbox.Letter, at time.Time) ([]Out, error) {
	var p contract.Pull
	if err := l.Read(&p); err != nil {
		return nil, err
	}
	if p.Feed != contract.FeedItems && p.Feed != contract.FeedOwn {
		c.count("refused-malformed", 1)
		return nil, fmt.Errorf("%w: %s asks for a feed that there is not", contract.ErrMalformed, l.Kiosk.Name)
	}
	to := feeds.Audience{Kiosk: l.Kiosk.Name, Venue: l.Kiosk.Venue, CardKey: l.Kiosk.CardKey}
	msg, err := c.feeds.Pull(ctx, to, p, at)
	if err != nil {
		c.count(refusal(err), 1)
		return nil, err
	}
	return []Out{{Topic: c.topics(l.Kiosk.Name, l.Kiosk.Shard).Dt(), QoS: 1, Payload: msg}}, nil
}

func (c *Central) topics(kiosk, shard string) contract.Topics {
	return contract.Topics{Authority: c.authority, Kiosk: kiosk, Shard: shard}
}

// again is how often the heads are told although nothing has changed: a
// broker that lost its retained messages gets them back.
const again = time.Hour

// Bulletin begins a session. Each call of what it returns gives what there is
// to tell all kiosks since the last: the items that changed, if they are few,
// and where the feeds stand. The first call tells where they stand, and by its
// new birth asks every kiosk for a hello.
func (c *Central) Bulletin() func(context.Context) ([]Out, error) {
	var told feeds.Heads
	var when time.Time
	return func(ctx context.Context) ([]Out, error) {
		at := c.now()
		heads, shards, err := c.feeds.Heads(ctx)
		if err != nil || heads == told && at.Sub(when) < again {
			return nil, err
		}
		var outs []Out
		for _, shard := range shards {
			news, err := c.news(ctx, shard, told, heads, at)
			if err != nil {
				return nil, err
			}
			outs = append(outs, news...)
		}
		told, when = heads, at
		return outs, nil
	}
}

func (c *Central) news(ctx context.Context, shard string, told, heads feeds.Heads, at time.Time) ([]Out, error) {
	var outs []Out
	t := c.topics("", shard)
	if told.Items.Version > 0 && told.Items.Before(heads.Items) {
		delta, err := c.feeds.Broadcast(ctx, shard, told.Items, at)
		if err != nil {
			return nil, err
		}
		if delta != nil {
			outs = append(outs, Out{Topic: t.ShardDt(), QoS: 1, Payload: delta})
		}
	}
	head, err := c.feeds.Head(shard, heads, at)
	if err != nil {
		return nil, err
	}
	return append(outs, Out{Topic: t.ShardHd(), QoS: 1, Retain: true, Payload: head}), nil
}
