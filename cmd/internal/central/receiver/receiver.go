// Package receiver carries messages between an MQTT broker and central. It
// trusts the broker with nothing: no message is held there for central, no
// acknowledgement of the broker's counts, and a session that is in doubt is
// dropped, for kiosks send again whatever was not answered. It does not look
// into messages.
package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"nightdesk/agent/contract"
)

// Out is a message to be published.
type Out struct {
	Topic   string
	QoS     byte
	Retain  bool
	Payload []byte
}

// Desk is central, as the receiver knows it.
type Desk interface {
	// Handle takes one message of a kiosk. What it returns is to be published,
	// also beside an error. ErrFatal ends Run; any other error is about this
	// message and is logged.
	Handle(ctx context.Context, topic string, payload []byte) ([]Out, error)
	// Bulletin begins a session. Each call gives what there is to tell all
	// kiosks since the last; the first call tells where everything stands.
	Bulletin() func(context.Context) ([]Out, error)
}

// ErrFatal marks an error after which nothing more may be acknowledged.
var ErrFatal = errors.New("central cannot go on")

const (
	waiting       = 1024             // messages held while one is handled; more than that, and the session is dropped
	heldBytes     = 16 << 20         // of their payloads; likewise
	maxPacket     = 160 << 10        // bytes of an MQTT packet: contract.MaxMessage and its topic
	patience      = 15 * time.Second // for the broker's answer to anything
	coalesce      = 200 * time.Millisecond
	longestPause  = time.Minute
	shortestPause = time.Second
	logEvery      = time.Second // between two lines about messages that are not used
	goodSession   = time.Minute // a session that lived so long makes the next pause short again
)

// Receiver serves one broker.
type Receiver struct {
	desk      Desk
	broker    Broker
	authority string
	id        string // MQTT client id
	log       *slog.Logger
	noted     time.Time // of the last line about a message that was not used; for Run's goroutine
	passed    int       // such messages since then
}

// New makes a receiver. The id must differ between receivers on one broker.
func New(desk Desk, broker Broker, authority, id string, log *slog.Logger) (*Receiver, error) {
	if err := broker.check(); err != nil {
		return nil, err
	}
	return &Receiver{desk: desk, broker: broker, authority: authority, id: id, log: log}, nil
}

// Run connects, and connects again after every loss with a growing, jittered
// pause, until ctx is done (nil) or the desk cannot go on (ErrFatal).
func (r *Receiver) Run(ctx context.Context) error {
	pause := shortestPause
	for {
		began := time.Now()
		err := r.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrFatal) {
			return err
		}
		if time.Since(began) > goodSession {
			pause = shortestPause
		}
		wait := rand.N(pause) + shortestPause/10
		r.log.Warn("no connection to the broker", "broker", r.broker.URL, "error", err, "again in", wait.Round(time.Millisecond))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		pause = min(2*pause, longestPause)
	}
}

// session is one connection, with a paho client of its own: paho's own
// reconnection reorders messages and reports lost ones as sent.
type session struct {
	client mqtt.Client
	in     chan mqtt.Message
	held   atomic.Int64 // bytes of the payloads in it
	lost   chan error   // holds the first reason only
}

func (r *Receiver) session(ctx context.Context) error {
	s := &session{in: make(chan mqtt.Message, waiting), lost: make(chan error, 1)}
	options, err := r.options(s)
	if err != nil {
		return err
	}
	s.client = mqtt.NewClient(options)
	defer s.client.Disconnect(250) // milliseconds
	if err := s.wait(ctx, s.client.Connect(), "connect"); err != nil {
		return err
	}
	filter := contract.UpFilter(r.authority)
	token := s.client.Subscribe(filter, 1, s.receive)
	if err := s.wait(ctx, token, "subscribe"); err != nil {
		return err
	}
	if granted, answered := token.(*mqtt.SubscribeToken).Result()[filter]; !answered || granted > 1 {
		return fmt.Errorf("the broker refuses to let central read %s: check its access list", filter)
	}
	r.log.Info("connected", "broker", r.broker.URL, "as", r.id)
	return r.work(ctx, s)
}

// receive is called on paho's goroutine, which must not be held up.
func (s *session) receive(_ mqtt.Client, m mqtt.Message) {
	if s.held.Add(int64(len(m.Payload()))) <= heldBytes {
		select {
		case s.in <- m:
			return
		default:
		}
	}
	s.held.Add(-int64(len(m.Payload())))
	s.drop(errFlood)
}

var errFlood = errors.New("more messages at once than can be held; they will be sent again")

func (s *session) drop(why error) {
	select {
	case s.lost <- why:
	default:
	}
}

// work handles messages one after the other, so that a kiosk's are handled in
// their order, and tells all kiosks what has changed.
func (r *Receiver) work(ctx context.Context, s *session) error {
	bulletin := r.desk.Bulletin()
	tick := time.NewTicker(coalesce)
	defer tick.Stop()
	if err := r.tell(ctx, s, bulletin); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.lost:
			return err
		case m := <-s.in:
			s.held.Add(-int64(len(m.Payload())))
			if err := r.handle(ctx, s, m); err != nil {
				return err
			}
		case <-tick.C:
			if err := r.tell(ctx, s, bulletin); err != nil {
				return err
			}
		}
	}
}

func (r *Receiver) handle(ctx context.Context, s *session, m mqtt.Message) error {
	outs, err := r.desk.Handle(ctx, m.Topic(), m.Payload())
	if errors.Is(err, ErrFatal) {
		return err
	}
	if err != nil {
		r.unused(m, err)
	}
	return s.publish(ctx, outs)
}

// unused logs a message that led to nothing, but not a thousand of them: a
// stranger must not be able to fill the log, nor with one topic.
func (r *Receiver) unused(m mqtt.Message, why error) {
	r.passed++
	if time.Since(r.noted) < logEvery {
		return
	}
	topic := m.Topic()
	r.log.Warn("message not used", "topic", topic[:min(len(topic), 200)], "bytes", len(m.Payload()), "error", why, "since the last line", r.passed)
	r.noted, r.passed = time.Now(), 0
}

func (r *Receiver) tell(ctx context.Context, s *session, bulletin func(context.Context) ([]Out, error)) error {
	outs, err := bulletin(ctx)
	if errors.Is(err, ErrFatal) {
		return err
	}
	if err != nil {
		r.log.Warn("cannot tell the kiosks where the feeds stand", "error", err)
	}
	return s.publish(ctx, outs)
}

func (s *session) publish(ctx context.Context, outs []Out) error {
	for _, o := range outs {
		if err := s.wait(ctx, s.client.Publish(o.Topic, o.QoS, o.Retain, o.Payload), "publish on "+o.Topic); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for a token, never without an end.
func (s *session) wait(ctx context.Context, t mqtt.Token, what string) error {
	select {
	case <-t.Done():
		if err := t.Error(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case err := <-s.lost:
		return fmt.Errorf("%s: %w", what, err)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%s: the broker did not answer within %s", what, patience)
	}
}
