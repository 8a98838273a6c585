package gpio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"nightdesk/drivers/gpio"
)

const ms = time.Millisecond

// newPin is a line with a pull-up, to which edges can be sent.
func newPin() *gpiotest.Pin {
	return &gpiotest.Pin{N: "GPIO17", EdgesChan: make(chan periph.Level, 16)}
}

// finger is what a contact to ground does: closed for the first time, open for
// the next, and so on.
func finger(pin *gpiotest.Pin, times ...time.Duration) {
	level := periph.Low
	for _, d := range times {
		pin.EdgesChan <- level
		level = !level
		time.Sleep(d)
	}
}

// presses runs a button on pin, in a time of its own that begins when it has
// found its first state, for the length of do, and gives when it was pressed.
func presses(t *testing.T, b gpio.Button, pin *gpiotest.Pin, do func()) (at []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if pin.EdgesChan != nil {
			pin.EdgesChan = make(chan periph.Level, 16) // one of this bubble
		}
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now().Add(100 * ms)
		ended := make(chan error, 1)
		go func() {
			ended <- b.Run(ctx, func(p gpio.Press) { at = append(at, p.At.Sub(began).String()) })
		}()
		time.Sleep(100 * ms)
		do()
		asked := time.Now()
		cancel()
		err = <-ended
		if d := time.Since(asked); d > 250*ms {
			t.Errorf("it took %v to end", d)
		}
	})
	return at, err
}

func TestButton(t *testing.T) {
	for _, test := range []struct {
		name  string
		times []time.Duration // closed, open, closed …
		want  []string
	}{
		{"nobody", nil, nil},
		{"a press", []time.Duration{100 * ms, 500 * ms}, []string{"0s"}},
		{"two presses", []time.Duration{100 * ms, 400 * ms, 100 * ms, 100 * ms}, []string{"0s", "500ms"}},
		{"it bounces, and counts from the first touch", []time.Duration{2 * ms, 3 * ms, 1 * ms, 4 * ms, 100 * ms, 2 * ms, 1 * ms, 500 * ms}, []string{"0s"}},
		{"a spark", []time.Duration{10 * ms, 500 * ms}, nil},
		{"sparks", []time.Duration{29 * ms, 5 * ms, 29 * ms, 5 * ms, 29 * ms, 500 * ms}, nil},
		{"a spark, and much later a press", []time.Duration{10 * ms, 500 * ms, 100 * ms, 100 * ms}, []string{"510ms"}},
		{"a hand that trembles on it", []time.Duration{300 * ms, 5 * ms, 300 * ms, 5 * ms, 300 * ms}, []string{"0s"}},
		{"held for long", []time.Duration{50 * time.Second, time.Second}, []string{"0s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			pin := newPin()
			got, err := presses(t, gpio.Button{Input: gpio.Input{Pin: pin}}, pin, func() { finger(pin, test.times...) })
			if err != nil {
				t.Error(err)
			}
			equal(t, "presses", got, test.want...)
			if pin.P != periph.PullUp {
				t.Errorf("pull: got %v, want up", pin.P)
			}
		})
	}
}

func TestButtonToTheSupply(t *testing.T) {
	pin := newPin()
	got, err := presses(t, gpio.Button{Input: gpio.Input{Pin: pin, ActiveHigh: true, Settle: 80 * ms}}, pin, func() {
		for _, level := range []periph.Level{periph.High, periph.Low, periph.High, periph.Low} {
			pin.EdgesChan <- level
			time.Sleep(70 * ms) // with this settling that is bouncing
		}
		pin.EdgesChan <- periph.High
		time.Sleep(time.Second)
	})
	if err != nil || pin.P != periph.PullDown {
		t.Errorf("got %v and pull %v, want none and down", err, pin.P)
	}
	equal(t, "presses", got, "0s")
}

// pollOnly is a line of an expander that has no interrupt.
type pollOnly struct{ *gpiotest.Pin }

func (p pollOnly) WaitForEdge(time.Duration) bool { panic("waited for an edge") }

