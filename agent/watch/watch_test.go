package watch_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/watch"
)

// clock is one that a test sets.
type clock time.Duration

func (c *clock) now() time.Duration   { return time.Duration(*c) }
func (c *clock) pass(d time.Duration) { *c += clock(d) }

func newWatch() (*watch.Watch, *clock) {
	c := new(clock)
	return watch.New(c.now), c
}

// says is what Look finds, one part a line.
func says(w *watch.Watch) string {
	var lines []string
	for _, s := range w.Look() {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, w *watch.Watch, when, want string) {
	t.Helper()
	if got := says(w); got != want {
		t.Errorf("%s: got %q, want %q", when, got, want)
	}
}

func TestALoopThatTurnsIsNotStuck(t *testing.T) {
	w, c := newWatch()
	l := w.Loop("desk", 10*time.Second)
	for range 100 {
		l.Beat()
		c.pass(9 * time.Second)
		expect(t, w, "between two turns", "")
	}
	c.pass(2 * time.Second)
	expect(t, w, "after eleven seconds", "desk has not moved for 11s")
	l.Beat()
	expect(t, w, "after it has moved on", "")
}

func TestALoopThatRestsIsNotJudged(t *testing.T) {
	w, c := newWatch()
	l := w.Loop("scanner", 10*time.Second)
	c.pass(time.Hour)
	expect(t, w, "before its first turn", "")
	l.Beat()
	l.Rest()
	c.pass(time.Hour)
	expect(t, w, "while nobody scans", "")
	l.Beat()
	c.pass(10 * time.Second)
	expect(t, w, "in a turn that does not end", "scanner has not moved for 10s")
}

func TestTheRoomIsNamedAndNotWhoWaitsForIt(t *testing.T) {
	w, c := newWatch()
	desk, pad := w.Loop("desk", 10*time.Second), w.Loop("pad left", 10*time.Second)
	ledger := w.Room("ledger", 20*time.Second)
	pad.Beat()
	desk.Beat()
	leave := ledger.Enter(desk)
	ledger.Enter(pad)
	c.pass(15 * time.Second)
	expect(t, w, "while the ledger still may", "")
	c.pass(5 * time.Second)
	expect(t, w, "after twenty seconds", "ledger has not moved for 20s; waiting for it: desk, pad left")
	leave()
	expect(t, w, "after one call came back", "")
	c.pass(9 * time.Second)
	expect(t, w, "what was spent in a room is not the loop's", "")
	c.pass(2 * time.Second)
	expect(t, w, "what comes after it is", "desk has not moved for 11s")
}

func TestOneThatSlipsThroughSaysNothingOfThoseInLine(t *testing.T) {
	w, c := newWatch()
	ledger := w.Room("ledger", 20*time.Second)
	ledger.Enter(w.Loop("desk", 10*time.Second)) // waits for the disk
	for range 40 {
		leave := ledger.Enter(nil) // has nothing to ask for
		leave()
		c.pass(500 * time.Millisecond)
	}
	expect(t, w, "after twenty seconds", "ledger has not moved for 20s; waiting for it: desk")
}

func TestALineThatMovesIsNotStuck(t *testing.T) {
	w, c := newWatch()
	ledger := w.Room("ledger", 20*time.Second)
	var leave []func()
	for range 5 {
		leave = append(leave, ledger.Enter(nil))
	}
	for _, l := range leave {
		c.pass(15 * time.Second)
		expect(t, w, "while each takes its time", "")
		l()
	}
	c.pass(time.Hour)
	expect(t, w, "when all have come back", "")
}

func TestARoomThatNobodyIsInIsNotStuck(t *testing.T) {
	w, c := newWatch()
	r := w.Room("ledger", time.Second)
	for range 5 {
		leave := r.Enter(nil)
		c.pass(500 * time.Millisecond)
		leave()
		c.pass(time.Hour)
		expect(t, w, "between two calls", "")
	}
}

func TestALoopThatGoesInAndOutForEverIsStuck(t *testing.T) {
	w, c := newWatch()
	l, r := w.Loop("desk", 10*time.Second), w.Room("ledger", 20*time.Second)
	l.Beat()
	for range 11 {
		leave := r.Enter(l)
		c.pass(time.Second)
		leave()
		c.pass(time.Second)
	}
	expect(t, w, "eleven seconds of its own in one turn", "desk has not moved for 11s")
}

func TestWhoAsksWhetherToEndHasMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := watch.New(func() time.Duration { return time.Since(began) })
		l := w.Loop("pad left", 10*time.Second)
		ctx, cancel := context.WithCancel(l.In(t.Context()))
		defer cancel()
		if watch.From(ctx) != l || watch.From(t.Context()) != nil {
			t.Error("a context does not know whose turn it is")
		}
		blocked := make(chan struct{})
		go func() { // a driver: it asks between two reads, and then a write never comes back
			ctx := watch.From(ctx).In(ctx)
			for range 60 {
				if ctx.Err() != nil {
					return
				}
				time.Sleep(time.Second)
			}
			<-blocked
		}()
		time.Sleep(61 * time.Second)
		expect(t, w, "while the driver asks", "")
		time.Sleep(10 * time.Second)
		expect(t, w, "when it has stopped asking", "pad left has not moved for 12s")
		close(blocked)
	})
}

func TestNobodyIsWatched(t *testing.T) {
	var l *watch.Loop
	l.Beat()
	l.Rest()
	if ctx := l.In(t.Context()); ctx != t.Context() || watch.From(ctx) != nil {
		t.Error("no loop is a loop")
	}
}

func TestAComputerThatSleptIsNobodysFault(t *testing.T) {
	w, c := newWatch()
	l, r := w.Loop("desk", 10*time.Second), w.Room("ledger", 10*time.Second)
	l.Beat()
	r.Enter(nil)
	c.pass(3 * time.Second)
	c.pass(time.Hour)
	w.Pardon(time.Hour)
	expect(t, w, "when it wakes", "")
	c.pass(7 * time.Second)
	expect(t, w, "when their own time is over", "ledger has not moved for 10s\ndesk has not moved for 10s")
}
