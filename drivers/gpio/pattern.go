package gpio

import "time"

// Pattern is what the lamp says. Each has a rhythm of its own, so that it is
// known without its colour, and none flashes more than three times in a second
// (WCAG 2.2, 2.3.1).
type Pattern string

// The patterns. What is dark has no power.
const (
	Idle     Pattern = "idle"      // a wink every four seconds: come
	Working  Pattern = "working"   // slowly on and off: wait
	Done     Pattern = "done"      // steady: it worked
	NeedsYou Pattern = "needs-you" // two flashes and a pause: look at the screen
	Help     Pattern = "help"      // long, short: staff are called
	Out      Pattern = "out"       // on, with a short gap every two seconds: out of order
)

// Colour is the lamp that a pattern uses, if there is more than one.
type Colour int

// The colours of a lamp, from the ground up.
const (
	Green Colour = iota
	Yellow
	Red
)

// rhythm is how a pattern is lit.
type rhythm struct {
	colour Colour
	steps  []time.Duration // lit, dark, lit, dark …, over and over; none is steady
}

// Patterns are the patterns there are.
func Patterns() []Pattern { return []Pattern{Idle, Working, Done, NeedsYou, Help, Out} }

// rhythm of a pattern; of a name that is none it is that of Out.
func (p Pattern) rhythm() rhythm {
	const ms = time.Millisecond
	switch p {
	case Idle:
		return rhythm{Green, []time.Duration{60 * ms, 3940 * ms}}
	case Working:
		return rhythm{Yellow, []time.Duration{1000 * ms, 1000 * ms}}
	case Done:
		return rhythm{Green, nil}
	case NeedsYou:
		return rhythm{Yellow, []time.Duration{200 * ms, 200 * ms, 200 * ms, 1000 * ms}}
	case Help:
		return rhythm{Red, []time.Duration{900 * ms, 300 * ms, 200 * ms, 800 * ms}}
	default:
		return rhythm{Red, []time.Duration{1700 * ms, 300 * ms}}
	}
}

// Colour is the lamp that the pattern uses.
func (p Pattern) Colour() Colour { return p.rhythm().colour }

// At says whether the lamp is lit so long after the pattern began.
func (p Pattern) At(since time.Duration) bool {
	lit, _ := p.step(since)
	return lit
}

// Next is how long after that it changes, 0 if it never does.
func (p Pattern) Next(since time.Duration) time.Duration {
	_, left := p.step(since)
	return left
}

func (p Pattern) step(since time.Duration) (lit bool, left time.Duration) {
	steps := p.rhythm().steps
	if len(steps) == 0 {
		return true, 0
	}
	var period time.Duration
	for _, s := range steps {
		period += s
	}
	since = max(since, 0) % period
	for i, s := range steps {
		if since < s {
			return i%2 == 0, s - since
		}
		since -= s
	}
	return false, 0 // not reached: since was less than all steps together
}
