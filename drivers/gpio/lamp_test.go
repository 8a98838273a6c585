package gpio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"nightdesk/drivers/gpio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// strip is what a pattern does in one period, as a chart recorder with a paper
// of 100 ms a letter would draw it.
func strip(p gpio.Pattern, length time.Duration) string {
	var b strings.Builder
	for t := time.Duration(0); t < length; t += 100 * time.Millisecond {
		if p.At(t) {
			b.WriteByte('#')
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func TestPatterns(t *testing.T) {
	want := map[gpio.Pattern]string{
		gpio.Idle:     "#.......................................",
		gpio.Working:  "##########..........##########..........",
		gpio.Done:     "########################################",
		gpio.NeedsYou: "##..##..........##..##..........##..##..",
		gpio.Help:     "#########...##........#########...##....",
		gpio.Out:      "#################...#################...",
	}
	if len(gpio.Patterns()) != len(want) {
		t.Errorf("got %d patterns, want %d", len(gpio.Patterns()), len(want))
	}
	for _, p := range gpio.Patterns() {
		if got := strip(p, 4*time.Second); got != want[p] {
			t.Errorf("%s:\ngot  %s\nwant %s", p, got, want[p])
		}
	}
	if strip("party", 4*time.Second) != want[gpio.Out] {
		t.Error("a pattern that is none is not out of order")
	}
}

// flashes are the moments, from the first look on, at which a lamp goes on.
func flashes(p gpio.Pattern) (at []time.Duration) {
	lit := false
	for t := time.Duration(0); t < 30*time.Second; t += 10 * time.Millisecond {
		if p.At(t) && !lit {
			at = append(at, t)
		}
		lit = p.At(t)
	}
	return at
}

func TestNoPatternFlashesTooFast(t *testing.T) {
	for _, p := range gpio.Patterns() {
		on := flashes(p)
		for i := range on {
			if i+3 < len(on) && on[i+3]-on[i] < time.Second {
				t.Errorf("%s: four flashes within %v", p, on[i+3]-on[i])
			}
		}
	}
}

// Two patterns must differ by more than a glance can miss, whenever the glance
// begins: laid over each other in any phase they disagree a twentieth of the time.
func TestPatternsDifferWithoutColour(t *testing.T) {
	const tick, span = 20 * time.Millisecond, 88 * time.Second // whole periods of all
	all := gpio.Patterns()
	for i, a := range all {
		for _, b := range all[i+1:] {
			for phase := time.Duration(0); phase < 4*time.Second; phase += tick {
				differ := 0
				for at := time.Duration(0); at < span; at += tick {
					if a.At(at) != b.At(at+phase) {
						differ++
					}
				}
				if share := float64(differ) * float64(tick) / float64(span); share < 0.05 {
					t.Errorf("%s and %s, %v later, differ %.0f%% of the time only", a, b, phase, 100*share)
				}
			}
		}
	}
}

// Sleeping until Next never misses a change, and never wakes for none.
func TestNextIsTheNextChange(t *testing.T) {
	for _, p := range gpio.Patterns() {
		at := time.Duration(0)
		for range 20 {
			next := p.Next(at)
			if next == 0 {
				if strings.Contains(strip(p, 10*time.Second), ".") {
					t.Errorf("%s: changes, and says it does not", p)
				}
				break
			}
			if p.At(at) != p.At(at+next-1) || p.At(at) == p.At(at+next) {
				t.Errorf("%s: no change at %v", p, at+next)
			}
			at += next
		}
	}
	if !gpio.Idle.At(-time.Hour) || gpio.Idle.Next(-1) != 60*time.Millisecond {
		t.Error("before the beginning is not the beginning")
	}
}

// bulb is a pin that notes each change of its level, and when.
type bulb struct {
	gpiotest.Pin
	broken error
	began  time.Time

	mu    sync.Mutex
	notes []string
	lit   bool
}

func (b *bulb) Out(l periph.Level) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	if bool(l) != b.lit {
		b.lit = bool(l)
		b.notes = append(b.notes, fmt.Sprintf("%v %v", time.Since(b.began).Round(time.Millisecond), l))
	}
	return b.Pin.Out(l)
}

func (b *bulb) saw() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.notes)
}

func newBulb(name string) *bulb { return &bulb{Pin: gpiotest.Pin{N: name}, began: time.Now()} }

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestLampFollowsTheScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		green, yellow, red := newBulb("GPIO5"), newBulb("GPIO6"), newBulb("GPIO13")
		ctx, cancel := context.WithCancel(t.Context())
		changes, ended := make(chan gpio.Pattern), make(chan error)
		go func() {
			ended <- gpio.Lamp{Green: green, Yellow: yellow, Red: red}.Run(ctx, gpio.Idle, changes)
		}()
		time.Sleep(5 * time.Second)
		changes <- gpio.Working
		time.Sleep(1500 * time.Millisecond)
		changes <- gpio.Working // the same again
		time.Sleep(1 * time.Second)
		changes <- gpio.Done
		time.Sleep(time.Minute)
		changes <- gpio.Help
		time.Sleep(2 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		equal(t, "green", green.saw(), "0s High", "60ms Low", "4s High", "4.06s Low", "7.5s High", "1m7.5s Low")
		equal(t, "yellow", yellow.saw(), "5s High", "6s Low", "7s High", "7.5s Low")
		equal(t, "red", red.saw(), "1m7.5s High", "1m8.4s Low", "1m8.7s High", "1m8.9s Low")
	})
}

func TestOneLampSaysItAll(t *testing.T) {
	for _, p := range gpio.Patterns() {
		synctest.Test(t, func(t *testing.T) {
			only := newBulb("GPIO5")
			changes := make(chan gpio.Pattern)
			ended := make(chan error)
			go func() { ended <- gpio.Lamp{Yellow: only}.Run(t.Context(), p, changes) }()
			var drawn strings.Builder
			for range 40 {
				time.Sleep(time.Millisecond)
				drawn.WriteByte(map[bool]byte{true: '#', false: '.'}[bool(only.Read())])
				time.Sleep(99 * time.Millisecond)
			}
			close(changes) // the owner has ended
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if got, want := drawn.String(), strip(p, 4*time.Second); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", p, got, want)
			}
			if only.Read() {
				t.Errorf("%s: lit at the end", p)
			}
		})
	}
}

func TestLampThatIsLitByLow(t *testing.T) {
	pin := newBulb("GPIO5")
	lamp := gpio.Lamp{Red: pin, ActiveLow: true}
	if err := lamp.Show(gpio.Red, true); err != nil || pin.Read() != periph.Low {
		t.Errorf("lit: got %v and %v, want low", pin.Read(), err)
	}
	if err := lamp.Dark(); err != nil || pin.Read() != periph.High {
		t.Errorf("dark: got %v and %v, want high", pin.Read(), err)
	}
	if err := (gpio.Lamp{}).Show(gpio.Colour(7), true); err != nil {
		t.Errorf("no lamp at all: got %v, want none", err)
	}
}

func TestLampWhoseLineFails(t *testing.T) {
	green, red := newBulb("GPIO5"), newBulb("GPIO13")
	red.broken = errors.New("no such device")
	err := gpio.Lamp{Green: green, Red: red}.Run(t.Context(), gpio.Done, nil)
	if !errors.Is(err, red.broken) || !strings.Contains(err.Error(), "light the lamp on line GPIO13: ") {
		t.Errorf("got %v, want the line's error", err)
	}
	if green.Read() {
		t.Error("the lamps that work are left lit")
	}
}
