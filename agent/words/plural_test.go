package words

import (
	"slices"
	"testing"
)

// cldr are the cardinal rules of CLDR 48 (supplemental/plurals) for whole
// numbers, written down a second time and without go-i18n.
var cldr = map[string]func(n int) string{
	"en-GB":   oneIf(func(n int) bool { return n == 1 }),
	"gu":      oneIf(func(n int) bool { return n <= 1 }),
	"pa-Guru": oneIf(func(n int) bool { return n <= 1 }),
	"ur":      oneIf(func(n int) bool { return n == 1 }),
	"pl": func(n int) string {
		tens := n % 100
		switch {
		case n == 1:
			return "one"
		case n%10 >= 2 && n%10 <= 4 && (tens < 12 || tens > 14):
			return "few"
		}
		return "many"
	},
	"ro": func(n int) string {
		switch {
		case n == 1:
			return "one"
		case n == 0 || n%100 >= 1 && n%100 <= 19:
			return "few"
		}
		return "other"
	},
	Accented: oneIf(func(n int) bool { return n == 1 }),
	Mirrored: func(n int) string {
		tens := n % 100
		switch {
		case n == 0:
			return "zero"
		case n == 1:
			return "one"
		case n == 2:
			return "two"
		case tens >= 3 && tens <= 10:
			return "few"
		case tens >= 11:
			return "many"
		}
		return "other"
	},
}

func oneIf(one func(int) bool) func(int) string {
	return func(n int) string {
		if one(n) {
			return "one"
		}
		return "other"
	}
}

func TestPluralsAreThoseOfCLDR(t *testing.T) {
	for _, tag := range append(tags(), Accented, Mirrored) {
		rule, ok := cldr[tag]
		if !ok {
			t.Errorf("%s: write down its rule from CLDR", tag)
			continue
		}
		p, err := pluralsOf(tag)
		if err != nil {
			t.Fatal(err)
		}
		numbers := []int{201, 222, 1000, 1002, 1012, 1_000_000} // these go-i18n is asked for each time
		for n := range 201 {
			numbers = append(numbers, n)
		}
		for _, n := range numbers {
			if got, want := forms[p.of(n)], rule(n); got != want {
				t.Errorf("%s: %d is %s, in CLDR %s", tag, n, got, want)
			}
		}
	}
}

func TestFormsOfALanguage(t *testing.T) {
	for tag, want := range map[string][]string{
		"en-GB": {"one", "other"}, "gu": {"one", "other"}, "pa-Guru": {"one", "other"}, "ur": {"one", "other"},
		"pl": {"one", "few", "many", "other"}, "ro": {"one", "few", "other"},
		"zh-Hans": {"other"}, Mirrored: {"zero", "one", "two", "few", "many", "other"},
	} {
		got, err := formsOf(tag)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s has %v, %v; want %v", tag, got, err, want)
		}
	}
	if _, err := formsOf("not a tag"); err == nil {
		t.Error("a language that is none has plural forms")
	}
}

// The number goes with the noun in each language.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		tag  string
		n    int
		want string
	}{
		{"en-GB", 0, "You borrowed 0 items."},
		{"en-GB", 1, "You borrowed 1 item."},
		{"gu", 0, "તમે 0 વસ્તુ ઉછીની લીધી."},
		{"gu", 2, "તમે 2 વસ્તુઓ ઉછીની લીધી."},
		{"pa-Guru", 1, "ਤੁਸੀਂ 1 ਚੀਜ਼ ਉਧਾਰ ਲਈ।"},
		{"pa-Guru", 2, "ਤੁਸੀਂ 2 ਚੀਜ਼ਾਂ ਉਧਾਰ ਲਈਆਂ।"},
		{"pl", 1, "Wypożyczono 1 pozycję."},
		{"pl", 3, "Wypożyczono 3 pozycje."},
		{"pl", 13, "Wypożyczono 13 pozycji."},
		{"pl", 22, "Wypożyczono 22 pozycje."},
		{"ro", 1, "Ați împrumutat 1 articol."},
		{"ro", 19, "Ați împrumutat 19 articole."},
		{"ro", 20, "Ați împrumutat 20 de articole."},
		{"ur", 1, "آپ نے 1 چیز ادھار لی۔"},
		{"ur", 8, "آپ نے 8 چیزیں ادھار لیں۔"},
	} {
		if got := load(t, c.tag).Count("screen.bye.borrowed", c.n, nil); got != c.want {
			t.Errorf("%s says of %d things %q, want %q", c.tag, c.n, got, c.want)
		}
	}
}
