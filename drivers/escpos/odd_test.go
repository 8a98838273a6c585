package escpos_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
	"nightdesk/drivers/sim"
)

// It has DLE EOT and no GS r: believed if it is well when the time is over, and
// from then on not waited for longer than the sheet explains.
func TestPrinterWithoutGSr(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := &port{answer: func(b []byte) []byte { return bytes.Repeat([]byte{0x12}, bytes.Count(b, []byte{0x10, 0x04})) }}
		p := escpos.New(line, escpos.Options{PrintIn: 8 * time.Second})
		for i, most := range []time.Duration{9 * time.Second, 2 * time.Second} {
			from := time.Now()
			if err := p.Print(t.Context(), rows("a short sheet")); err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if took := time.Since(from); took > most {
				t.Errorf("sheet %d took %v, want %v at most", i, took, most)
			}
		}
		if n := bytes.Count(line.sent.Bytes(), []byte{0x1D, 'r', 1}); n != 1 {
			t.Errorf("it was asked %d times when it is done, want once", n)
		}
	})
}

// A printer that takes nothing and says nothing.
func TestPrinterThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, o := range []escpos.Options{{StallIn: 3 * time.Second}, {StallIn: 3 * time.Second, OneWay: true}} {
			p := escpos.New(&port{stuck: true}, o)
			from := time.Now()
			if err := p.Print(t.Context(), rows("x")); !errors.Is(err, drivers.ErrOffline) {
				t.Errorf("got %v, want %v", err, drivers.ErrOffline)
			}
			if took := time.Since(from); took > 5*time.Second {
				t.Errorf("it took %v, want StallIn and little more", took)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			from = time.Now()
			if err := p.Print(ctx, rows("x")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
			if took := time.Since(from); took > 1200*time.Millisecond {
				t.Errorf("it took %v, want a second and little more", took)
			}
			cancel()
		}
	})
}

func TestClose(t *testing.T) {
	line := &port{}
	p := escpos.New(line, escpos.Options{})
	if err := errors.Join(p.Close(), p.Close()); err != nil || line.closed != 1 {
		t.Errorf("got %v and %d closings, want no error and one", err, line.closed)
	}
	if err := p.Print(t.Context(), rows("x")); !errors.Is(err, escpos.ErrClosed) || line.sent.Len() != 0 {
		t.Errorf("print: got %v and %d bytes, want %v", err, line.sent.Len(), escpos.ErrClosed)
	}
	if _, err := p.Status(t.Context()); !errors.Is(err, escpos.ErrClosed) {
		t.Errorf("status: got %v, want %v", err, escpos.ErrClosed)
	}
}

func TestUnplugged(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{}, patient)
	b.played.Unplug()
	if err := b.escpos.Print(t.Context(), rows("x")); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("got %v, want %v", err, drivers.ErrUnplugged)
	}
	if _, err := b.escpos.Status(t.Context()); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("got %v, want %v", err, drivers.ErrUnplugged)
	}
}
