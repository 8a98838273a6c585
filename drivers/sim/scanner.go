package sim

import (
	"fmt"

	"nightdesk/drivers"
)

// ScannerOptions is how a scanner is set.
type ScannerOptions struct {
	Suffix string // after each barcode: "\r", "\n", "\r\n", or "" for nothing but silence
	AIM    bool   // put the AIM identifier, ]cm, before each barcode
	Link   string // a file name that leads to the pseudo-terminal
}

// Scanner is a barcode scanner on a serial line. What the computer sends it is
// taken and ignored.
type Scanner struct {
	o    ScannerOptions
	line *line
	done chan struct{}
}

// NewScanner plugs a scanner in. It has one goroutine, which ends with Close.
func NewScanner(o ScannerOptions) (*Scanner, error) {
	l, err := plug(o.Link)
	if err != nil {
		return nil, err
	}
	s := &Scanner{o: o, line: l, done: make(chan struct{})}
	go s.listen()
	return s, nil
}

func (s *Scanner) listen() {
	defer close(s.done)
	buf := make([]byte, 256)
	for {
		if _, err := s.line.read(buf, 0); err != nil {
			return
		}
	}
}

// Path is the file that a driver opens.
func (s *Scanner) Path() string { return s.line.path() }

// Show scans a barcode: modifier '0' is the plain kind of most symbologies.
func (s *Scanner) Show(symbology drivers.Symbology, modifier byte, text string) error {
	if s.o.AIM {
		text = fmt.Sprintf("]%c%c%s", symbology, modifier, text)
	}
	return s.Raw([]byte(text + s.o.Suffix))
}

// Raw sends these bytes as they are. It waits a second at most for a computer
// that does not read, and then answers an error.
func (s *Scanner) Raw(b []byte) error {
	if err := s.line.write(b); err != nil {
		return fmt.Errorf("send a barcode: %w", err)
	}
	return nil
}

// Close unplugs the scanner. Its goroutine has ended when it returns.
func (s *Scanner) Close() error {
	s.line.close()
	<-s.done
	return nil
}
