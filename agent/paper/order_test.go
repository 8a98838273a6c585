package paper

import (
	"slices"
	"testing"

	"golang.org/x/image/math/fixed"

	"nightdesk/agent/fonts"
)

// seen gives a text as it is seen from left to right, character by character.
func seen(text string, rtl bool) string {
	chars := []rune(text)
	levels := levelsOf(chars, rtl)
	order := make([]int, len(chars))
	for i := range order {
		order[i] = i
	}
	for at := slices.Max(levels); at >= 1; at-- {
		for i := 0; i < len(order); i++ {
			j := i
			for j < len(order) && levels[order[j]] >= at {
				j++
			}
			slices.Reverse(order[i:j])
			i = j
		}
	}
	out := make([]rune, len(chars))
	for i, from := range order {
		out[i] = chars[from]
	}
	return bare(string(out))
}

// Capital letters would be simpler to read, but Hebrew has no shapes to join:
// אבג is read from right to left, and seen as גבא.
func TestOrderOnTheLine(t *testing.T) {
	for _, c := range []struct {
		why, text string
		rtl       bool
		want      string
	}{
		{"Latin", "abc 12", false, "abc 12"},
		{"Hebrew in a Latin sheet", "abc אבג def", false, "abc גבא def"},
		{"Hebrew sheet", "אבג דהו", true, "והד גבא"},
		{"a number in Hebrew", "אבג 12 דהו", true, "והד 12 גבא"},
		{"a telephone number keeps its groups", "אב " + leftToRight("0116 305 3000"), true, "0116 305 3000 בא"},
		{"a Latin title in a Hebrew sheet", own("abc def"), true, "abc def"},
		{"a Latin title with a Hebrew word", own("abc אבג def"), true, "abc גבא def"},
		{"a Latin title with Hebrew and a year", own("abc אבג 1984 דה"), true, "abc הד 1984 גבא"},
		{"a year between Hebrew and Latin", "אבג 1984 abc", false, "1984 גבא abc"},
		{"Arabic digits before Hebrew", "abc ١٢ אב", false, "abc בא ١٢"},
		{"a price after Hebrew", "אב 1,50 abc", false, "1,50 בא abc"},
		{"a date, then a time", own("4 אבג") + ", " + leftToRight("14:02"), true, "14:02 ,גבא 4"},
	} {
		if got := seen(c.text, c.rtl); got != c.want {
			t.Errorf("%s: %q is seen as %q; want %q", c.why, bare(c.text), got, c.want)
		}
	}
}

// widthOf measures a word in dots.
func widthOf(t *testing.T, a *artist, text string) fixed.Int26_6 {
	t.Helper()
	lines, err := a.lines(par{text: text})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	return lines[0].width
}

// Letters that join take less room than they do alone. Noon and yeh with hamza
// are those that releases 0.3.4 and 0.3.5 of go-text/typesetting leave unjoined
// (its issue 278): before go.mod takes a newer one, this test must pass.
func TestLettersJoin(t *testing.T) {
	needFonts(t)
	urdu := &artist{lang: "ur", rtl: true, width: Width80, faces: fonts.Paper}
	gujarati := &artist{lang: "gu", width: Width80, faces: fonts.Paper}
	for _, word := range []string{"نے", "ئے", "نہ", "بے", "لا", "سے"} {
		alone := fixed.Int26_6(0)
		for _, r := range word {
			alone += widthOf(t, urdu, string(r))
		}
		if got := widthOf(t, urdu, word); got >= alone {
			t.Errorf("%s is %v dots wide, its letters alone %v", word, got, alone)
		}
	}
	for _, word := range []string{"પ્ર", "સ્ટ", "ત્ય"} {
		alone := fixed.Int26_6(0)
		for _, r := range word {
			if r != '\u0acd' { // the virama joins and is not seen
				alone += widthOf(t, gujarati, string(r))
			}
		}
		if got := widthOf(t, gujarati, word); got >= alone {
			t.Errorf("%s is %v dots wide, its letters alone %v", word, got, alone)
		}
	}
}

// The sign for short i is written after its letter and stands before it.
func TestVowelSignsMove(t *testing.T) {
	needFonts(t)
	a := &artist{lang: "gu", width: Width80, faces: fonts.Paper}
	lines, err := a.lines(par{text: "કિ"})
	if err != nil {
		t.Fatal(err)
	}
	glyphs := lines[0].runs[0].Glyphs
	ka, err := a.lines(par{text: "ક"})
	if err != nil {
		t.Fatal(err)
	}
	if len(glyphs) != 2 || glyphs[1].GlyphID != ka[0].runs[0].Glyphs[0].GlyphID {
		t.Errorf("%d glyphs, and the letter is not the last", len(glyphs))
	}
}
