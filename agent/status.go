package agent

import (
	"context"
	"maps"
	"sync"
	"time"

	"nightdesk/agent/config"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
)

// status is which devices work.
type status struct {
	hasPads, hasPaper bool

	mu      sync.Mutex // guards what follows
	pads    map[string]bool
	scanner bool
	trouble map[string]string // last error, by device
	cached  time.Time         // as of when the cache is; zero: central has never been heard
	around  surroundings
	headset bool
	alarm   bool // the building says: leave now
	printer visit.PrinterFault
	low     bool // the paper is near its end
}

func newStatus(cfg config.Config) *status {
	s := &status{hasPads: len(cfg.Pads) > 0, hasPaper: cfg.Printer.Path != "", printer: visit.PrinterOffline, pads: map[string]bool{}, trouble: map[string]string{}}
	for _, p := range cfg.Pads {
		s.pads[p.Name] = false
	}
	return s
}

// devices is what the visit is told.
func (s *status) devices() visit.Devices {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := visit.Devices{HasPads: s.hasPads, Scanner: s.scanner, HasPaper: s.hasPaper, Printer: s.printer, Headset: s.headset,
		PIN: s.around.pin, Staffed: s.around.staffed, Closes: s.around.closes}
	for _, up := range s.pads {
		d.Pads = d.Pads || up
	}
	return d
}

func (s *status) setPad(name string, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pads[name] = up
}

func (s *status) setScanner(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scanner = up
}

func (s *status) setCached(asOf time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached = asOf
}

func (s *status) setAround(a surroundings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.around = a
}

func (s *status) setHeadset(in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headset = in
}

func (s *status) setAlarm(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarm = on
}

func (s *status) emergency() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alarm
}

// setPrinter says whether that is news.
func (s *status) setPrinter(f visit.PrinterFault, low bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.printer
	s.printer, s.low = f, low
	return was != f
}

// failed notes why a device does not work; nil that it does.
func (s *status) failed(device string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.trouble, device)
	if err != nil {
		s.trouble[device] = err.Error()
	}
}

// health is what the heartbeat says.
func (k *kiosk) health() uplink.Health {
	k.status.mu.Lock()
	defer k.status.mu.Unlock()
	h := uplink.Health{Cache: -1, Pads: maps.Clone(k.status.pads)}
	if !k.status.cached.IsZero() {
		h.Cache = max(0, k.clock.Now().Wall.Sub(k.status.cached))
	}
	return h
}

// told tells the desk that a device came or went.
func (k *kiosk) told(ctx context.Context) {
	k.send(ctx, func(ctx context.Context) error { return k.desk.Devices(ctx, k.status.devices()) })
}
