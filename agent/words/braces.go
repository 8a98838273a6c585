package words

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// hole is a place in a text where something is filled in. Texts are data:
// unlike text/template, nothing in them can call or loop.
var hole = regexp.MustCompile(`\{([a-z][a-z0-9]*)\}`)

// pieces is a text cut at its holes: words at even places, names at odd ones.
type pieces []string

// phrase is a text in its plural forms, by the index in forms; nil where it
// has none.
type phrase [len(forms)]pieces

// cut finds the holes of a text.
func cut(text string) pieces {
	var p pieces
	from := 0
	for _, at := range hole.FindAllStringSubmatchIndex(text, -1) {
		p = append(p, text[from:at[0]], text[at[2]:at[3]])
		from = at[1]
	}
	return append(p, text[from:])
}

// phrases cuts every text of a catalogue once, when it is loaded.
func phrases(c catalogue) map[string]phrase {
	all := make(map[string]phrase, len(c.texts))
	for key, t := range c.texts {
		var p phrase
		for at, form := range forms {
			if s, ok := t[form]; ok {
				p[at] = cut(s)
			}
		}
		all[key] = p
	}
	return all
}

// filling is what a text is filled with.
type filling struct {
	with Fill
	n    string // for {n}, unless with has it; "" if nothing is counted
	dir  string // of the text, where values that run against it are isolated; "" for the ear
}

// fill puts a text together. A hole that nothing was given for stays as it is,
// where a test can see it. What is filled in is not looked into.
func (p pieces) fill(f filling) string {
	if len(p) == 1 {
		return p[0]
	}
	var b strings.Builder
	for i, s := range p {
		if i%2 == 0 {
			b.WriteString(s)
			continue
		}
		switch value, ok := f.value(s); {
		case !ok:
			b.WriteString("{" + s + "}")
		case f.dir != "" && against(f.dir, value):
			b.WriteString(isolate + value + endIsolate)
		default:
			b.WriteString(value)
		}
	}
	return b.String()
}

func (f filling) value(name string) (string, bool) {
	value, ok := f.with[name]
	if !ok && name == "n" && f.n != "" {
		return f.n, true
	}
	return value, ok
}

// The Unicode isolates (UAX 9): the text between takes its own direction and
// does not disturb that of its surroundings.
const (
	isolate    = "\u2068" // FSI
	endIsolate = "\u2069" // PDI
)

var bare = strings.NewReplacer("\u2066", "", "\u2067", "", isolate, "", endIsolate, "")

// Bare takes the isolates out of a text, for a voice or a printer.
func Bare(s string) string { return bare.Replace(s) }

// against says whether a value needs an isolate in a text of direction dir: in
// Urdu, "0116 496 0123" would else be shown with its last group first.
func against(dir, value string) bool {
	for _, r := range value {
		if r < 0x80 { // ASCII has no letters that run from right to left
			if dir == "rtl" && (r < '0' || r > '9') {
				return true
			}
			continue
		}
		p, _ := bidi.LookupRune(r)
		switch c := p.Class(); {
		case c == bidi.R || c == bidi.AL || c == bidi.RLO || c == bidi.RLE || c == bidi.RLI:
			if dir == "ltr" {
				return true
			}
		case c != bidi.EN && dir == "rtl": // anything but one run of digits
			return true
		}
	}
	return false
}
