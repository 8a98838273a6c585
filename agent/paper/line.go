package paper

import (
	"image"
	"image/draw"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"nightdesk/drivers"
)

// threshold is how much of a dot must be covered for it to be black, of 255.
// A little less than half keeps thin strokes whole on thermal paper.
const threshold = 112

// line is one line of shaped text, its runs from left to right.
type line struct {
	runs            []shaping.Output
	width           fixed.Int26_6 // without the spaces at its end
	left, right     fixed.Int26_6 // where its ink begins and ends
	ascent, descent fixed.Int26_6 // from the baseline, both positive
}

// newLine measures a line whose runs come in the order of the text.
func newLine(runs shaping.Line, text []rune, levels []level) line {
	l := line{runs: visual(runs, levels)}
	dropTrailingSpace(l.runs, text)
	var pen fixed.Int26_6
	for i, run := range l.runs {
		// Naskh asks for more room below than our letters of it fill.
		l.ascent = max(l.ascent, run.LineBounds.Ascent, run.GlyphBounds.Ascent)
		l.descent = max(l.descent, min(-run.LineBounds.Descent, run.Size/2), -run.GlyphBounds.Descent)
		for j, g := range run.Glyphs {
			x := pen + g.XOffset + g.XBearing
			if i == 0 && j == 0 {
				l.left, l.right = x, x
			}
			if g.Width > 0 {
				l.left, l.right = min(l.left, x), max(l.right, x+g.Width)
			}
			pen += g.Advance
		}
	}
	l.width = pen
	return l
}

// dropTrailingSpace takes away the width of the spaces that end a line.
func dropTrailingSpace(runs []shaping.Output, text []rune) {
	end := 0
	for _, run := range runs {
		end = max(end, run.Runes.Offset+run.Runes.Count)
	}
	for end > 0 && (text[end-1] == ' ' || isolate(text[end-1])) {
		end--
	}
	for _, run := range runs {
		for i := range run.Glyphs {
			if run.Glyphs[i].TextIndex() >= end {
				run.Glyphs[i].Advance = 0
			}
		}
	}
}

// draw sets a line as dots across the whole paper.
func (a *artist) draw(l line, centre bool) *drivers.Bitmap {
	height := l.ascent.Ceil() + l.descent.Ceil()
	b := &drivers.Bitmap{Width: a.width, Height: height}
	b.Bits = make([]byte, b.Stride()*height)
	if height == 0 {
		return b
	}
	dots := vector.NewRasterizer(a.width, height)
	dots.DrawOp = draw.Src
	pen := pencil{dots, dotsOf(a.start(l, centre)), float32(l.ascent.Ceil())}
	for _, run := range l.runs {
		for _, g := range run.Glyphs {
			pen.glyph(run, g)
			pen.x += dotsOf(g.Advance)
		}
	}
	grey := image.NewAlpha(dots.Bounds())
	dots.Draw(grey, grey.Rect, image.Opaque, image.Point{})
	for i, v := range grey.Pix {
		if x, y := i%a.width, i/a.width; v >= threshold {
			b.Bits[y*b.Stride()+x/8] |= 0x80 >> (x % 8)
		}
	}
	return b
}

// start says where a line's pen begins: left, right or centred, and always so
// that its ink stays on the paper.
func (a *artist) start(l line, centre bool) fixed.Int26_6 {
	from, to := fixed.I(margin), fixed.I(a.width-margin)
	x := from
	switch {
	case centre:
		x = (fixed.I(a.width) - l.width) / 2
	case a.rtl:
		x = to - l.width
	}
	x = min(x, to-l.right)
	return max(x, from-l.left)
}

// pencil draws glyphs along a baseline.
type pencil struct {
	dots *vector.Rasterizer
	x, y float32 // of the baseline, in dots
}

func dotsOf(v fixed.Int26_6) float32 { return float32(v) / 64 }

// glyph draws one glyph's outline. The coordinates of a font rise, those of
// paper fall.
func (p pencil) glyph(run shaping.Output, g shaping.Glyph) {
	outline, ok := run.Face.GlyphData(g.GlyphID).(font.GlyphOutline)
	if !ok {
		return // a space
	}
	scale := dotsOf(run.Size) / float32(run.Face.Upem())
	x0, y0 := p.x+dotsOf(g.XOffset), p.y-dotsOf(g.YOffset)
	at := func(q opentype.SegmentPoint) (x, y float32) { return x0 + q.X*scale, y0 - q.Y*scale }
	for _, s := range outline.Segments {
		ax, ay := at(s.Args[0])
		bx, by := at(s.Args[1])
		cx, cy := at(s.Args[2])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			p.dots.ClosePath()
			p.dots.MoveTo(ax, ay)
		case opentype.SegmentOpLineTo:
			p.dots.LineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			p.dots.QuadTo(ax, ay, bx, by)
		case opentype.SegmentOpCubeTo:
			p.dots.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	p.dots.ClosePath()
}
