package uplink

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// pipe is a link in memory with central at its other end.
type pipe struct {
	mu       sync.Mutex // guards central
	central  *central
	delay    time.Duration // what a publish takes
	messages chan Message
	done     chan struct{}
	err      error
}

func (p *pipe) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	select {
	case <-time.After(p.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.central.hear(ctx, topic, payload)
	return nil
}

func (p *pipe) Messages() <-chan Message { return p.messages }
func (p *pipe) Done() <-chan struct{}    { return p.done }

func (p *pipe) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

func (p *pipe) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.central.said, ", ")
}

func (p *pipe) lose(drop func(contract.Kind, bool) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.central.drop = drop
}

// room is an uplink whose clock is the bubble's.
func room(events int) (*Uplink, *outbox, *pipe) {
	start := time.Now()
	out := newOutbox(events)
	p := &pipe{central: newCentral(time.Now), messages: make(chan Message, 1000), done: make(chan struct{})}
	p.central.tell = func(m Message) { p.messages <- m }
	now := func() circ.Moment {
		return circ.Moment{Wall: time.Now(), Mono: time.Since(start), Boot: boot, Quality: circ.Synced}
	}
	return New(Config{Credential: credential(), Now: now}, out, newShelf()), out, p
}

// converse runs a conversation and gives a function that ends it.
func converse(t *testing.T, u *Uplink, p *pipe) (end func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- u.Converse(ctx, p) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-ended
	}
}

func TestConverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, out, p := room(2)
		end := converse(t, u, p)
		out.record(1)
		u.Poke()
		u.Poke()
		synctest.Wait()
		if err := u.Converse(t.Context(), p); !errors.Is(err, errBusy) {
			t.Errorf("a second conversation: got %v, want %v", err, errBusy)
		}
		if err := end(); err != nil {
			t.Errorf("got %v, want nil: it was asked to end", err)
		}
		if got, want := p.said(), "online true, hello 1-2, batch 1-2, batch 3-3, online false"; got != want {
			t.Errorf("central heard: got %q, want %q", got, want)
		}
	})
}

func TestConverseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, out, p := room(1)
		p.lose(lose(contract.KindBatch, true))
		end := converse(t, u, p)
		time.Sleep(23 * time.Second)
		if got, want := p.said(), "online true, hello 1-1, batch lost"; got != want {
			t.Errorf("central heard: got %q, want %q", got, want)
		}
		p.lose(nothing)
		time.Sleep(14 * time.Second)
		if got, want := p.said(), "online true, hello 1-1, batch lost, batch 1-1"; got != want {
			t.Errorf("central heard: got %q, want %q", got, want)
		}
		if got := out.retired(); got != 1 {
			t.Errorf("got %d events retired, want 1", got)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// Every publish takes five seconds; messages come meanwhile.
func TestSlowBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, out, p := room(950)
		p.delay = 5 * time.Second
		p.central.rows[contract.FeedItems] = strings.Fields("i1 i2 i3 i4 i5 i6 i7 i8 i9")
		end := converse(t, u, p)
		time.Sleep(4 * time.Minute)
		if got := out.retired(); got != 950 {
			t.Errorf("got %d events retired, want 950", got)
		}
		if got := u.feeds.(*shelf).items(); got != 9 {
			t.Errorf("got %d items, want 9", got)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestLinkBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _, p := room(0)
		end := converse(t, u, p)
		p.err = errors.New("connection reset")
		close(p.done)
		synctest.Wait()
		if err := end(); !errors.Is(err, p.err) {
			t.Errorf("got %v, want %v", err, p.err)
		}
		if strings.Contains(p.said(), "online false") {
			t.Error("it said goodbye over a broken link")
		}
	})
}

// Whoever waits on Changed hears of the end of Online, in a session or between two.
func TestOnlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _, p := room(0)
		end := converse(t, u, p)
		<-u.Changed()
		if !u.Online(u.cfg.Now()) {
			t.Fatal("not online although central has answered")
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		began := time.Now()
		<-u.Changed()
		if u.Online(u.cfg.Now()) || time.Since(began) > onlineFor {
			t.Errorf("online %v after %v, want the end of it after %v", u.Online(u.cfg.Now()), time.Since(began), onlineFor)
		}
	})
}
