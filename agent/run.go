package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/agent/pads"
	"nightdesk/agent/screen"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
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
	// Notify speaks to the service manager: "READY=1", "WATCHDOG=1", "STATUS=…"
	// (sd_notify(3)). Nil: there is none.
	Notify func(state string)
	// Feed is how often the service manager wants to hear that all parts move; 0: never.
	Feed time.Duration
	// Exit ends the program when a part of it stands still or panics; nil is os.Exit.
	Exit func(code int)
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
	o      RunOptions
	clock  *Clock
	watch  *watch.Watch
	diary  *diary
	once   sync.Once     // for the last words
	held   bool          // out of order after too many bad ends; the desk's goroutine alone
	free   chan struct{} // closed when it is held no more
	shut   error         // why there is no ledger or no cache; nil: there are
	disk   *watch.Room   // small files in the data directory
	ledger *seenLedger
	cache  *seenCache
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
	done := make(chan struct{})
	go k.guard(done)
	err = k.run(ctx)
	close(done)
	if e := k.diary.ended(ctx, err); e != nil {
		k.log.Error("nobody will know how this run ended", "err", e)
	}
	k.close()
	return err
}

// run starts every part of the program, and returns when the last has ended.
func (k *kiosk) run(outer context.Context) error {
	g, ctx := errgroup.WithContext(outer)
	k.watched(ctx, g, partDesk, k.work)
	k.goes(g, "screen", func() error { return k.screen.Run(ctx) })
	if k.shut == nil {
		k.goes(g, partUplink, func() error { return k.keep(ctx, partUplink, longest, k.uplink.Session) })
	}
	k.watched(ctx, g, "questions", k.beside)
	k.goes(g, "devices", func() error { return k.startDevices(ctx, g) })
	if k.o.Ready != nil {
		k.o.Ready(k.screen.URL())
	}
	k.tell("READY=1")
	err := g.Wait()
	k.tell("STOPPING=1")
	if errors.Is(err, errMended) {
		return nil
	}
	return err
}

// startDevices starts what hangs on the kiosk. While it is held, or has no
// ledger, it listens to nobody, and so opens nothing but the building's
// contact: "leave now" must be seen on a kiosk that is out of order, too.
func (k *kiosk) startDevices(ctx context.Context, g *errgroup.Group) error {
	if k.cfg.GPIO.Emergency != "" {
		k.goes(g, "emergency contact", func() error { return k.keep(ctx, "emergency contact", cableWait, k.emergencySession) })
	}
	select {
	case <-k.free:
	case <-ctx.Done():
		return nil
	}
	for _, p := range k.cfg.Pads {
		k.goes(g, "pad "+p.Name, func() error { return k.keep(ctx, "pad "+p.Name, cableWait, k.padSession(p)) })
	}
	if k.cfg.Scanner.Path != "" {
		k.goes(g, "scanner", func() error { return k.keep(ctx, "scanner", cableWait, k.scannerSession) })
	}
	k.startDesk(ctx, g)
	return nil
}

// keep keeps a session going, watches it, and notes its trouble for doctor.
func (k *kiosk) keep(ctx context.Context, name string, longest time.Duration, session func(context.Context) error) error {
	loop := k.watch.Loop(name, k.limit(name))
	return keep(ctx, k.log, name, longest, func(ctx context.Context) error {
		loop.Beat()
		defer loop.Rest() // until it is tried again
		err := session(loop.In(ctx))
		k.status.failed(name, err)
		return err
	})
}

