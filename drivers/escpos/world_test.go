package escpos_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

// port is a line whose other end is a function: what it answers to a write can
// be read at once. For use in a synctest bubble.
type port struct {
	sent   bytes.Buffer
	answer func(written []byte) []byte // nil never answers
	in     []byte
	stuck  bool // takes nothing
	closed int
}

func (p *port) Read(b []byte) (int, error) {
	if len(p.in) == 0 {
		time.Sleep(5 * time.Millisecond)
		return 0, nil
	}
	n := copy(b, p.in)
	p.in = p.in[n:]
	return n, nil
}

func (p *port) Write(b []byte) (int, error) {
	if p.stuck {
		time.Sleep(5 * time.Millisecond)
		return 0, os.ErrDeadlineExceeded
	}
	if p.answer != nil {
		p.in = append(p.in, p.answer(b)...)
	}
	return p.sent.Write(b)
}

func (p *port) Close() error { p.closed++; return nil }

// bench is a simulated printer on a pseudo-terminal and the driver before it.
type bench struct {
	played *sim.Printer
	papers chan sim.Paper
	escpos *escpos.Printer
}

// patient is long enough for a simulated printer on a busy machine.
var patient = escpos.Options{AnswerIn: 300 * time.Millisecond, PrintIn: 10 * time.Second, StallIn: 2 * time.Second}

func newBench(t testing.TB, so sim.PrinterOptions, eo escpos.Options) *bench {
	t.Helper()
	b := &bench{papers: make(chan sim.Paper, 64)}
	so.OnPaper = func(p sim.Paper) { b.papers <- p }
	var err error
	if b.played, err = sim.NewPrinter(so); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.played.Close() })
	file, err := wire.OpenFile(b.played.Path(), wire.Mode{Baud: 115200}, wire.XonXoff)
	if err != nil {
		t.Fatal(err)
	}
	eo.Queue = file
	b.escpos = escpos.New(file, eo)
	t.Cleanup(func() { _ = b.escpos.Close() })
	return b
}

// paper waits for the next piece of paper that falls out.
func (b *bench) paper(t testing.TB) sim.Paper {
	t.Helper()
	select {
	case p := <-b.papers:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("no paper fell out in ten seconds")
		return sim.Paper{}
	}
}

// none wants that nothing falls out for a moment.
func (b *bench) none(t testing.TB) {
	t.Helper()
	select {
	case p := <-b.papers:
		t.Errorf("a paper fell out: %q, %d dots", p.Text, p.Dots.Height)
	case <-time.After(100 * time.Millisecond):
	}
}

func (b *bench) understood(t testing.TB) {
	t.Helper()
	if odd := b.played.Odd(); len(odd) > 0 {
		t.Errorf("the printer did not understand %q", odd)
	}
}

func (b *bench) fault(t testing.TB, name string) {
	t.Helper()
	if err := b.played.Fault(name); err != nil {
		t.Fatal(err)
	}
}

// rows makes a sheet of plain lines.
func rows(lines ...string) drivers.Sheet {
	s := drivers.Sheet{Width: 576}
	for _, l := range lines {
		s.Rows = append(s.Rows, drivers.SheetRow{Text: l})
	}
	return s
}

// chequer is a picture that is half black, and no two rows of it are alike.
func chequer(width, height int) *drivers.Bitmap {
	b := &drivers.Bitmap{Width: width, Height: height}
	b.Bits = make([]byte, b.Stride()*height)
	for i := range b.Bits {
		b.Bits[i] = byte(i*37+i/b.Stride()) | 1
	}
	return b
}
