package escpos

import (
	"bytes"
	"errors"
	"fmt"

	"nightdesk/drivers"
)

// Control bytes.
const (
	esc = 0x1B
	gs  = 0x1D
	dle = 0x10
	eot = 0x04
	enq = 0x05
	dc4 = 0x14
	lf  = 0x0A
)

// What a sheet may be at most. It is a receipt and no book: 20 000 dots are 2.5 m.
const (
	mostRows = 1000
	mostDots = 20000
)

const (
	cell      = 12 // dots: the width of a letter in font A
	bandBytes = 1024
	bandDots  = 24 // a print head's usual height; more would not be smoother
)

// Columns is how many letters fit on a line of a paper that is width dots wide.
func Columns(width int, large bool) int {
	if large {
		return width / (2 * cell)
	}
	return width / cell
}

// job writes a sheet as the printer's commands. No band of a picture is larger
// than band bytes, but a row of dots is never split.
type job struct {
	bytes.Buffer
	band     int
	pictures bool // there is one at least
	style    style
}

// style is what the printer is set to. ESC @ sets it to zero, but for the page.
type style struct {
	page                byte // 0: not known, and no matter as long as only ASCII is printed
	bold, large, centre bool
}

// compose checks a sheet and writes it, from ESC @ to the cut.
func compose(s drivers.Sheet, band int) (*job, error) {
	if s.Width != 384 && s.Width != 576 {
		return nil, fmt.Errorf("a sheet is 384 or 576 dots wide, not %d", s.Width)
	}
	if len(s.Rows) > mostRows {
		return nil, fmt.Errorf("a sheet of %d rows is longer than %d", len(s.Rows), mostRows)
	}
	j := &job{band: band}
	j.Write([]byte{
		esc, '@', // as after power-up
		esc, 'R', 0, // # $ @ [ ] as in ASCII, whatever the switches below the printer say
		gs, 'a', 0, // no status without being asked
	})
	dots := 0
	for i, row := range s.Rows {
		if row.Image == nil {
			if !j.text(row) {
				return nil, drivers.RowError{Row: i}
			}
			continue
		}
		if err := fits(row.Image, s.Width); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		if dots += row.Image.Height; dots > mostDots {
			return nil, fmt.Errorf("a sheet of more than %d dots of pictures is too long", mostDots)
		}
		j.picture(row)
	}
	j.Write([]byte{esc, 'd', 2}) // two lines of white, where a cutter does not feed by itself
	j.Write(cut())
	return j, nil
}

// cut feeds to the cutter and cuts, leaving one point (reference, GS V function B).
func cut() []byte { return []byte{gs, 'V', 66, 0} }

func fits(b *drivers.Bitmap, width int) error {
	switch {
	case b.Width < 1 || b.Height < 1 || b.Height > mostDots:
		return fmt.Errorf("a picture of %d by %d dots cannot be printed", b.Width, b.Height)
	case b.Width > width:
		return fmt.Errorf("a picture of %d dots is wider than the paper's %d", b.Width, width)
	case len(b.Bits) < b.Stride()*b.Height:
		return errors.New("the picture has fewer bits than dots")
	}
	return nil
}

// text writes one line; false if no page has its letters.
func (j *job) text(row drivers.SheetRow) bool {
	number, b, ok := encode(row.Text)
	if !ok {
		return false
	}
	if number != 0 && number != j.style.page {
		j.Write([]byte{esc, 't', number})
		j.style.page = number
	}
	j.centre(row.Centre)
	if row.Bold != j.style.bold {
		j.Write([]byte{esc, 'E', bit(row.Bold)})
		j.style.bold = row.Bold
	}
	if row.Large != j.style.large {
		j.Write([]byte{gs, '!', 0x11 * bit(row.Large)})
		j.style.large = row.Large
	}
	j.Write(b)
	j.WriteByte(lf)
	return true
}

func (j *job) centre(on bool) {
	if on != j.style.centre {
		j.Write([]byte{esc, 'a', bit(on)})
		j.style.centre = on
	}
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// picture writes a picture in bands (GS v 0): a printer with a small memory
// takes a whole command before it prints.
func (j *job) picture(row drivers.SheetRow) {
	j.centre(row.Centre)
	j.pictures = true
	b := row.Image
	stride := b.Stride()
	height := min(max(j.band/stride, 1), bandDots)
	for from := 0; from < b.Height; from += height {
		rows := min(height, b.Height-from)
		j.Write([]byte{gs, 'v', '0', 0, byte(stride), byte(stride >> 8), byte(rows), byte(rows >> 8)})
		j.Write(tame(dots(b, from, rows)))
	}
}

// dots copies rows of a picture, with white where the last byte of a row is
// wider than the picture.
func dots(b *drivers.Bitmap, from, rows int) []byte {
	stride := b.Stride()
	out := bytes.Clone(b.Bits[from*stride : (from+rows)*stride])
	if odd := b.Width % 8; odd != 0 {
		for i := stride - 1; i < len(out); i += stride {
			out[i] &= 0xFF << (8 - odd)
		}
	}
	return out
}

// tame keeps a picture from commanding the printer, which carries DLE EOT, DLE
// ENQ and DLE DC4 out wherever they stand, in a picture too (reference, DLE EOT,
// notes). The dot to the right of the second byte's 04 is made black: a stroke gets
// one dot wider, which nobody sees.
func tame(bits []byte) []byte {
	for i := 1; i < len(bits); i++ {
		if bits[i-1] == dle && (bits[i] == eot || bits[i] == enq || bits[i] == dc4) {
			bits[i] |= 0x02
		}
	}
	return bits
}
