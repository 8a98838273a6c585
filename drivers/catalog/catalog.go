// Package catalog knows every device driver by the name that stands in the
// configuration, and opens devices with it. It refuses to be added to from
// outside: a new driver is a new line in the map.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/feig"
	"nightdesk/drivers/wire"
)

// Line is a device as it is connected. Path is required; what else is zero is
// the driver's usual.
type Line struct {
	Path     string        // the serial device, best a name that survives replugging
	Baud     int           // bits per second
	Parity   string        // none, even or odd
	Response time.Duration // the device's own response time
	Gap      time.Duration // the pause it wants after an answer; negative is none

	// Wrap, if not nil, may put something around the line: a trace, a
	// recording, a tap that counts.
	Wrap func(wire.Port) wire.Port
}

// PadDriver opens one family of pads.
type PadDriver struct {
	About string // one line for a technician
	Open  func(ctx context.Context, line Line) (*Pad, error)
}

// Pads are the drivers of pads, by the name in the configuration.
func Pads() map[string]PadDriver {
	return map[string]PadDriver{
		"feig": {
			About: "FEIG OBID i-scan and classic-pro readers, and pads built with one",
			Open:  openFEIG,
		},
	}
}

// OpenPad opens a pad with the driver of that name.
func OpenPad(ctx context.Context, driver string, line Line) (*Pad, error) {
	d, ok := Pads()[driver]
	if !ok {
		return nil, unknown("pad", driver, Pads())
	}
	return d.Open(ctx, line)
}

// unknown is the error that lists what there is.
func unknown[D any](kind, driver string, known map[string]D) error {
	names := slices.Sorted(maps.Keys(known))
	return fmt.Errorf("no %s driver %q; there is %s", kind, driver, strings.Join(names, ", "))
}

// Pad is an open pad that can tell a technician about itself.
type Pad struct {
	drivers.Pad
	about fmt.Stringer
	line  string
}

// String tells what the reader is and what was asked of its line.
func (p *Pad) String() string { return fmt.Sprintf("%v, on %s", p.about, p.line) }

// Set tells what was asked of the line: "/dev/kiosk-pad at 38400 8E1". Whether
// the device took the parity cannot be known.
func (p *Pad) Set() string { return p.line }

// bauds are the speeds at which a FEIG reader is looked for, of those it can be
// set to (CFG1): the configured one first, else the factory's.
func bauds(configured int) []int {
	all := []int{38400, 115200, 57600, 19200, 9600, 230400}
	if configured == 0 {
		return all
	}
	rest := slices.DeleteFunc(all, func(b int) bool { return b == configured })
	return append([]int{configured}, rest...)
}

// openFEIG finds the reader's speed. The parity cannot be tried as well, or
// a pad that is off would keep its owner waiting for half a minute.
func openFEIG(ctx context.Context, line Line) (*Pad, error) {
	if line.Parity == "" {
		line.Parity = "even" // CFG1 as the factory sets it
	}
	tried := bauds(line.Baud)
	var last error
	for _, baud := range tried {
		pad, err := openFEIGAt(ctx, line, baud)
		if err == nil {
			return pad, nil
		}
		if !errors.Is(err, drivers.ErrSilent) && !errors.Is(err, drivers.ErrGarbled) {
			return nil, err
		}
		last = err
	}
	return nil, fmt.Errorf("%s, parity %s, at any of %d baud: %w", line.Path, line.Parity, tried, last)
}

func openFEIGAt(ctx context.Context, line Line, baud int) (*Pad, error) {
	port, err := open(line, baud, 0)
	if err != nil {
		return nil, err
	}
	pad, err := feig.Open(ctx, port, feig.Options{Response: line.Response, Gap: line.Gap})
	if err != nil {
		return nil, err
	}
	return &Pad{pad, pad, line.Path + " at " + wire.Describe(port)}, nil
}

// open opens the serial device and lets the caller wrap it.
func open(line Line, baud int, poll time.Duration) (wire.Port, error) {
	parity, err := wire.ParseParity(line.Parity)
	if err != nil {
		return nil, err
	}
	port, err := wire.Open(line.Path, wire.Mode{Baud: baud, Parity: parity, Poll: poll})
	if err != nil {
		return nil, err
	}
	if line.Wrap == nil {
		return port, nil
	}
	return line.Wrap(port), nil
}
