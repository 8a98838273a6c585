package words

import (
	"fmt"
	"slices"
	"strings"
)

// Language is one that there are words in.
type Language struct {
	Tag      string // BCP 47
	Endonym  string // what its speakers call it
	Dir      string // ltr or rtl
	Reviewed bool   // a person has reviewed every text as it stands; English always
}

// Languages lists every built-in language: English first, then by tag.
func Languages() []Language {
	all := []Language{}
	for _, tag := range tags() {
		if l, err := describe(tag); err == nil {
			all = append(all, l)
		}
	}
	return all
}

// tags are the languages that have a catalogue, English first.
func tags() []string {
	files, err := catalogues.ReadDir("catalogue")
	if err != nil {
		return nil
	}
	list := []string{English}
	for _, f := range files {
		if tag := strings.TrimSuffix(f.Name(), ".toml"); tag != English {
			list = append(list, tag)
		}
	}
	return list
}

func describe(tag string) (Language, error) {
	c, err := open(tag)
	if err != nil {
		return Language{}, err
	}
	return Language{Tag: c.tag, Endonym: c.endonym, Dir: c.dir, Reviewed: len(Unreviewed(tag)) == 0}, nil
}

// Offered is which of the wanted languages a borrower is offered, in the order
// wanted, and why each other is not. English is always among them, first if it
// was not asked for. A language that nobody has reviewed, or that is made from
// English, is offered only if unreviewed is set.
func Offered(want []string, unreviewed bool) (offered []Language, refused []string) {
	if !slices.Contains(want, English) {
		want = append([]string{English}, want...)
	}
	for i, tag := range want {
		if slices.Contains(want[:i], tag) {
			continue
		}
		l, err := describe(tag)
		switch {
		case err != nil:
			refused = append(refused, fmt.Sprintf("%s: there are no words in this language", tag))
		case !l.Reviewed && !unreviewed:
			refused = append(refused, fmt.Sprintf("%s: %d texts are not reviewed by a person", tag, len(Unreviewed(tag))))
		default:
			offered = append(offered, l)
		}
	}
	return offered, refused
}
