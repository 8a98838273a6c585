package agent

import (
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"nightdesk/agent/circ"
)

// Hands are what a clock reads. A test turns them as it likes; all that is not
// set is the computer's own.
type Hands struct {
	Wall    func() time.Time
	Mono    func() time.Duration     // since the program's start; nobody can set it
	Quality func() circ.ClockQuality // what the computer says of its wall clock
}

// Clock is the kiosk's idea of time (design D9): never before the floor, right
// once central has answered, and honest about how far it can be believed. Its
// methods may be called from any goroutine.
type Clock struct {
	boot  uuid.UUID
	hands Hands

	mu     sync.Mutex // guards what follows
	floor  mark
	told   mark // central's answer to a question of this boot
	denied bool // central's word, when last heard, was not the clock's
	agreed bool // or it was
}

// mark is a time that was so at an instant of this boot. From there the
// monotonic clock counts on.
type mark struct {
	wall time.Time
	mono time.Duration
}

func (m mark) at(mono time.Duration) time.Time {
	if m.wall.IsZero() {
		return m.wall
	}
	return m.wall.Add(mono - m.mono)
}

// nearEnough is how far a signed time and the clock may be apart: a message's
// way through a slow network, and less than anything that a due date rests on.
const nearEnough = 2 * time.Minute

// NewClock starts a boot on the computer's clock. floor is the newest signed
// time seen before.
func NewClock(floor time.Time) *Clock { return ReadClock(Hands{}, floor) }

// ReadClock starts a boot on these hands.
func ReadClock(h Hands, floor time.Time) *Clock {
	start := time.Now()
	if h.Wall == nil {
		h.Wall = time.Now
	}
	if h.Mono == nil {
		h.Mono = func() time.Duration { return time.Since(start) }
	}
	if h.Quality == nil {
		h.Quality = systemQuality
	}
	c := &Clock{boot: uuid.New(), hands: h}
	c.Raise(floor)
	return c
}

// Raise lifts the floor to a time that has certainly come; it never sinks, and
// goes on from there as time passes.
func (c *Clock) Raise(t time.Time) {
	mono := c.hands.Mono()
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.floor.at(mono)) {
		c.floor = mark{wall: t.Round(0), mono: mono}
	}
}

// Floor is the time that has certainly come by now: what was raised last, and
// what has passed since. Whoever keeps it keeps a restart from forgetting that.
func (c *Clock) Floor() time.Time {
	mono := c.hands.Mono()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.floor.at(mono)
}

// Set takes central's answer to a question of this boot: that time it was at
// that instant, for nobody can have kept an answer to what had not been asked.
func (c *Clock) Set(signed time.Time, came time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = mark{wall: signed.Round(0), mono: came}
}

// Compare holds the clock against a signed time that came at that instant of
// this boot. If they agree, the clock is as good as one that is kept right; if
// not, nothing rests on it.
func (c *Clock) Compare(signed time.Time, came time.Duration) {
	apart := c.hands.Wall().Sub(mark{signed, came}.at(c.hands.Mono())).Abs()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agreed, c.denied = apart < nearEnough, apart >= nearEnough
}

// Now is the moment. What central has said in this boot is the time, unless
// the computer's clock says the same or is kept right by others. A clock below
// the floor is wrong: the floor is the time then, and nothing rests on it.
func (c *Clock) Now() circ.Moment {
	m := circ.Moment{Wall: c.hands.Wall(), Mono: c.hands.Mono(), Boot: c.boot, Quality: c.hands.Quality()}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch told := c.told.at(m.Mono); {
	case m.Quality == circ.Synced:
	case !told.IsZero():
		if m.Wall.Sub(told).Abs() >= nearEnough {
			m.Wall = told
		}
		m.Quality = circ.Synced
	case c.agreed:
		m.Quality = circ.Synced
	case c.denied:
		m.Quality = circ.Unknown
	}
	if floor := c.floor.at(m.Mono); m.Wall.Before(floor) {
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
