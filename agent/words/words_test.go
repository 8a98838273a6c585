package words

import (
	"testing"
	"time"
)

func load(t testing.TB, tag string) Words {
	t.Helper()
	w, err := Load(tag)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// a Tuesday
var fourthOfMarch = time.Date(2025, time.March, 4, 18, 5, 0, 0, time.UTC)

func TestSay(t *testing.T) {
	w := load(t, English)
	for _, c := range []struct{ got, want string }{
		{w.Say("screen.card.heading", nil), "Show your library card"},
		{w.Say("page.untitled", Fill{"tail": "4821"}), "Item ending 4821"},
		{w.Say("page.untitled", nil), "Item ending {tail}"},
		{w.Say("page.untitled", Fill{"tail": "{tail}"}), "Item ending {tail}"},
		{w.Say("screen.nowhere", nil), "[screen.nowhere]"},
		{Words{}.Say("screen.card.heading", nil), "[screen.card.heading]"},
		{Words{}.Date(fourthOfMarch), "[date.form]"},
		{w.Count("screen.pad-full.heading", 1, nil), "You have put 1 item on the shelf"},
		{w.Count("screen.pad-full.heading", 3, nil), "You have put 3 items on the shelf"},
		{w.Count("screen.borrow.due", 2, Fill{"date": w.Date(fourthOfMarch)}), "Bring them back by Tuesday 4 March."},
		{w.Count("screen.home.closing", 1, Fill{"minutes": "1"}), "Closing in 1 minute"},
		{w.Count("screen.card.heading", 1, nil), "Show your library card"},
		{w.Say("screen.pad-full.heading", Fill{"n": "3"}), "You have put 3 items on the shelf"},
		{w.Speak("page.card", Fill{"card": "4 8 2 1"}), "Your card ends in 4 8 2 1"},
		{w.Speak("page.help", nil), "Help"},
		{w.SpeakCount("speech.items_read", 3, nil), "3 items read"},
	} {
		if c.got != c.want {
			t.Errorf("says %q, want %q", c.got, c.want)
		}
	}
	if !w.Has("screen.pad-full.heading") || w.Has("screen.pad-full.heading.one") || w.Has("screen") {
		t.Error("a text with plural forms is one text")
	}
}
