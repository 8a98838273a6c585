package wire

import (
	"errors"
	"fmt"
	"io"
	"time"

	"go.bug.st/serial"

	"nightdesk/drivers"
)

// Parity is the parity bit of a character.
type Parity byte

// The parities that readers use; the zero value is none.
const (
	None Parity = iota
	Even
	Odd
)

// ParseParity reads "none", "even" or "odd"; "" is none.
func ParseParity(s string) (Parity, error) {
	switch s {
	case "", "none":
		return None, nil
	case "even":
		return Even, nil
	case "odd":
		return Odd, nil
	}
	return None, fmt.Errorf("parity %q is not none, even or odd", s)
}

// Mode is how a line is to be set. There are always 8 data bits and 1 stop bit.
type Mode struct {
	Baud   int // bits per second
	Parity Parity
	// Poll is the longest an empty Read takes, 0 for 5 ms. Longer is
	// cheaper and makes contexts wait; a scanner that is only listened to
	// can have 20 ms.
	Poll time.Duration
}

// String is the technician's notation: 38400 8E1.
func (m Mode) String() string {
	letter := map[Parity]string{None: "N", Even: "E", Odd: "O"}[m.Parity]
	return fmt.Sprintf("%d 8%s1", m.Baud, letter)
}

func (m Mode) serial() *serial.Mode {
	parity := map[Parity]serial.Parity{None: serial.NoParity, Even: serial.EvenParity, Odd: serial.OddParity}
	return &serial.Mode{BaudRate: m.Baud, DataBits: 8, Parity: parity[m.Parity], StopBits: serial.OneStopBit}
}

// poll is the usual longest empty Read. It is also the pause that readers
// want after an answer (FEIG, PSST), so waiting for that costs one Read.
const poll = 5 * time.Millisecond

// Open opens the serial device at path. The error is one of ErrMissing,
// ErrPermission, ErrBusy, ErrNotSerial, or says what else the system said.
//
// That the device took the parity cannot be seen from here (a pseudo-terminal
// quietly does not); Describe tells what was asked for. Root is not kept out of a
// device that is in use. The file descriptor is inherited by child processes.
func Open(path string, mode Mode) (*Serial, error) {
	port, err := serial.Open(path, mode.serial())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, openError(err))
	}
	wait := mode.Poll
	if wait == 0 {
		wait = poll
	}
	if err := port.SetReadTimeout(wait); err != nil {
		_ = port.Close() // the first error is the one to tell
		return nil, fmt.Errorf("set the read timeout of %s: %w", path, err)
	}
	return &Serial{port: port, mode: mode}, nil
}

// Serial is an open serial device. One goroutine owns it.
type Serial struct {
	port   serial.Port
	mode   Mode
	closed bool
}

// String says what was asked of the line.
func (s *Serial) String() string { return s.mode.String() }

// Read returns what has come, or (0, nil) if nothing came in Mode.Poll.
func (s *Serial) Read(b []byte) (int, error) {
	if s.closed {
		return 0, ErrClosed
	}
	n, err := s.port.Read(b)
	return n, useError(err)
}

// Write sends all of b. The serial library would write to a closed port's file
// descriptor, which by then may be another file, and may write only a part.
func (s *Serial) Write(b []byte) (int, error) {
	if s.closed {
		return 0, ErrClosed
	}
	sent := 0
	for sent < len(b) {
		n, err := s.port.Write(b[sent:])
		sent += n
		if err != nil {
			return sent, useError(err)
		}
		if n == 0 {
			return sent, io.ErrShortWrite
		}
	}
	return sent, nil
}

// SetDTR sets the line that tells the device that a computer is there.
func (s *Serial) SetDTR(on bool) error { return s.line(s.port.SetDTR, on) }

// SetRTS sets the line that asks the device to send.
func (s *Serial) SetRTS(on bool) error { return s.line(s.port.SetRTS, on) }

func (s *Serial) line(set func(bool) error, on bool) error {
	if s.closed {
		return ErrClosed
	}
	return useError(set(on))
}

// Close closes the device; closing twice does nothing more.
func (s *Serial) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	// Unsent bytes would make the kernel wait for a device that does not take
	// them, up to 30 s. If there is nothing to throw away, so much the better.
	_ = s.port.ResetOutputBuffer()
	if err := useError(s.port.Close()); !errors.Is(err, drivers.ErrUnplugged) {
		return err
	}
	return nil // what is gone is closed
}
