package words

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// gaps says where a catalogue is out of step with English: keys that it lacks
// or has alone, plural forms that its language does not have or has more of,
// and holes.
func gaps(c, english catalogue) []string {
	has, err := formsOf(c.tag)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for _, key := range english.keys() {
		t, ok := c.texts[key]
		if !ok {
			found = append(found, key+" is missing")
			continue
		}
		want := []string{"other"}
		if len(english.texts[key]) > 1 {
			want = has
		}
		for _, form := range forms {
			switch _, ok := t[form]; {
			case ok && !slices.Contains(want, form):
				found = append(found, fmt.Sprintf("%s has the form %s", key, form))
			case !ok && slices.Contains(want, form):
				found = append(found, fmt.Sprintf("%s has no form %s", key, form))
			}
		}
		found = append(found, strangeHoles(key, t, english.texts[key])...)
	}
	for _, key := range c.keys() {
		if _, ok := english.texts[key]; !ok {
			found = append(found, key+" is not in English")
		}
	}
	return found
}

// ownHoles are texts that each language puts together its own way.
var ownHoles = map[string][]string{
	"date.form": {"day", "month", "weekday"},
	"date.time": {"half", "hour", "hour12", "minute"},
}

func strangeHoles(key string, t, english text) []string {
	var found []string
	want := holes(english["other"])
	for form, s := range t {
		got := holes(s)
		bad := !slices.Equal(got, want)
		if free, ok := ownHoles[key]; ok {
			bad = slices.ContainsFunc(got, func(h string) bool { return !slices.Contains(free, h) })
		}
		if bad {
			found = append(found, fmt.Sprintf("%s.%s fills %v, English %v", key, form, got, want))
		}
		if left := hole.ReplaceAllString(s, ""); strings.ContainsAny(left, "{}[]<>&%") {
			found = append(found, fmt.Sprintf("%s.%s has a stray bracket: %q", key, form, s))
		}
	}
	return found
}

// holes are the names in a text's brackets, in order, each as often as it is there.
func holes(s string) []string {
	var names []string
	for i, p := range cut(s) {
		if i%2 == 1 {
			names = append(names, p)
		}
	}
	slices.Sort(names)
	return names
}

func mustOpen(t testing.TB, tag string) catalogue {
	t.Helper()
	c, err := open(tag)
	if err != nil {
		t.Fatalf("%s: %v", tag, err)
	}
	return c
}

func TestEveryLanguageKeepsStepWithEnglish(t *testing.T) {
	english := mustOpen(t, English)
	if len(english.texts) < 300 {
		t.Fatalf("only %d texts: English was not read to its end", len(english.texts))
	}
	for _, tag := range append(tags(), Accented, Mirrored) {
		for _, gap := range gaps(mustOpen(t, tag), english) {
			t.Errorf("%s: %s", tag, gap)
		}
	}
}

func TestGapsAreFound(t *testing.T) {
	english := catalogue{tag: English, texts: map[string]text{
		"heading": {"other": "Hello"},
		"count":   {"one": "{n} book", "other": "{n} books"},
		"of":      {"other": "{n} of {of}"},
	}}
	for _, c := range []struct {
		name  string
		texts map[string]text
		want  string
	}{
		{"nothing", map[string]text{"heading": {"other": "Cześć"}, "of": {"other": "z {of} jest {n}"},
			"count": {"one": "{n} k", "few": "{n} k", "many": "{n} k", "other": "{n} k"}}, ""},
		{"a key", map[string]text{"of": {"other": "{n} z {of}"},
			"count": {"one": "{n} k", "few": "{n} k", "many": "{n} k", "other": "{n} k"}}, "heading is missing"},
		{"a hole, a form, and one key too many", map[string]text{"heading": {"other": "Cześć {n}"}, "of": {"other": "{n} z"}, "more": {"other": "Więcej"},
			"count": {"one": "{n} k", "two": "{n} k", "few": "k", "other": "{n} [k]"}},
			"count has the form two; count has no form many; count.few fills [], English [n]; count.other has a stray bracket: \"{n} [k]\"; " +
				"heading.other fills [n], English []; of.other fills [n], English [n of]; more is not in English"},
	} {
		got := gaps(catalogue{tag: "pl", texts: c.texts}, english)
		slices.Sort(got)
		want := strings.Split(c.want, "; ")
		slices.Sort(want)
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s wrong: found\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// untidy says what is wrong with the spelling of a text, whatever its language.
func untidy(s string) string {
	switch {
	case s != strings.TrimSpace(s) || strings.Contains(s, "  "):
		return "spaces"
	case !norm.NFC.IsNormalString(s):
		return "not in Unicode's form NFC"
	case strings.ContainsAny(s, "!¡"):
		return "shouts"
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsDigit(r) && r > '9' }):
		return "digits other than 0 to 9"
	case strings.ContainsAny(s, "şţŞŢ"):
		return "s or t with cedilla, which Romanian does not have"
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}):
		return "a control character"
	}
	return ""
}

