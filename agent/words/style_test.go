package words

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// shunned are words that no borrower should have to know, and what is said
// instead. "issue" has "borrow", "due" has "bring back by".
var shunned = []string{"error", "errors", "invalid", "fail", "fails", "failed", "failure", "issue", "issued", "issues", "due", "overdue",
	"lms", "ils", "rfid", "tag", "tags", "transaction", "checkout", "patron", "user", "offline", "system", "server", "network", "database",
	"authenticate", "terminal", "unable", "barcode's", "kiosk", "please wait while", "sorry"}

// clumsy says what in an English text a nine-year-old would stumble over. A
// heading counts as a sentence.
func clumsy(s string) string {
	words := fields(s)
	for _, word := range shunned {
		if strings.Contains(" "+strings.Join(words, " ")+" ", " "+word+" ") {
			return fmt.Sprintf("says %q", word)
		}
	}
	for _, sentence := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(".?:", r) }) {
		if n := len(fields(sentence)); n > 20 {
			return fmt.Sprintf("a sentence of %d words", n)
		}
	}
	if grade := readingGrade(s); grade > 8 {
		return fmt.Sprintf("reads like grade %.1f", grade)
	}
	return ""
}

// fields are the words of a text in small letters; a hole counts as one.
func fields(s string) []string {
	s = strings.ToLower(hole.ReplaceAllString(s, " $1 "))
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '-' })
}

// readingGrade is the Flesch-Kincaid grade of a text of two sentences or more
// (0 for less: the measure means nothing there): 0.39 words a sentence + 11.8
// syllables a word - 15.59. Grade 4 is the reading of a nine-year-old; one
// text is too short for more than a coarse net.
func readingGrade(s string) float64 {
	sentences := strings.Count(s+" ", ". ") + strings.Count(s+" ", "? ")
	all := fields(s)
	if sentences < 2 || len(all) < 12 {
		return 0
	}
	n := 0
	for _, w := range all {
		n += syllables(w)
	}
	return 0.39*float64(len(all))/float64(sentences) + 11.8*float64(n)/float64(len(all)) - 15.59
}

// syllables counts runs of vowels, a silent e at the end apart.
func syllables(word string) int {
	n, in := 0, false
	for _, r := range word {
		v := strings.ContainsRune("aeiouy", r)
		if v && !in {
			n++
		}
		in = v
	}
	if strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") && n > 1 {
		n--
	}
	return max(n, 1)
}

func TestEnglishIsPlain(t *testing.T) {
	c := mustOpen(t, English)
	for _, key := range c.keys() {
		for form, s := range c.texts[key] {
			if why := clumsy(s); why != "" {
				t.Errorf("%s.%s %q: %s", key, form, s, why)
			}
		}
	}
	for _, bad := range []string{
		"An error happened.", "The item is due on {date}.", "This tag is invalid",
		"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty more",
		"Authorisation of additional functionality necessitates administrative intervention. Alternatively, investigate availability elsewhere immediately.",
	} {
		if clumsy(bad) == "" {
			t.Errorf("%q passes as plain", bad)
		}
	}
	if why := clumsy("Put your issues of The Residue down."); why == "" || clumsy("Put your tissues by the residue.") != "" {
		t.Error("words are not told from parts of words")
	}
}

// English reads as easily as it should on the whole.
func TestEnglishIsForNineYearOlds(t *testing.T) {
	c := mustOpen(t, English)
	var all []string
	for _, key := range c.keys() {
		if s := c.texts[key]["other"]; strings.HasSuffix(s, ".") {
			all = append(all, s)
		}
	}
	if grade := readingGrade(strings.Join(all, " ")); grade < 0.5 || grade > 4.5 {
		t.Errorf("the texts of the screen read like grade %.1f, not 4", grade)
	}
}

// A title on a tile or a button has little room.
func TestShortTextsAreShort(t *testing.T) {
	for _, tag := range tags() {
		c := mustOpen(t, tag)
		for _, key := range c.keys() {
			most := room(key)
			for form, s := range c.texts[key] {
				if n := letters(s); most > 0 && n > most {
					t.Errorf("%s: %s.%s is %d letters long, has room for %d: %q", tag, key, form, n, most, s)
				}
			}
		}
	}
	if letters("ਚੀਜ਼ਾਂ") != 2 || letters("Zażółć") != 6 {
		t.Error("marks above and below a letter take no room")
	}
}

// room is how many letters there are for a text; 0 if it may run over lines.
func room(key string) int {
	switch {
	case strings.HasPrefix(key, "line.word."):
		return 20
	case strings.HasPrefix(key, "line.text."):
		return 75
	case strings.HasPrefix(key, "reason."), strings.HasPrefix(key, "shelf."):
		return 60
	case slices.Contains([]string{"screen.borrow.finish", "screen.return.finish", "page.help", "page.back", "page.close"}, key):
		return 14
	case strings.HasPrefix(key, "screen.") && strings.HasSuffix(key, ".heading"):
		return 55
	}
	return 0
}

// letters counts what stands beside each other in a line.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Mc, r) && r != '\u200d' && r != '\u200c' {
			n++
		}
	}
	return n
}

// mute says why a text cannot be read aloud as it stands.
func mute(s string) string {
	for _, h := range holes(s) {
		if h == "card" { // dots, and four digits that are no number
			return "{card}"
		}
	}
	for _, r := range hole.ReplaceAllString(s, "") {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" .,:;?-'’“”„()।،؛؟۔", r) {
			return string(r)
		}
	}
	return ""
}

func TestEveryTextCanBeSpoken(t *testing.T) {
	for _, tag := range tags() {
		c := mustOpen(t, tag)
		for _, key := range c.keys() {
			of, isSpoken := strings.CutSuffix(key, spokenSuffix)
			if _, ok := c.texts[of]; isSpoken && !ok {
				t.Errorf("%s: %s is spoken for no text", tag, key)
			}
			if _, ok := c.texts[key+spokenSuffix]; ok || isSpoken {
				continue
			}
			for _, s := range c.texts[key] {
				if why := mute(s); why != "" {
					t.Errorf("%s: %s needs %s%s for its %q", tag, key, key, spokenSuffix, why)
				}
			}
		}
	}
	for _, bad := range []string{"Card {card}", "2 / 3", "Loans • late", "See →"} {
		if mute(bad) == "" {
			t.Errorf("%q passes as speakable", bad)
		}
	}
}

// named are the buttons that a text names in quotation marks.
var named = regexp.MustCompile(`[“”]([^“”]+)[“”]`)

// nameless gives a name in a text that stands on no button and no tile.
func nameless(c catalogue, s string) string {
	for _, name := range named.FindAllStringSubmatch(s, -1) {
		found := strings.Contains(c.texts["ease.keys"]["other"], name[1]) // the four keys
		for _, t := range c.texts {
			for _, label := range t {
				found = found || label == name[1]
			}
		}
		if !found {
			return name[1]
		}
	}
	return ""
}

func TestNamedButtonsExist(t *testing.T) {
	for _, tag := range tags() {
		c := mustOpen(t, tag)
		for key, text := range c.texts {
			for _, s := range text {
				if name := nameless(c, s); name != "" {
					t.Errorf("%s: %s sends to %q, which is nowhere", tag, key, name)
				}
			}
		}
	}
	if c := mustOpen(t, "ur"); nameless(c, "”ادھار لیں“ ”کہیں“") != "کہیں" {
		t.Error("a button that is nowhere is not missed")
	}
}
