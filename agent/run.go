package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/screen"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/barcode"
	"nightdesk/drivers/gpio"
	"nightdesk/drivers/label"
)

// RunOptions is what Run is given beside the configuration.
type RunOptions struct {
	Log     *slog.Logger     // nil: nothing is logged
	Program string           // version, for central
	Ready   func(url string) // told once where the screen is; the address holds this boot's token
	// Quality says how far the computer's clock can be believed; nil asks the
	// kernel. It is for where that is known better: beside central itself.
	Quality func() circ.ClockQuality
	// PadLedger, if not nil, stands between the pads and the ledger: the
	// demo's wrong orders come in here.
	PadLedger func(pads.Ledger) pads.Ledger
}

// Times of the desk's own loop.
const (
	expireEvery = 10 * time.Second
	pruneEvery  = time.Hour
	eventsWait  = 256         // events that may wait for the desk; then their makers wait
	asidesWait  = 4           // questions that may wait for central; more are dropped
	aroundEvery = time.Second // how soon a technician's word and the clock's hour are seen
)

// kiosk is everything that runs while the power is on.
type kiosk struct {
	cfg    config.Config
	log    *slog.Logger
	cred   contract.Credential
	clock  *Clock
	ledger *ledger.Ledger
	cache  *cache.Cache
	uplink *uplink.Uplink
	screen *screen.Screen
	pads   *pads.Presence
	desk   *Desk
	status *status
	press  *press
	voice  *voice            // nil: there is no headset
	lamp   chan gpio.Pattern // the newest one
	shone  atomic.Value      // gpio.Pattern, for a lamp that is opened anew
	asides chan func(context.Context)
	judge  barcode.Rules
	said   Report // the last one, without its time
	lock   *os.File
	todo   chan func(context.Context) error // run by the desk's goroutine, one after the other
	done   chan struct{}                    // closed when the desk's goroutine has ended
}

// Run runs the kiosk until ctx is done. A pad, a scanner or a broker that is
// not there is no error: the screen says what works, and it is tried again.
func Run(ctx context.Context, cfg config.Config, o RunOptions) error {
	k, err := open(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer k.close()
	if o.Ready != nil {
		o.Ready(k.screen.URL())
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return k.work(ctx) })
	g.Go(func() error { return k.screen.Run(ctx) })
	g.Go(func() error { return k.keep(ctx, "broker", longest, k.uplink.Session) })
	for _, p := range cfg.Pads {
		g.Go(func() error { return k.keep(ctx, "pad "+p.Name, 5*time.Second, k.padSession(p)) })
	}
	if cfg.Scanner.Path != "" {
		g.Go(func() error { return k.keep(ctx, "scanner", 5*time.Second, k.scannerSession) })
	}
	g.Go(func() error { return k.beside(ctx) })
	k.startDesk(ctx, g)
	return g.Wait()
}

// keep keeps a session going and notes its trouble for doctor.
func (k *kiosk) keep(ctx context.Context, name string, longest time.Duration, session func(context.Context) error) error {
	return keep(ctx, k.log, name, longest, func(ctx context.Context) error {
		err := session(ctx)
		k.status.failed(name, err)
		return err
	})
}

// open makes the rooms, from the disk to the screen.
func open(ctx context.Context, cfg config.Config, o RunOptions) (_ *kiosk, err error) {
	k := &kiosk{cfg: cfg, log: o.Log, status: newStatus(cfg), todo: make(chan func(context.Context) error, eventsWait),
		done: make(chan struct{}), press: newPress(), lamp: make(chan gpio.Pattern, 1), asides: make(chan func(context.Context), asidesWait)}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			k.close()
		}
	}()
	if err := k.openFiles(ctx); err != nil {
		return nil, err
	}
	if o.Quality != nil {
		k.clock.state = o.Quality
	}
	k.uplink = uplink.New(uplink.Config{Credential: k.cred, Broker: cfg.Broker.URL, Program: o.Program, Now: k.clock.Now,
		Log: k.log, Health: k.health}, k.ledger, k.cache)
	if err := k.openDesk(); err != nil {
		return nil, err
	}
	return k, k.openPads(o)
}

// openFiles opens what lies on the disk.
func (k *kiosk) openFiles(ctx context.Context) (err error) {
	if k.cred, err = contract.LoadCredential(k.cfg.Credential); err != nil {
		return err
	}
	if err := os.MkdirAll(k.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if k.lock, err = Lock(k.cfg); err != nil {
		return err
	}
	if k.ledger, err = ledger.Open(ctx, LedgerPath(k.cfg), ledger.Options{Kiosk: k.cred.Kiosk, Seal: k.cred.SealKey}); err != nil {
		return err
	}
	if k.cache, err = cache.Open(ctx, CachePath(k.cfg)); err != nil {
		return err
	}
	if k.cache.Rebuilt != nil {
		k.log.Error("the cache was damaged and is begun anew; central fills it", "err", k.cache.Rebuilt.Why, "kept", k.cache.Rebuilt.Kept)
	}
	floor, err := k.cache.Floor(ctx)
	k.clock = NewClock(floor)
	return err
}

// LedgerPath is where a configuration's ledger lies.
func LedgerPath(cfg config.Config) string { return filepath.Join(cfg.Data, "ledger.db") }

// CachePath is where a configuration's cache lies.
func CachePath(cfg config.Config) string { return filepath.Join(cfg.Data, "cache.db") }

func (k *kiosk) openPads(o RunOptions) error {
	options, err := labelOptions(k.cfg)
	if err != nil {
		return err
	}
	var seen pads.Ledger = k.ledger
	if o.PadLedger != nil {
		seen = o.PadLedger(seen)
	}
	k.pads = pads.New(pads.Config{
		Security: pads.Security{Loud: k.cfg.Tags.InStock.AFI, Quiet: k.cfg.Tags.OnLoan.AFI},
		Label:    options, Now: k.clock.Now, Visit: k.desk.Visit, Emit: k.padEvent,
	}, seen, memory{k})
	return nil
}

func labelOptions(cfg config.Config) (label.Options, error) {
	var o label.Options
	for _, pattern := range cfg.Tags.Card501 {
		re, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			return o, fmt.Errorf("tags.card_501 %q: %w", pattern, err)
		}
		o.Cards501 = append(o.Cards501, re)
	}
	return o, nil
}

