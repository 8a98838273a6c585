package proxy

import (
	"math/rand/v2"
	"time"
)

// Harm is what a proxy does. The zero Harm is none. Chances are from 0 to 1,
// and each packet that carries a message has its own.
type Harm struct {
	Refuse float64       // a connection is refused
	Break  float64       // a connection breaks within its first few thousand bytes, also inside a packet
	Delay  time.Duration // of every packet
	Rate   int           // bytes a second in each direction; 0: as fast as can be
	Slice  int           // bytes at a time, at most; 0: a packet at a time

	Drop    float64 // the message is lost, and its sender is told that it arrived
	DropAck float64 // the message arrives, and its sender is not told
	Flip    float64 // a bit is turned: in a copy that comes first, or in the message itself
	Twice   float64 // the same bytes again, at once
	Later   float64 // the same bytes again, up to half a second later
	Stale   float64 // before it comes an older message, also of an earlier connection
	Swap    float64 // the next message overtakes it; its sender is told that it arrived
	ThenCut bool    // whatever is lost, the connection breaks soon: nobody has to wait until it is sent again
}

// Direction is a set of ways; the zero value is neither.
type Direction int

// The two ways.
const (
	Up   Direction = 1 << iota // from the client to the broker
	Down                       // from the broker to the client
	Both = Up | Down
)

// Counts is what was really done.
type Counts struct {
	Connections, Refused, Cut, Mute int
	Messages                        int // that came in
	Dropped, Acks, Flipped, Twice   int
	Later, Stale, Swapped           int
	Bytes                           int // that went out
}

// Lies is how many messages did not arrive once, in order and as they were.
func (c Counts) Lies() int {
	return c.Dropped + c.Acks + c.Flipped + c.Twice + c.Later + c.Stale + c.Swapped
}

const (
	breakWithin = 6000 // bytes
	heldFor     = 120 * time.Millisecond
	laterWithin = 500 * time.Millisecond
	cutWithin   = 150 * time.Millisecond
	olderKept   = 100 // messages of each direction
)

func roll(rng *rand.Rand, chance float64) bool { return chance > 0 && rng.Float64() < chance }

// message does to one PUBLISH what the harm is. It runs in the direction's own
// goroutine.
func (d *direction) message(p packet, h *Harm) {
	d.count(func(c *Counts) { c.Messages++ })
	older, any := d.proxy.older(d.way, d.rng)
	d.proxy.remember(d.way, p)
	if any && roll(d.rng, h.Stale) {
		d.to.send(older.raw, h)
		d.count(func(c *Counts) { c.Stale++ })
	}
	switch {
	case roll(d.rng, h.Drop):
		d.count(func(c *Counts) { c.Dropped++ })
		d.lose(p, h)
		return
	case roll(d.rng, h.Swap):
		d.count(func(c *Counts) { c.Swapped++ })
		d.pretend(p, h)
		d.hold(p, h)
		return
	case roll(d.rng, h.Flip) && d.flip(p, h):
		return
	}
	d.to.send(p.raw, h)
	d.release(h) // whoever was held has been overtaken
	if roll(d.rng, h.Twice) {
		d.to.send(p.raw, h)
		d.count(func(c *Counts) { c.Twice++ })
	}
	if roll(d.rng, h.Later) {
		d.after(time.Duration(d.rng.Int64N(int64(laterWithin))), func() { d.to.send(p.raw, h) })
		d.count(func(c *Counts) { c.Later++ })
	}
}

// lose tells the sender that a message arrived that will not.
func (d *direction) lose(p packet, h *Harm) {
	d.pretend(p, h)
	if h.ThenCut {
		d.after(time.Duration(d.rng.Int64N(int64(cutWithin))), func() { d.cut(true) })
	}
}

func (d *direction) pretend(p packet, h *Harm) {
	if ack, due := p.acknowledgement(); due {
		d.from.send(ack, h)
	}
}

// flip sends a spoilt copy, and says whether the message itself is gone.
func (d *direction) flip(p packet, h *Harm) (gone bool) {
	bad, ok := p.flipped(d.rng)
	if !ok {
		return false
	}
	d.count(func(c *Counts) { c.Flipped++ })
	d.to.send(bad.raw, h)
	if d.rng.IntN(2) == 0 {
		return false
	}
	d.lose(p, h)
	return true
}

// hold keeps a message until the next has overtaken it, or for a while.
func (d *direction) hold(p packet, h *Harm) {
	d.mu.Lock()
	d.held = append(d.held, p)
	d.mu.Unlock()
	d.after(heldFor, func() { d.release(h) })
}

func (d *direction) release(h *Harm) {
	d.mu.Lock()
	held := d.held
	d.held = nil
	d.mu.Unlock()
	for _, p := range held {
		d.to.send(p.raw, h)
	}
}
