package gpio

import (
	"context"
	"errors"
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// Lamp is one to three lights. A pattern whose colour is not there uses one that
// is: the rhythm says the same.
type Lamp struct {
	Green, Yellow, Red periph.PinOut // nil is not there
	ActiveLow          bool          // lit when the line is low
}

// Run lights the lamp, beginning with the pattern now, until ctx is done or
// changes is closed, and leaves it dark. The error is a line's, and the end of
// the lamp: open it again and tell Run what to begin with.
func (l Lamp) Run(ctx context.Context, now Pattern, changes <-chan Pattern) error {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		since := time.Since(began)
		if err := l.Show(now.Colour(), now.At(since)); err != nil {
			return errors.Join(err, l.Dark())
		}
		timer.Stop()
		if next := now.Next(since); next > 0 {
			timer.Reset(next)
		}
		select {
		case <-ctx.Done():
			return l.Dark()
		case <-timer.C:
		case p, ok := <-changes:
			if !ok {
				return l.Dark()
			}
			if p != now { // the same again does not break the rhythm
				now, began = p, time.Now()
			}
		}
	}
}

// Show lights one colour, or none, and darkens the others.
func (l Lamp) Show(colour Colour, lit bool) error {
	all := [...]periph.PinOut{Green: l.Green, Yellow: l.Yellow, Red: l.Red}
	if colour < Green || colour > Red || all[colour] == nil {
		colour = l.instead()
	}
	var errs []error
	for c, pin := range all {
		if pin == nil {
			continue
		}
		on := lit && Colour(c) == colour
		if err := pin.Out(periph.Level(on != l.ActiveLow)); err != nil {
			errs = append(errs, fmt.Errorf("light the lamp on line %s: %w", pin.Name(), err))
		}
	}
	return errors.Join(errs...)
}

// Dark darkens the lamp.
func (l Lamp) Dark() error { return l.Show(Green, false) }

// instead is a colour that is there.
func (l Lamp) instead() Colour {
	switch {
	case l.Yellow != nil:
		return Yellow
	case l.Red != nil:
		return Red
	default:
		return Green
	}
}
