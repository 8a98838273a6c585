package words

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestAccentedIsTwoFifthsLonger(t *testing.T) {
	english, long := mustOpen(t, English), mustOpen(t, Accented)
	if long.dir != "ltr" || long.voice != "" {
		t.Errorf("dir %q, voice %q", long.dir, long.voice)
	}
	for key, text := range english.texts {
		for form, s := range text {
			out := long.texts[key][form]
			before, after := wordsOnly(s), wordsOnly(out)
			if n := utf8.RuneCountInString(before); utf8.RuneCountInString(after) != n+(n*2+4)/5 {
				t.Errorf("%s: %q becomes %q", key, s, out)
			}
			if strings.ContainsFunc(after, func(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }) {
				t.Errorf("%s: %q has a plain letter left", key, out)
			}
		}
	}
}

// wordsOnly is a text without its holes.
func wordsOnly(s string) string { return hole.ReplaceAllString(s, "") }

func TestMirroredRunsFromRightToLeft(t *testing.T) {
	english, mirrored := mustOpen(t, English), mustOpen(t, Mirrored)
	if mirrored.dir != "rtl" || mirrored.voice != "" {
		t.Errorf("dir %q, voice %q", mirrored.dir, mirrored.voice)
	}
	plain := strings.NewReplacer("\u200f", "", "\u202e", "", "\u202c", "")
	for key, text := range mirrored.texts {
		for form, s := range text {
			source, ok := english.texts[key][form]
			if !ok {
				source = english.texts[key]["other"]
			}
			if plain.Replace(s) != source {
				t.Errorf("%s.%s: %q is not %q", key, form, s, source)
			}
			if starts, ends := strings.Count(s, "\u202e"), strings.Count(s, "\u202c"); starts != ends || starts == 0 && strings.TrimSpace(wordsOnly(source)) != "" {
				t.Errorf("%s.%s: %d overrides begin and %d end in %q", key, form, starts, ends, s)
			}
		}
	}
}

func TestPseudoLanguagesAreFilled(t *testing.T) {
	for tag, want := range map[string]string{
		Accented: "2 óóóƒ 5", Mirrored: "\u2068two\u2069 \u200f\u202eof\u202c\u200f 5",
	} {
		n := "2"
		if tag == Mirrored {
			n = "two" // runs against it
		}
		if got := load(t, tag).Say("screen.borrow.count", Fill{"n": n, "of": "5"}); got != want {
			t.Errorf("%s says %q, want %q", tag, got, want)
		}
	}
	for _, l := range Languages() {
		if l.Tag == Accented || l.Tag == Mirrored {
			t.Errorf("%s can be chosen", l.Tag)
		}
	}
}
