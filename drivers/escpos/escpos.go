// Package escpos prints receipts on printers that speak Epson's ESC/POS, and on
// the many that nearly do. It refuses to say that a sheet is printed when the
// printer says otherwise, and to leave half a sheet for the next borrower.
//
// # When the paper ends in the middle of a sheet
//
// Left alone, a printer keeps the rest of the sheet and prints it when somebody
// puts a new roll in, long after its borrower has gone. So the driver has the
// printer's buffers cleared (DLE DC4 8, and DLE ENQ 2 after a fault of the
// cutter), and what it sends then, once there is paper again, only cuts off what
// hangs out. The sheet is never begun a second time: Print returns the error and
// the list is shown on the screen. A printer that knows neither command keeps as
// much of the sheet as its buffer holds, and cuts that off with a strip of white;
// one that does not answer at all is not even known to have stopped.
//
// # When a visit ends in the middle of a sheet
//
// Print returns within a fifth of a second. What is still in this computer is
// dropped; then the buffers are cleared as above, the command that was cut short
// is filled up with zeros (a printer without DLE DC4 takes whatever comes next for the
// picture it was promised), and the paper is cut. If the printer takes none of
// that now, it is the first thing that it gets later. So it does after
// opening too, for nobody knows what a program that was killed has left:
// a strip of white falls out before the first receipt.
package escpos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"nightdesk/drivers"
)

// ErrClosed says that the printer was closed here.
var ErrClosed = errors.New("the printer was closed")

// Port is the line to a printer. Read returns what has come, or (0, nil) after a
// moment in which nothing came. Write may send a part only and return
// os.ErrDeadlineExceeded: the printer takes no more for the moment. One that
// always sends all of it does too, but then ctx may have to wait for it.
type Port interface {
	io.Reader
	io.Writer
	io.Closer
}

// Queue is what the computer still holds of what was written to the port.
type Queue interface {
	Pending() (int, error) // bytes; 0 if nobody knows
	Discard() error
}

// Options are how a printer is connected. The zero value is a printer on USB.
type Options struct {
	// OneWay never asks the printer anything: it is known not to answer.
	OneWay bool
	// AnswerIn is how long a printer takes to answer DLE EOT. 0 is 500 ms.
	AnswerIn time.Duration
	// StallIn is how long a printer may take nothing before the sheet is given
	// up; a hot head needs seconds to cool. 0 is 5 s.
	StallIn time.Duration
	// PrintIn is what a printer that has got a sheet may take to print it, beyond
	// what its length explains. 0 is 10 s.
	PrintIn time.Duration
	// Baud is the speed of a serial line in bits per second; 0 if it is none.
	Baud int
	// Queue, if not nil, is the queue behind the port.
	Queue Queue
}

// Printer is a drivers.Printer. It sends nothing before it is asked to print or
// how the printer is.
type Printer struct {
	port Port
	o    Options

	rest   []byte // must reach the printer before the next sheet
	ear    ear
	spoke  bool               // it has answered a DLE EOT
	mute   bool               // it has not, and this sheet goes one way
	told   [askPaper + 1]bool // questions of DLE EOT that it has answered
	deaf   [askPaper + 1]bool // questions that it never did
	noDone bool               // it does not answer GS r
	late   time.Time          // until then a missed answer may still come
	closed bool
}

var _ drivers.Printer = (*Printer)(nil)

// New makes a Printer that owns port.
func New(port Port, o Options) *Printer {
	if o.AnswerIn == 0 {
		o.AnswerIn = 500 * time.Millisecond
	}
	if o.StallIn == 0 {
		o.StallIn = 5 * time.Second
	}
	if o.PrintIn == 0 {
		o.PrintIn = 10 * time.Second
	}
	p := &Printer{port: port, o: o}
	p.rest = p.clear(p.unfinished())
	return p
}

// Print prints a sheet and cuts it off. See drivers.Printer for what it returns.
//
// A printer that has never answered is believed to be one that cannot: the sheet
// waits for it as long as Options.AnswerIn and then goes one way. One that has
// answered before and no longer does is off: drivers.ErrSilent. One that tells how it
// is but not when it is done (it has DLE EOT and no GS r) is believed to have
// printed if it is well when the time for it is over.
func (p *Printer) Print(ctx context.Context, s drivers.Sheet) error {
	if p.closed {
		return ErrClosed
	}
	job, err := compose(s, p.band())
	if err != nil {
		return fmt.Errorf("print a sheet: %w", err)
	}
	if err := p.print(ctx, job); err != nil {
		return fmt.Errorf("print a sheet: %w", err)
	}
	return nil
}

