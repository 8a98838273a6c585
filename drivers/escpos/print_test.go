package escpos_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

func TestPrints(t *testing.T) {
	for _, width := range []int{384, 576} {
		b := newBench(t, sim.PrinterOptions{Width: width}, patient)
		s := rows("Syston Library", "", "Zażółć gęślą jaźń", "“Don’t” £5", "plain")
		s.Width = width
		for range 2 {
			if err := b.escpos.Print(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			p := b.paper(t)
			want := []string{"Syston Library", "", "Zażółć gęślą jaźń", "“Don’t” £5", "plain"}
			if !slices.Equal(p.Text, want) || p.Dots.Width != width {
				t.Errorf("got %q on %d dots, want %q on %d", p.Text, p.Dots.Width, want, width)
			}
		}
		b.none(t)
		b.understood(t)
	}
}

// Every character that the driver encodes comes out of the printer as itself; the
// printer's tables are others than the driver's.
func TestEveryCharacter(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{}, patient)
	for _, page := range []*charmap.Charmap{charmap.CodePage858, charmap.CodePage852, charmap.Windows1252} {
		var lines []string
		for from := 0x20; from < 0x100; from += 16 {
			line := ""
			for c := range 16 {
				// The last is DEL, the others a soft hyphen and what is no character.
				if r := page.DecodeByte(byte(from + c)); r >= ' ' && r != 0x7F && r != 0xAD && r != 0xFFFD && (r < 0x80 || r > 0x9F) {
					line += string(r)
				}
			}
			if !escpos.Encodable(line) {
				t.Errorf("%v: %q is not encodable", page, line)
			}
			lines = append(lines, line)
		}
		if err := b.escpos.Print(t.Context(), rows(lines...)); err != nil {
			t.Fatal(err)
		}
		if got := b.paper(t).Text; !slices.Equal(got, lines) {
			t.Errorf("%v: got %q, want %q", page, got, lines)
		}
	}
	b.understood(t)
}

// What a sheet says is what falls out: letters as letters, and every dot of a
// picture where it belongs.
func TestSheetsComeOutAsTheyAre(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{Buffer: 1024}, patient)
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("abc XYZ 09 £éß€ ąćęłńóśźż ăâî “’–…")), 0, 24, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := drivers.Sheet{Width: 576}
		var text []string
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			row := drivers.SheetRow{
				Text: letters.Filter(escpos.Encodable).Draw(t, "text"),
				Bold: rapid.Bool().Draw(t, "bold"), Large: rapid.Bool().Draw(t, "large"), Centre: rapid.Bool().Draw(t, "centre"),
			}
			s.Rows = append(s.Rows, row)
			text = append(text, row.Text)
		}
		picture := &drivers.Bitmap{Width: 8 * rapid.IntRange(1, 72).Draw(t, "bytes"), Height: rapid.IntRange(1, 60).Draw(t, "height")}
		picture.Bits = rapid.SliceOfN(rapid.Byte(), picture.Stride()*picture.Height, picture.Stride()*picture.Height).Draw(t, "bits")
		picture.Bits[0] |= 1
		s.Rows = append(s.Rows, drivers.SheetRow{Image: picture})
		if err := b.escpos.Print(context.Background(), s); err != nil {
			t.Fatal(err)
		}
		p := <-b.papers
		if !slices.Equal(p.Text[:len(text)], text) {
			t.Fatalf("got %q, want %q", p.Text, text)
		}
		if x, y, ok := same(p, picture); !ok {
			t.Fatalf("the dot %d, %d is not as it was", x, y)
		}
	})
	b.understood(t)
}

