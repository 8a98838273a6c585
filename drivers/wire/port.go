// Package wire carries frames over a serial line: one question, one answer,
// and an honest word when there is none. It refuses to guess: after any failure
// it finds the reader's voice again before it believes another answer.
//
// One goroutine opens, uses and closes a port. Nothing here starts a
// goroutine, and nothing wraps a port in a bufio.Scanner or io.ReadFull: a
// serial port answers (0, nil) when nothing has come for a moment, which the
// first takes for a broken reader and the second for a reason to try for ever.
package wire

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Port is a serial line. Read waits for a few milliseconds at most and then
// returns (0, nil), so that whoever reads can look at a context. Write sends
// all of it or returns an error. A port belongs to one goroutine.
type Port interface {
	io.Reader
	io.Writer
	io.Closer
}

// Split finds the first whole frame in what has come so far: its length, 0 if
// it is not all there yet, or an error if this beginning can never become a
// frame. It never returns more than len(buf).
type Split func(buf []byte) (n int, err error)

// Direction is the way bytes went, in the letter that a recording uses.
type Direction byte

// The two ways on a line, as seen from this computer.
const (
	Sent     Direction = '>'
	Received Direction = '<'
)

func (d Direction) String() string { return string(rune(d)) }

// Hex writes bytes as a technician reads them: 07 FF B0.
func Hex(b []byte) string {
	s := strings.ToUpper(hex.EncodeToString(b))
	var out strings.Builder
	for i := 0; i < len(s); i += 2 {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(s[i : i+2])
	}
	return out.String()
}

// Describe says what was asked of the line behind p, such as "38400 8E1", and
// "" if p cannot tell. What the other end understood cannot be known from here.
func Describe(p Port) string {
	if d, ok := p.(fmt.Stringer); ok {
		return d.String()
	}
	return ""
}

// Trace shows every byte that passes to w, which must not keep b. The bytes
// are shown after they were written or read; empty reads are not shown.
func Trace(p Port, w func(dir Direction, b []byte, at time.Time)) Port {
	return &traced{Port: p, show: w}
}

type traced struct {
	Port
	show func(Direction, []byte, time.Time)
}

func (t *traced) String() string { return Describe(t.Port) }

func (t *traced) Read(b []byte) (int, error) {
	n, err := t.Port.Read(b)
	if n > 0 {
		t.show(Received, b[:n], time.Now())
	}
	return n, err
}

func (t *traced) Write(b []byte) (int, error) {
	n, err := t.Port.Write(b)
	if n > 0 {
		t.show(Sent, b[:n], time.Now())
	}
	return n, err
}

// Tap stands between the driver and the line, and can break it: it is how a
// test counts every step of a conversation and cuts the power at one of them.
type Tap interface {
	// BeforeWrite is asked before bytes go out. On an error nothing goes out
	// and the writer gets the error.
	BeforeWrite(b []byte) error
	// AfterRead is asked when bytes have come. On an error they are withheld
	// and the reader gets the error. Empty reads are not asked about.
	AfterRead(b []byte) error
}

// Tapped puts t on the line.
func Tapped(p Port, t Tap) Port { return &tapped{Port: p, tap: t} }

type tapped struct {
	Port
	tap Tap
}

func (t *tapped) String() string { return Describe(t.Port) }

func (t *tapped) Read(b []byte) (int, error) {
	n, err := t.Port.Read(b)
	if n == 0 {
		return 0, err
	}
	if veto := t.tap.AfterRead(b[:n]); veto != nil {
		return 0, veto
	}
	return n, err
}

func (t *tapped) Write(b []byte) (int, error) {
	if veto := t.tap.BeforeWrite(b); veto != nil {
		return 0, veto
	}
	return t.Port.Write(b)
}
