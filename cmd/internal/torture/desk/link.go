package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
)

// ErrCut is what a link says that was cut.
var ErrCut = errors.New("the network is down")

// Link is a broker in memory: what is published reaches central at once, and
// central's answers wait to be received. It may be used from any goroutine.
type Link struct {
	central *central.Central
	in      chan uplink.Message
	done    chan struct{}
	once    sync.Once

	mu   sync.Mutex // central handles one message after the other
	Sent map[string]int
}

var _ uplink.Link = (*Link)(nil)

// Link makes a link between this kiosk and its central.
func (k *Kiosk) Link() *Link {
	return &Link{central: k.Central, in: make(chan uplink.Message, 4096), done: make(chan struct{}), Sent: map[string]int{}}
}

// Messages are what central has said.
func (l *Link) Messages() <-chan uplink.Message { return l.in }

// Done is closed when the link was cut.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err is why it broke.
func (l *Link) Err() error {
	select {
	case <-l.done:
		return ErrCut
	default:
		return nil
	}
}

// Cut cuts the link; twice does nothing more.
func (l *Link) Cut() { l.once.Do(func() { close(l.done) }) }

// Publish hands a message of the kiosk to central.
func (l *Link) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	if err := l.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Sent[topic[len(topic)-2:]]++
	outs, err := l.central.Handle(ctx, topic, payload)
	l.take(outs)
	if err != nil {
		return fmt.Errorf("central: %w", err)
	}
	return nil
}

// Tell hands what central has to say to all kiosks to this one.
func (l *Link) Tell(outs []central.Out) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(outs)
}

func (l *Link) take(outs []central.Out) {
	for _, o := range outs {
		select {
		case l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}:
		default:
			l.Cut() // a real one is left, too, when nobody reads
		}
	}
}

// Sync is one session with central, step by step, until nobody has anything
// more to say. While it lasts, time passes only as the clock does.
func (k *Kiosk) Sync(ctx context.Context) error {
	l := k.Link()
	c, err := k.Uplink.Conversation(l)
	if err != nil {
		return err
	}
	if err := c.Open(ctx); err != nil {
		return err
	}
	for {
		select {
		case m := <-l.in:
			if err := c.Handle(ctx, m); err != nil {
				return err
			}
			if err := c.Tick(ctx); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}
