package paper

import (
	"fmt"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"nightdesk/agent/fonts"
	"nightdesk/drivers"
)

// Sizes in dots: an eighth of a millimetre each.
const (
	normalSize = 28 // 3.5 mm, or 10 points
	largeSize  = 42
	margin     = 4 // left free on both sides; glyphs may reach over their own width
)

// maxTries bounds how often a text is set smaller because one sign of it is
// wider than the paper.
const maxTries = 4

// artist draws text: it shapes letters as their script wants them joined and
// ordered, breaks lines, and sets dots. It is used by one goroutine.
type artist struct {
	lang  string
	rtl   bool // the sheet runs from right to left
	width int  // dots
	faces func(weight int) []fonts.Face

	regular, bold faceSet
	shaper        shaping.HarfbuzzShaper
	segmenter     shaping.Segmenter
	wrapper       shaping.LineWrapper
}

// newArtist draws on paper of a width in dots; faces gives the typefaces of a
// weight, which are read when they are first needed.
func newArtist(w Words, width int, faces func(weight int) []fonts.Face) *artist {
	return &artist{lang: w.Lang(), rtl: w.Dir() == "rtl", width: width, faces: faces}
}

// rows draws a paragraph, one picture for each line of it.
func (a *artist) rows(p par) ([]drivers.SheetRow, error) {
	lines, err := a.lines(p)
	if err != nil {
		return nil, err
	}
	var rows []drivers.SheetRow
	for _, l := range lines {
		rows = append(rows, drivers.SheetRow{Image: a.draw(l, p.centre)})
	}
	return rows, nil
}

// rule draws a line across the paper.
func (a *artist) rule() *drivers.Bitmap {
	const height, top, thick = 20, 9, 2
	b := &drivers.Bitmap{Width: a.width, Height: height}
	b.Bits = make([]byte, b.Stride()*height)
	for i := top * b.Stride(); i < (top+thick)*b.Stride(); i++ {
		b.Bits[i] = 0xFF
	}
	return b
}

// lines sets a paragraph in lines that fit between the margins.
func (a *artist) lines(p par) ([]line, error) {
	size := fixed.I(normalSize)
	if p.large {
		size = fixed.I(largeSize)
	}
	room := fixed.I(a.width - 2*margin)
	for range maxTries {
		lines, err := a.set(p, size, room)
		if err != nil {
			return nil, err
		}
		widest := room
		for _, l := range lines {
			widest = max(widest, l.right-l.left)
		}
		if widest == room {
			return lines, nil
		}
		// One sign alone is wider than the paper, as some ligatures are.
		size = size * room / (widest + fixed.I(1))
	}
	return nil, fmt.Errorf("a sign is too wide for the paper")
}

// set shapes a paragraph at a size in dots and breaks it into lines.
func (a *artist) set(p par, size, room fixed.Int26_6) ([]line, error) {
	faces, err := a.face(p.bold)
	if err != nil {
		return nil, err
	}
	text := []rune(p.text)
	in := shaping.Input{
		Text: text, RunEnd: len(text), Direction: a.direction(),
		Size: size, Language: language.NewLanguage(a.lang),
	}
	levels := levelsOf(text, a.rtl)
	runs, err := a.shape(in, levels, faces)
	if err != nil {
		return nil, err
	}
	wrapped, _ := a.wrapper.WrapParagraphF(shaping.WrapConfig{
		Direction:                     a.direction(),
		DisableTrailingWhitespaceTrim: true,
	}, room, text, shaping.NewSliceIterator(runs))
	var lines []line
	for _, runs := range wrapped {
		lines = append(lines, newLine(runs, text, levels))
	}
	return lines, nil
}

// shape turns a text into glyphs, in runs of one level, script and face.
func (a *artist) shape(in shaping.Input, levels []level, faces *faceSet) ([]shaping.Output, error) {
	var runs []shaping.Output
	for start := 0; start < len(in.Text); {
		end := start
		for end < len(in.Text) && levels[end] == levels[start] {
			end++
		}
		in.RunStart, in.RunEnd, in.Direction = start, end, di.DirectionLTR
		if levels[start]%2 == 1 {
			in.Direction = di.DirectionRTL
		}
		for _, run := range a.segmenter.Split(in, faces) {
			run.Size = faces.sizeOf(run.Face, in.Size)
			out := a.shaper.Shape(run)
			if script, missing := notDrawn(out, in.Text); missing {
				return nil, ScriptError{script}
			}
			runs = append(runs, out)
		}
		start = end
	}
	return runs, nil
}

func (a *artist) direction() di.Direction {
	if a.rtl {
		return di.DirectionRTL
	}
	return di.DirectionLTR
}

// notDrawn looks for a letter that came out as .notdef, the empty box, and
// names its script.
func notDrawn(out shaping.Output, text []rune) (script string, missing bool) {
	for _, g := range out.Glyphs {
		if g.GlyphID != 0 {
			continue
		}
		for _, r := range text[g.TextIndex():][:g.RunesCount()] {
			if !isolate(r) && r != zwj && r != zwnj {
				return language.LookupScript(r).String(), true
			}
		}
	}
	return "", false
}
