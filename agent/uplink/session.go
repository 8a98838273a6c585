package uplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"

	"nightdesk/agent/contract"
)

// Waits of a session. A broker that cannot keep them is left.
const (
	connectTimeout = 10 * time.Second // TCP, TLS and CONNACK each
	writeTimeout   = 5 * time.Second  // the default, none, would never notice a stalled peer
	publishTimeout = 15 * time.Second // until the broker has said that it read a publish
	keepAlive      = 30 * time.Second
	pingTimeout    = 10 * time.Second
	disconnectWait = 250 // milliseconds
	inboxDepth     = 64  // messages read and not yet handled; 8 MiB of the largest
)

// Why a session ended.
var (
	errFlood   = errors.New("messages come faster than they can be handled")
	errRefused = errors.New("the broker refuses the subscription")
	errSlow    = errors.New("the broker does not answer in time")
)

// Session is one MQTT session: connect, subscribe, converse. It returns nil
// when ctx is done, else why it broke; the caller waits a little and calls it
// again. Every session has its own client, and nothing is kept between them
// but the outbox and the cache.
func (u *Uplink) Session(ctx context.Context) error {
	session, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("name a session: %w", err)
	}
	u.loadFloor(ctx)
	l, err := u.connect(ctx, session)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	defer l.client.Disconnect(disconnectWait)
	return u.converse(ctx, l, session)
}

// link is a Link over paho.
type link struct {
	client   paho.Client
	messages chan Message
	unwanted func(Message) bool // takes no place among the messages; nil: none is
	done     chan struct{}
	once     sync.Once
	err      error                 // written before done is closed
	valid    func(time.Time) error // is the broker's certificate good at that time; nil without TLS
}

func (l *link) Messages() <-chan Message { return l.messages }
func (l *link) Done() <-chan struct{}    { return l.done }

func (l *link) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

func (l *link) broke(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.done)
	})
}

// receive runs in paho's goroutine, which also reads the answers to pings: it
// must not wait.
func (l *link) receive(_ paho.Client, p paho.Message) {
	m := Message{Topic: p.Topic(), Payload: p.Payload(), Retained: p.Retained()}
	if l.unwanted != nil && l.unwanted(m) {
		return
	}
	select {
	case l.messages <- m:
	default:
		l.broke(errFlood)
	}
}

// Publish waits until the broker says that it has read the message. That the
// broker then loses it is to be expected.
func (l *link) Publish(ctx context.Context, topic string, qos byte, retain bool, payload []byte) error {
	return l.await(ctx, l.client.Publish(topic, qos, retain, payload), publishTimeout)
}

// await waits for one of paho's tokens, some of which never complete.
func (l *link) await(ctx context.Context, t paho.Token, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.Done():
		if t.Error() != nil && l.Err() != nil {
			return l.Err() // the cause, where paho tells the consequence
		}
		return t.Error()
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errSlow
	}
}

// connect opens a session and subscribes to all that is said to this kiosk.
func (u *Uplink) connect(ctx context.Context, session uuid.UUID) (*link, error) {
	l := &link{messages: make(chan Message, inboxDepth), unwanted: u.unwanted, done: make(chan struct{})}
	connected := make(chan struct{})
	defer close(connected)
	options, err := u.options(l, session)
	if err != nil {
		return nil, err
	}
	options.SetCustomOpenConnectionFn(func(to *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		return u.open(ctx, l, connected, to)
	})
	l.client = paho.NewClient(options)
	if err := l.await(ctx, l.client.Connect(), 3*connectTimeout); err != nil {
		l.client.Disconnect(0)
		return nil, err
	}
	if err := u.subscribe(ctx, l); err != nil {
		l.client.Disconnect(0)
		return nil, err
	}
	return l, nil
}

func (u *Uplink) options(l *link, session uuid.UUID) (*paho.ClientOptions, error) {
	if err := contract.CheckBroker(u.cfg.Broker); err != nil {
		return nil, fmt.Errorf("broker %q: %w", u.cfg.Broker, err)
	}
	will, err := contract.Encode(contract.KindStatus, u.status(session, false), u.key)
	if err != nil {
		return nil, err
	}
	b := u.cfg.Credential.Broker
	return paho.NewClientOptions().
		AddBroker(u.cfg.Broker).
		SetClientID(u.topics.Authority+"-"+u.topics.Kiosk).
		SetUsername(b.User).SetPassword(b.Password).
		SetProtocolVersion(4). // 3.1.1; else paho tries 3.1 as well
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetStore(paho.NewMemoryStore()).
		SetOrderMatters(true).
		SetConnectTimeout(connectTimeout).SetWriteTimeout(writeTimeout).
		SetKeepAlive(keepAlive).SetPingTimeout(pingTimeout).
		SetBinaryWill(u.topics.St(), will, 1, true).
		SetDefaultPublishHandler(l.receive).
		SetConnectionLostHandler(func(_ paho.Client, err error) { l.broke(err) }), nil
}

// subscribe checks the broker's answer: a refusal is no error to paho.
func (u *Uplink) subscribe(ctx context.Context, l *link) error {
	filters := map[string]byte{}
	for _, f := range u.topics.Filters() {
		filters[f] = 1
	}
	t := l.client.SubscribeMultiple(filters, nil)
	if err := l.await(ctx, t, publishTimeout); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	answers := t.(*paho.SubscribeToken).Result()
	for filter := range filters {
		code, answered := answers[filter]
		if !answered || code > 1 { // 0x80, failure (MQTT 3.1.1, 3.9.3), or more than was asked for
			return fmt.Errorf("%w of %s with code %02X", errRefused, filter, code)
		}
	}
	return nil
}
