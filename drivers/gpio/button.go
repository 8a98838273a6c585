package gpio

import (
	"context"
	"time"
)

// Button is a push button, such as the one for help.
type Button struct{ Input }

// Press is one press of a button.
type Press struct {
	At time.Time // when the contact first closed, not when it had settled
}

// Run emits each press until ctx is done. A button that is down from the
// beginning is not pressed until it has been let go. The error is the line's,
// or ErrStuck; either is the end of Run.
func (b Button) Run(ctx context.Context, emit func(Press)) error {
	return b.watch(ctx, func(c contact) error {
		switch {
		case c.changed && c.closed:
			emit(Press{c.at})
		case c.known && c.closed && c.now.Sub(c.at) >= stuckAfter:
			return ErrStuck
		}
		return nil
	})
}

// Contact is a contact that stays as it is put: the switch in a headset's jack,
// a building's fire signal.
type Contact struct {
	Input
	// NormallyClosed is a loop that opens to say something. A wire that is cut
	// says the same, which is what an alarm wants.
	NormallyClosed bool
}

// State is how a contact is, since when.
type State struct {
	Active bool // closed, or open if that is what says something
	At     time.Time
}

// Run emits how the contact is, and then each change, until ctx is done. After
// an error nothing is known of it.
func (k Contact) Run(ctx context.Context, emit func(State)) error {
	told := false
	return k.watch(ctx, func(c contact) error {
		if c.changed || c.known && !told {
			told = true
			emit(State{c.closed != k.NormallyClosed, c.at})
		}
		return nil
	})
}
