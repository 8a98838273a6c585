package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/policy"
	"nightdesk/agent/visit"
)

// closingSoon is how long before the doors close the screen says so.
const closingSoon = 10 * time.Minute

// ModePath is where a technician's word lies: one of the modes, or nothing.
// "nightdesk mode" writes it; it outlives a restart.
func ModePath(cfg config.Config) string { return filepath.Join(cfg.Data, "mode") }

// ReadMode is what a technician said the kiosk is to be; service if nothing.
func ReadMode(cfg config.Config) visit.Mode {
	b, err := os.ReadFile(ModePath(cfg))
	m := visit.Mode(strings.TrimSpace(string(b)))
	if err != nil || m != visit.Tech && m != visit.Out && m != visit.Closed {
		return visit.InService
	}
	return m
}

// surroundings is what the calendar, the rules and the building say.
type surroundings struct {
	mode    visit.Mode
	staffed bool
	closes  time.Time // soon; zero: not soon
	pin     bool      // a PIN is asked for now
	digits  int       // of a PIN
}

// around looks at the clock and at what central said of this venue. A clock
// that is not to be trusted closes nothing.
func (k *kiosk) around(ctx context.Context) (surroundings, error) {
	at := k.clock.Now()
	s := surroundings{mode: ReadMode(k.cfg)}
	if k.status.emergency() {
		s.mode = visit.Emergency
	}
	f, err := k.cache.Facts(ctx, at, nil, circ.Borrower{}, nil)
	if err != nil {
		return s, err
	}
	k.status.setCached(f.AsOf)
	if f.Rules == nil {
		return s, nil
	}
	s.pin = asksPIN(f.Rules, k.uplink.Online(at))
	s.digits = f.Rules.PIN.Digits()
	if !at.Quality.Trusted() {
		return s, nil
	}
	here := at.Wall.In(zone(f.Rules))
	s.staffed = policy.Staffed(here, f.Calendar)
	open, closes, _ := policy.Open(here, f.Calendar)
	if !open && s.mode == visit.InService {
		s.mode = visit.Closed
	}
	if open && !closes.IsZero() && closes.Sub(here) <= closingSoon {
		s.closes = closes
	}
	return s, nil
}

// lookAround tells the visit what has changed around it.
func (k *kiosk) lookAround(ctx context.Context) error {
	s, err := k.around(ctx)
	if err != nil {
		k.log.Error("the cache cannot be read", "err", err)
	}
	k.status.setAround(s)
	if s.digits > 0 {
		k.desk.House.PIN = s.digits
	}
	if k.desk.State().Mode != s.mode {
		if err := k.desk.Handle(ctx, visit.Moded{Mode: s.mode}); err != nil {
			return err
		}
	}
	return k.desk.Devices(ctx, k.status.devices())
}