func TestEveryTextIsTidy(t *testing.T) {
	for _, tag := range tags() {
		c := mustOpen(t, tag)
		for _, key := range c.reviewKeys() {
			for _, line := range c.lines(key) {
				if why := untidy(line); why != "" {
					t.Errorf("%s: %s %q: %s", tag, key, line, why)
				}
			}
		}
	}
	for _, bad := range []string{" a", "a  b", "e\u0301", "Stop!", "४ items", "Aşa", "a\u202eb", "a\nb"} {
		if untidy(bad) == "" {
			t.Errorf("%q passes as tidy", bad)
		}
	}
}

// scripts are the letters that each language is written in. One from another
// script is a slip that no reader of English sees.
var scripts = map[string]*unicode.RangeTable{
	"gu": unicode.Gujarati, "pa-Guru": unicode.Gurmukhi, "ur": unicode.Arabic,
	"pl": unicode.Latin, "ro": unicode.Latin, English: unicode.Latin,
}

// latin are the words that stay as they are on the key pad and on the card.
var latin = []string{"PIN", "AM", "PM"}

func foreign(s string, script *unicode.RangeTable) string {
	for _, word := range strings.FieldsFunc(hole.ReplaceAllString(s, " "), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		for _, r := range word {
			if !unicode.In(r, script, unicode.Inherited) && !slices.Contains(latin, word) {
				return word
			}
		}
	}
	return ""
}

func TestEveryTextIsInItsScript(t *testing.T) {
	for _, tag := range tags() {
		c, script := mustOpen(t, tag), scripts[tag]
		if script == nil {
			t.Errorf("%s: in which script is it written?", tag)
			continue
		}
		for key, text := range c.texts {
			for form, s := range text {
				if word := foreign(s, script); word != "" {
					t.Errorf("%s: %s.%s has %q", tag, key, form, word)
				}
			}
		}
	}
	if foreign("મારો PIN {of}", unicode.Gujarati) != "" || foreign("મારો કार્ડ", unicode.Gujarati) == "" || foreign("Hello", unicode.Arabic) == "" {
		t.Error("a letter of another script is not told")
	}
}

// The five languages are those of the venue; what they call themselves and how
// they run is what a borrower chooses by.
func TestLanguages(t *testing.T) {
	var got []string
	for _, l := range Languages() {
		got = append(got, strings.Join([]string{l.Tag, l.Endonym, l.Dir, load(t, l.Tag).Voice()}, " "))
	}
	want := []string{"en-GB English ltr en-gb", "gu ગુજરાતી ltr gu", "pa-Guru ਪੰਜਾਬੀ ltr pa", "pl Polski ltr pl", "ro Română ltr ro", "ur اردو rtl ur"}
	if !slices.Equal(got, want) {
		t.Errorf("languages\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := Load("xx"); err == nil {
		t.Error("there are words in a language that does not exist")
	}
}

func TestParseRefuses(t *testing.T) {
	const good = "lang='en'\ndir='ltr'\nendonym='E'\nvoice='en'\n[date]\n" +
		"weekdays=['1','2','3','4','5','6','7']\nmonths=['1','2','3','4','5','6','7','8','9','10','11','12']\n[a]\n"
	for _, c := range []struct{ toml, want string }{
		{good + "b='text'\nother='a key may be called other'", ""},
		{good + "b={one='1', other='2'}", ""},
		{good + "b='text'\nb='again'", "already"},
		{good + "b=''", "a.b is empty"},
		{good + "b=1", "a.b is neither words nor a table"},
		{good + "b=['x']", "a.b is not a list"},
		{good + "b={one='1', ones='2', other='3'}", "a.b has plural forms beside other keys"},
		{good + "b={one='1', few='2'}", "a.b has plural forms and not the form other"},
		{good + "b={one='1', other=2}", "a.b.other is no words"},
		{strings.Replace(good, "ltr", "up", 1), `dir is "up"`},
		{strings.Replace(good, ",'7'", "", 1), "6 weekdays and 12 months"},
		{strings.Replace(good, "'12'", "''", 1), "date.months holds something that is no word"},
		{strings.Replace(good, "voice='en'", "", 1), "voice is missing"},
	} {
		_, err := parse([]byte(c.toml))
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%q: %v, want %q", strings.TrimPrefix(c.toml, good), err, c.want)
		}
	}
}
