// Package soak lets Nightdesk run for long: days in a bubble of time, a month
// without a network, an afternoon with the real programs. Nothing may grow that
// does not hold a transaction, and nothing may stop that ought to go on.
package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/circ"
	"nightdesk/agent/pads"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
)

// How often what is done in these days. A kiosk looks at its pad and around
// itself more often; in days of a bubble's time that would only be the same
// again.
const (
	lookBusy  = 50 * time.Millisecond // at the pad, while something lies there
	lookIdle  = 2 * time.Second
	around    = time.Minute
	expire    = time.Minute
	prune     = time.Hour
	tell      = time.Minute      // central tells what is new
	news      = 2 * time.Hour    // something is new
	between   = 10 * time.Minute // two borrowers, give or take
	nightFrom = 22               // o'clock: the network is down until nightTo
	nightTo   = 6
)

const stock = 60 // books

var cards = []circ.Card{"21221012345671", "21221012345689", "21221012345697", "21221012345705", "21221012345713", "21221012345721"}

func item(n uint32) circ.ItemID { return circ.ItemID(fmt.Sprintf("3122101234%04d", n)) }

func catalogue() (all []desk.Item) {
	for n := range uint32(stock) {
		all = append(all, desk.Item{ID: item(n)})
	}
	return all
}

// days is a kiosk that runs for days. Its goroutines are those of a kiosk: one
// for the desk, one for each device, one for the link to central.
type days struct {
	*testing.T
	k     *desk.Kiosk
	shelf *shelf
	r     *rand.Rand
	todo  chan func(context.Context) error
	leak  func() // what is left behind at each visit, for the control

	mu      sync.Mutex // guards what follows
	link    *desk.Link // nil while the network is down
	changed chan struct{}
	beats   int           // heartbeats of links that are over
	up      time.Duration // for which the network was up
	upSince time.Time

	lent   map[uint32]bool
	visits int
}

func newDays(t *testing.T, r *rand.Rand) *days {
	d := &days{T: t, shelf: &shelf{tags: map[drivers.UID]*drivers.Tag{}}, r: r, todo: make(chan func(context.Context) error, 256),
		changed: make(chan struct{}, 1), lent: map[uint32]bool{}, leak: func() {}}
	d.k = desk.Open(t, desk.Options{Items: catalogue(), Cards: cards, Emit: d.emit})
	return d
}

func (d *days) emit(e pads.Event) {
	d.todo <- func(ctx context.Context) error { return d.k.Desk.Pad(ctx, e, visit.RoleBoth) }
}

// run runs the kiosk while do lasts.
func (d *days) run(do func(context.Context) error) {
	ctx, cancel := context.WithCancel(d.Context())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.desk(ctx) })
	g.Go(func() error { return d.look(ctx) })
	g.Go(func() error { return d.connect(ctx) })
	g.Go(func() error { return d.authority(ctx) })
	g.Go(func() error { defer cancel(); return do(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		d.Error(err)
	}
}

// desk is the desk's own goroutine: one event to its end, then the next.
func (d *days) desk(ctx context.Context) error {
	wake := time.NewTimer(0)
	a, e, p := time.NewTicker(around), time.NewTicker(expire), time.NewTicker(prune)
	defer func() { wake.Stop(); a.Stop(); e.Stop(); p.Stop() }()
	for {
		wake.Stop()
		if at, ok := d.k.Desk.State().Wake(); ok {
			wake.Reset(max(0, at-d.k.Now().Mono) + time.Millisecond)
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case do := <-d.todo:
			err = do(ctx)
		case <-wake.C:
			err = d.k.Tick()
		case <-a.C:
			err = d.around(ctx)
		case <-e.C:
			err = d.k.Desk.Expire(ctx)
		case <-p.C:
			_, err = d.k.Ledger.Prune(ctx, d.k.Now())
		case <-d.k.Uplink.Changed():
			err = errors.Join(d.around(ctx), d.k.Desk.Handle(ctx, visit.News{}))
		}
		if err != nil {
			return err
		}
	}
}

// around is what a kiosk looks at besides: its cache, and whether it is online.
func (d *days) around(ctx context.Context) error {
	if _, err := d.k.Cache.Facts(ctx, d.k.Now(), nil, circ.Borrower{}, nil); err != nil {
		return err
	}
	return d.k.Desk.Devices(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true})
}

// look looks at the pad for ever.
func (d *days) look(ctx context.Context) error {
	w := d.k.Pads.Watch("pad", d.shelf)
	for ctx.Err() == nil {
		if err := w.Round(ctx); err != nil {
			return err
		}
		wait := lookIdle
		if d.k.Pads.Present() > 0 || w.Eager() {
			wait = lookBusy
		}
		sleep(ctx, wait)
	}
	return nil
}

