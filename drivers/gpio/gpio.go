// Package gpio is a lamp that says with light what the screen says, a help
// button, a headset's switch and a building's contact, each on a GPIO line of
// the computer. It refuses to tell anything by colour alone, and to drive
// anything but the lamp: a building's fire signal is only looked at.
//
// Lines are asked of the kernel's character devices, /dev/gpiochip…
// (docs.kernel.org/userspace-api/gpio/chardev.html), through periph's gpioioctl.
// Periph's drivers for single boards are not linked: they map registers through
// /dev/mem, on a Raspberry Pi 5 the wrong ones.
package gpio

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/driver/driverreg"
	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// Chip is a GPIO controller and its lines.
type Chip struct {
	Name  string // the kernel's, "gpiochip0"; it may change from start to start
	Label string // the controller's, "pinctrl-rp1"
	Path  string // "/dev/gpiochip0"
	Lines []string
}

// ErrNoChip says that this computer has no GPIO lines, or shows us none.
var ErrNoChip = errors.New("no GPIO chip is there; is this user in the group gpio")

// Chips lists the chips of this computer. They are looked for once: a chip that
// is plugged in later is found after the next start.
func Chips() ([]Chip, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, fmt.Errorf("look for GPIO chips: %w", err)
	}
	if len(gpioioctl.Chips) == 0 {
		return nil, ErrNoChip
	}
	var chips []Chip
	for _, c := range gpioioctl.Chips {
		chip := Chip{Name: c.Name(), Label: c.Label(), Path: c.Path()}
		for _, l := range c.Lines() {
			chip.Lines = append(chip.Lines, l.Name())
		}
		chips = append(chips, chip)
	}
	return chips, nil
}

// Line is an open line: a pin for a Lamp, a Button or a Contact.
type Line struct {
	periph.PinIO
	name string
}

// Name is the line as it was asked for, and its chip: many lines have no name
// of their own.
func (l *Line) Name() string { return l.name }

// Open finds a line. The chip is given by label, name or path, or "" if only one
// has such a line; the line by its name ("GPIO17") or, if the chip is given, by
// its number there. The line is asked of the kernel, and refused if another
// program holds it, when it is first used. Close gives it back.
func Open(chip, line string) (*Line, error) {
	chips, err := Chips()
	if err != nil {
		return nil, err
	}
	c, n, err := find(chips, chip, line)
	if err != nil {
		return nil, err
	}
	return &Line{gpioioctl.Chips[c].ByNumber(n), line + " of " + chips[c].Label}, nil
}

// Close gives the line back to the kernel. It can be used again, as after Open.
func (l *Line) Close() error {
	if c, ok := l.PinIO.(interface{ Close() }); ok {
		c.Close()
	}
	return nil
}

// find is the place of a chip among chips, and of a line on it.
func find(chips []Chip, chip, line string) (c, n int, err error) {
	c = -1
	for i, at := range chips {
		if chip != "" && chip != at.Label && chip != at.Name && chip != at.Path {
			continue
		}
		k := at.line(line, chip != "")
		switch {
		case k < 0:
		case c >= 0:
			return 0, 0, fmt.Errorf("GPIO line %q is on %s and on %s: say which chip", line, chips[c].Label, at.Label)
		default:
			c, n = i, k
		}
	}
	if c >= 0 {
		return c, n, nil
	}
	return 0, 0, fmt.Errorf("no GPIO line %q%s; there is %s", line, on(chip), labels(chips))
}

// line is the number of a line, -1 if there is none. A name counts for more
// than a number.
func (c Chip) line(line string, numbers bool) int {
	if line == "" {
		return -1
	}
	if k := slices.Index(c.Lines, line); k >= 0 {
		return k
	}
	if k, err := strconv.Atoi(line); err == nil && numbers && k >= 0 && k < len(c.Lines) {
		return k
	}
	return -1
}

func on(chip string) string {
	if chip == "" {
		return ""
	}
	return " on chip " + strconv.Quote(chip)
}

func labels(chips []Chip) string {
	var all []string
	for _, c := range chips {
		all = append(all, fmt.Sprintf("chip %s with %d lines", c.Label, len(c.Lines)))
	}
	return strings.Join(all, ", ")
}
