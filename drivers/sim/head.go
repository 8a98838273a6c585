package sim

import (
	"bytes"
	"time"
)

// head is a printer from power-up to the end of its power. Used only by its own
// goroutine. What it understands is the Epson ESC/POS command reference's, as far
// as receipts need it; what it does not is reported and dropped.
type head struct {
	*Printer
	line *line // used by run alone
	tell func([]byte) error

	held    []byte    // the beginning of a real-time command
	in      []byte    // what has come and is not carried out yet; below Buffer + underWay
	stop    bool      // the computer was sent XOFF
	busy    time.Time // until then the paper moves
	picture picture   // the picture that is coming in
}

// picture is the unfinished command GS v 0.
type picture struct {
	left   int // bytes that are still to come
	stride int
	row    []byte
}

const (
	xon, xoff = 0x11, 0x13
	byteDLE   = 0x10
	byteESC   = 0x1B
	byteGS    = 0x1D
	byteFS    = 0x1C
)

func newHead(p *Printer, l *line) *head {
	p.paper.reset()
	return &head{Printer: p, line: l, tell: l.write}
}

// look is how often a printer that waits for anything but the computer looks up.
const look = 5 * time.Millisecond

// run serves until the cable is pulled.
func (h *head) run(done chan<- struct{}) {
	defer close(done)
	defer h.line.close()
	buf := make([]byte, 512)
	for {
		h.work()
		if h.flow() != nil {
			return
		}
		var quiet time.Duration
		if len(h.in) > 0 {
			quiet = look
		}
		n, err := h.line.read(buf, quiet)
		if err != nil {
			return
		}
		for _, b := range buf[:n] {
			if h.receive(b) != nil {
				return
			}
		}
	}
}

// flow stops the computer when three quarters of the buffer are full, and lets it
// go on when one is left.
func (h *head) flow() error {
	full := h.stop
	switch {
	case len(h.in) >= h.o.Buffer*3/4:
		full = true
	case len(h.in) <= h.o.Buffer/4:
		full = false
	}
	if full == h.stop {
		return nil
	}
	h.stop = full
	if full {
		return h.say(xoff)
	}
	return h.say(xon)
}

// underWay is what a pseudo-terminal can hold, in bytes: far more than a wire. What
// was under way when the computer was stopped is taken too, or it would be lost
// through no fault of the computer's.
const underWay = 128 << 10

// keep puts a byte into the buffer. What comes when it is full is lost, as it is
// in a printer.
func (h *head) keep(b byte) {
	if len(h.in) < h.o.Buffer+underWay {
		h.in = append(h.in, b)
	}
}

// receive takes a byte as it comes. Real-time commands are carried out at once,
// wherever they stand, and are not kept.
func (h *head) receive(b byte) error {
	h.held = append(h.held, b)
	for len(h.held) > 0 {
		n, whole := realTime(h.held)
		if n > 0 && !whole {
			return nil
		}
		if n == 0 {
			h.keep(h.held[0])
			h.held = h.held[1:]
			continue
		}
		command := bytes.Clone(h.held[:n])
		h.held = append(h.held[:0], h.held[n:]...)
		if err := h.now(command); err != nil {
			return err
		}
	}
	return nil
}

// realTime is the length of the real-time command at the beginning of b, 0 if
// there is none, and whether it is all there.
func realTime(b []byte) (n int, whole bool) {
	switch {
	case b[0] != byteDLE:
		return 0, false
	case len(b) == 1:
		return 1, false
	}
	switch b[1] {
	case 0x04, 0x05: // DLE EOT n, DLE ENQ n
		n = 3
	case 0x14: // DLE DC4 fn …
		n = 5
		if len(b) > 2 && b[2] == 8 {
			n = 10
		}
	default:
		return 0, false
	}
	return n, len(b) >= n
}

// now carries a real-time command out.
func (h *head) now(c []byte) error {
	switch {
	case c[1] == 0x04 && c[2] >= 1 && c[2] <= 4:
		return h.say(h.status(c[2]))
	case c[1] == 0x05 && c[2] == 2:
		if h.has(CutterStuck + jammed) {
			h.forget()
			h.swap(CutterStuck+jammed, CutterStuck)
		}
		return nil
	case c[1] == 0x05:
		return nil
	case bytes.Equal(c[1:], []byte{0x14, 8, 1, 3, 20, 1, 6, 2, 8}):
		h.forget()
		return h.say(0x37, 0x25, 0x00) // the Clear response
	}
	h.wrong(c)
	return nil
}

// forget clears the receive buffer and what of a line is not printed yet.
func (h *head) forget() {
	h.in = h.in[:0]
	h.picture = picture{}
	h.paper.pending = nil
}

// status is the answer to DLE EOT n.
func (h *head) status(n byte) byte {
	b := byte(0x12)
	set := func(bits byte, faults ...string) {
		for _, f := range faults {
			if h.has(f) {
				b |= bits
			}
		}
	}
	switch n {
	case 1:
		set(0x08, PaperOut, CoverOpen, Offline, CutterStuck+jammed)
	case 2:
		set(0x04, CoverOpen)
		set(0x20, PaperOut)
		set(0x40, CutterStuck+jammed)
	case 3:
		set(0x08, CutterStuck+jammed)
	case 4:
		set(0x0C, PaperLow, PaperOut)
		set(0x60, PaperOut)
	}
	return b
}

// say sends the computer something, unless a fault keeps it from that. A computer
// that does not read loses it.
func (h *head) say(b ...byte) error {
	flow := len(b) == 1 && (b[0] == xon || b[0] == xoff)
	switch {
	case h.has(Silent) && !flow:
		return nil
	case h.has(Garbage) && !flow:
		for i := range b {
			b[i] = ^b[i]
		}
	}
	if err := h.tell(b); err != nil && hungUp(err) {
		return err
	}
	return nil
}

// work carries out what has come, as far as the paper is not moving and nothing
// is wrong.
func (h *head) work() {
	for len(h.in) > 0 && !h.stopped() && !time.Now().Before(h.busy) {
		n := h.step(h.in)
		if n == 0 {
			return
		}
		h.in = append(h.in[:0], h.in[n:]...)
		if h.paper.since > midJob {
			h.swap(PaperOutMidJob, PaperOut)
		}
	}
}

// midJob is how many dots of a sheet come out before PaperOutMidJob strikes.
const midJob = 60

// moved takes the time that the paper takes. It counts from when the paper
// stood still, so that looking up late does not add up.
func (h *head) moved(dots int) {
	d := h.took(dots)
	if d == 0 {
		return
	}
	if now := time.Now(); now.Sub(h.busy) > 4*look {
		h.busy = now
	}
	h.busy = h.busy.Add(d)
}
