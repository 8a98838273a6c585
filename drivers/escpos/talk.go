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

const (
	// mostChunk is the most bytes that are written at once, so that ctx is
	// looked at in between.
	mostChunk = 512
	// askEvery is how often a printer that prints is asked whether it still does.
	askEvery = 500 * time.Millisecond
	// moment is how often a queue that empties is looked at.
	moment = 10 * time.Millisecond
	// flood bounds what is thrown away before a question.
	flood = 64 << 10
	// slowest is a slow printer's speed in dots per second: 50 mm.
	slowest = 400
)

// chunk is what a serial line sends in a twentieth of a second.
func (p *Printer) chunk() int {
	if p.o.Baud == 0 {
		return mostChunk
	}
	return max(16, min(mostChunk, p.o.Baud/200))
}

// send writes b and says how much of it went. os.ErrDeadlineExceeded: the printer
// took nothing for as long as Options.StallIn.
func (p *Printer) send(ctx context.Context, b []byte) (sent int, err error) {
	size := p.chunk()
	moved := time.Now()
	for sent < len(b) {
		if err := ctx.Err(); err != nil {
			return sent, err
		}
		n, err := p.port.Write(b[sent:min(len(b), sent+size)])
		sent += n
		if n > 0 {
			moved = time.Now()
		}
		full := errors.Is(err, os.ErrDeadlineExceeded)
		switch {
		case err != nil && !full:
			return sent, err
		case err == nil && n == 0:
			return sent, io.ErrShortWrite
		case full && time.Since(moved) > p.o.StallIn:
			return sent, err
		}
	}
	return sent, nil
}

// put sends one short command.
func (p *Printer) put(ctx context.Context, command ...byte) error {
	_, err := p.send(ctx, command)
	return err
}

// Status asks the printer how it is. drivers.ErrSilent if it never answers,
// drivers.ErrGarbled if what it answers is no status: its line may be set to
// another speed.
func (p *Printer) Status(ctx context.Context) (drivers.PrinterStatus, error) {
	if p.closed {
		return drivers.PrinterStatus{}, ErrClosed
	}
	if p.o.OneWay {
		return drivers.PrinterStatus{}, fmt.Errorf("ask the printer how it is: %w", drivers.ErrSilent)
	}
	var a answers
	for n := byte(askPrinter); n <= askPaper; n++ {
		if p.deaf[n] {
			continue
		}
		b, err := p.ask(ctx, n)
		if n > askPrinter && !p.told[n] && errors.Is(err, drivers.ErrSilent) {
			p.deaf[n] = true
			continue
		}
		if err != nil {
			return drivers.PrinterStatus{}, fmt.Errorf("ask the printer how it is: %w", err)
		}
		a[n], p.told[n] = b, true
	}
	return a.status(), nil
}

// ask sends DLE EOT n and waits for the answer. The answers do not say which
// question they belong to, so nothing that has come before counts, and after a
// missed answer the time in which it may still come is waited out.
func (p *Printer) ask(ctx context.Context, n byte) (byte, error) {
	if err := p.drain(ctx); err != nil {
		return 0, err
	}
	until := time.Now().Add(p.o.AnswerIn)
	asking, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if err := p.put(asking, dle, eot, n); err != nil && (ctx.Err() != nil || asking.Err() == nil) {
		return 0, err
	}
	noise := false
	for time.Now().Before(until) {
		heard, err := p.hear(ctx)
		if err != nil {
			return 0, err
		}
		for _, b := range heard {
			if realTime(b) {
				p.spoke = true
				return b, nil
			}
			noise = true
		}
	}
	p.late = time.Now().Add(p.o.AnswerIn)
	if noise {
		return 0, drivers.ErrGarbled
	}
	return 0, drivers.ErrSilent
}

// drain throws away what has come unasked, and what may come too late.
func (p *Printer) drain(ctx context.Context) error {
	for dropped := 0; dropped < flood; {
		var buf [256]byte
		n, err := p.read(ctx, buf[:])
		if err != nil {
			return err
		}
		dropped += n
		if n == 0 && !time.Now().Before(p.late) {
			p.ear = ear{}
			return nil
		}
	}
	return fmt.Errorf("%w: it does not stop sending", drivers.ErrGarbled)
}

// hear returns the answers of one byte that have come in the port's moment.
func (p *Printer) hear(ctx context.Context) ([]byte, error) {
	buf := make([]byte, 64)
	n, err := p.read(ctx, buf)
	if err != nil {
		return nil, err
	}
	single := buf[:0]
	for _, b := range buf[:n] {
		if p.ear.single(b) {
			single = append(single, b)
		}
	}
	return single, nil
}

func (p *Printer) read(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.port.Read(b)
	if n > 0 {
		return n, nil // an error comes again with the next read
	}
	return 0, err
}

// done returns when a sheet of n bytes that has been sent is printed, as far as
// that can be known.
func (p *Printer) done(ctx context.Context, n int) error {
	if p.mute {
		return p.emptied(ctx)
	}
	until := time.Now().Add(p.longest(n))
	if !p.noDone {
		if err := p.drain(ctx); err != nil {
			return err
		}
		if err := p.put(ctx, gs, 'r', 1); err != nil {
			return p.stalled(ctx, err)
		}
		until = until.Add(p.o.PrintIn)
	}
	if printed, err := p.printed(ctx, until); err != nil || printed {
		return err
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	p.noDone = true
	return nil
}

// longest is what n bytes can take on the line and below the head. Each byte of
// text is hardly more than three dots of paper, one of a picture is far less.
func (p *Printer) longest(n int) time.Duration {
	d := time.Duration(n) * 3 * time.Second / slowest
	if p.o.Baud > 0 {
		d += time.Duration(n) * 10 * time.Second / time.Duration(p.o.Baud)
	}
	return min(d, time.Minute)
}

// printed waits for the answer to GS r 1, which the printer gives after all that
// was sent before. Meanwhile it asks whether the printer is still online: one that
// has stopped would never answer. False: no answer came in time.
func (p *Printer) printed(ctx context.Context, until time.Time) (bool, error) {
	for next := time.Now().Add(askEvery); time.Now().Before(until); {
		heard, err := p.hear(ctx)
		if err != nil {
			return false, err
		}
		for _, b := range heard {
			switch {
			case realTime(b) && b&offline != 0:
				return false, p.stopped(ctx)
			case paperSensor(b):
				return true, nil
			}
		}
		if time.Now().Before(next) {
			continue
		}
		next = time.Now().Add(askEvery)
		if err := p.put(ctx, dle, eot, askPrinter); err != nil {
			return false, p.stalled(ctx, err)
		}
	}
	return false, nil
}

// emptied returns when this computer holds nothing more for the printer.
func (p *Printer) emptied(ctx context.Context) error {
	if p.o.Queue == nil {
		return nil
	}
	last, moved := -1, time.Now()
	for {
		n, err := p.o.Queue.Pending()
		if err != nil || n == 0 {
			return err
		}
		if n != last {
			last, moved = n, time.Now()
		}
		if time.Since(moved) > p.o.StallIn {
			return drivers.ErrOffline
		}
		timer := time.NewTimer(moment)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
