package screen

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// English is the language that every other catalogue is measured against.
const English = "en-GB"

//go:embed words/*.toml
var catalogues embed.FS

// words is one language: every text under its dotted key.
type words struct {
	lang, dir string
	text      map[string]string
	weekdays  []string // Sunday first
	months    []string
}

// fill is what goes into the curly brackets of a text.
type fill map[string]string

// loadWords reads the embedded catalogue of one language.
func loadWords(lang string) (words, error) {
	b, err := catalogues.ReadFile("words/" + lang + ".toml")
	if err != nil {
		return words{}, fmt.Errorf("words for %s: %w", lang, err)
	}
	w, err := parseWords(b)
	if err != nil {
		return words{}, fmt.Errorf("words for %s: %w", lang, err)
	}
	return w, nil
}

func parseWords(b []byte) (words, error) {
	var tree map[string]any
	if err := toml.NewDecoder(bytes.NewReader(b)).Decode(&tree); err != nil {
		return words{}, err
	}
	w := words{text: map[string]string{}}
	if err := w.gather("", tree); err != nil {
		return words{}, err
	}
	w.lang, w.dir = w.text["lang"], w.text["dir"]
	if len(w.weekdays) != 7 || len(w.months) != 12 {
		return words{}, fmt.Errorf("%d weekdays and %d months", len(w.weekdays), len(w.months))
	}
	return w, nil
}

// gather flattens a catalogue's tables into dotted keys.
func (w *words) gather(under string, tree map[string]any) error {
	for key, v := range tree {
		name := strings.TrimPrefix(under+"."+key, ".")
		switch v := v.(type) {
		case string:
			w.text[name] = v
		case map[string]any:
			if err := w.gather(name, v); err != nil {
				return err
			}
		case []any:
			if err := w.list(name, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither words nor a table", name)
		}
	}
	return nil
}

func (w *words) list(name string, v []any) error {
	var names []string
	for _, one := range v {
		s, ok := one.(string)
		if !ok {
			return fmt.Errorf("%s holds something that is no word", name)
		}
		names = append(names, s)
	}
	switch name {
	case "date.weekdays":
		w.weekdays = names
	case "date.months":
		w.months = names
	default:
		return fmt.Errorf("%s is not a list that the screen knows", name)
	}
	return nil
}

// has says whether there are words under a key.
func (w words) has(key string) bool { _, ok := w.text[key]; return ok }

// say gives the words under a key. A missing key shows itself in brackets: a
// test looks for them, and a borrower can still press the button.
func (w words) say(key string, with fill) string {
	s, ok := w.text[key]
	if !ok {
		return "[" + key + "]"
	}
	var pairs []string
	for name, value := range with {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// count gives the words under a key for n things; {n} stands for the number.
// English has two plural forms, and so has every catalogue here so far.
func (w words) count(key string, n int, with fill) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	all := fill{"n": strconv.Itoa(n)}
	maps.Copy(all, with)
	return w.say(key+form, all)
}

// date says a day with its weekday, in the time zone that t carries.
func (w words) date(t time.Time) string {
	return w.say("date.form", fill{
		"weekday": w.weekdays[t.Weekday()],
		"day":     strconv.Itoa(t.Day()),
		"month":   w.months[t.Month()-1],
	})
}
