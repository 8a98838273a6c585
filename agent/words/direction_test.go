package words

import "testing"

// What runs against a language stands between FSI (⁨) and PDI (⁩), and only that.
func TestFilledInTextKeepsItsDirection(t *testing.T) {
	const fsi, pdi, rlo = "\u2068", "\u2069", "\u202e"
	for _, c := range []struct{ tag, value, want string }{
		{English, "Disc 2", "Look for: Disc 2."},
		{English, "4821", "Look for: 4821."},
		{English, "Płyta 2 – ćwiczenia", "Look for: Płyta 2 – ćwiczenia."},
		{English, "اردو", "Look for: " + fsi + "اردو" + pdi + "."},
		{English, rlo + "Disc 2", "Look for: " + fsi + rlo + "Disc 2" + pdi + "."},
		{"gu", "ભાગ 2", "આ શોધો: ભાગ 2."},
		{"ur", "2", "یہ تلاش کریں: 2۔"},
		{"ur", "اردو", "یہ تلاش کریں: اردو۔"},
		{"ur", "Disc 2", "یہ تلاش کریں: " + fsi + "Disc 2" + pdi + "۔"},
		{"ur", "0116 496 0123", "یہ تلاش کریں: " + fsi + "0116 496 0123" + pdi + "۔"},
		{"ur", "£2.50", "یہ تلاش کریں: " + fsi + "£2.50" + pdi + "۔"},
	} {
		w := load(t, c.tag)
		got := w.Say("question.parts.named", Fill{"parts": c.value})
		if got != c.want {
			t.Errorf("%s: %+q, want %+q", c.tag, got, c.want)
		}
		if heard := w.Speak("question.parts.named", Fill{"parts": c.value}); heard != Bare(got) || len(heard) > len(got) {
			t.Errorf("%s: the ear is given %+q", c.tag, heard)
		}
	}
	if got := Bare(fsi + "\u2066a\u2067" + pdi + rlo); got != "a"+rlo {
		t.Errorf("bare: %+q", got)
	}
}
