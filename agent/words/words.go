package words

import (
	"strconv"
	"time"
)

// English is the source language, which every other is measured against.
const English = "en-GB"

// Words is one language. It does not change once it is loaded, and may be used
// by many goroutines. The zero Words knows no text.
type Words struct {
	catalogue
	phrases map[string]phrase // the texts of the catalogue, cut at their holes
	plural  *plurals
}

// Fill is what goes into the curly brackets of a text.
type Fill map[string]string

// Lang is the BCP 47 tag.
func (w Words) Lang() string { return w.tag }

// Dir is ltr or rtl.
func (w Words) Dir() string { return w.dir }

// Endonym is what its speakers call the language.
func (w Words) Endonym() string { return w.endonym }

// Voice is the name of the voice for espeak-ng; "" if there is none.
func (w Words) Voice() string { return w.voice }

// Has says whether there are words under a key.
func (w Words) Has(key string) bool { _, ok := w.texts[key]; return ok }

// Say gives the words under a key; of a text with plural forms, "other". A
// missing key shows itself in brackets: a test looks for them, and a borrower
// can still press the button.
func (w Words) Say(key string, with Fill) string {
	return w.say(key, other, filling{with: with, dir: w.dir})
}

// Count gives the words under a key for n things; {n} stands for the number
// unless with fills it. A text without plural forms is the same for every n.
func (w Words) Count(key string, n int, with Fill) string {
	return w.say(key, w.plural.of(n), filling{with: with, n: strconv.Itoa(n), dir: w.dir})
}

// Speak is Say for the ear: the spoken form if the text has one, and nothing
// in it that only a reader needs.
func (w Words) Speak(key string, with Fill) string {
	return w.say(w.spoken(key), other, filling{with: with})
}

// SpeakCount is Count for the ear.
func (w Words) SpeakCount(key string, n int, with Fill) string {
	return w.say(w.spoken(key), w.plural.of(n), filling{with: with, n: strconv.Itoa(n)})
}

func (w Words) spoken(key string) string {
	if w.Has(key + spokenSuffix) {
		return key + spokenSuffix
	}
	return key
}

func (w Words) say(key string, form int, f filling) string {
	forms, ok := w.phrases[key]
	if !ok {
		return "[" + key + "]"
	}
	p := forms[form]
	if p == nil {
		p = forms[other]
	}
	return p.fill(f)
}

// Date says a day with its weekday, in the time zone that t carries.
func (w Words) Date(t time.Time) string {
	if len(w.weekdays) == 0 {
		return "[date.form]"
	}
	return w.say("date.form", other, filling{with: Fill{
		"weekday": w.weekdays[t.Weekday()],
		"day":     strconv.Itoa(t.Day()),
		"month":   w.months[t.Month()-1],
	}})
}

// Time says a time of day to the minute, in the time zone that t carries.
func (w Words) Time(t time.Time) string {
	half := "date.am"
	if t.Hour() >= 12 {
		half = "date.pm"
	}
	return w.say("date.time", other, filling{with: Fill{
		"hour":   strconv.Itoa(t.Hour()),
		"hour12": strconv.Itoa((t.Hour()+11)%12 + 1),
		"minute": t.Format("04"),
		"half":   w.say(half, other, filling{}),
	}})
}
