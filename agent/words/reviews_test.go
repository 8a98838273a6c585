package words

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

func small(tag, hello string) catalogue {
	return catalogue{tag: tag, endonym: tag + " itself", weekdays: []string{"d"}, months: []string{"m"},
		texts: map[string]text{"hello": {"other": hello}, "count": {"one": "{n} a", "other": "{n} b"}}}
}

// read fills a template in as a reviewer would, for every text.
func read(t *testing.T, template []byte) map[string]review {
	t.Helper()
	filled := strings.ReplaceAll(string(template), `by = "", on = ""`, `by = "A. Reader", on = "2025-03-04"`)
	all, err := parseReviews([]byte(filled))
	if err != nil {
		t.Fatalf("%v in\n%s", err, filled)
	}
	return all
}

func TestAReviewHoldsForWhatWasRead(t *testing.T) {
	pl, english := small("pl", "Cześć"), small(English, "Hello")
	all := []string{"endonym", "date.weekdays", "date.months", "count", "hello"}
	if open := unreviewed(pl, english, nil); !slices.Equal(open, all) {
		t.Errorf("unread: %q, want %q", open, all)
	}
	reviews := read(t, reviewTemplate(pl, english, nil))
	if open := unreviewed(pl, english, reviews); open != nil {
		t.Errorf("all is read, and %q is not", open)
	}
	changed := small("pl", "Cześć")
	changed.texts["count"] = text{"one": "{n} a", "other": "{n} c"}
	for _, c := range []struct {
		what        string
		pl, english catalogue
		want        []string
	}{
		{"the text", small("pl", "Witaj"), english, []string{"hello"}},
		{"the English", pl, small(English, "Good day"), []string{"hello"}},
		{"one plural form", changed, english, []string{"count"}},
		{"the language", small("cs", "Cześć"), english, all},
	} {
		if open := unreviewed(c.pl, c.english, reviews); !slices.Equal(open, c.want) {
			t.Errorf("%s has changed: unread %q, want %q", c.what, open, c.want)
		}
	}
	for name, r := range map[string]review{
		"no name": {On: "2025-03-04"}, "no day": {By: "A. Reader"}, "no such day": {By: "A. Reader", On: "2025-02-30"},
	} {
		r.Of = digest("hello", pl, english)
		half := maps.Clone(reviews)
		half["hello"] = r
		if open := unreviewed(pl, english, half); !slices.Equal(open, []string{"hello"}) {
			t.Errorf("a review with %s counts: %q", name, open)
		}
	}
}

func TestATemplateKeepsReviewsThatHold(t *testing.T) {
	pl, english := small("pl", "Cześć"), small(English, "Hello")
	reviews := read(t, reviewTemplate(pl, english, nil))
	again := reviewTemplate(small("pl", "Witaj"), english, reviews)
	if n := bytes.Count(again, []byte(`by = "A. Reader"`)); n != 4 {
		t.Errorf("%d of 4 reviews kept:\n%s", n, again)
	}
	for _, line := range []string{"# en  Hello\n# pl  Witaj\n", "# en  one: {n} a\n# en  other: {n} b\n", `"hello" = { by = "", on = "", of = "`} {
		if !bytes.Contains(again, []byte(line)) {
			t.Errorf("no %q in\n%s", line, again)
		}
	}
}

func TestReviewFiles(t *testing.T) {
	for _, tag := range tags() {
		if tag == English {
			continue
		}
		b, err := reviewFiles.ReadFile("reviews/" + tag + ".toml")
		if err != nil {
			t.Errorf("%s has no file of reviews: %v", tag, err)
			continue
		}
		reviews, err := parseReviews(b)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
		}
		keys := mustOpen(t, tag).reviewKeys()
		for key := range reviews {
			if !slices.Contains(keys, key) {
				t.Errorf("%s: reviewed %q, which is no text", tag, key)
			}
		}
		if open, template := Unreviewed(tag), ReviewTemplate(tag); bytes.Count(template, []byte(`by = "", on = ""`)) != len(open) {
			t.Errorf("%s: %d texts are unread, and the template has another number of blanks", tag, len(open))
		}
	}
	if Unreviewed(English) != nil || ReviewTemplate(English) != nil || ReviewTemplate("xx") != nil || len(Unreviewed("xx")) != 1 {
		t.Error("English needs no review, and what does not exist has none")
	}
	if _, err := parseReviews([]byte(`"hello" = { by = "A", when = "today" }`)); err == nil {
		t.Error("a review with an unknown field is read")
	}
}

func TestOffered(t *testing.T) {
	for _, c := range []struct {
		name       string
		want       []string
		unreviewed bool
		offered    string
		refused    string // how each refusal begins
	}{
		{"nothing asked for", nil, false, "en-GB", ""},
		{"unread and switched on", []string{"ur", "gu", "en-GB", "gu"}, true, "ur gu en-GB", ""},
		{"made from English", []string{"en-GB", Mirrored}, true, "en-GB ar-XB", ""},
		{"made from English, on a real kiosk", []string{Accented}, false, "en-GB", "en-XA:"},
		{"not there", []string{"tlh", "../words"}, true, "en-GB", "tlh: ../words:"},
	} {
		offered, refused := Offered(c.want, c.unreviewed)
		var got, why []string
		for _, l := range offered {
			got = append(got, l.Tag)
		}
		for _, r := range refused {
			why = append(why, strings.Fields(r)[0])
		}
		if strings.Join(got, " ") != c.offered || strings.Join(why, " ") != c.refused {
			t.Errorf("%s: offered %q, refused %q", c.name, got, refused)
		}
	}
	for _, l := range Languages() {
		offered, refused := Offered([]string{English, l.Tag}, false)
		if on := slices.Contains(offered, l); on != l.Reviewed || l.Reviewed != (len(Unreviewed(l.Tag)) == 0) || on != (refused == nil) {
			t.Errorf("%+v: offered %v, refused %q, %d texts unread", l, offered, refused, len(Unreviewed(l.Tag)))
		}
	}
}
