package catalog

import (
	"io"

	periph "periph.io/x/conn/v3/gpio"

	"nightdesk/drivers/gpio"
)

// Pin is one open line, for a lamp, a button or a contact of drivers/gpio.
type Pin interface {
	periph.PinIO
	io.Closer
}

// PinDriver opens one kind of single lines.
type PinDriver struct {
	About string // one line for a technician
	Open  func(chip, line string) (Pin, error)
}

// Pins are the drivers of single lines, by name.
func Pins() map[string]PinDriver {
	return map[string]PinDriver{
		"gpio": {
			About: "GPIO lines of the computer, by chip and name: chip pinctrl-rp1, line GPIO17",
			Open: func(chip, line string) (Pin, error) {
				l, err := gpio.Open(chip, line)
				if err != nil {
					return nil, err
				}
				return l, nil
			},
		},
	}
}

// OpenPin opens a line with the driver of that name. chip may be "" if only one
// has a line of that name.
func OpenPin(driver, chip, line string) (Pin, error) {
	d, ok := Pins()[driver]
	if !ok {
		return nil, unknown("line", driver, Pins())
	}
	return d.Open(chip, line)
}
