package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/paper"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
	"nightdesk/agent/words"
	"nightdesk/drivers"
	"nightdesk/drivers/catalog"
	"nightdesk/drivers/escpos"
)

// askPrinter is how often a printer without work is asked how it is.
const askPrinter = 5 * time.Second

// press is the one job that may be on its way to the printer. A job belongs to
// its visit and dies with it: the next borrower finds no strange receipt.
type press struct {
	jobs chan visit.Print

	mu   sync.Mutex // guards what follows
	now  circ.Visit
	stop context.CancelFunc
}

func newPress() *press { return &press{jobs: make(chan visit.Print, 1)} }

// begin hands a job to the printer. False: the printer is not there, or still
// at another one.
func (p *press) begin(e visit.Print) bool {
	select {
	case p.jobs <- e:
		return true
	default:
		return false
	}
}

// hold gives a job the context that ends with its visit.
func (p *press) hold(ctx context.Context, v circ.Visit) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.stop = v, stop
	return ctx, stop
}

// end stops the job of a visit, whether it is printing or still waits.
func (p *press) end(v circ.Visit) {
	select {
	case <-p.jobs:
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil && p.now == v {
		p.stop()
	}
}

// printerSession is the printer from being opened to its first trouble.
func (k *kiosk) printerSession(ctx context.Context) error {
	cfg := k.cfg.Printer
	p, err := catalog.OpenPrinter(ctx, cfg.Driver, catalog.PrinterLine{
		Line: catalog.Line{Path: cfg.Path, Baud: cfg.Baud}, Flow: cfg.Flow, OneWay: cfg.OneWay})
	if err != nil {
		return err
	}
	defer p.Close()
	defer k.paperIs(ctx, visit.PrinterOffline, false)
	if err := k.askHow(ctx, p); err != nil {
		return err
	}
	k.log.Info("printer works", "path", cfg.Path)
	again := time.NewTicker(askPrinter)
	defer again.Stop()
	for {
		next := k.askHow
		watch.From(ctx).Wait(func() {
			select {
			case <-ctx.Done():
			case job := <-k.press.jobs:
				next = func(ctx context.Context, p drivers.Printer) error { return k.print(ctx, p, job) }
			case <-again.C:
			}
		})
		if ctx.Err() != nil {
			return nil
		}
		if err := next(ctx, p); err != nil {
			return err
		}
	}
}

// askHow asks the printer how it is and tells the visit. One that does not
// answer is off, unless it is known never to. An error is the line's.
func (k *kiosk) askHow(ctx context.Context, p drivers.Printer) error {
	if k.cfg.Printer.OneWay {
		k.paperIs(ctx, visit.PrinterReady, false)
		return nil
	}
	st, err := p.Status(ctx)
	switch {
	case errors.Is(err, drivers.ErrSilent):
		k.paperIs(ctx, visit.PrinterOffline, false)
		return nil
	case err != nil:
		return err
	}
	k.paperIs(ctx, faultOf(st), st.PaperLow)
	return nil
}

func faultOf(st drivers.PrinterStatus) visit.PrinterFault {
	switch {
	case st.PaperOut:
		return visit.PrinterPaper
	case st.CoverOpen:
		return visit.PrinterCover
	case !st.Online || st.CutterFault:
		return visit.PrinterOffline
	}
	return visit.PrinterReady
}

// paperIs tells the visit how the printer is, if that has changed.
func (k *kiosk) paperIs(ctx context.Context, f visit.PrinterFault, low bool) {
	if k.status.setPrinter(f, low) {
		k.told(ctx)
	}
}

// print prints one job and says what came of it. An error is the line's: the
// printer is opened anew.
func (k *kiosk) print(ctx context.Context, p drivers.Printer, e visit.Print) error {
	held, stop := k.press.hold(ctx, e.Visit)
	defer stop()
	err := k.printSheet(watch.From(ctx).In(held), p, e)
	fault, broken := troubleOf(err)
	if err != nil && held.Err() == nil {
		k.log.Warn("a receipt was not printed", "err", err)
	}
	k.send(ctx, func(ctx context.Context) error {
		return k.desk.Handle(ctx, visit.Printed{Visit: e.Visit, Job: e.Job, Fault: fault})
	})
	if broken && held.Err() == nil {
		return err
	}
	return nil
}

func (k *kiosk) printSheet(ctx context.Context, p drivers.Printer, e visit.Print) error {
	w, err := words.Load(k.language(e.Lang))
	if err != nil {
		return err
	}
	width := paper.Width80
	if k.cfg.Printer.Width == 58 {
		width = paper.Width58
	}
	sheet, err := paper.Sheet(k.slip(ctx, e, w), w, width, escpos.Encodable)
	if err != nil {
		return fmt.Errorf("lay out a receipt: %w", err)
	}
	return p.Print(ctx, sheet)
}

// troubleOf says what the borrower is told of a job that failed, and whether
// the line itself is broken.
func troubleOf(err error) (fault visit.PrinterFault, broken bool) {
	var script paper.ScriptError
	switch {
	case err == nil:
		return visit.PrinterReady, false
	case errors.Is(err, paper.ErrNoTypefaces), errors.As(err, &script):
		return visit.PrinterWords, false
	case errors.Is(err, drivers.ErrPaperOut):
		return visit.PrinterPaper, false
	case errors.Is(err, drivers.ErrCoverOpen):
		return visit.PrinterCover, false
	case errors.Is(err, drivers.ErrOffline), errors.Is(err, context.Canceled):
		return visit.PrinterOffline, false
	}
	return visit.PrinterOffline, true
}

// slip is what is printed: items and dates, no name, four digits of the card.
func (k *kiosk) slip(ctx context.Context, e visit.Print, w words.Words) paper.Slip {
	at := k.clock.Now().Wall.In(k.zone(ctx))
	s := paper.Slip{Venue: k.cfg.Name, At: at, Saved: !k.uplink.Online(k.clock.Now()), Help: k.cfg.Screen.Help, Phone: k.cfg.Screen.Phone}
	if e.Who.Known() {
		s.Card = e.Who.Card.String()
	}
	for _, l := range e.Lines {
		s.Lines = append(s.Lines, paper.SlipLine{Title: l.Title, Item: l.Item, Kind: l.Kind, Due: l.Decision.Due,
			Provisional: l.Decision.Provisional, Unfinished: l.State != visit.LineDone, Note: checkParts(l, w)})
	}
	return s
}

// checkParts asks the borrower to look at home whether a set is whole, some of
// whose parts carry no tag.
func checkParts(l visit.Line, w words.Words) string {
	if !slices.Contains(l.Decision.Flags, circ.ItemCheckParts) || len(l.Parts) == 0 {
		return ""
	}
	return w.Count("line.text.check-parts", len(l.Parts), words.Fill{"parts": strings.Join(l.Parts, ", ")})
}

// zone is where the library's days begin.
func (k *kiosk) zone(ctx context.Context) *time.Location {
	f, err := k.cache.Facts(ctx, k.clock.Now(), nil, circ.Borrower{}, nil)
	if err != nil {
		return time.UTC
	}
	return zone(f.Rules)
}

// language is the one that a visit is in: its own choice, or the house's.
func (k *kiosk) language(chosen string) string {
	if chosen != "" {
		return chosen
	}
	return k.cfg.Screen.Language
}
