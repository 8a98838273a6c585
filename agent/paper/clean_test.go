package paper

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ why, from, want string }{
		{"as it is", "Wolf Hall", "Wolf Hall"},
		{"accents that stand apart", "Cafe\u0301", "Café"},
		{"lines and tabs", "Wolf\r\n\tHall ", "Wolf Hall"},
		{"an order to the printer", "Wolf\x1b@ Hall\x00", "Wolf@ Hall"},
		{"the direction turned round", "\u202eflow\u202c \u2067x\u2069", "flow x"},
		{"a soft hyphen and a byte order mark", "\ufeffWolf\u00ad Hall", "Wolf Hall"},
		{"emoji", "Wolf 🐺\ufe0f Hall 👨‍👩‍👧", "Wolf Hall"},
		{"signs of Latin-1", "Brand® 20°", "Brand® 20°"},
		{"too many marks", "a\u0315\u0315\u0315\u0315\u0315\u0315b", "a\u0315\u0315\u0315\u0315b"},
		{"not UTF-8", "Wolf\xff Hall", "Wolf Hall"},
		{"joiners of Indic script", "ક્\u200dષ", "ક્\u200dષ"},
		{"joiners alone", "\u200d \u200c", ""},
		{"nothing", " \x00 ", ""},
	} {
		if got := clean(c.from); got != c.want {
			t.Errorf("%s: %q became %q; want %q", c.why, c.from, got, c.want)
		}
	}
}

func TestLongTitlesAreCutAtAWord(t *testing.T) {
	got := clean(strings.Repeat("seven ", 100))
	if !strings.HasSuffix(got, " seven…") || utf8.RuneCountInString(got) > maxText+1 {
		t.Errorf("it ends in %q", got[len(got)-20:])
	}
	if n := utf8.RuneCountInString(clean(strings.Repeat("x", 10000))); n != maxText+1 {
		t.Errorf("one word of %d characters is left", n)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"one two three", []string{"one two", "three"}},
		{"exactly8", []string{"exactly8"}},
		{"exactly8 x", []string{"exactly8", "x"}},
		{"a longerthaneight b", []string{"a", "longerth", "aneight", "b"}},
		{"", nil},
	} {
		if got := wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("%q in 8 columns: %q; want %q", c.text, got, c.want)
		}
	}
}