// connect keeps one session with central going, as far as the network is up.
func (d *days) connect(ctx context.Context) error {
	for ctx.Err() == nil {
		if night() {
			sleep(ctx, time.Minute)
			continue
		}
		l := d.k.Link()
		d.mu.Lock()
		d.link, d.upSince = l, time.Now()
		d.mu.Unlock()
		err := d.k.Uplink.Converse(ctx, l)
		d.mu.Lock()
		d.link, d.up, d.beats = nil, d.up+time.Since(d.upSince), d.beats+l.Sent["hb"]
		d.mu.Unlock()
		if err != nil && !errors.Is(err, desk.ErrCut) {
			return err
		}
		sleep(ctx, 5*time.Second)
	}
	return nil
}

// authority tells all kiosks what is new, and cuts the link when night falls.
func (d *days) authority(ctx context.Context) error {
	var told *desk.Link
	var bulletin func(context.Context) ([]central.Out, error)
	for minute := 0; ctx.Err() == nil; minute++ {
		sleep(ctx, tell)
		d.mu.Lock()
		l := d.link
		d.mu.Unlock()
		switch {
		case l == nil:
			continue
		case night():
			l.Cut()
			continue
		case l != told:
			bulletin, told = d.k.Central.Bulletin(), l
		}
		if minute%int(news/tell) == 0 {
			if err := d.edit(ctx, minute); err != nil {
				return err
			}
		}
		outs, err := bulletin(ctx)
		if err != nil {
			return err
		}
		l.Tell(outs)
	}
	return nil
}

// edit gives one book another title at the authority.
func (d *days) edit(ctx context.Context, edition int) error {
	text := "item,title,class,owner,parts,age,not_for_loan\n"
	for n := range uint32(stock) {
		title := "A book"
		if int(n) == edition%stock {
			title = fmt.Sprintf("A book in edition %d", edition)
		}
		text += fmt.Sprintf("%s,%s,book,,,,\n", item(n), title)
	}
	path := filepath.Join(d.k.Dir, "items.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	_, err := d.k.Central.Import(ctx, path)
	return err
}

func night() bool { h := time.Now().UTC().Hour(); return h >= nightFrom || h < nightTo }

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// at has something done on the desk's goroutine, and waits for it.
func (d *days) at(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	select {
	case d.todo <- func(context.Context) error { done <- do(); return nil }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// live is borrowers who come one after the other until a time.
func (d *days) live(ctx context.Context, until time.Time) error {
	for time.Now().Before(until) {
		sleep(ctx, between/2+time.Duration(d.r.Int64N(int64(between))))
		if err := d.visit(ctx); err != nil {
			return fmt.Errorf("visit %d, %s: %w", d.visits, time.Now().Format(time.DateTime), err)
		}
		d.leak()
	}
	return nil
}

// visit is one borrower with one to three books to borrow or to bring back.
func (d *days) visit(ctx context.Context) error {
	d.visits++
	giveBack := len(d.lent) > 20 || len(d.lent) > 3 && d.r.IntN(2) == 0
	var pile []uint32
	for _, n := range d.r.Perm(stock) {
		if d.lent[uint32(n)] == giveBack && len(pile) < 1+d.r.IntN(3) {
			pile = append(pile, uint32(n))
		}
	}
	begin := func() error { return d.k.Card(cards[d.r.IntN(len(cards))]) }
	if giveBack {
		begin = func() error { return d.k.Tap(visit.TapReturn) }
	}
	if err := d.at(ctx, begin); err != nil {
		return err
	}
	for _, n := range pile {
		d.shelf.lay(n)
	}
	err := d.until(ctx, func() bool { return d.k.Lines(visit.LineDone) == len(pile) })
	for _, n := range pile {
		d.shelf.lift(n)
		if d.lent[n] = !giveBack; giveBack {
			delete(d.lent, n)
		}
	}
	if d.r.IntN(3) > 0 { // the others just walk away
		err = errors.Join(err, d.at(ctx, func() error { return d.k.Tap(visit.TapFinish) }))
	}
	return errors.Join(err, d.until(ctx, d.k.AtHome))
}

// until waits until the desk is so.
func (d *days) until(ctx context.Context, so func() bool) error {
	for range 2000 {
		is := false
		if err := d.at(ctx, func() error { is = so(); return nil }); is || err != nil {
			return err
		}
		sleep(ctx, 100*time.Millisecond)
	}
	return d.at(ctx, func() error {
		return fmt.Errorf("waited in vain: the screen is %s, %+v; %s", d.k.State.Screen, d.k.State.Lines, strings.Join(d.k.Trail, "; "))
	})
}

// tags are the tags as they are.
func (d *days) tags() (all []check.Tag) {
	for n := range uint32(stock) {
		all = append(all, desk.Witness(d.shelf.tag(n), item(n), 1, 1))
	}
	return all
}
