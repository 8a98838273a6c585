package table

import (
	"fmt"
	"io"
	"time"
)

// Timeline is what happened and when, for people: one line each.
type Timeline struct {
	w     io.Writer
	now   func() time.Time
	start time.Time
}

// NewTimeline starts counting.
func NewTimeline(w io.Writer, now func() time.Time) *Timeline {
	return &Timeline{w: w, now: now, start: now()}
}

// who did something, or to what it happened.
type who string

const (
	borrower who = "borrower"
	onScreen who = "screen"
	kiosk    who = "kiosk"
	network  who = "network"
	power    who = "power"
	printer  who = "printer"
	central  who = "central"
	checker  who = "check"
)

func (t *Timeline) say(w who, what string, args ...any) {
	fmt.Fprintf(t.w, "%6.2f s  %-8s  %s\n", t.now().Sub(t.start).Seconds(), w, fmt.Sprintf(what, args...))
}
