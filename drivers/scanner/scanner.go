// Package scanner reads barcodes from a scanner on a serial line, whatever it
// ends them with. It refuses to mend a scan: one that is too long or has
// control characters in it is reported as such and whole.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"nightdesk/drivers"
)

// Longest is the most bytes of one barcode, with its AIM identifier.
const Longest = 128

// What a person can be told about a scan that is not passed on. After either
// the scanner is as good as before.
var (
	// ErrTooLong says that more than Longest bytes came as one barcode.
	ErrTooLong = errors.New("the barcode is too long")
	// ErrControl says that the barcode holds something that is not printable ASCII.
	ErrControl = errors.New("the barcode holds characters that cannot be read")
)

// Port is a serial line. Read returns what has come, or (0, nil) after a
// moment in which nothing came.
type Port interface {
	io.Reader
	io.Writer
	io.Closer
}

// Options is how the scanner is set.
type Options struct {
	// Quiet ends a barcode that has no suffix: nothing came for so long. 0 is
	// 100 ms. A scanner with a suffix (CR, LF or both) is the better choice, for
	// without one, what is scanned while nobody reads the line runs together.
	Quiet time.Duration
}

// Scanner is a drivers.Scanner over a serial line.
type Scanner struct {
	port   Port
	quiet  time.Duration
	framer framer
	rest   []byte // read from the port and not framed yet
	buf    [256]byte
	heard  time.Time // when the last byte came
	closed bool
}

var _ drivers.Scanner = (*Scanner)(nil)

// New makes a Scanner that owns port. It sends nothing.
func New(port Port, o Options) *Scanner {
	if o.Quiet == 0 {
		o.Quiet = 100 * time.Millisecond
	}
	return &Scanner{port: port, quiet: o.Quiet}
}

// Scan waits for the next barcode. ErrTooLong and ErrControl are about one
// scan; the error of ctx leaves what has come of a barcode for the next
// call; any other error is the port's, and the end of the line. The same
// barcode shown twice comes twice.
func (s *Scanner) Scan(ctx context.Context) (drivers.Scan, error) {
	for {
		if err := ctx.Err(); err != nil {
			return drivers.Scan{}, err
		}
		if s.closed {
			return drivers.Scan{}, fmt.Errorf("read a barcode: the scanner was closed: %w", io.ErrClosedPipe)
		}
		for len(s.rest) > 0 {
			b := s.rest[0]
			s.rest = s.rest[1:]
			if scan, done, err := s.framer.add(b); done {
				return scan, err
			}
		}
		n, err := s.port.Read(s.buf[:])
		if err != nil && n == 0 {
			return drivers.Scan{}, fmt.Errorf("read a barcode: %w", err)
		}
		if n > 0 {
			s.heard = time.Now()
			s.rest = s.buf[:n]
			continue
		}
		if time.Since(s.heard) < s.quiet {
			continue
		}
		if scan, done, err := s.framer.end(); done {
			return scan, err
		}
	}
}

// Close closes the line; closing twice does nothing more.
func (s *Scanner) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.port.Close()
}