// open makes the rooms, from the disk to the screen.
func open(ctx context.Context, cfg config.Config, o RunOptions) (_ *kiosk, err error) {
	k := &kiosk{cfg: cfg, log: o.Log, o: o, clock: ReadClock(Hands{Quality: o.Quality}, time.Time{}), status: newStatus(cfg),
		todo: make(chan func(context.Context) error, eventsWait), done: make(chan struct{}), free: make(chan struct{}),
		press: newPress(), lamp: make(chan gpio.Pattern, 1), asides: make(chan func(context.Context), asidesWait)}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.watch = watch.New(func() time.Duration { return k.clock.Now().Mono })
	k.disk = k.watch.Room("disk", cfg.Watch.Stuck.Duration)
	defer func() {
		if err != nil && k.diary != nil {
			err = errors.Join(err, k.diary.ended(ctx, err))
		}
		if err != nil {
			k.close()
		}
	}()
	if err := k.openFiles(ctx); err != nil {
		return nil, err
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
	k.clock.Raise(k.cred.Issued) // central enrolled this kiosk: no earlier time can be right
	if err := os.MkdirAll(k.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if k.lock, err = Lock(k.cfg); err != nil {
		return err
	}
	k.openDiary()
	k.openBooks(ctx)
	ends := k.diary.known()
	if k.held = ends.Held || ends.tooMany(k.cfg.Watch.Restarts); k.held {
		k.log.Error("out of order: too many ends in a row that were a fault; a technician must say service", "ends", ends.Bad, "last", ends.Last, "what", ends.What)
	}
	if k.shut == nil && !k.held {
		close(k.free)
	}
	return nil
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
	if k.cache != nil && !k.cache.shut {
		k.cache.c.Close()
	}
	if k.ledger != nil && !k.ledger.shut {
		k.ledger.l.Close()
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
	k.report(ctx)
	wake := time.NewTimer(0)
	expire, prune, around := time.NewTicker(expireEvery), time.NewTicker(pruneEvery), time.NewTicker(aroundEvery)
	defer func() { wake.Stop(); expire.Stop(); prune.Stop(); around.Stop() }()
	for {
		k.arm(wake)
		var err error
		watch.From(ctx).Beat()
		select {
		case <-ctx.Done():
			return nil
		case do := <-k.todo:
			err = do(ctx)
		case <-wake.C:
			err = k.desk.Handle(ctx, visit.Tick{})
		case <-expire.C:
			err = k.expire(ctx)
			k.report(ctx)
		case <-around.C:
			err = k.lookAround(ctx)
			k.reportNews(ctx)
		case <-prune.C:
			err = k.prune(ctx)
		case <-k.uplink.Changed():
			err = k.heard(ctx)
		}
		if err != nil {
			return k.ended(ctx, err)
		}
	}
}

// expire is what the desk does every ten seconds.
func (k *kiosk) expire(ctx context.Context) error {
	if k.clock.Now().Mono >= workedFor {
		k.small(ctx, func() error { return k.diary.change(func(e Ends) Ends { return e.well(true) }) })
	}
	if k.shut != nil {
		return k.mended(ctx)
	}
	return errors.Join(k.desk.Expire(ctx), k.desk.Devices(ctx, k.status.devices()))
}

func (k *kiosk) prune(ctx context.Context) error {
	if k.shut != nil {
		return nil
	}
	// What has passed since central's last word has passed, also after a restart.
	if err := k.cache.RaiseFloor(ctx, k.clock.Floor()); err != nil {
		k.log.Error("the cache does not take how late it is", "err", err)
	}
	_, err := k.ledger.Prune(ctx, k.clock.Now())
	return err
}

// small does something to a small file in the data directory. What cannot be
// written is told, and nothing rests on it.
func (k *kiosk) small(ctx context.Context, do func() error) {
	defer k.disk.Enter(watch.From(ctx))()
	if err := do(); err != nil {
		k.log.Warn("a small file cannot be written", "err", err)
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
	if signed, came, ok := k.uplink.Answered(); ok {
		k.clock.Set(signed, came)
	}
	return errors.Join(k.lookAround(ctx), k.desk.News(ctx))
}

// send hands something to the desk's goroutine, and waits while it is behind.
func (k *kiosk) send(ctx context.Context, do func(context.Context) error) {
	watch.From(ctx).Wait(func() {
		select {
		case k.todo <- do:
		case <-ctx.Done():
		}
	})
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
