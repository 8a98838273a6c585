package agent

import (
	"context"
	"errors"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/pads"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/barcode"
	"nightdesk/drivers/catalog"
	"nightdesk/drivers/scanner"
)

// scannerDriver is the one family of scanners there is.
const scannerDriver = "serial"

// Times of device sessions.
const (
	betweenRounds = 20 * time.Millisecond // so that an empty pad leaves the computer alone
	badRounds     = 3                     // in a row, before a pad is opened anew
	scanAgain     = 2 * time.Second       // the same code so soon is the same scan
)

// padSession is one pad from being opened to its first serious trouble.
func (k *kiosk) padSession(cfg config.Pad) func(context.Context) error {
	return func(ctx context.Context) error {
		pad, err := catalog.OpenPad(ctx, cfg.Driver, catalog.Line{Path: cfg.Path, Baud: cfg.Baud, Parity: cfg.Parity})
		if err != nil {
			return err
		}
		defer pad.Close()
		k.log.Info("pad works", "pad", cfg.Name, "path", cfg.Path)
		k.status.setPad(cfg.Name, true)
		k.told(ctx)
		defer func() { k.status.setPad(cfg.Name, false); k.told(ctx) }()
		return look(ctx, k.pads.Watch(cfg.Name, pad))
	}
}

// look looks at a pad again and again. A reader that does not answer, or
// answers rubbish, gets another chance or two; one that is unplugged does not.
func look(ctx context.Context, w *pads.Watch) error {
	bad := 0
	for ctx.Err() == nil {
		err := w.Round(ctx)
		switch {
		case err == nil:
			bad = 0
		case !errors.Is(err, drivers.ErrSilent) && !errors.Is(err, drivers.ErrGarbled):
			return err
		default:
			if bad++; bad >= badRounds {
				return err
			}
		}
		if err != nil || !w.Eager() {
			sleep(ctx, betweenRounds)
		}
	}
	return nil
}

// padEvent is called by the pads' goroutines.
func (k *kiosk) padEvent(e pads.Event) {
	role := visit.RoleBoth
	if p, ok := e.(pads.Placed); ok {
		role = k.role(p.Pad)
	}
	// The desk's goroutine outlives the pads' in Run's group or ends with
	// them, so this waits for it at most until the program ends.
	select {
	case k.todo <- func(ctx context.Context) error { return k.desk.Pad(ctx, e, role) }:
	case <-k.done:
	}
}

func (k *kiosk) role(pad string) visit.Role {
	for _, p := range k.cfg.Pads {
		if p.Name == pad {
			return p.Role
		}
	}
	return visit.RoleBoth
}

// scannerSession is the scanner from being opened to its first trouble.
func (k *kiosk) scannerSession(ctx context.Context) error {
	line := catalog.Line{Path: k.cfg.Scanner.Path, Baud: k.cfg.Scanner.Baud, Gap: k.cfg.Scanner.Gap.Duration}
	s, err := catalog.OpenScanner(ctx, scannerDriver, line)
	if err != nil {
		return err
	}
	defer s.Close()
	k.log.Info("scanner works", "path", k.cfg.Scanner.Path)
	k.status.setScanner(true)
	k.told(ctx)
	defer func() { k.status.setScanner(false); k.told(ctx) }()
	return k.scan(ctx, s, k.judge)
}

// scan hands on one barcode after the other. The same code again so soon is
// the borrower's hand that rests, not a second wish.
func (k *kiosk) scan(ctx context.Context, s drivers.Scanner, rules barcode.Rules) error {
	var last string
	var when time.Duration
	for {
		got, err := s.Scan(ctx)
		if ctx.Err() != nil {
			return nil
		}
		read := k.clock.Now().Mono
		ev, err := k.understand(got, err, read, rules)
		if err != nil {
			return err
		}
		repeat := got.Text != "" && got.Text == last && read-when < scanAgain
		last, when = got.Text, read
		if !repeat {
			k.send(ctx, func(ctx context.Context) error { return k.desk.Handle(ctx, ev) })
		}
	}
}

// understand turns one scan into the visit's event. An error is the scanner's
// own; a code that is of no use is an event, because somebody must be told.
func (k *kiosk) understand(s drivers.Scan, err error, read time.Duration, rules barcode.Rules) (visit.Event, error) {
	switch {
	case errors.Is(err, scanner.ErrTooLong):
		return visit.NotUnderstood{Read: read, Why: visit.WhyTooLong}, nil
	case errors.Is(err, scanner.ErrControl):
		return visit.NotUnderstood{Read: read, Why: visit.WhyControl}, nil
	case err != nil:
		return nil, err
	}
	switch v := rules.Judge(s); v.Kind {
	case barcode.Card:
		return visit.CardShown{Read: read, Who: k.desk.Borrower(circ.Card(v.Text))}, nil
	case barcode.Item:
		return visit.ItemShown{Read: read, Item: circ.ItemID(v.Text)}, nil
	default:
		return visit.NotUnderstood{Read: read, Why: visit.NotUnderstoodWhy(v.Why)}, nil
	}
}

// barcodeRules turns the configuration into the format's own terms.
func barcodeRules(cfg config.Barcodes) (barcode.Rules, error) {
	card, err := barcodeRule(cfg.Card)
	if err != nil {
		return barcode.Rules{}, err
	}
	item, err := barcodeRule(cfg.Item)
	return barcode.Rules{Card: card, Item: item, AllowISBN: cfg.AllowISBN}, err
}

func barcodeRule(cfg []config.Rule) (rules []barcode.Rule, err error) {
	checks := map[string]barcode.Check{"": barcode.None, "none": barcode.None, "luhn": barcode.Luhn14, "mod11": barcode.Mod11, "mod43": barcode.Mod43}
	for _, c := range cfg {
		var symbologies []drivers.Symbology
		for _, s := range c.Symbologies {
			symbologies = append(symbologies, drivers.Symbology(s))
		}
		r, err := barcode.NewRule(c.Pattern, checks[c.Check], symbologies...)
		if err != nil {
			return nil, err
		}
		r.StartStop = true
		rules = append(rules, r)
	}
	return rules, nil
}
