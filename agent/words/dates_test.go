package words

import (
	"slices"
	"testing"
	"time"
)

func TestDateAndTime(t *testing.T) {
	for _, c := range []struct{ tag, date, evening, night string }{
		{"en-GB", "Tuesday 4 March", "6:05pm", "12:30am"},
		{"gu", "મંગળવાર, 4 માર્ચ", "6:05 PM", "12:30 AM"},
		{"pa-Guru", "ਮੰਗਲਵਾਰ, 4 ਮਾਰਚ", "6:05 PM", "12:30 AM"},
		{"pl", "wtorek, 4 marca", "18:05", "0:30"},
		{"ro", "marți, 4 martie", "18:05", "0:30"},
		{"ur", "منگل، 4 مارچ", "6:05 PM", "12:30 AM"},
	} {
		w := load(t, c.tag)
		if got := w.Date(fourthOfMarch); got != c.date {
			t.Errorf("%s: date %q, want %q", c.tag, got, c.date)
		}
		if got := w.Time(fourthOfMarch); got != c.evening {
			t.Errorf("%s: time %q, want %q", c.tag, got, c.evening)
		}
		if got := w.Time(fourthOfMarch.Add(6*time.Hour + 25*time.Minute)); got != c.night {
			t.Errorf("%s: time %q, want %q", c.tag, got, c.night)
		}
	}
	w := load(t, English)
	for hour, want := range map[int]string{0: "12:00am", 11: "11:00am", 12: "12:00pm", 13: "1:00pm", 23: "11:00pm"} {
		if got := w.Time(time.Date(2025, time.March, 4, hour, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%d o'clock is %q, want %q", hour, got, want)
		}
	}
}

// Every day of the year has a name of its own: a name that stands twice in a
// list would send a borrower on the wrong day.
func TestNoDayHasTwoNames(t *testing.T) {
	for _, tag := range append(tags(), Accented, Mirrored) {
		w := load(t, tag)
		days := map[string]bool{}
		for d := range 365 {
			days[w.Date(fourthOfMarch.AddDate(0, 0, d))] = true
		}
		if len(days) != 365 {
			t.Errorf("%s: 365 days have %d names", tag, len(days))
		}
		for _, list := range [][]string{w.weekdays, w.months} {
			if names := slices.Compact(slices.Sorted(slices.Values(list))); len(names) != len(list) {
				t.Errorf("%s: a name stands twice in %q", tag, list)
			}
		}
	}
}