func TestButtonOnALineWithoutEdges(t *testing.T) {
	pin := &gpiotest.Pin{N: "EXP0"}
	set := func(l periph.Level, d time.Duration) {
		_ = pin.Out(l)
		time.Sleep(d)
	}
	got, err := presses(t, gpio.Button{Input: gpio.Input{Pin: pollOnly{pin}}}, pin, func() {
		time.Sleep(100 * ms)
		set(periph.Low, 15*ms)
		set(periph.High, 100*ms)
		set(periph.Low, 100*ms)
		set(periph.High, 100*ms)
	})
	if err != nil {
		t.Error(err)
	}
	if len(got) != 1 {
		t.Errorf("presses: got %q, want the one that lasted", got)
	}
}

// held is a line that is low from the beginning: someone leans on the button
// while the computer starts, or its wire is broken through.
type held struct{ *gpiotest.Pin }

func (h held) In(pull periph.Pull, edge periph.Edge) error {
	err := h.Pin.In(pull, edge)
	_ = h.Out(periph.Low)
	return err
}

func TestButtonThatIsDownAtTheStart(t *testing.T) {
	pin := newPin()
	got, err := presses(t, gpio.Button{Input: gpio.Input{Pin: held{pin}}}, pin, func() {
		time.Sleep(time.Second)
		pin.EdgesChan <- periph.High // now it is let go
		time.Sleep(time.Second)
		finger(pin, 100*ms, 100*ms)
	})
	if err != nil {
		t.Error(err)
	}
	equal(t, "presses", got, "2s")
}

func TestButtonThatJams(t *testing.T) {
	for name, down := range map[string]bool{"from the start": true, "in use": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pin := newPin()
				var in periph.PinIn = pin
				if down {
					in = held{pin}
				} else {
					go func() { time.Sleep(10 * time.Second); pin.EdgesChan <- periph.Low }()
				}
				began, count := time.Now(), 0
				err := gpio.Button{Input: gpio.Input{Pin: in}}.Run(t.Context(), func(gpio.Press) { count++ })
				if !errors.Is(err, gpio.ErrStuck) || !strings.Contains(err.Error(), "GPIO17") {
					t.Errorf("got %v, want %v and the line", err, gpio.ErrStuck)
				}
				if d := time.Since(began); d < time.Minute || d > 75*time.Second {
					t.Errorf("found out after %v, want a minute", d)
				}
				if want := map[bool]int{true: 0, false: 1}[down]; count != want {
					t.Errorf("got %d presses, want %d", count, want)
				}
			})
		})
	}
}

// failing is a line that is not there (any more).
type failing struct {
	*gpiotest.Pin
	in error
}

func (f failing) In(periph.Pull, periph.Edge) error { return f.in }

// WaitForEdge returns at once, as gpioioctl does when the chip was unplugged.
func (f failing) WaitForEdge(time.Duration) bool { return false }

func TestALineThatFails(t *testing.T) {
	busy := errors.New("device or resource busy")
	err := gpio.Button{Input: gpio.Input{Pin: failing{newPin(), busy}}}.Run(t.Context(), nil)
	if !errors.Is(err, busy) || !strings.HasPrefix(err.Error(), "watch line GPIO17: ") {
		t.Errorf("got %v, want %v and the line", err, busy)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = gpio.Contact{Input: gpio.Input{Pin: failing{newPin(), nil}}}.Run(ctx, func(gpio.State) {})
	if !errors.Is(err, gpio.ErrBroken) {
		t.Errorf("got %v, want %v", err, gpio.ErrBroken)
	}
}

func TestContact(t *testing.T) {
	for _, test := range []struct {
		name   string
		closed bool // normally
		want   []string
	}{
		{"headset switch", false, []string{"0s false", "130ms true", "1.13s false"}},
		{"fire signal", true, []string{"0s true", "130ms false", "1.13s true"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pin := newPin()
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				var got []string
				k := gpio.Contact{Input: gpio.Input{Pin: pin}, NormallyClosed: test.closed}
				go func() {
					ended <- k.Run(ctx, func(s gpio.State) { got = append(got, fmt.Sprint(s.At.Sub(began), " ", s.Active)) })
				}()
				time.Sleep(130 * ms)
				finger(pin, 1*ms, 2*ms, 997*ms, 3*ms, 2*ms, time.Second)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				equal(t, "states", got, test.want...)
			})
		})
	}
}
