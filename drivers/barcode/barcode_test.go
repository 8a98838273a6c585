package barcode_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"nightdesk/drivers"
	"nightdesk/drivers/barcode"
)

type vector struct {
	ID, Barcode, Type, Data, Mod43, Symbology, Modifier string
	Check                                               int
	CheckComputed                                       int `json:"check_computed"`
	Valid                                               bool
	Reject                                              bool `json:"reject_as_item"`
}

// vectors are those of testdata/barcode.json, each with its own origin.
func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/barcode.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func rule(t *testing.T, pattern string, check barcode.Check, symbologies ...drivers.Symbology) barcode.Rule {
	t.Helper()
	r, err := barcode.NewRule(pattern, check, symbologies...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		family, _, _ := strings.Cut(v.ID, "/")
		switch family {
		case "luhn14":
			wantCheck(t, barcode.Luhn14, v.Barcode[:13], byte('0'+v.CheckComputed))
			want := barcode.Verdict{Kind: barcode.Card, Text: v.Barcode}
			if v.Type == "item" {
				want.Kind = barcode.Item
			}
			if !v.Valid {
				want = barcode.Verdict{Why: barcode.WhyCheck}
			}
			wantVerdict(t, barcode.Default(), drivers.Scan{Text: v.Barcode}, want)
		case "code39":
			wantCheck(t, barcode.Mod43, v.Data, v.Mod43[0])
		case "ean13":
			wantCheck(t, barcode.EAN13, v.Data, byte('0'+v.Check))
			shop := barcode.Rules{Item: []barcode.Rule{rule(t, `[0-9]{13}`, barcode.EAN13)}}
			want := barcode.Verdict{Kind: barcode.Item, Text: v.Barcode}
			if v.Reject {
				want = barcode.Verdict{Why: barcode.WhyISBN}
			}
			wantVerdict(t, shop, drivers.Scan{Text: v.Barcode}, want)
			shop.AllowISBN = true
			wantVerdict(t, shop, drivers.Scan{Symbology: 'E', Modifier: '0', Text: v.Barcode}, barcode.Verdict{Kind: barcode.Item, Text: v.Barcode})
		case "aim":
			want := barcode.Verdict{Why: barcode.WhyPattern}
			switch v.ID {
			case "aim/]F0":
				want = barcode.Verdict{Kind: barcode.Item, Text: v.Data}
			case "aim/]E0":
				want.Why = barcode.WhyISBN
			}
			wantVerdict(t, barcode.Default(), drivers.Scan{Symbology: drivers.Symbology(v.Symbology[0]), Modifier: v.Modifier[0], Text: v.Data}, want)
		case "cmd": // what is sent to scanners, tested there
		default:
			t.Errorf("%s: nobody tests this family", v.ID)
		}
	}
}

func wantCheck(t *testing.T, c barcode.Check, data string, want byte) {
	t.Helper()
	if got, ok := c.Of(data); !ok || got != want {
		t.Errorf("%s of %q: got %q, %v, want %q", c, data, got, ok, want)
	}
}

func wantVerdict(t *testing.T, r barcode.Rules, s drivers.Scan, want barcode.Verdict) {
	t.Helper()
	if got := r.Judge(s); got != want {
		t.Errorf("%+v: got %+v, want %+v", s, got, want)
	}
}

// Numbers published by libraries.
func TestPublishedNumbers(t *testing.T) {
	for _, text := range []string{"30234000517861", "33191000105864", "31234000010064", "1620154429", "1302099999"} {
		wantVerdict(t, barcode.Default(), drivers.Scan{Text: text}, barcode.Verdict{Kind: barcode.Item, Text: text})
	}
	wantCheck(t, barcode.Mod11, "151107596", '4') // University of Bristol
	wantCheck(t, barcode.Mod11, "100000001", 'X')
	wantCheck(t, barcode.Mod11, "100000000", '0')
	wantCheck(t, barcode.Mod43, "A+I+MI+D", 'W')
	for _, bad := range []struct {
		c    barcode.Check
		data string
	}{{barcode.Luhn14, "302"}, {barcode.Luhn14, "302340005178x"}, {barcode.Mod43, "a"}, {barcode.Mod11, "15110759"}, {barcode.EAN13, ""}, {barcode.None, "1"}} {
		if got, ok := bad.c.Of(bad.data); ok {
			t.Errorf("%s of %q: got %q, want none", bad.c, bad.data, got)
		}
	}
}

