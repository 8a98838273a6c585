package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The languages made from English, named as CLDR names its pseudo-locales.
const (
	Accented = "en-XA" // every letter accented, every text two fifths longer
	Mirrored = "ar-XB" // English from right to left, with the plural forms of Arabic
)

// pseudo makes one of them. Neither has a voice.
func pseudo(english catalogue, tag string) (catalogue, error) {
	change, dir := lengthen, "ltr"
	if tag == Mirrored {
		change, dir = mirror, "rtl"
	}
	has, err := formsOf(tag)
	if err != nil {
		return catalogue{}, fmt.Errorf("plural forms: %w", err)
	}
	c := catalogue{tag: tag, dir: dir, endonym: change(english.endonym), texts: map[string]text{}}
	for key, t := range english.texts {
		c.texts[key] = pseudoText(t, has, change)
	}
	for _, name := range english.weekdays {
		c.weekdays = append(c.weekdays, change(name))
	}
	for _, name := range english.months {
		c.months = append(c.months, change(name))
	}
	return c, nil
}

func pseudoText(t text, has []string, change func(string) string) text {
	if len(t) == 1 {
		return text{"other": change(t["other"])}
	}
	out := text{}
	for _, form := range has {
		source, ok := t[form]
		if !ok {
			source = t["other"]
		}
		out[form] = change(source)
	}
	return out
}

const (
	plainLetters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	accentedLetters = "áƀçđéƒğĥíĵķļɱñóþǫŕšťúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶĻṀÑÓÞǪŔŠŤÚṼŴẊÝŽ"
)

// lengthen accents the letters of a text and repeats its vowels, so that words
// grow as they do in Polish or Tamil. Holes stay.
func lengthen(s string) string {
	p := cut(s)
	letters, vowels := 0, 0
	for i := 0; i < len(p); i += 2 {
		letters += utf8.RuneCountInString(p[i])
		vowels += strings.Count(strings.Map(vowel, p[i]), "v")
	}
	more := (letters*2 + 4) / 5
	accents := []rune(accentedLetters)
	var b strings.Builder
	seen := 0
	for i, piece := range p {
		if i%2 == 1 {
			b.WriteString("{" + piece + "}")
			continue
		}
		for _, r := range piece {
			out := r
			if at := strings.IndexRune(plainLetters, r); at >= 0 {
				out = accents[at]
			}
			b.WriteRune(out)
			if vowel(r) == 'v' {
				extra := more*(seen+1)/vowels - more*seen/vowels
				b.WriteString(strings.Repeat(string(unicode.ToLower(out)), extra))
				seen++
			}
		}
	}
	if vowels == 0 {
		b.WriteString(strings.Repeat("~", more))
	}
	return b.String()
}

// vowel maps vowels to v and drops all else.
func vowel(r rune) rune {
	if strings.ContainsRune("aeiouAEIOU", r) {
		return 'v'
	}
	return -1
}

// mirror makes each word run from right to left: a right-to-left override
// around it, and marks that make its neighbours do the same. Holes stay.
func mirror(s string) string {
	const start, end = "\u200f\u202e", "\u202c\u200f"
	var b strings.Builder
	for i, piece := range cut(s) {
		if i%2 == 1 {
			b.WriteString("{" + piece + "}")
			continue
		}
		words := strings.Split(piece, " ")
		for j, word := range words {
			if word != "" {
				words[j] = start + word + end
			}
		}
		b.WriteString(strings.Join(words, " "))
	}
	return b.String()
}
