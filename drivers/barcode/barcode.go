// Package barcode tells cards from items by their numbers: by patterns that
// the venue sets, check digits and symbologies. It refuses what fits neither,
// what a shop would scan, and above all to take a badly read card for an item.
package barcode

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nightdesk/drivers"
)

// Longest is the most characters a number may have.
const Longest = 128

// Kind is what a barcode names.
type Kind string

// Neither is the zero value.
const (
	Neither Kind = ""
	Card    Kind = "card"
	Item    Kind = "item"
)

// Why is the reason for a refusal, "" if there is none.
type Why string

// Each has its own sentence for the borrower, or for the technician.
const (
	WhyISBN      Why = "isbn"      // the shop's code on the cover: look for the library's label
	WhyPattern   Why = "pattern"   // no number of this library
	WhySymbology Why = "symbology" // the number of one, in the wrong kind of barcode
	WhyCheck     Why = "check"     // badly read: show it again
	WhyTooLong   Why = "too-long"
	WhyControl   Why = "control" // not printable
)

// Verdict is what a scan is. Text is the number, without start and stop
// letters if the rule strips them; it is empty if Kind is Neither.
type Verdict struct {
	Kind Kind
	Text string
	Why  Why
}

// Rule is one kind of number that a venue uses.
type Rule struct {
	// Pattern must match the whole number. NewRule anchors it.
	Pattern *regexp.Regexp
	Check   Check
	// Symbologies are the AIM letters it may be printed in; none is any. A
	// scanner that does not tell the symbology satisfies no rule that names one.
	Symbologies []drivers.Symbology
	// StartStop strips the letters A to D at both ends, which some scanners
	// send with Codabar, before the number is looked at.
	StartStop bool
}

// NewRule compiles a rule. The pattern has to match the whole number, whether
// it says so or not.
func NewRule(pattern string, check Check, symbologies ...drivers.Symbology) (Rule, error) {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return Rule{}, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	if !check.known() {
		return Rule{}, fmt.Errorf("there is no check digit %q", check)
	}
	return Rule{Pattern: re, Check: check, Symbologies: symbologies}, nil
}

// Rules are a venue's numbers. The zero value knows none.
type Rules struct {
	Card, Item []Rule
	// AllowISBN lets an ISBN be tried as an item's number, for a venue whose
	// items have no other.
	AllowISBN bool
}

// Default knows the fourteen digits with a Luhn digit that begin with 2 on a
// card and with 3 on an item, and as items also ten digits without a check
// digit. The lengths and first digits keep cards and items apart.
func Default() Rules {
	luhn := func(first string) Rule {
		return Rule{Pattern: regexp.MustCompile(`^` + first + `[0-9]{13}$`), Check: Luhn14, StartStop: true}
	}
	return Rules{
		Card: []Rule{luhn("2")},
		Item: []Rule{luhn("3"), {Pattern: regexp.MustCompile(`^[0-9]{10}$`)}},
	}
}

// Judge says what a scan is. Cards come first: a number that fits both is a
// card, and one that looks like a card but has a wrong check digit is neither,
// whatever the item rules say. A mistake then costs a second look, not a loan
// on a card's number.
func (r Rules) Judge(s drivers.Scan) Verdict {
	switch {
	case len(s.Text) > Longest:
		return Verdict{Why: WhyTooLong}
	case !printable(s.Text):
		return Verdict{Why: WhyControl}
	case isbn(s):
		if !r.AllowISBN {
			return Verdict{Why: WhyISBN}
		}
		return try(Item, r.Item, s)
	}
	v := try(Card, r.Card, s)
	if v.Kind == Card || v.Why == WhyCheck {
		return v
	}
	as := try(Item, r.Item, s)
	if as.Kind == Neither && as.Why == WhyPattern {
		return v // a card in the wrong kind of barcode is the nearer reason
	}
	return as
}

// try gives the first rule that is content, or else the nearest miss.
func try(kind Kind, rules []Rule, s drivers.Scan) Verdict {
	nearest := WhyPattern
	for _, rule := range rules {
		text, why := rule.judge(s)
		switch why {
		case "":
			return Verdict{Kind: kind, Text: text}
		case WhyCheck:
			nearest = WhyCheck
		case WhySymbology:
			if nearest == WhyPattern {
				nearest = WhySymbology
			}
		}
	}
	return Verdict{Why: nearest}
}

func (r Rule) judge(s drivers.Scan) (string, Why) {
	text := s.Text
	if r.StartStop {
		text = bare(text)
	}
	switch {
	case text == "" || gs1(s) || !r.whole(text):
		return "", WhyPattern
	case !r.Check.holds(text):
		return "", WhyCheck
	case len(r.Symbologies) > 0 && !slices.Contains(r.Symbologies, s.Symbology):
		return "", WhySymbology
	}
	return text, ""
}

// whole keeps a pattern that forgot its anchors from finding a number in the
// middle of another.
func (r Rule) whole(text string) bool {
	if r.Pattern == nil {
		return false
	}
	at := r.Pattern.FindStringIndex(text)
	return at != nil && at[0] == 0 && at[1] == len(text)
}

// bare is a Codabar number without its start and stop letters.
func bare(text string) string {
	edge := func(b byte) bool { return strings.IndexByte("ABCDabcd", b) >= 0 }
	if n := len(text); n > 2 && edge(text[0]) && edge(text[n-1]) {
		return text[1 : n-1]
	}
	return text
}

// isbn is a book trade number: an EAN-13 of the "Bookland" prefixes, with or
// without the price behind it. Without a symbology its check digit decides.
func isbn(s drivers.Scan) bool {
	if !strings.HasPrefix(s.Text, "978") && !strings.HasPrefix(s.Text, "979") {
		return false
	}
	if s.Symbology == 'E' {
		return len(s.Text) >= 13
	}
	return len(s.Text) == 13 && EAN13.holds(s.Text)
}

// gs1 is a barcode of the trade's own data format, whose digits begin with the
// meaning of what follows (ISO/IEC 15424: ]C1, ]d2, ]Q3, ]e0).
func gs1(s drivers.Scan) bool {
	switch s.Symbology {
	case 'C':
		return s.Modifier == '1'
	case 'd':
		return s.Modifier == '2'
	case 'Q':
		return s.Modifier == '3'
	case 'e':
		return true
	}
	return false
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
