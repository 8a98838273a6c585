// Package proxy is a network and a broker that lie: it stands between an MQTT
// client and its broker, reads along packet by packet, and by chance breaks,
// holds up, loses, repeats, reorders or spoils what passes. It knows nothing
// of what the messages say.
package proxy

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy takes connections on a port of its own and carries them on to a broker.
type Proxy struct {
	to       string
	listener net.Listener
	seed     uint64
	harm     atomic.Pointer[Harm]
	work     sync.WaitGroup

	mu     sync.Mutex // guards what follows
	conns  map[*conn]bool
	past   map[Direction][]packet
	counts Counts
	closed bool
}

// New listens on a free port of the loopback. The broker need not be there yet.
func New(to string, seed uint64) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{to: to, listener: l, seed: seed, conns: map[*conn]bool{}, past: map[Direction][]packet{}}
	p.harm.Store(&Harm{})
	p.work.Go(p.accept)
	return p, nil
}

// Addr is where clients find the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Do does this harm from now on, also to connections that are there already.
func (p *Proxy) Do(h Harm) { p.harm.Store(&h) }

// Counts is what was done up to now.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Sessions is how many connections have come as far as a subscription and are
// whole.
func (p *Proxy) Sessions() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if c.subscribed.Load() && c.deaf.Load() == 0 {
			n++
		}
	}
	return n
}

// Break breaks every connection within the given number of bytes that it still
// carries in one direction, wherever in a packet that is; at the latest after
// wait. It says how many there were.
func (p *Proxy) Break(way Direction, bytes int, wait time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		side := c.broker
		if way == Down {
			side = c.client
		}
		side.fuse.Store(int64(bytes))
		c.after(wait, func() { c.cut(true) })
	}
	return len(p.conns)
}

// Mute makes every connection that is there half-open: what travels so is
// swallowed from now on, and neither end hears of the other's. New connections
// are whole.
func (p *Proxy) Mute(way Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.deaf.Store(int32(way))
		p.counts.Mute++
	}
}

// Close ends the proxy and all its connections.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		c.shut(true)
	}
	p.mu.Unlock()
	p.work.Wait()
	return err
}

func (p *Proxy) accept() {
	for n := uint64(1); ; n++ {
		near, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.work.Go(func() { p.carry(near.(*net.TCPConn), rand.New(rand.NewPCG(p.seed, n))) })
	}
}

// carry carries one connection until it is over.
func (p *Proxy) carry(near *net.TCPConn, rng *rand.Rand) {
	h := p.harm.Load()
	if roll(rng, h.Refuse) {
		p.count(func(c *Counts) { c.Refused++ })
		reset(near)
		return
	}
	far, err := net.DialTimeout("tcp", p.to, 2*time.Second)
	if err != nil {
		reset(near)
		return
	}
	c := newConn(p, near, far.(*net.TCPConn), rng)
	if roll(rng, h.Break) {
		c.client.fuse.Store(rng.Int64N(breakWithin))
		c.broker.fuse.Store(rng.Int64N(breakWithin))
	}
	p.mu.Lock()
	p.conns[c] = true
	p.counts.Connections++
	if p.closed {
		c.shut(true)
	}
	p.mu.Unlock()
	c.run()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

func (p *Proxy) count(add func(*Counts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add(&p.counts)
}

// remember keeps a message, to say it again when nobody expects it.
func (p *Proxy) remember(way Direction, m packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := append(p.past[way], m)
	p.past[way] = all[max(0, len(all)-olderKept):]
}

func (p *Proxy) older(way Direction, rng *rand.Rand) (packet, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.past[way]) == 0 {
		return packet{}, false
	}
	return p.past[way][rng.IntN(len(p.past[way]))], true
}

// reset closes without a goodbye: the peer gets an RST.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
