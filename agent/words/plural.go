package words

import (
	"fmt"
	"slices"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// forms are CLDR's plural categories, in its order.
var forms = [...]string{"zero", "one", "two", "few", "many", "other"}

const other = len(forms) - 1

// plurals tells which plural form goes with a number in one language.
type plurals struct {
	small [201]uint8 // index in forms, by number: go-i18n is slow to ask, and a screen asks often
	ask   *i18n.Localizer
}

// pluralsOf takes the rules of a language from go-i18n, which has CLDR's. It
// knows one message, which says its form, and no other language: a bundle of
// more would answer in its default where one is missing.
func pluralsOf(tag string) (*plurals, error) {
	lang, err := language.Parse(tag)
	if err != nil {
		return nil, fmt.Errorf("language %q: %w", tag, err)
	}
	bundle := i18n.NewBundle(lang)
	err = bundle.AddMessages(lang, &i18n.Message{ID: "form",
		Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"})
	if err != nil {
		return nil, fmt.Errorf("plural rules of %s: %w", tag, err)
	}
	p := &plurals{ask: i18n.NewLocalizer(bundle, tag)}
	for n := range p.small {
		p.small[n] = uint8(p.rule(n))
	}
	return p, nil
}

// of is the index in forms of the form for n things.
func (p *plurals) of(n int) int {
	switch {
	case p == nil:
		return other
	case n >= 0 && n < len(p.small):
		return int(p.small[n])
	}
	return p.rule(n)
}

func (p *plurals) rule(n int) int {
	form, err := p.ask.Localize(&i18n.LocalizeConfig{MessageID: "form", PluralCount: n})
	if at := slices.Index(forms[:], form); err == nil && at >= 0 {
		return at
	}
	return other
}

// formsOf are the plural forms that a text has in a language: "other", and
// those of the numbers that a kiosk counts to.
func formsOf(tag string) ([]string, error) {
	p, err := pluralsOf(tag)
	if err != nil {
		return nil, err
	}
	var has []string
	for at, form := range forms {
		if at == other || slices.Contains(p.small[:], uint8(at)) {
			has = append(has, form)
		}
	}
	return has, nil
}