func (p *Printer) print(ctx context.Context, j *job) error {
	if err := p.ready(ctx); err != nil {
		return err
	}
	if _, err := p.send(ctx, p.rest); err != nil {
		p.rest = p.clear(p.unfinished()) // twice does no harm
		return p.stalled(ctx, err)
	}
	p.rest = nil
	if _, err := p.send(ctx, j.Bytes()); err != nil {
		p.discard()
		return p.abandon(ctx, p.stalled(ctx, err), j.lacks(p))
	}
	if err := p.done(ctx, j.Len()); err != nil {
		if !p.pending() {
			return p.abandon(ctx, err, short)
		}
		p.discard()
		return p.abandon(ctx, err, j.lacks(p))
	}
	return nil
}

// ready returns when the printer says that it can print, or never says anything.
func (p *Printer) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mute = p.o.OneWay
	if p.mute {
		return nil
	}
	s, err := p.Status(ctx)
	switch {
	case errors.Is(err, drivers.ErrSilent) && !p.spoke:
		p.mute = true
		return nil
	case err != nil:
		return err
	case !prints(s):
		return drivers.PrinterError{Status: s}
	}
	return nil
}

// stalled is why the printer takes no more, if err is that it does not.
func (p *Printer) stalled(ctx context.Context, err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	p.discard() // or the question would wait behind the sheet
	if p.mute {
		return drivers.ErrOffline
	}
	return p.stopped(ctx)
}

// stopped is why the printer does not print. If it has got over it in the same
// moment, it was still offline with a sheet in it.
func (p *Printer) stopped(ctx context.Context) error {
	s, err := p.Status(ctx)
	if err != nil {
		return err
	}
	s.Online = false
	return drivers.PrinterError{Status: s}
}

// band is the most bytes of one band of a picture. A visit that ends leaves one
// unfinished, and filling it up must not take longer than a tenth of a second.
func (p *Printer) band() int {
	if p.o.Baud == 0 {
		return bandBytes
	}
	return min(bandBytes, p.o.Baud/100)
}

// discard drops what this computer still holds and lets a stopped line go on. If
// it cannot, the printer gets the rest of the sheet first.
func (p *Printer) discard() {
	if p.o.Queue != nil {
		_ = p.o.Queue.Discard()
	}
}

// pending says whether this computer still holds something for the printer.
func (p *Printer) pending() bool {
	if p.o.Queue == nil {
		return false
	}
	n, err := p.o.Queue.Pending()
	return n > 0 || err != nil
}

// short is how many bytes a command without a picture can lack at most.
const short = 8

// unfinished is how many bytes a picture can lack at most. What was discarded on
// the way is not known, so it is not known either how many it does.
func (p *Printer) unfinished() int { return max(p.band(), 576/8) + short }

// lacks is how many bytes a command of the job can lack when it is cut short.
func (j *job) lacks(p *Printer) int {
	if j.pictures {
		return p.unfinished()
	}
	return short
}

// clear is what ends an unfinished sheet: see the package's comment.
func (p *Printer) clear(lacks int) []byte {
	b := []byte{dle, dc4, 8, 1, 3, 20, 1, 6, 2, 8} // reference, DLE DC4 fn 8: the seven bytes are fixed
	b = append(b, make([]byte, lacks)...)
	b = append(b, esc, '@')
	return append(b, cut()...)
}

// abandonIn bounds how long an ended visit waits for the printer.
const abandonIn = 50 * time.Millisecond

// abandon ends a sheet that why has ended, and returns why. The command that was
// cut short may lack some bytes.
func (p *Printer) abandon(ctx context.Context, why error, lacks int) error {
	p.rest = p.clear(lacks)
	var e drivers.PrinterError
	stuck := errors.As(why, &e) && e.Status.CutterFault
	if stuck {
		p.rest = append([]byte{dle, enq, 2}, p.rest...) // a fault has to be recovered from first
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonIn)
	defer cancel()
	sent, _ := p.send(ctx, p.rest) // what it does not take, it gets before the next sheet
	p.rest = p.rest[sent:]
	if stuck {
		p.rest = p.clear(short) // a cutter that is stuck has not cut now either
	}
	return why
}

// Close closes the line; closing twice does nothing more.
func (p *Printer) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	return p.port.Close()
}