func (k *kiosk) close() {
	if k.cache != nil {
		k.cache.Close()
	}
	if k.ledger != nil {
		k.ledger.Close()
	}
	if k.lock != nil {
		k.lock.Close()
	}
}

// work is the desk's goroutine: one event to its end, then the next.
func (k *kiosk) work(ctx context.Context) error {
	defer close(k.done)
	if err := k.lookAround(ctx); err != nil {
		return k.ended(ctx, err)
	}
	k.report()
	wake := time.NewTimer(0)
	expire, prune, around := time.NewTicker(expireEvery), time.NewTicker(pruneEvery), time.NewTicker(aroundEvery)
	defer func() { wake.Stop(); expire.Stop(); prune.Stop(); around.Stop() }()
	for {
		k.arm(wake)
		var err error
		select {
		case <-ctx.Done():
			return nil
		case do := <-k.todo:
			err = do(ctx)
		case <-wake.C:
			err = k.desk.Handle(ctx, visit.Tick{})
		case <-expire.C:
			err = errors.Join(k.desk.Expire(ctx), k.desk.Devices(ctx, k.status.devices()))
			k.report()
		case <-around.C:
			err = k.lookAround(ctx)
			k.reportNews()
		case <-prune.C:
			_, err = k.ledger.Prune(ctx, k.clock.Now())
		case <-k.uplink.Changed():
			err = k.heard(ctx)
		}
		if err != nil {
			return k.ended(ctx, err)
		}
	}
}

func (k *kiosk) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// arm sets the timer to the visit's next instant.
func (k *kiosk) arm(t *time.Timer) {
	at, ok := k.desk.State().Wake()
	if !ok {
		t.Stop()
		return
	}
	t.Reset(max(0, at-k.clock.Now().Mono) + time.Millisecond)
}

// heard is what follows from a word of central: a later floor for the clock,
// and what the screen says of the network.
func (k *kiosk) heard(ctx context.Context) error {
	floor, err := k.cache.Floor(ctx)
	if err != nil {
		k.log.Error("the cache cannot be read", "err", err)
	}
	k.clock.Raise(floor)
	if signed, came, ok := k.uplink.Heard(); ok {
		k.clock.Compare(signed, came)
	}
	return errors.Join(k.lookAround(ctx), k.desk.Handle(ctx, visit.News{}))
}

// send hands something to the desk's goroutine, and waits while it is behind.
func (k *kiosk) send(ctx context.Context, do func(context.Context) error) {
	select {
	case k.todo <- do:
	case <-ctx.Done():
	}
}

// tapped is called by the screen. A tap that finds the desk a whole queue
// behind is dropped: the borrower sees that nothing happened and taps again.
func (k *kiosk) tapped(ev visit.Event) {
	select {
	case k.todo <- func(ctx context.Context) error { return k.desk.Handle(ctx, ev) }:
	default:
		k.log.Warn("the desk is behind, a tap was dropped")
	}
}

// memory is the cache as the pads need it. Only items are kept: a borrower
// card's number is never written down.
type memory struct{ k *kiosk }

func (m memory) Recall(ctx context.Context, at circ.Moment, uid drivers.UID) (label.Label, bool, error) {
	s, known, err := m.k.cache.Recall(ctx, uid)
	if err != nil {
		m.k.log.Error("the cache cannot be read, so the tag is", "err", err)
		return label.Label{}, false, nil
	}
	if !known || !s.Usable(at.Wall) {
		return label.Label{}, false, nil
	}
	return label.Label{Model: s.Model, Kind: label.KindItem, Item: string(s.Item), Owner: s.Owner, Usage: s.Usage,
		Parts: s.Of, Part: s.Part}, true, nil
}

func (m memory) Learn(ctx context.Context, at circ.Moment, uid drivers.UID, l label.Label, data []byte) error {
	if l.Kind != label.KindItem {
		return nil
	}
	changed, was, err := m.k.cache.Learn(ctx, cache.Seen{UID: uid, Item: circ.ItemID(l.Item), Part: l.Part, Of: l.Parts,
		Digest: cache.Digest(data), Usage: l.Usage, Owner: l.Owner, Model: l.Model, ReadAt: at.Wall})
	if err != nil {
		m.k.log.Error("the cache cannot be written: the tag will be read again next time", "err", err)
		return nil
	}
	if !changed {
		return nil
	}
	defer m.k.uplink.Poke()
	return m.k.ledger.Note(ctx, at, m.k.desk.Visit(), contract.TagChanged, contract.TagNote{Item: circ.ItemID(l.Item), Was: was,
		Tags: []contract.TagRef{{UID: uid, Part: l.Part, Of: l.Parts}}})
}
