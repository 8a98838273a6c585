package paths

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
)

// link is a broker in memory. It acknowledges everything, and loses what the
// script says.
type link struct {
	h    *house
	in   chan uplink.Message
	end  chan struct{}
	goes how
	sent bool // events have been published
}

func (l *link) Messages() <-chan uplink.Message { return l.in }
func (l *link) Done() <-chan struct{}           { return l.end }
func (l *link) Err() error                      { return nil }

func kindOf(topic string) string { return topic[strings.LastIndex(topic, "/")+1:] }

// loses says whether a message is lost. A session in which something goes wrong
// brings no feeds.
func (l *link) loses(kind string) bool {
	switch {
	case l.goes == well:
		return false
	case kind == "dt":
		return true
	case kind == "ev":
		l.sent = true
		l.h.cutAt = map[how]string{cutBefore: "before acked", cutAfter: "after acked"}[l.goes]
		return l.goes == publishLost
	case kind == "ak":
		return l.sent && l.goes == ackLost
	}
	return false
}

func (l *link) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	if l.h.off {
		return agent.ErrPowerCut
	}
	if l.loses(kindOf(topic)) {
		return l.wronged(ctx, kindOf(topic))
	}
	if l.h.w.wrong == ackBeforeStore && kindOf(topic) == "ev" {
		return l.acknowledge(ctx)
	}
	outs, err := l.h.w.central.Handle(ctx, topic, payload)
	if err != nil {
		return fmt.Errorf("central: %w", err)
	}
	l.hear(outs)
	return nil
}

// wronged is what a kiosk makes of a publish that was lost, if it believes the
// broker.
func (l *link) wronged(ctx context.Context, kind string) error {
	if l.h.w.wrong != puback || kind != "ev" {
		return nil
	}
	return l.acknowledge(ctx)
}

// acknowledge retires events that central does not have.
func (l *link) acknowledge(ctx context.Context) error {
	at, err := l.h.ledger.Position(ctx)
	if err != nil {
		return err
	}
	return l.h.ledger.Acked(ctx, at.Epoch, at.Last, at.Hash)
}

func (l *link) hear(outs []central.Out) {
	for _, o := range outs {
		if !l.loses(kindOf(o.Topic)) {
			l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
		}
	}
}

// sync is one session with central, until nobody has anything more to say.
func (h *house) sync(goes how) {
	if h.off {
		return
	}
	l := &link{h: h, in: make(chan uplink.Message, 64), end: make(chan struct{}), goes: goes}
	if err := h.talk(l); err != nil && !h.off {
		h.do(err)
	}
	if goes == well && h.w.wrong != deafInVisit {
		h.do(h.desk.News(context.Background()))
	}
}

func (h *house) talk(l *link) error {
	ctx := context.Background()
	c, err := h.uplink.Conversation(l)
	if err != nil {
		return err
	}
	if err := c.Open(ctx); err != nil {
		return err
	}
	for range 200 {
		select {
		case m := <-l.in:
			if err := c.Handle(ctx, m); err != nil {
				return err
			}
		default:
			return nil
		}
		h.pass(10 * time.Millisecond)
		if err := c.Tick(ctx); err != nil {
			return err
		}
	}
	return errors.New("the session with central does not end")
}
