package catalog

import (
	"context"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/scanner"
	"nightdesk/drivers/wire"
)

const (
	// scannerBaud is what scanners come set to, with no parity.
	scannerBaud = 9600
	// scannerPoll is how often a scanner that is only listened to is looked
	// at. It is well below the silence that ends a code.
	scannerPoll = 20 * time.Millisecond
)

// ScannerDriver opens one kind of barcode scanner.
type ScannerDriver struct {
	About string // one line for a technician
	Open  func(ctx context.Context, line Line) (*Scanner, error)
}

// Scanners are the drivers of barcode scanners, by name.
func Scanners() map[string]ScannerDriver {
	return map[string]ScannerDriver{
		"serial": {
			About: "barcode scanners on a serial line or USB-CDC, with any suffix or none",
			Open:  openSerialScanner,
		},
	}
}

// OpenScanner opens a scanner with the driver of that name.
func OpenScanner(ctx context.Context, driver string, line Line) (*Scanner, error) {
	d, ok := Scanners()[driver]
	if !ok {
		return nil, unknown("scanner", driver, Scanners())
	}
	return d.Open(ctx, line)
}

// Scanner is an open scanner that can tell a technician about itself.
type Scanner struct {
	drivers.Scanner
	line string
}

// Set tells what was asked of the line: "/dev/kiosk-scanner at 9600 8N1".
func (s *Scanner) Set() string { return s.line }

// openSerialScanner opens the line. A scanner says nothing until something is
// scanned, so that it is there at all only the first barcode shows. Line.Gap is
// the silence that ends a barcode without a suffix; Line.Response means nothing.
func openSerialScanner(ctx context.Context, line Line) (*Scanner, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	baud := line.Baud
	if baud == 0 {
		baud = scannerBaud
	}
	port, err := open(line, baud, scannerPoll)
	if err != nil {
		return nil, err
	}
	s := scanner.New(port, scanner.Options{Quiet: max(line.Gap, 0)})
	return &Scanner{s, line.Path + " at " + wire.Describe(port)}, nil
}
