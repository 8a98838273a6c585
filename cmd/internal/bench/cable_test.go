package bench

import (
	"sync"
	"time"

	"nightdesk/drivers/wire"
)

// cable listens to the line and adds up where the time goes.
type cable struct {
	mu    sync.Mutex // guards what follows
	from  time.Time  // nothing before it counts; zero: nothing counts
	asked time.Time
	heard time.Time
	used  use
}

// use is what passed on the line.
type use struct {
	inventories, reads, infos, writes int
	busy                              time.Duration // from a command to the end of its answer
	pauses                            time.Duration // from there to the next command
}

func (u use) exchanges() int { return u.inventories + u.reads + u.infos + u.writes }

// Commands behind 0xB0 (FEIG H60301-3e, chapter 6).
const (
	inventory = 0x01
	readMany  = 0x23
	writeAFI  = 0x27
	tagInfo   = 0x2B
)

func (c *cable) note(dir wire.Direction, b []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from.IsZero() {
		return
	}
	if dir == wire.Received {
		c.heard = at
		return
	}
	if c.heard.After(c.asked) && c.asked.After(c.from) {
		c.used.busy += c.heard.Sub(c.asked)
		c.used.pauses += at.Sub(c.heard)
	}
	c.asked = at
	if len(b) < 4 {
		return
	}
	switch b[3] {
	case inventory:
		c.used.inventories++
	case readMany:
		c.used.reads++
	case writeAFI:
		c.used.writes++
	case tagInfo:
		c.used.infos++
	}
}

// begin counts from now on.
func (c *cable) begin(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from, c.used = at, use{}
}

// end is what has been counted.
func (c *cable) end() use {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}
