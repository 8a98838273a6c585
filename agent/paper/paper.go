// Package paper is what is printed for a borrower: the slip of a visit, as text
// where the printer has the letters and drawn where it has not. It is pure: a
// slip and a language go in, a sheet comes out.
package paper

import (
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/fonts"
	"nightdesk/agent/words"
	"nightdesk/drivers"
)

// The two widths of paper, in dots of an eighth of a millimetre, and how many
// letters of the printer's own font (12 dots wide) stand in a line of each.
const (
	Width58 = 384 // 32 letters
	Width80 = 576 // 48 letters

	dotsPerLetter = 12
)

// maxLines is more than a visit can hold. A longer slip is a mistake, and
// would empty the roll.
const maxLines = 200

// Slip is what a visit's receipt says. It holds no name, and of the card no
// more than is printed.
type Slip struct {
	Venue string
	At    time.Time // in the library's time zone
	Card  string    // its last four characters are printed; "" if there was no card
	Lines []SlipLine
	Saved bool   // central has not heard of it yet
	Help  string // where to ask, as a sentence; "" for nothing
	Phone string
}

// SlipLine is one item and what became of it.
type SlipLine struct {
	Title       string // "" if it is not known; never an author or a borrower
	Item        circ.ItemID
	Kind        circ.Kind // a Cancel is not printed: it undid what another line would say
	Due         time.Time // in the library's time zone; zero for a return
	Provisional bool      // staff may change Due
	Unfinished  bool      // a return that its tags did not confirm, a loan that may sound at the gate
	Note        string    // one more sentence in the borrower's language, such as which part is missing
}

// Words is what paper asks of a language; words.Words is one.
type Words interface {
	Say(key string, with words.Fill) string
	Count(key string, n int, with words.Fill) string
	Date(t time.Time) string
	Dir() string  // ltr or rtl
	Lang() string // BCP 47
}

// ErrNoTypefaces says that something must be drawn and that the program was
// built without typefaces.
var ErrNoTypefaces = errors.New("no typefaces are built in")

// ScriptError says that the typefaces have no letters for a script. It names
// the script by its ISO 15924 code and never the text.
type ScriptError struct{ Script string }

func (e ScriptError) Error() string { return "no typeface has the letters of script " + e.Script }

// Sheet lays a slip out on paper of a width in dots. Encodable says whether the
// printer can print a line as text. What it cannot print is drawn; a sheet in a
// language that it cannot print, or that runs from right to left, is drawn as a
// whole, so that it looks like one thing. A title that cannot be drawn either
// gives way to the end of the item's number.
//
// ErrNoTypefaces or a ScriptError if the words themselves cannot be printed:
// the caller then shows the list on the screen.
func Sheet(s Slip, w Words, width int, encodable func(string) bool) (drivers.Sheet, error) {
	return sheet(s, w, encodable, newArtist(w, width, fonts.Paper))
}

func sheet(s Slip, w Words, encodable func(string) bool, a *artist) (drivers.Sheet, error) {
	width := a.width
	if width != Width58 && width != Width80 {
		return drivers.Sheet{}, fmt.Errorf("laying out a receipt: paper of %d dots is not known", width)
	}
	if len(s.Lines) > maxLines {
		return drivers.Sheet{}, fmt.Errorf("laying out a receipt: %d items are too many", len(s.Lines))
	}
	pars := compose(s, w)
	l := layout{
		printer: printer{width / dotsPerLetter, encodable},
		artist:  a,
	}
	l.draws = l.artist.rtl || !l.printer.hasWords(pars)
	out := drivers.Sheet{Width: width}
	for _, p := range pars {
		rows, err := l.rows(p)
		if err != nil {
			return drivers.Sheet{}, fmt.Errorf("laying out a receipt in %s: %w", w.Lang(), err)
		}
		out.Rows = append(out.Rows, rows...)
	}
	return out, nil
}

// layout turns paragraphs into rows.
type layout struct {
	printer printer
	artist  *artist
	draws   bool // nothing is left to the printer's letters
}

// rows gives the rows of a paragraph, or those of what may stand in for it.
func (l layout) rows(p par) ([]drivers.SheetRow, error) {
	switch {
	case p.kind == gap:
		return []drivers.SheetRow{{}}, nil
	case p.kind == rule && l.draws:
		return []drivers.SheetRow{{Image: l.artist.rule()}}, nil
	case p.kind == rule:
		return []drivers.SheetRow{l.printer.rule()}, nil
	case bare(p.text) == "":
		return nil, nil
	}
	if text, ok := l.printer.can(p.text); ok && !l.draws {
		return l.printer.rows(text, p), nil
	}
	rows, err := l.artist.rows(p)
	if err != nil && p.instead != "" {
		return l.rows(par{text: p.instead, bold: p.bold})
	}
	return rows, err
}
