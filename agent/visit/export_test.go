package visit

import (
	"time"

	"nightdesk/agent/circ"
)

// Trail is Next with the screens that it opened on its way, and how many of
// them the event itself opened; the others followed from what was left to do.
func Trail(s State, at circ.Moment, ev Event) (State, []Effect, []Screen, int) {
	n := s.turn(at, ev)
	return n.State, n.fx, n.trail, n.own
}

// Waits is how long a screen waits before it goes on by itself, from the last
// thing that happened on it; false: it waits for nothing.
func Waits(s State) (time.Duration, bool) {
	due, ok := s.due()
	if !ok {
		return 0, false
	}
	if _, own := s.ownTime(); own || s.atHome() {
		return due - s.Idle, true
	}
	return due - s.Since, true
}
