package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

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

// hold takes the kiosk out of service as a technician would, so that "nightdesk
// mode" shows it, and "nightdesk mode service" ends it.
func hold(cfg config.Config) error {
	return renameio.WriteFile(ModePath(cfg), []byte(string(visit.Out)+"\n"), 0o644, renameio.IgnoreUmask())
}

// released says that a technician has said service since. A word that cannot
// be read is none.
func released(cfg config.Config) bool {
	b, err := os.ReadFile(ModePath(cfg))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return visit.Mode(strings.TrimSpace(string(b))) == visit.InService
}

// surroundings is what the calendar, the rules and the building say.
type surroundings struct {
	mode    visit.Mode
	cause   visit.Cause
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
	switch {
	case k.shut != nil:
		s.mode, s.cause = visit.Out, visit.CauseBooks
	case k.held && s.mode == visit.InService:
		s.mode = visit.Out // its word could not be written
	}
	if k.held && s.cause == "" && s.mode == visit.Out {
		s.cause = visit.CauseEnds
	}
	if k.status.emergency() {
		s.mode = visit.Emergency
	}
	if k.shut != nil {
		return s, nil
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
	if k.held {
		k.release(ctx)
	}
	s, err := k.around(ctx)
	if err != nil {
		k.log.Error("the cache cannot be read", "err", err)
	}
	k.status.setAround(s)
	if s.digits > 0 {
		k.desk.House.PIN = s.digits
	}
	if was := k.desk.State(); was.Mode != s.mode || was.Cause != s.cause {
		if err := k.desk.Handle(ctx, visit.Moded{Mode: s.mode, Cause: s.cause}); err != nil {
			return err
		}
	}
	return k.desk.Devices(ctx, k.status.devices())
}

// release puts a kiosk that is held back into service once a technician has said
// so: only then are its devices opened.
func (k *kiosk) release(ctx context.Context) {
	if !k.diary.known().Held { // on a disk that was full at the start
		k.small(ctx, func() error {
			if err := hold(k.cfg); err != nil {
				return err
			}
			return k.diary.change(func(e Ends) Ends { e.Held = true; return e })
		})
		return
	}
	if !released(k.cfg) {
		return
	}
	k.held = false
	k.small(ctx, func() error {
		return k.diary.change(func(e Ends) Ends { e.Held, e.Bad = false, 0; return e })
	})
	k.log.Info("a technician has put the kiosk back into service")
	if k.shut == nil {
		close(k.free)
	}
}