// same compares a picture with the paper above the two lines of white and the
// cutter's 12 mm. A dot may only be missing from the picture where the bytes would
// command the printer.
func same(p sim.Paper, picture *drivers.Bitmap) (x, y int, ok bool) {
	top := p.Dots.Height - 2*30 - 96 - picture.Height
	for y := range picture.Height {
		for x := range p.Dots.Width {
			if p.Dots.Black(x, top+y) == picture.Black(x, y) {
				continue
			}
			i := y*picture.Stride() + x/8
			if x%8 == 6 && i > 0 && picture.Bits[i-1] == 0x10 && bytes.IndexByte([]byte{0x04, 0x05, 0x14}, picture.Bits[i]) >= 0 {
				continue
			}
			return x, y, false
		}
	}
	return 0, 0, true
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		fault  string
		want   error
		status drivers.PrinterStatus
	}{
		{sim.PaperOut, drivers.ErrPaperOut, drivers.PrinterStatus{PaperOut: true, PaperLow: true}},
		{sim.CoverOpen, drivers.ErrCoverOpen, drivers.PrinterStatus{CoverOpen: true}},
		{sim.Offline, drivers.ErrOffline, drivers.PrinterStatus{}},
		{sim.Garbage, drivers.ErrGarbled, drivers.PrinterStatus{}},
		{sim.PaperLow, nil, drivers.PrinterStatus{Online: true, PaperLow: true}},
		{sim.Slow, nil, drivers.PrinterStatus{Online: true}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sim.PrinterOptions{}, patient)
			b.fault(t, test.fault)
			got, err := b.escpos.Status(t.Context())
			if garbled := test.fault == sim.Garbage; got != test.status || garbled != errors.Is(err, drivers.ErrGarbled) {
				t.Errorf("status: got %+v and %v, want %+v", got, err, test.status)
			}
			if err := b.escpos.Print(t.Context(), rows("the first")); !errors.Is(err, test.want) {
				t.Errorf("print: got %v, want %v", err, test.want)
			}
			if test.want != nil {
				b.none(t)
				b.played.Mend()
				b.none(t) // nothing was kept for later
				if err := b.escpos.Print(t.Context(), rows("the first")); err != nil {
					t.Errorf("mended: got %v, want no error", err)
				}
			}
			if got := b.paper(t).Text; !slices.Equal(got, []string{"the first"}) {
				t.Errorf("got %q, want the first", got)
			}
			b.understood(t)
		})
	}
}

// The paper ends after 60 dots. The sheet is given up; when there is paper again,
// its beginning falls out by itself and nothing of the rest is printed.
func TestPaperEndsInASheet(t *testing.T) {
	for name, s := range map[string]drivers.Sheet{
		"text":                                  rows(strings.Split(strings.Repeat("secret\n", 40), "\n")...),
		"a picture, more than the buffer holds": {Width: 576, Rows: []drivers.SheetRow{{Image: chequer(576, 800)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sim.PrinterOptions{Speed: 200, Buffer: 2048}, patient)
			b.fault(t, sim.PaperOutMidJob)
			err := b.escpos.Print(t.Context(), s)
			var e drivers.PrinterError
			if !errors.Is(err, drivers.ErrPaperOut) || !errors.As(err, &e) || !e.Status.PaperOut {
				t.Fatalf("got %v, want %v", err, drivers.ErrPaperOut)
			}
			if err := b.escpos.Print(t.Context(), rows("too early")); !errors.Is(err, drivers.ErrPaperOut) {
				t.Errorf("no paper yet: got %v, want %v", err, drivers.ErrPaperOut)
			}
			b.none(t)
			b.played.Mend()
			begun := b.paper(t)
			if begun.Dots.Height > 300 {
				t.Errorf("%d dots of the old sheet came out, want those before the end of the paper and the cutter's", begun.Dots.Height)
			}
			if err := b.escpos.Print(t.Context(), rows("the next borrower")); err != nil {
				t.Fatal(err)
			}
			if got := b.paper(t).Text; !slices.Equal(got, []string{"the next borrower"}) {
				t.Errorf("got %q, want the next borrower's and no more", got)
			}
			b.none(t)
			b.understood(t)
		})
	}
}

func TestCutterSticks(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{}, patient)
	if err := b.escpos.Print(t.Context(), rows("good")); err != nil {
		t.Fatal(err)
	}
	b.paper(t)
	b.fault(t, sim.CutterStuck)
	err := b.escpos.Print(t.Context(), rows("stuck"))
	var e drivers.PrinterError
	if !errors.As(err, &e) || !e.Status.CutterFault || !strings.Contains(err.Error(), "cutter") {
		t.Errorf("got %v, want a fault of the cutter", err)
	}
	b.played.Mend()
	if err := b.escpos.Print(t.Context(), rows("next")); err != nil {
		t.Fatal(err)
	}
	if got := b.paper(t).Text; !slices.Equal(got, []string{"stuck"}) {
		t.Errorf("got %q, want what had been printed when the cutter stuck", got)
	}
	if got := b.paper(t).Text; !slices.Equal(got, []string{"next"}) {
		t.Errorf("got %q, want the next sheet", got)
	}
}

