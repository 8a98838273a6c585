package sim_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/drivers/sim"
)

func printer(t *testing.T, o sim.PrinterOptions) (*sim.Printer, computer, chan sim.Paper) {
	t.Helper()
	papers := make(chan sim.Paper, 16)
	o.OnPaper = func(p sim.Paper) { papers <- p }
	p, err := sim.NewPrinter(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, open(t, p.Path()), papers
}

func (c computer) types(s string) {
	c.t.Helper()
	if _, err := c.f.WriteString(s); err != nil {
		c.t.Fatal(err)
	}
}

// The answers are those of the Epson reference; see the vectors of the driver.
func TestPrinterAnswers(t *testing.T) {
	for _, test := range []struct {
		faults []string
		want   string // to DLE EOT 1, 2, 3, 4
	}{
		{nil, "12 12 12 12"},
		{[]string{sim.PaperLow}, "12 12 12 1E"},
		{[]string{sim.PaperOut}, "1A 32 12 7E"},
		{[]string{sim.CoverOpen}, "1A 16 12 12"},
		{[]string{sim.Offline}, "1A 12 12 12"},
		{[]string{sim.CoverOpen, sim.PaperOut}, "1A 36 12 7E"},
		{[]string{sim.Garbage}, "ED ED ED ED"},
		{[]string{sim.Silent}, ""},
	} {
		p, c, _ := printer(t, sim.PrinterOptions{})
		for _, f := range test.faults {
			if err := p.Fault(f); err != nil {
				t.Fatal(err)
			}
		}
		c.send("100401 100402 100403 100404")
		if test.want == "" {
			c.silence()
			continue
		}
		c.hears(test.want)
		p.Mend()
		c.send("100401")
		c.hears("12")
	}
	p, _, _ := printer(t, sim.PrinterOptions{})
	if err := p.Fault("on fire"); err == nil {
		t.Error("got no error for a fault that there is not")
	}
}

func TestPrinterPrints(t *testing.T) {
	p, c, papers := printer(t, sim.PrinterOptions{Width: 384})
	c.types("\x1B@\x1Bt\x12\x1Ba\x01\x88\xA2d\xAB\n\x1Ba\x00") // PC852
	c.types("\x1Dv0\x00\x02\x00\x02\x00\x80\x01\xFF\xFF")      // two rows of 16 dots
	c.types(strings.Repeat("m", 33) + "\n\x1DVB\x00\x1Dr\x01") // one letter more than fits
	c.hears("00")
	paper := <-papers
	if want := []string{"łódź", strings.Repeat("m", 32), "m"}; !slices.Equal(paper.Text, want) {
		t.Errorf("got %q, want %q", paper.Text, want)
	}
	if got, want := paper.Dots.Height, 30+2+2*30+96; got != want || paper.Image().Bounds().Dy() != want {
		t.Errorf("got %d dots, want %d", got, want)
	}
	if row := paper.Dots.Bits[30*48 : 32*48]; !bytes.Equal(row[:2], []byte{0x80, 0x01}) || !bytes.Equal(row[48:50], []byte{0xFF, 0xFF}) {
		t.Errorf("got % X, want the two rows of the picture", row)
	}
	left := bytes.Count(paper.Dots.Bits[:30*48], []byte{0})
	if left == 30*48 {
		t.Error("the letters left no ink")
	}
	c.types("\x1DVB\x00\x1Dr\x01")
	c.hears("00")
	if len(papers) != 0 {
		t.Error("a white strip was told")
	}
	if odd := p.Odd(); len(odd) != 0 {
		t.Errorf("not understood: %q", odd)
	}
	c.types("\x1B\x01\x02\x1Dr\x01")
	c.hears("00")
	if odd := p.Odd(); !slices.Equal(odd, []string{"1B 01 02"}) {
		t.Errorf("got %q, want 1B 01 02", odd)
	}
}

// A command that comes in the middle of a picture's data is carried out and is no
// part of the picture, as the reference warns.
func TestPrinterIsAskedInAPicture(t *testing.T) {
	_, c, papers := printer(t, sim.PrinterOptions{})
	c.types("\x1Dv0\x00\x02\x00\x01\x00\xAA")
	c.send("100401")
	c.hears("12")
	c.types("\xBB\x1DVB\x00")
	if paper := <-papers; !bytes.Equal(paper.Dots.Bits[:2], []byte{0xAA, 0xBB}) {
		t.Errorf("got % X, want AA BB", paper.Dots.Bits[:2])
	}
}

func TestPrinterGoesOnWhenMended(t *testing.T) {
	p, c, papers := printer(t, sim.PrinterOptions{})
	if err := p.Fault(sim.PaperOutMidJob); err != nil {
		t.Fatal(err)
	}
	c.types("1\n2\n3\n4\n5\n\x1DVB\x00\x1Dr\x01")
	c.silence()
	if got := p.Faults(); !slices.Equal(got, []string{sim.PaperOut}) {
		t.Errorf("got %q, want the paper out", got)
	}
	p.Mend()
	c.hears("00")
	if got := (<-papers).Text; !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
		t.Errorf("got %q, want all that it kept", got)
	}
	if err := p.Fault(sim.PaperOutMidJob); err != nil {
		t.Fatal(err)
	}
	c.types("1\n2\n3\n4\n5\n\x1DVB\x00")
	c.silence()
	c.send("10140801031401060208")
	c.hears("372500")
	p.Mend()
	c.types("\x1DVB\x00")
	if got := (<-papers).Text; !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Errorf("got %q, want what was out before it was cleared", got)
	}
}

// 100 mm a second is 800 dots: 300 dots of text and 96 to the cutter take half a
// second.
func TestPrinterTakesItsTime(t *testing.T) {
	_, c, papers := printer(t, sim.PrinterOptions{Speed: 100})
	from := time.Now()
	c.types(strings.Repeat("x\n", 10) + "\x1DVB\x00\x1Dr\x01")
	<-papers
	if took := time.Since(from); took < 350*time.Millisecond {
		t.Errorf("it was cut after %v, want %v at least", took, 375*time.Millisecond)
	}
	c.hears("00")
	if took := time.Since(from); took < 450*time.Millisecond {
		t.Errorf("it was done after %v, want %v at least", took, 495*time.Millisecond)
	}
}

func TestPrinterPlugs(t *testing.T) {
	link := t.TempDir() + "/printer"
	p, c, _ := printer(t, sim.PrinterOptions{Link: link})
	p.Unplug()
	if _, err := c.f.WriteString("x"); err == nil {
		t.Error("a pulled line took a byte")
	}
	if err := p.Plug(); err != nil {
		t.Fatal(err)
	}
	c = open(t, link)
	c.send("100401")
	c.hears("12")
	for name, o := range map[string]sim.PrinterOptions{"width": {Width: 100}, "buffer": {Buffer: 10}} {
		if _, err := sim.NewPrinter(o); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}