func TestJudge(t *testing.T) {
	overlapping := barcode.Rules{
		Card: []barcode.Rule{rule(t, `[0-9]{14}`, barcode.Luhn14)},
		Item: []barcode.Rule{rule(t, `[0-9]{8,14}`, barcode.None)},
	}
	codabar := barcode.Rules{
		Card: []barcode.Rule{rule(t, `2[0-9]{13}`, barcode.Luhn14, 'F')},
		Item: []barcode.Rule{rule(t, `FI[0-9]+`, barcode.None, 'A', 'C')},
	}
	careless := barcode.Rules{Item: []barcode.Rule{{Pattern: regexp.MustCompile(`[0-9]{4}`)}, {}}}
	for _, test := range []struct {
		name  string
		rules barcode.Rules
		scan  drivers.Scan
		want  barcode.Verdict
	}{
		{"card", barcode.Default(), drivers.Scan{Text: "21221012345671"}, barcode.Verdict{Kind: barcode.Card, Text: "21221012345671"}},
		{"start and stop letters", barcode.Default(), drivers.Scan{Symbology: 'F', Text: "A30234000517861b"}, barcode.Verdict{Kind: barcode.Item, Text: "30234000517861"}},
		{"a start letter alone", barcode.Default(), drivers.Scan{Symbology: 'F', Text: "A30234000517861"}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"letters that the rule keeps", codabar, drivers.Scan{Symbology: 'F', Text: "A21221012345671A"}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"fits both", overlapping, drivers.Scan{Text: "21221012345671"}, barcode.Verdict{Kind: barcode.Card, Text: "21221012345671"}},
		{"a badly read card is no item", overlapping, drivers.Scan{Text: "21221012345672"}, barcode.Verdict{Why: barcode.WhyCheck}},
		{"an item beside", overlapping, drivers.Scan{Text: "21221012"}, barcode.Verdict{Kind: barcode.Item, Text: "21221012"}},
		{"right symbology", codabar, drivers.Scan{Symbology: 'F', Text: "21221012345671"}, barcode.Verdict{Kind: barcode.Card, Text: "21221012345671"}},
		{"wrong symbology", codabar, drivers.Scan{Symbology: 'C', Text: "21221012345671"}, barcode.Verdict{Why: barcode.WhySymbology}},
		{"symbology not told", codabar, drivers.Scan{Text: "FI1620154429"}, barcode.Verdict{Why: barcode.WhySymbology}},
		{"one of two symbologies", codabar, drivers.Scan{Symbology: 'C', Modifier: '0', Text: "FI1620154429"}, barcode.Verdict{Kind: barcode.Item, Text: "FI1620154429"}},
		{"GS1 in the same digits", barcode.Default(), drivers.Scan{Symbology: 'C', Modifier: '1', Text: "1620154429"}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"ISBN without a symbology", barcode.Default(), drivers.Scan{Text: "9780306406157"}, barcode.Verdict{Why: barcode.WhyISBN}},
		{"ISBN with a price", barcode.Default(), drivers.Scan{Symbology: 'E', Modifier: '3', Text: "978030640615751000"}, barcode.Verdict{Why: barcode.WhyISBN}},
		{"ISBN where no rule wants it", barcode.Rules{AllowISBN: true}, drivers.Scan{Text: "9780306406157"}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"13 digits that are no ISBN", overlapping, drivers.Scan{Text: "9780306406158"}, barcode.Verdict{Kind: barcode.Item, Text: "9780306406158"}},
		{"a pattern without anchors", careless, drivers.Scan{Text: "12345"}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"too long", careless, drivers.Scan{Text: strings.Repeat("1", 129)}, barcode.Verdict{Why: barcode.WhyTooLong}},
		{"unprintable", careless, drivers.Scan{Text: "1234\x00"}, barcode.Verdict{Why: barcode.WhyControl}},
		{"newline at the end", barcode.Default(), drivers.Scan{Text: "1620154429\n"}, barcode.Verdict{Why: barcode.WhyControl}},
		{"nothing", barcode.Rules{Item: []barcode.Rule{rule(t, `.*`, barcode.None)}}, drivers.Scan{}, barcode.Verdict{Why: barcode.WhyPattern}},
		{"no rules", barcode.Rules{}, drivers.Scan{Text: "1620154429"}, barcode.Verdict{Why: barcode.WhyPattern}},
	} {
		t.Run(test.name, func(t *testing.T) { wantVerdict(t, test.rules, test.scan, test.want) })
	}
}

func TestRulesThatAreNone(t *testing.T) {
	if r, err := barcode.NewRule(`[`, barcode.None); err == nil {
		t.Errorf("got %v, want an error", r)
	}
	if r, err := barcode.NewRule(`1`, "mod97"); err == nil {
		t.Errorf("got %v, want an error", r)
	}
	if a := rule(t, `1|22`, barcode.None); a.Pattern.MatchString("221") {
		t.Error("a pattern with an alternative matches inside a longer number")
	}
}

// Judge never panics; what it accepts it gives a number, what it refuses a
// reason; nothing that looks like a card is ever an item, nor an ISBN anything.
func FuzzJudge(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(byte('F'), byte('0'), v.Barcode+v.Data)
	}
	f.Add(byte(0), byte(0), "a2122101234567\xff")
	wide := barcode.Default()
	wide.Item = append(wide.Item, barcode.Rule{Pattern: regexp.MustCompile(`^.*$`), StartStop: true})
	f.Fuzz(func(t *testing.T, symbology, modifier byte, text string) {
		scan := drivers.Scan{Symbology: drivers.Symbology(symbology), Modifier: modifier, Text: text}
		for _, rules := range []barcode.Rules{barcode.Default(), wide, {}} {
			v := rules.Judge(scan)
			if (v.Kind == barcode.Neither) != (v.Text == "") || (v.Kind == barcode.Neither) != (v.Why != "") {
				t.Errorf("%+v: got %+v, want a number or a reason", scan, v)
			}
			if v.Kind == barcode.Item && len(v.Text) == 14 && v.Text[0] == '2' && strings.Trim(v.Text, "0123456789") == "" {
				t.Errorf("%+v: got %+v, want no item that looks like a card", scan, v)
			}
			want, ok := barcode.EAN13.Of(text[:max(len(text)-1, 0)])
			if ok && want == text[len(text)-1] && (strings.HasPrefix(text, "978") || strings.HasPrefix(text, "979")) && v.Why != barcode.WhyISBN {
				t.Errorf("%+v: got %+v, want an ISBN refused", scan, v)
			}
			if !strings.Contains(text, v.Text) {
				t.Errorf("%+v: got %+v, want part of what was read", scan, v)
			}
		}
	})
}
