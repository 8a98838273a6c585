package agent

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"nightdesk/agent/circ"
)

// Clock is the kiosk's idea of time (design D9): never before the floor, and
// honest about how far it can be believed.
type Clock struct {
	boot  uuid.UUID
	start time.Time    // with its monotonic reading
	floor atomic.Int64 // Unix milliseconds
	state func() circ.ClockQuality
	agree atomic.Bool // central's signed time was the clock's, when last heard
}

// nearEnough is how far a signed time and the clock may be apart: a message's
// way through a slow network, and less than anything that a due date rests on.
const nearEnough = 2 * time.Minute

// NewClock starts a boot. floor is the newest signed time seen before.
func NewClock(floor time.Time) *Clock {
	c := &Clock{boot: uuid.New(), start: time.Now(), state: systemQuality}
	c.Raise(floor)
	return c
}

// Raise lifts the floor; it never sinks.
func (c *Clock) Raise(t time.Time) {
	for {
		have := c.floor.Load()
		if t.IsZero() || t.UnixMilli() <= have || c.floor.CompareAndSwap(have, t.UnixMilli()) {
			return
		}
	}
}

// Compare holds the clock against a signed time that came at that instant of
// this boot. If they agree, the clock is as good as one that is kept right.
func (c *Clock) Compare(signed time.Time, came time.Duration) {
	ago := time.Since(c.start) - came
	wall := time.Now().Round(0).Add(-ago) // by the clock as it is now: it may have been set since the start
	c.agree.Store(wall.Sub(signed).Abs() < nearEnough)
}

// Now is the moment. A system clock below the floor is wrong: the floor is the
// time then, and nothing rests on it.
func (c *Clock) Now() circ.Moment {
	m := circ.Moment{Wall: time.Now(), Mono: time.Since(c.start), Boot: c.boot, Quality: c.state()}
	if c.agree.Load() {
		m.Quality = circ.Synced
	}
	if floor := time.UnixMilli(c.floor.Load()); m.Wall.Before(floor) {
		m.Wall, m.Quality = floor, circ.Unknown
	}
	return m
}

// systemQuality asks the kernel whether something disciplines its clock
// (adjtimex(2), STA_UNSYNC), and looks for a clock with a battery.
func systemQuality() circ.ClockQuality {
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0 {
		return circ.Synced
	}
	if _, err := os.Stat("/sys/class/rtc/rtc0"); err == nil {
		return circ.RTC
	}
	return circ.Restored
}
