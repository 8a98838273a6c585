package uplink

import (
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// An answer to a hello of this session, that comes soon, is believed by a clock
// by which it has long expired; it tells the time, and all else is believed by
// that. What somebody has kept is not.
func TestAnAnswerTellsTheTime(t *testing.T) {
	for _, c := range []struct {
		name string
		turn func(d *desk, a *contract.Ack)
		told bool
	}{
		{"the answer", func(*desk, *contract.Ack) {}, true},
		{"of another session", func(_ *desk, a *contract.Ack) { a.Session[0]++ }, false},
		{"to no hello", func(_ *desk, a *contract.Ack) { a.Session = [16]byte{} }, false},
		{"that came late", func(d *desk, _ *contract.Ack) { d.clock.mono += time.Minute }, false},
		{"asked in the future", func(_ *desk, a *contract.Ack) { a.Asked += 60_000 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(2)
			d.clock.wall, d.clock.quality = evening.AddDate(94, 0, 0), circ.RTC
			d.answers = func(h contract.Hello, a *contract.Ack) {
				a.Session, a.Asked = h.Session, h.Mono
				c.turn(d, a)
			}
			d.connect(t)
			d.pass(t, time.Second)
			wall, at, ok := d.up.Answered()
			if ok != c.told || d.agreed() != c.told {
				t.Fatalf("told %v, everything sent %v, want both %v", ok, d.agreed(), c.told)
			}
			if now := wall.Add(d.clock.mono - at); ok && now.Sub(evening.Add(d.clock.mono)).Abs() > time.Second {
				t.Errorf("it is taken for %s, want %s", now, evening.Add(d.clock.mono))
			}
		})
	}
}
