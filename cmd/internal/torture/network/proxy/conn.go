package proxy

import (
	"bufio"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one client's connection and the one to the broker that belongs to it.
type conn struct {
	proxy          *Proxy
	client, broker *side
	up, down       *direction
	subscribed     atomic.Bool
	deaf           atomic.Int32 // a Direction: half-open that way, for good
	done           chan struct{}
	once           sync.Once

	chance sync.Mutex // guards rng
	rng    *rand.Rand
}

// side is one of the two sockets. What goes out of it waits in a queue.
type side struct {
	*conn
	tcp  *net.TCPConn
	out  chan parcel
	fuse atomic.Int64 // bytes that still pass before the connection breaks; negative: all
	rng  *rand.Rand   // used by the writer alone
}

type parcel struct {
	bytes []byte // nil: the sender has closed the connection
	due   time.Time
	harm  *Harm
}

// direction is what passes from one side to the other.
type direction struct {
	*conn
	way      Direction
	from, to *side
	rng      *rand.Rand // used by pump alone

	mu   sync.Mutex // guards held
	held []packet
}

func newConn(p *Proxy, near, far *net.TCPConn, rng *rand.Rand) *conn {
	c := &conn{proxy: p, done: make(chan struct{}), rng: rng}
	fork := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
	c.client = &side{conn: c, tcp: near, out: make(chan parcel, 1024), rng: fork()}
	c.broker = &side{conn: c, tcp: far, out: make(chan parcel, 1024), rng: fork()}
	c.client.fuse.Store(-1)
	c.broker.fuse.Store(-1)
	c.up = &direction{conn: c, way: Up, from: c.client, to: c.broker, rng: fork()}
	c.down = &direction{conn: c, way: Down, from: c.broker, to: c.client, rng: fork()}
	return c
}

func (c *conn) count(add func(*Counts)) { c.proxy.count(add) }

// run ends when the connection is over, whoever ended it.
func (c *conn) run() {
	var work sync.WaitGroup
	for _, f := range []func(){c.client.write, c.broker.write, c.up.pump, c.down.pump} {
		work.Go(f)
	}
	work.Wait()
	c.shut(false)
}

// cut breaks the connection on purpose; one time out of two with an RST.
func (c *conn) cut(counted bool) {
	c.chance.Lock()
	rude := c.rng.IntN(2) == 0
	c.chance.Unlock()
	c.once.Do(func() {
		if counted {
			c.count(func(n *Counts) { n.Cut++ })
		}
		c.close(rude)
	})
}

// shut ends the connection without counting it as harm.
func (c *conn) shut(rude bool) { c.once.Do(func() { c.close(rude) }) }

func (c *conn) close(rude bool) {
	close(c.done)
	for _, s := range []*side{c.client, c.broker} {
		if rude {
			reset(s.tcp)
			continue
		}
		_ = s.tcp.Close()
	}
}

// after does something later, if the connection is still there.
func (c *conn) after(d time.Duration, do func()) {
	c.proxy.work.Go(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			do()
		case <-c.done:
		}
	})
}

// send puts bytes into the queue.
func (s *side) send(bytes []byte, h *Harm) {
	select {
	case s.out <- parcel{bytes, time.Now().Add(h.Delay), h}:
	case <-s.done:
	}
}

// write empties the queue onto the wire.
func (s *side) write() {
	for {
		select {
		case <-s.done:
			return
		case p := <-s.out:
			s.wait(time.Until(p.due))
			if p.bytes == nil {
				s.shut(false)
			}
			if !s.put(p) {
				return
			}
		}
	}
}

func (s *side) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done:
	}
}

// put writes a parcel, in pieces where the harm says so, up to the byte at
// which the connection breaks.
func (s *side) put(p parcel) bool {
	for rest := p.bytes; len(rest) > 0; {
		n := len(rest)
		if p.harm.Slice > 0 {
			n = min(n, 1+s.rng.IntN(p.harm.Slice))
		}
		if p.harm.Rate > 0 {
			n = min(n, 1+p.harm.Rate/20)
		}
		fuse := s.fuse.Load()
		burnt := fuse >= 0 && int64(n) >= fuse
		if burnt {
			n = int(fuse)
		}
		if _, err := s.tcp.Write(rest[:n]); err != nil {
			if s.deaf.Load() == 0 {
				s.shut(false)
			}
			return false
		}
		s.count(func(c *Counts) { c.Bytes += n })
		if burnt {
			s.cut(true)
			return false
		}
		if fuse > 0 {
			s.fuse.CompareAndSwap(fuse, fuse-int64(n))
		}
		if p.harm.Rate > 0 {
			s.wait(time.Duration(n) * time.Second / time.Duration(p.harm.Rate))
		}
		rest = rest[n:]
	}
	return true
}

// over is the end that one side has made. The other hears of it behind all
// that was said before; half-open, never.
func (d *direction) over(h *Harm) {
	if d.deaf.Load() == 0 {
		d.to.send(nil, h)
	}
}

// pump reads one side to its end.
func (d *direction) pump() {
	in := bufio.NewReader(d.from.tcp)
	for {
		p, err := readPacket(in)
		h := d.proxy.harm.Load()
		deaf := Direction(d.deaf.Load())&d.way != 0
		if len(p.raw) > 0 && err != nil && !deaf {
			d.to.send(p.raw, h) // what came of a packet that broke off
		}
		if err != nil {
			d.over(h)
			return
		}
		if !deaf {
			d.pass(p, h)
		}
	}
}

func (d *direction) pass(p packet, h *Harm) {
	switch {
	case p.kind() == publish:
		d.message(p, h)
		return
	case p.kind() == suback:
		d.subscribed.Store(true)
	case p.kind() == puback && roll(d.rng, h.DropAck):
		d.count(func(c *Counts) { c.Acks++ })
		if h.ThenCut {
			d.after(time.Duration(d.rng.Int64N(int64(cutWithin))), func() { d.cut(true) })
		}
		return
	}
	d.to.send(p.raw, h)
}
