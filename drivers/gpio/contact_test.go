package gpio

import (
	"testing"
	"time"
)

// Bounces that are over before the level can be read show as edges alone; the
// contact is not at rest before the last of them.
func TestEdgesWithoutALevel(t *testing.T) {
	c := contact{settle: 30 * time.Millisecond}
	zero := time.Unix(0, 0)
	look := func(at int, closed, edge bool) { c.look(closed, edge, zero.Add(time.Duration(at)*time.Millisecond)) }
	look(0, false, false)
	look(30, false, false)
	if !c.known || c.closed || c.changed {
		t.Fatalf("after 30 ms: got %+v, want open and no change", c)
	}
	look(100, true, true)
	look(120, true, true)
	look(140, true, true)
	look(165, true, false)
	if c.closed {
		t.Error("closed 25 ms after the last edge, want 30")
	}
	if got := c.wait(zero.Add(165 * time.Millisecond)); got != 5*time.Millisecond {
		t.Errorf("it waits for %v, want the 5 ms that are left", got)
	}
	look(170, true, false)
	if !c.closed || !c.changed || c.at != zero.Add(100*time.Millisecond) {
		t.Errorf("after 70 ms: got %+v, want closed since the first edge", c)
	}
	look(300, true, false)
	if c.changed {
		t.Error("a change is told twice")
	}
}