// A visit ends at some moment of its sheet, on a slow printer with a small buffer.
// The driver lets go within 200 ms; what has come out is cut off; the next borrower's
// sheet is whole and by itself.
func TestVisitEndsInASheet(t *testing.T) {
	secret := drivers.Sheet{Width: 576}
	for range 6 {
		secret.Rows = append(secret.Rows, drivers.SheetRow{Text: "secret"}, drivers.SheetRow{Image: chequer(576, 70)})
	}
	for _, after := range []time.Duration{30, 60, 120, 250, 500} {
		after *= time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sim.PrinterOptions{Speed: 50, Buffer: 1024}, patient)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			from := time.Now()
			if err := b.escpos.Print(ctx, secret); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want %v", err, context.DeadlineExceeded)
			}
			if late := time.Since(from) - after; late > 200*time.Millisecond {
				t.Errorf("it let go %v after the visit's end, want 200ms at most", late)
			}
			if err := b.escpos.Print(t.Context(), rows("next")); err != nil {
				t.Fatal(err)
			}
			last := b.paper(t)
			for !slices.Equal(last.Text, []string{"next"}) {
				if slices.Contains(last.Text, "next") {
					t.Fatalf("got %q: the next borrower has the secret", last.Text)
				}
				last = b.paper(t)
			}
			b.none(t)
			b.understood(t)
		})
	}
}

// A program was killed in the middle of a picture. The next one begins by ending
// what it left.
func TestAfterAKilledProgram(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{}, patient)
	raw, err := wire.OpenFile(b.played.Path(), wire.Mode{Baud: 115200}, wire.XonXoff)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write([]byte("\x1B@secret\n\x1Dv0\x00\x48\x00\x18\x00" + strings.Repeat("\xFF", 100))); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // or closing would drop it
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.escpos.Print(t.Context(), rows("next")); err != nil {
		t.Fatal(err)
	}
	if got := b.paper(t).Text; !slices.Equal(got, []string{"secret"}) {
		t.Errorf("got %q, want what was left", got)
	}
	if got := b.paper(t).Text; !slices.Equal(got, []string{"next"}) {
		t.Errorf("got %q, want the next sheet", got)
	}
	b.understood(t)
}

func TestPrinterThatNeverAnswers(t *testing.T) {
	for name, o := range map[string]escpos.Options{"found out": patient, "known": {OneWay: true}} {
		b := newBench(t, sim.PrinterOptions{}, o)
		b.fault(t, sim.Silent)
		if err := b.escpos.Print(t.Context(), rows("one way")); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
		if got := b.paper(t).Text; !slices.Equal(got, []string{"one way"}) {
			t.Errorf("%s: got %q", name, got)
		}
		if _, err := b.escpos.Status(t.Context()); !errors.Is(err, drivers.ErrSilent) {
			t.Errorf("%s: got %v, want %v", name, err, drivers.ErrSilent)
		}
		b.played.Mend()
		if s, err := b.escpos.Status(t.Context()); !o.OneWay && (err != nil || !s.Online) {
			t.Errorf("%s, switched on: got %+v and %v, want online", name, s, err)
		}
	}
}

// One that has answered and no longer does is switched off, and no one-way printer.
func TestPrinterThatFallsSilent(t *testing.T) {
	b := newBench(t, sim.PrinterOptions{}, patient)
	if err := b.escpos.Print(t.Context(), rows("good")); err != nil {
		t.Fatal(err)
	}
	b.paper(t)
	b.fault(t, sim.Silent)
	if err := b.escpos.Print(t.Context(), rows("lost")); !errors.Is(err, drivers.ErrSilent) {
		t.Errorf("got %v, want %v", err, drivers.ErrSilent)
	}
	b.none(t)
}

// The line of pads and scanners carries a printer too; its Write waits for the
// printer, so the catalogue does not use it.
func TestOnTheOrdinaryLine(t *testing.T) {
	papers := make(chan sim.Paper, 4)
	played, err := sim.NewPrinter(sim.PrinterOptions{OnPaper: func(p sim.Paper) { papers <- p }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = played.Close() }()
	line, err := wire.Open(played.Path(), wire.Mode{Baud: 115200})
	if err != nil {
		t.Fatal(err)
	}
	o := patient
	o.Baud = 115200
	p := escpos.New(line, o)
	defer func() { _ = p.Close() }()
	s := drivers.Sheet{Width: 576, Rows: []drivers.SheetRow{{Text: "Łódź"}, {Image: chequer(576, 200)}}}
	if err := p.Print(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	paper := <-papers
	if x, y, ok := same(paper, s.Rows[1].Image); !ok || paper.Text[0] != "Łódź" {
		t.Errorf("got %q, and a wrong dot at %d, %d", paper.Text, x, y)
	}
}
