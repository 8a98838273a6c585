// Package watch knows which parts of the program are still moving. The agent
// calls it; it calls nobody, ends nothing, and starts no goroutine: it refuses
// to judge what a part does, and says only which one stands still.
package watch

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Watch is all the parts of one program.
type Watch struct {
	now func() time.Duration // a clock that nobody sets

	mu    sync.Mutex // guards what follows, and the fields of loops and rooms
	loops []*Loop
	rooms []*Room
}

// New makes a Watch without parts. now counts from any instant, and is not the
// wall clock.
func New(now func() time.Duration) *Watch { return &Watch{now: now} }

// Loop is a goroutine that goes round and says so. A nil Loop is watched by
// nobody, and its methods do nothing.
type Loop struct {
	w     *Watch
	name  string
	limit time.Duration // of one turn, without what it waits for in rooms
	moved time.Duration // when it last did; later by what it spent in rooms
	rests bool
	room  *Room // that it is in; nil: none
}

// Loop begins to watch a goroutine. It rests until its first Beat.
func (w *Watch) Loop(name string, limit time.Duration) *Loop {
	l := &Loop{w: w, name: name, limit: limit, rests: true}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loops = append(w.loops, l)
	return l
}

// Beat says that the loop moves, and has its limit for the next turn.
func (l *Loop) Beat() { l.set(false) }

// Rest says that the loop waits for what may take for ever: somebody's tap, a
// device that is not plugged in. It is not judged until its next Beat.
func (l *Loop) Rest() { l.set(true) }

func (l *Loop) set(rests bool) {
	if l == nil {
		return
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.moved, l.rests = l.w.now(), rests
}

// Wait rests while wait waits.
func (l *Loop) Wait(wait func()) {
	rested := l == nil || l.resting()
	l.Rest()
	wait()
	if !rested {
		l.Beat()
	}
}

func (l *Loop) resting() bool {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.rests
}

// Room is something that several loops call and wait for: a file, for
// instance. While a loop is in a room, the room is judged in its place, so
// that the one who is named is the one who does not come back.
//
// Calls stand in line, and each has the limit from when it is the first of
// them: whoever waits for others is not to blame. A call that comes back before
// those that went in earlier has needed nothing that they wait for, and says
// nothing about them.
type Room struct {
	w     *Watch
	name  string
	limit time.Duration
	line  []*call       // those that have not come back, the first first
	since time.Duration // when the first became so
}

// call is one that is in a room.
type call struct {
	loop  *Loop // nil: not known
	began time.Duration
}

// Room begins to watch a room, in which nobody is.
func (w *Watch) Room(name string, limit time.Duration) *Room {
	r := &Room{w: w, name: name, limit: limit}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rooms = append(w.rooms, r)
	return r
}

// Enter is called before a call, and what it returns after it. The loop that
// calls may be nil.
func (r *Room) Enter(l *Loop) (leave func()) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	c := &call{loop: l, began: r.w.now()}
	if len(r.line) == 0 {
		r.since = c.began
	}
	r.line = append(r.line, c)
	if l != nil {
		l.room = r
	}
	return func() { r.leave(c) }
}

func (r *Room) leave(c *call) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	now := r.w.now()
	if r.line[0] == c {
		r.since = now
	}
	r.line = slices.DeleteFunc(r.line, func(x *call) bool { return x == c })
	if l := c.loop; l != nil {
		l.room = nil
		l.moved = min(now, l.moved+now-c.began)
	}
}

// Stuck is a part that stands still.
type Stuck struct {
	Name    string
	For     time.Duration // at least
	Waiting []string      // the loops that wait for it
}

// String says it as a log does: "ledger has not moved for 21s; waiting for it: desk".
func (s Stuck) String() string {
	text := s.Name + " has not moved for " + s.For.Truncate(time.Second).String()
	if len(s.Waiting) > 0 {
		text += "; waiting for it: " + strings.Join(s.Waiting, ", ")
	}
	return text
}

// Look says what stands still, the rooms first: whoever is stuck because of
// another comes after it.
func (w *Watch) Look() []Stuck {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	var found []Stuck
	for _, r := range w.rooms {
		if len(r.line) > 0 && now-r.since >= r.limit {
			found = append(found, Stuck{Name: r.name, For: now - r.since, Waiting: r.waiting()})
		}
	}
	for _, l := range w.loops {
		if !l.rests && l.room == nil && now-l.moved >= l.limit {
			found = append(found, Stuck{Name: l.name, For: now - l.moved})
		}
	}
	return found
}

func (r *Room) waiting() (names []string) {
	for _, c := range r.line {
		if c.loop != nil {
			names = append(names, c.loop.name)
		}
	}
	slices.Sort(names)
	return names
}

// Pardon says that the whole program was stopped for so long, by a debugger or
// a computer that slept: nobody could move.
func (w *Watch) Pardon(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, l := range w.loops {
		l.moved = min(now, l.moved+d)
	}
	for _, r := range w.rooms {
		r.since = min(now, r.since+d)
	}
}
