package paper

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxText is how many characters of one text are printed. Longer titles are
// cut at a word and say so.
const maxText = 160

// maxMarks is how many marks may stand on one letter. No language on our
// shelves needs more, and a stack of them runs into the lines around it.
const maxMarks = 4

// Joiners decide how letters of Indic and Arabic script connect.
const (
	zwnj = '\u200c'
	zwj  = '\u200d'
)

// nbsp is a space that no line ends at.
const nbsp = '\u00a0'

// Isolates keep a text's direction from that of its sentence (UAX #9, 2.4).
const (
	lri = '\u2066'
	fsi = '\u2068'
	pdi = '\u2069'
)

// own lets a text have the direction of its own first letter.
func own(s string) string { return string(fsi) + s + string(pdi) }

// whole keeps a date together in one line.
func whole(s string) string { return own(strings.ReplaceAll(s, " ", string(nbsp))) }

// leftToRight keeps the groups of a number in order, in any sentence.
func leftToRight(s string) string { return string(lri) + s + string(pdi) }

func isolate(r rune) bool { return r == lri || r == fsi || r == pdi }

// bare takes the isolates out again: a printer knows nothing of them.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if isolate(r) {
			return -1
		}
		return r
	}, s)
}

// clean makes a text from outside fit to print: composed (catalogues often
// come with their accents apart), on one line, without control characters,
// without orders to turn the direction round, without emoji, and not too long.
func clean(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(first(s, 4*maxText), ""))
	var b strings.Builder
	marks := 0 // on the letter at hand
	letter := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			r, letter = ' ', false
		case r == zwnj || r == zwj:
			if !letter { // it held emoji together
				continue
			}
		case !printable(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks, letter = 0, true
		}
		b.WriteRune(r)
	}
	return shorten(strings.Join(strings.Fields(b.String()), " "))
}

// printable says whether a character may be part of a title. Emoji and other
// pictures may not, nor may what only directs the text around it.
func printable(r rune) bool {
	switch {
	case unicode.Is(unicode.Variation_Selector, r):
		return false
	case unicode.In(r, unicode.So, unicode.Sk):
		return r <= unicode.MaxLatin1
	}
	return unicode.IsGraphic(r)
}

// first gives at most n characters.
func first(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// shorten cuts a text that is too long, at a word if there is one.
func shorten(s string) string {
	short := first(s, maxText)
	if short == s {
		return s
	}
	if i := strings.LastIndexByte(short, ' '); i > len(short)/2 {
		short = short[:i]
	}
	return strings.TrimRight(short, " ") + "…"
}

// lastFour gives what may be printed of a card number, whatever is handed in.
func lastFour(card string) string {
	var kept []rune
	for _, r := range card {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			kept = append(kept, r)
		}
	}
	return string(kept[max(0, len(kept)-4):])
}
