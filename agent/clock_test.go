package agent

import (
	"testing"
	"time"

	"nightdesk/agent/circ"
)

// hands are a clock's that a test turns.
type hands struct {
	wall    time.Time
	mono    time.Duration
	quality circ.ClockQuality
}

func (h *hands) pass(d time.Duration) { h.wall, h.mono = h.wall.Add(d), h.mono+d }

func (h *hands) clock(floor time.Time) *Clock {
	return ReadClock(Hands{Wall: func() time.Time { return h.wall }, Mono: func() time.Duration { return h.mono },
		Quality: func() circ.ClockQuality { return h.quality }}, floor)
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestAClockBelowTheFloorIsNotBelieved(t *testing.T) {
	h := &hands{wall: noon.AddDate(-26, 0, 0), quality: circ.Synced}
	c := h.clock(noon)
	h.pass(time.Hour)
	if m := c.Now(); m.Quality != circ.Unknown || !m.Wall.Equal(noon.Add(time.Hour)) {
		t.Errorf("%v, %s, want an hour after the floor, and unknown", m.Wall, m.Quality)
	}
	c.Raise(noon.Add(-48 * time.Hour))
	if m := c.Now(); m.Wall.Before(noon.Add(time.Hour)) {
		t.Error("the floor sank")
	}
}

// A word of central that may have been kept by somebody is good for one thing:
// to find out whether the clock can be believed.
func TestAClockIsHeldAgainstCentrals(t *testing.T) {
	for off, want := range map[time.Duration]circ.ClockQuality{time.Second: circ.Synced, -time.Hour: circ.Unknown, time.Hour: circ.Unknown} {
		h := &hands{wall: noon, quality: circ.Restored}
		c := h.clock(time.Time{})
		h.pass(time.Minute)
		c.Compare(h.wall.Add(off), h.mono)
		if m := c.Now(); m.Quality != want || !m.Wall.Equal(h.wall) {
			t.Errorf("central's time is %s off: %s at %s, want %s at %s", off, m.Quality, m.Wall, want, h.wall)
		}
	}
}

// An answer that nobody can have kept sets a clock that nothing keeps right,
// and holds although somebody sets the computer's clock afterwards.
func TestCentralsAnswerSetsTheClock(t *testing.T) {
	for _, wrong := range []time.Time{time.Unix(0, 0), noon.AddDate(94, 0, 0), noon.Add(24 * time.Hour), noon.Add(-time.Hour)} {
		h := &hands{wall: wrong, quality: circ.RTC}
		c := h.clock(noon.AddDate(0, 0, -3))
		c.Set(noon, h.mono)
		h.pass(90 * time.Minute)
		h.wall = h.wall.AddDate(-10, 0, 0)
		if m := c.Now(); m.Quality != circ.Synced || !m.Wall.Equal(noon.Add(90*time.Minute)) {
			t.Errorf("set to %s: %s at %s, want half past one", wrong, m.Quality, m.Wall)
		}
	}
}

func TestAClockThatIsKeptRightIsLeftAlone(t *testing.T) {
	h := &hands{wall: noon, quality: circ.Synced}
	c := h.clock(time.Time{})
	c.Set(noon.Add(-5*time.Minute), h.mono)
	if m := c.Now(); m.Quality != circ.Synced || !m.Wall.Equal(noon) {
		t.Errorf("%s at %s, want the computer's clock", m.Quality, m.Wall)
	}
}
