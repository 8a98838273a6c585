package paper

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/image/math/fixed"
	"pgregory.net/rapid"

	"nightdesk/agent/circ"
	"nightdesk/agent/fonts"
	"nightdesk/agent/words"
	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
)

func noFonts(int) []fonts.Face { return nil }

// textOf joins the text of a sheet, so that a line break is a space.
func textOf(s drivers.Sheet) string {
	var all []string
	for _, r := range s.Rows {
		if r.Text != "" {
			all = append(all, r.Text)
		}
	}
	return strings.Join(all, " ")
}

// said gives every text that a slip is composed of.
func saidOn(s Slip, w Words) string {
	var all []string
	for _, p := range compose(s, w) {
		all = append(all, strings.ReplaceAll(bare(p.text+" "+p.instead), string(nbsp), " "))
	}
	return strings.Join(all, "\n")
}

// fits checks the law that every row lies on the paper.
func fits(t testing.TB, s drivers.Sheet) {
	t.Helper()
	for _, r := range s.Rows {
		columns := s.Width / dotsPerLetter
		if r.Large {
			columns /= 2
		}
		if n := utf8.RuneCountInString(r.Text); n > columns {
			t.Errorf("a row of %d letters on paper of %d", n, columns)
		}
		if b := r.Image; b != nil && (b.Width > s.Width || len(b.Bits) != b.Stride()*b.Height) {
			t.Errorf("a picture of %d by %d dots with %d bytes on paper of %d dots", b.Width, b.Height, len(b.Bits), s.Width)
		}
	}
}

// nothingLost checks that the lines of a drawn paragraph hold all its text, in
// order, and that no ink lies outside the paper.
func nothingLost(t testing.TB, s Slip, w Words, a *artist) {
	t.Helper()
	for _, p := range compose(s, w) {
		lines, err := a.lines(p)
		if p.kind != said || err != nil {
			continue
		}
		held := map[int]bool{}
		for _, l := range lines {
			x := a.start(l, p.centre)
			if x+l.left < 0 || x+l.right > fixed.I(a.width) {
				t.Errorf("ink from %v to %v on paper of %d dots", x+l.left, x+l.right, a.width)
			}
			for _, run := range l.runs {
				for i := range run.Runes.Count {
					held[run.Runes.Offset+i] = true
				}
			}
		}
		if n := utf8.RuneCountInString(p.text); len(held) != n {
			t.Errorf("%d of %d characters are drawn", len(held), n)
		}
	}
}

