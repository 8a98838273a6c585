package drivertest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nightdesk/drivers/wire"
)

// step is one line of a recording.
type step struct {
	line int // where it stands in the text, from 1
	dir  wire.Direction
	data []byte
}

// Playback is a line on which a recorded conversation happens again. Every
// write must be the next one recorded; what was recorded after it can then be read.
type Playback struct {
	steps  []step
	closed bool
}

// idle is how long an empty read takes, as on a real port.
const idle = time.Millisecond

// Play reads a recording: "> hex" was sent, "< hex" was received, an empty line and a line
// that begins with # are nothing.
func Play(text string) (*Playback, error) {
	p := &Playback{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		dir := wire.Direction(line[0])
		data, err := hex.DecodeString(strings.ReplaceAll(line[1:], " ", ""))
		if err != nil || len(data) == 0 || dir != wire.Sent && dir != wire.Received {
			return nil, fmt.Errorf("recording line %d: %q is not > or < and bytes in hexadecimal", i+1, line)
		}
		p.steps = append(p.steps, step{i + 1, dir, data})
	}
	return p, nil
}

// Write checks b against the recording.
func (p *Playback) Write(b []byte) (int, error) {
	if p.closed {
		return 0, errors.New("write on a closed playback")
	}
	if len(p.steps) == 0 {
		return 0, fmt.Errorf("the recording is over, but %s was sent", wire.Hex(b))
	}
	next := p.steps[0]
	if next.dir != wire.Sent || !bytes.Equal(next.data, b) {
		return 0, fmt.Errorf("recording line %d: got %s sent, want %v %s", next.line, wire.Hex(b), next.dir, wire.Hex(next.data))
	}
	p.steps = p.steps[1:]
	return len(b), nil
}

// Read gives what was received next, or (0, nil) if something must be sent first.
func (p *Playback) Read(b []byte) (int, error) {
	if p.closed {
		return 0, errors.New("read on a closed playback")
	}
	if len(p.steps) == 0 || p.steps[0].dir != wire.Received {
		<-time.After(idle)
		return 0, nil
	}
	next := &p.steps[0]
	n := copy(b, next.data)
	if next.data = next.data[n:]; len(next.data) == 0 {
		p.steps = p.steps[1:]
	}
	return n, nil
}

// Close fails if part of the recording was not used.
func (p *Playback) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	if len(p.steps) > 0 {
		next := p.steps[0]
		return fmt.Errorf("recording line %d: %v %s was not used", next.line, next.dir, wire.Hex(next.data))
	}
	return nil
}

// Record writes what passes over port to w, in the form that Play reads. If
// w fails, recording ends and Close says why.
func Record(port wire.Port, w io.Writer) wire.Port {
	r := &recorder{w: w}
	r.Port = wire.Trace(port, r.note)
	return r
}

type recorder struct {
	wire.Port
	w   io.Writer
	err error
}

func (r *recorder) note(dir wire.Direction, b []byte, _ time.Time) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, "%v %s\n", dir, wire.Hex(b))
	}
}

func (r *recorder) Close() error { return errors.Join(r.Port.Close(), r.err) }
