package sim

import (
	"time"

	"nightdesk/drivers"
)

// session is a reader from power-up to the end of its power. Used only by its
// own goroutine.
type session struct {
	*Reader
	line  *line
	in    []byte    // what has come of the next frame
	began time.Time // when its first byte came
	heard time.Time // when the last answer was sent
	stale []byte    // an answer that the fault Late holds back
	radio radio
	ram   [configBlocks][configSize]byte
}

// outcome is what a command comes to.
type outcome struct {
	status byte
	data   []byte
	air    time.Duration // what it takes between question and answer
}

// gap is the longest silence inside a frame (FEIG H20800-16e, host protocol:
// 12 ms between characters); what came before a longer one is dropped.
const gap = 12 * time.Millisecond

func newSession(r *Reader, l *line) *session {
	s := &session{Reader: r, line: l}
	s.powerUp()
	return s
}

func (s *session) powerUp() {
	s.ram = s.eeprom
	s.radio = radio{on: true}
	s.radio.forget()
}

// run serves until the cable is pulled.
func (s *session) run(done chan<- struct{}) {
	defer close(done)
	defer s.line.close()
	buf := make([]byte, 256)
	for {
		var quiet time.Duration
		if len(s.in) > 0 {
			quiet = gap
		}
		n, err := s.line.read(buf, quiet)
		if err != nil {
			return
		}
		if n == 0 {
			s.in = s.in[:0]
			continue
		}
		if len(s.in) == 0 {
			s.began = time.Now()
		}
		s.in = append(s.in, buf[:n]...)
		if !s.serve() {
			return
		}
	}
}

// serve answers every whole frame that has come, and says whether the reader
// still has a cable. A broken frame gets no answer, and nothing before the
// next silence is believed to be a beginning.
func (s *session) serve() bool {
	for {
		n := length(s.in)
		if n < 0 || len(s.in) > longest {
			s.in = s.in[:0]
			return true
		}
		if n == 0 || len(s.in) < n {
			return true
		}
		f, ok := parse(s.in[:n])
		if !ok {
			s.in = s.in[:0]
			return true
		}
		// parse does not copy, and what follows may overwrite the buffer.
		f.data = append([]byte(nil), f.data...)
		s.in = append(s.in[:0], s.in[n:]...)
		if s.forMe(f) && !s.answer(f, n) {
			return false
		}
		s.began = time.Now()
	}
}

func (s *session) forMe(f frame) bool {
	if f.address != anyAddress && f.address != s.o.Address {
		return false
	}
	return s.o.Quiet == 0 || s.began.Sub(s.heard) >= s.o.Quiet
}

// answer carries a command of n bytes out and answers it, each at its time,
// unless a fault is armed. Times are measured from the command's first byte, so
// that late sleeps do not add up.
func (s *session) answer(f frame, n int) bool {
	command, uid := names(f)
	if s.o.OnFrame != nil {
		s.o.OnFrame(command, uid)
	}
	fault := s.strikes(command, uid)
	if s.stale != nil {
		stale := s.stale
		s.stale = nil
		if s.line.write(stale) != nil {
			return false
		}
	}
	switch fault {
	case Unplug:
		s.line.close()
		return false
	case Silent, NeverAnswers:
		return true
	case GoneMidWrite:
		s.table.Lift(uid)
	}
	asked := s.began.Add(s.serial(n))
	if !s.until(asked) {
		return false
	}
	did := s.execute(f, fault)
	reply := frame{advanced: f.advanced, address: s.o.Address, command: f.command, data: append([]byte{did.status}, did.data...)}.bytes()
	due := asked.Add(s.serial(len(reply)))
	if s.o.TrueTiming {
		due = due.Add(did.air)
	}
	return s.send(spoil(reply, fault), due, fault)
}

func (s *session) send(reply []byte, due time.Time, fault string) bool {
	switch fault {
	case LostReply:
		return true
	case Late:
		s.stale = reply
		return true
	case Slow:
		due = due.Add(s.o.SlowBy)
	}
	if !s.until(due) {
		return false
	}
	s.heard = time.Now() // before the write: the computer may have it before we are back
	err := s.line.write(reply)
	// A computer that does not read for so long loses its answer, as on a wire.
	return err == nil || !hungUp(err)
}

// until waits unless the time has come: without TrueTiming it mostly has.
func (s *session) until(at time.Time) bool {
	if !time.Now().Before(at) {
		return true
	}
	return s.line.until(at)
}

func (s *session) serial(n int) time.Duration {
	if !s.o.TrueTiming {
		return 0
	}
	return SerialTime(n, s.o.Baud)
}

// spoil is what the line makes of an answer.
func spoil(reply []byte, fault string) []byte {
	switch fault {
	case CRCError:
		reply[len(reply)/2] ^= 0x10
	case Garbled:
		for i := range reply {
			reply[i] = ^reply[i] // no length fits, no CRC either
		}
	}
	return reply
}

// names is what a command is called in Fault and OnFrame, and the tag it
// names, zero if none.
func names(f frame) (command byte, uid drivers.UID) {
	if f.command != cmdISO || len(f.data) == 0 {
		return f.command, uid
	}
	if len(f.data) >= 10 && f.data[1]&modeMask == modeAddressed {
		copy(uid[:], f.data[2:])
	}
	return f.data[0], uid
}