func TestEveryDueDateIsOnTheSheet(t *testing.T) {
	en := sampleOf("en-GB")
	rapid.Check(t, func(t *rapid.T) {
		var s Slip
		for i := range rapid.IntRange(1, 12).Draw(t, "items") {
			l := SlipLine{
				Title: rapid.StringMatching(`[A-Za-z ,.']{0,60}`).Draw(t, "title"),
				Item:  circ.ItemID(fmt.Sprint(30117001234000 + i)),
				Kind:  rapid.SampledFrom([]circ.Kind{circ.Issue, circ.Renew, circ.Return}).Draw(t, "kind"),
			}
			if l.Kind != circ.Return {
				l.Due = day(rapid.IntRange(1, 28).Draw(t, "day"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")))
			}
			s.Lines = append(s.Lines, l)
		}
		sheet, err := Sheet(s, en, Width58, escpos.Encodable)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for _, l := range s.Lines {
			if !l.Due.IsZero() {
				want["Bring back by "+en.Date(l.Due)+" "]++
			}
		}
		text := textOf(sheet) + " "
		for date, n := range want {
			if got := strings.Count(text, date); got != n {
				t.Errorf("%q stands there %d times; want %d", date, got, n)
			}
		}
	})
}

func TestNoMoreThanFourOfTheCard(t *testing.T) {
	for _, card := range []string{"••••4821", "20117000984821", "2011 7000 9848 21", "D-0984821", "4821", "21"} {
		for _, w := range samples() {
			v := visit()
			v.Card, v.Phone, v.Lines = card, "", nil
			said := saidOn(v, w)
			whole := strings.NewReplacer(" ", "", "-", "", "•", "").Replace(card)
			if n := len(whole); n > 4 && strings.Contains(said, whole[n-5:]) {
				t.Errorf("%s: more than four of the card are printed", w.lang)
			}
			if !strings.Contains(said, "••••"+whole[max(0, len(whole)-4):]) {
				t.Errorf("%s: the end of the card is not printed", w.lang)
			}
		}
	}
}

func TestVisitWithoutACard(t *testing.T) {
	v := visit()
	v.Card = ""
	if strings.Contains(saidOn(v, sampleOf("en-GB")), "Card") {
		t.Error("a card is spoken of")
	}
}

func TestItemNumbersAreNotPrinted(t *testing.T) {
	said := saidOn(visit(), sampleOf("en-GB"))
	for _, l := range visit().Lines {
		if strings.Contains(said, string(l.Item)) {
			t.Errorf("the whole number of %s is printed", l.Item.Tail())
		}
	}
}

func TestEveryRowFits(t *testing.T) {
	needFonts(t)
	for _, w := range samples() {
		for _, width := range []int{Width58, Width80} {
			for _, encodable := range []func(string) bool{nothing, escpos.Encodable} {
				sheet, err := Sheet(visit(), w, width, encodable)
				if err != nil {
					t.Fatalf("%s on %d dots: %v", w.lang, width, err)
				}
				fits(t, sheet)
			}
			nothingLost(t, visit(), w, newArtist(w, width, fonts.Paper))
		}
	}
}

func TestWidestLigatureIsSetSmaller(t *testing.T) {
	needFonts(t)
	v := Slip{Lines: []SlipLine{{Title: "\ufdfd\ufdfd \ufdfd", Item: "1234", Kind: circ.Return}}}
	nothingLost(t, v, sampleOf("ur"), newArtist(sampleOf("ur"), Width58, fonts.Paper))
}

func TestWhatWasNotFinishedIsNotReturned(t *testing.T) {
	v := visit()
	v.Lines = []SlipLine{
		{Title: "Wolf Hall", Item: "1", Kind: circ.Return, Unfinished: true},
		{Title: "Emma", Item: "2", Kind: circ.Cancel},
	}
	said := saidOn(v, sampleOf("en-GB"))
	if strings.Contains(said, "Returned") || !strings.Contains(said, "Not finished. Please see staff.") {
		t.Errorf("the slip says:\n%s", said)
	}
	if strings.Contains(said, "Emma") {
		t.Error("a cancelled loan is printed")
	}
}

func TestOneTitleIsDrawnAndTheRestIsText(t *testing.T) {
	needFonts(t)
	v := visit()
	v.Lines = v.Lines[:2]
	sheet, err := Sheet(v, sampleOf("en-GB"), Width80, escpos.Encodable)
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, r := range sheet.Rows {
		if r.Image != nil {
			drawn++
		}
	}
	if drawn != 1 {
		t.Errorf("%d rows are drawn; want the Gujarati title alone", drawn)
	}
}

func TestTitleThatNoTypefaceHas(t *testing.T) {
	needFonts(t)
	for _, title := range []string{"三体", "พระอภัยมณี", "😀📚", "", "\u202e\u2066"} {
		v := Slip{Lines: []SlipLine{{Title: title, Item: "30117001234567", Kind: circ.Return}}}
		sheet, err := Sheet(v, sampleOf("en-GB"), Width58, escpos.Encodable)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(textOf(sheet), "Item ending 4567") {
			t.Errorf("%q is not called by the end of its number", title)
		}
	}
}

func TestWordsThatNoTypefaceHas(t *testing.T) {
	needFonts(t)
	_, err := Sheet(Slip{Venue: "图书馆"}, sampleOf("en-GB"), Width58, escpos.Encodable)
	var script ScriptError
	if !errors.As(err, &script) || script.Script != "Hani" {
		t.Fatalf("the error is %v; want the script Hani", err)
	}
	if strings.Contains(err.Error(), "图") {
		t.Errorf("the error gives the text away: %v", err)
	}
}

func TestBuiltWithoutTypefaces(t *testing.T) {
	if _, err := sheet(visit(), sampleOf("gu"), escpos.Encodable, newArtist(sampleOf("gu"), Width58, noFonts)); !errors.Is(err, ErrNoTypefaces) {
		t.Errorf("Gujarati: %v; want ErrNoTypefaces", err)
	}
	if _, err := sheet(visit(), sampleOf("ur"), escpos.Encodable, newArtist(sampleOf("ur"), Width58, noFonts)); !errors.Is(err, ErrNoTypefaces) {
		t.Errorf("Urdu: %v; want ErrNoTypefaces", err)
	}
	got, err := sheet(visit(), sampleOf("en-GB"), escpos.Encodable, newArtist(sampleOf("en-GB"), Width58, noFonts))
	if err != nil {
		t.Fatalf("English: %v", err)
	}
	for _, want := range []string{"Treasure Island", "Item ending 4568"} {
		if !strings.Contains(textOf(got), want) {
			t.Errorf("English without typefaces does not say %q", want)
		}
	}
}

func TestPaperOfNoKnownWidth(t *testing.T) {
	if _, err := Sheet(visit(), sampleOf("en-GB"), 400, escpos.Encodable); err == nil {
		t.Error("400 dots were taken")
	}
	if _, err := Sheet(Slip{Lines: make([]SlipLine, maxLines+1)}, sampleOf("en-GB"), Width58, escpos.Encodable); err == nil {
		t.Error("a slip without an end was taken")
	}
}

// Every language that the desk speaks has the words of a slip, and they print.
func TestLanguagesOfTheDesk(t *testing.T) {
	needFonts(t)
	for _, l := range words.Languages() {
		w, err := words.Load(l.Tag)
		if err != nil {
			t.Fatal(err)
		}
		if said := saidOn(visit(), w); strings.Contains(said, "[receipt.") || strings.Contains(said, "[page.") {
			t.Errorf("%s lacks words:\n%s", l.Tag, said)
		}
		for _, width := range []int{Width58, Width80} {
			sheet, err := Sheet(visit(), w, width, escpos.Encodable)
			if err != nil {
				t.Fatal(err)
			}
			fits(t, sheet)
			nothingLost(t, visit(), w, newArtist(w, width, fonts.Paper))
		}
	}
}

func FuzzTitle(f *testing.F) {
	for _, seed := range []string{
		"Treasure Island", "સત્યના પ્રયોગો", "Learn اردو (in 30 days), 1984", "😀", "a\x00\x1b@\r\nb", "\u202edrow\u202c",
		strings.Repeat("Donaudampfschifffahrt", 40), "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306", "\xff\xfe", "\u2068\u2067\u2069", "\ufdfd",
		"क्षत्रिय", "١٩٨٤ abc", "\u200d\u200c", "ﷺ ﷺ", "ੴ",
	} {
		for lang := range byte(3) {
			f.Add(seed, "0116 305 3000", lang)
		}
	}
	ws := []sample{sampleOf("en-GB"), sampleOf("gu"), sampleOf("ur")}
	var artists []*artist // kept, as reading the typefaces takes most of the time
	for _, w := range ws {
		artists = append(artists, newArtist(w, Width58, fonts.Paper))
	}
	f.Fuzz(func(t *testing.T, title, phone string, lang byte) {
		needFonts(t)
		v := Slip{Phone: phone, Lines: []SlipLine{{Title: title, Item: "30117001234567", Kind: circ.Issue, Due: day(4, 3)}}}
		w, a := ws[int(lang)%len(ws)], artists[int(lang)%len(ws)]
		sheet, err := sheet(v, w, escpos.Encodable, a)
		var script ScriptError
		if errors.As(err, &script) && script.Script != "" {
			return // the telephone number is in a script that we lack
		}
		if err != nil {
			t.Fatal(err)
		}
		fits(t, sheet)
		nothingLost(t, v, w, a)
		for _, r := range sheet.Rows {
			if strings.ContainsFunc(r.Text, func(r rune) bool { return r < ' ' || isolate(r) || r >= 0x202a && r <= 0x202e }) {
				t.Errorf("a row holds a control character: %q", r.Text)
			}
		}
	})
}
