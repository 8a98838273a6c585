package sim

import (
	"image"

	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/encoding/charmap"

	"nightdesk/drivers"
)

// Sizes of font A in dots, and the sixth of an inch that is the usual line.
const (
	cellWide = 12
	cellHigh = 24
	lineDots = 30
)

// mostLong bounds what hangs out of a printer that nobody tells to cut, in dots.
const mostLong = 100_000

// roll is the paper and what the printer is set to. Nothing on it is taken from
// the driver: the tables of letters are the Go project's.
type roll struct {
	width int // dots

	page       byte // ESC t
	align      byte // 0 left, 1 centre, 2 right
	bold       bool
	wide, high int // how many times as large as font A
	spacing    int // dots

	pending []glyph // the line that is not printed yet
	out     []byte  // rows of dots since the last cut
	since   int     // dots since the last cut, after the first ink
	ink     bool
	text    []string
}

type glyph struct {
	r          rune
	bold       bool
	wide, high int
}

func newRoll(width int) *roll {
	r := &roll{width: width}
	r.reset()
	return r
}

// reset is ESC @. What has come out already stays where it is.
func (r *roll) reset() {
	r.page, r.align, r.bold, r.wide, r.high, r.spacing, r.pending = 0, 0, false, 1, 1, lineDots, nil
}

// pageOf is what ESC t n chooses: Epson ESC/POS command reference, ESC t.
func pageOf(n byte) *charmap.Charmap {
	switch n {
	case 2:
		return charmap.CodePage850
	case 16:
		return charmap.Windows1252
	case 18:
		return charmap.CodePage852
	case 19:
		return charmap.CodePage858
	}
	return charmap.CodePage437
}

// letter puts a letter on the line, after printing a line that is full, and
// returns how many dots the paper has moved.
func (r *roll) letter(b byte) (moved int) {
	g := glyph{r: pageOf(r.page).DecodeByte(b), bold: r.bold, wide: r.wide, high: r.high}
	if lineWidth(r.pending)+g.wide*cellWide > r.width {
		moved = r.feedLine()
	}
	r.pending = append(r.pending, g)
	return moved
}

func lineWidth(line []glyph) (dots int) {
	for _, g := range line {
		dots += g.wide * cellWide
	}
	return dots
}

// flush prints the line, if there is one.
func (r *roll) flush() int {
	if len(r.pending) == 0 {
		return 0
	}
	return r.feedLine()
}

// feedLine prints the line and feeds to the next.
func (r *roll) feedLine() int {
	line := r.pending
	r.pending = nil
	high := 1
	text := ""
	for _, g := range line {
		high = max(high, g.high)
		text += string(g.r)
	}
	r.text = append(r.text, text)
	from := len(r.out) / r.stride()
	moved := r.feed(max(r.spacing, high*cellHigh))
	x := r.indent(lineWidth(line))
	for _, g := range line {
		r.draw(g, x, from+(high-g.high)*cellHigh)
		x += g.wide * cellWide
	}
	return moved
}

func (r *roll) stride() int { return r.width / 8 }

func (r *roll) indent(dots int) int {
	switch r.align {
	case 1:
		return max(r.width-dots, 0) / 2
	case 2:
		return max(r.width-dots, 0)
	}
	return 0
}

// feed moves the paper.
func (r *roll) feed(dots int) int {
	if len(r.out)/r.stride()+dots > mostLong {
		return 0
	}
	r.out = append(r.out, make([]byte, dots*r.stride())...)
	if r.ink {
		r.since += dots
	}
	return dots
}

// dots prints one row of a picture; what is wider than the paper is lost.
func (r *roll) dots(row []byte) int {
	from := len(r.out) / r.stride()
	moved := r.feed(1)
	indent := r.indent(len(row) * 8)
	for x := range len(row) * 8 {
		if row[x/8]&(0x80>>(x%8)) != 0 {
			r.set(indent+x, from)
		}
	}
	return moved
}

func (r *roll) set(x, y int) {
	if i := y*r.stride() + x/8; x < r.width && i < len(r.out) {
		r.out[i] |= 0x80 >> (x % 8)
		r.ink = true
	}
}

// draw prints a letter as a face of 8 by 16 dots, made half as large again.
func (r *roll) draw(g glyph, left, top int) {
	face := inconsolata.Regular8x16
	if g.bold {
		face = inconsolata.Bold8x16
	}
	box, mask, at, _, ok := face.Glyph(fixed.P(0, face.Ascent), g.r)
	if !ok {
		return
	}
	for y := range cellHigh * g.high {
		for x := range cellWide * g.wide {
			spot := image.Pt(x*2/3/g.wide, y*2/3/g.high)
			if !spot.In(box) {
				continue
			}
			spot = spot.Sub(box.Min).Add(at)
			if _, _, _, a := mask.At(spot.X, spot.Y).RGBA(); a >= 0x6000 {
				r.set(left+x, top+y)
			}
		}
	}
}

// tear cuts off what hangs out, and says whether anything is on it.
func (r *roll) tear() (p Paper, any bool) {
	p = Paper{Text: r.text, Dots: drivers.Bitmap{Width: r.width, Height: len(r.out) / r.stride(), Bits: r.out}}
	any = r.ink
	r.out, r.text, r.ink, r.since = nil, nil, false, 0
	return p, any
}
