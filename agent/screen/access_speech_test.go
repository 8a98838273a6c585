package screen_test

import (
	"strings"
	"testing"
	"unicode"

	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// TestAX18EveryStateIsSpoken in every language that has a voice, and AX20: what
// is said is neither the digits of a PIN nor the number of a card.
func TestAX18EveryStateIsSpoken(t *testing.T) {
	s := served(t, func(visit.Event) {})
	voices := 0
	for _, lang := range everyLanguage() {
		if w, err := words.Load(lang); err != nil || w.Voice() == "" {
			continue
		}
		voices++
		for _, p := range gallery.All() {
			st := p.State
			st.House.Languages, st.Ease.Lang = everyLanguage(), lang
			said := strings.Join(s.Spoken(st, p.At), " ")
			if !strings.ContainsFunc(said, unicode.IsLetter) || len(strings.Fields(said)) < 4 {
				t.Errorf("AX18 %s %s: the headset says %q", p.Name, lang, said)
			}
			if strings.Contains(said, "[") {
				t.Errorf("AX18 %s %s: there are no words for something: %q", p.Name, lang, said)
			}
			if st.Typed != "" && strings.Contains(said, string(st.Typed)) || strings.Contains(said, string(gallery.Card)) {
				t.Errorf("AX20 %s %s: the headset says what was typed, or a card", p.Name, lang)
			}
			other := st
			if other.Typed = visit.Secret(strings.Repeat("5", len(st.Typed))); st.Screen == visit.PIN && strings.Join(s.Spoken(other, p.At), " ") != said {
				t.Errorf("AX20 %s %s: the digits of a PIN can be heard", p.Name, lang)
			}
		}
	}
	if voices < 6 {
		t.Errorf("AX18: only %d languages have a voice", voices)
	}
}
