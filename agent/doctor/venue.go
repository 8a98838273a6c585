package doctor

import (
	"fmt"
	"strings"

	"nightdesk/agent/visit"
)

// LanguageReading is which languages a borrower can choose, and which not.
type LanguageReading struct {
	House    string         // the screen's own
	Offered  []string       // to choose from
	Left     []LeftLanguage // wanted, and left out
	Unproven []string       // offered, though nobody has reviewed them
}

// LeftLanguage is a language that is wanted and not offered.
type LeftLanguage struct {
	Tag   string
	Texts int // that no person has reviewed; 0: there are no words in it
}

// CheckLanguages judges what borrowers can read.
func CheckLanguages(r LanguageReading) Finding {
	const name = "language"
	var left []string
	for _, l := range r.Left {
		if l.Texts == 0 {
			return Bad(Warn, Languages, name, fmt.Sprintf("there are no words in %q", l.Tag),
				"take it out of screen.languages, or write it as nightdesk words does")
		}
		left = append(left, fmt.Sprintf("%s (%d texts)", l.Tag, l.Texts))
	}
	switch {
	case len(left) > 0:
		text := "left out, because no person has reviewed them: " + strings.Join(left, ", ")
		if r.Left[0].Tag == r.House {
			text += "; the screen speaks English instead"
		}
		tag := r.Left[0].Tag
		return Bad(Warn, Languages, name, text, fmt.Sprintf("nightdesk words review %s > %s.toml, and give the file to somebody who reads the language", tag, tag))
	case len(r.Unproven) > 0:
		tag := r.Unproven[0]
		return Bad(Warn, Languages, name, "offered, though no person has reviewed them: "+strings.Join(r.Unproven, ", "),
			fmt.Sprintf("set screen.unreviewed = false for borrowers; to have one reviewed: nightdesk words review %s > %s.toml", tag, tag))
	}
	return Fine(Languages, name, "%s", strings.Join(r.Offered, ", "))
}

// CheckDisplay judges what is known of the panel, in millimetres.
func CheckDisplay(diagonal, viewing int) Finding {
	const name = "display"
	if diagonal == 0 {
		return Bad(Warn, Display, name, "its size is not known: buttons may be too small", "measure the picture from corner to corner and set display.diagonal_mm: a 15.6-inch panel has 396")
	}
	return Fine(Display, name, "%d mm across, read from %d mm", diagonal, viewing)
}

// ModeReading is what the kiosk is for.
type ModeReading struct {
	Told    visit.Mode // by a technician
	Is      visit.Mode // with calendar and building; "" if none runs
	Shows   visit.Mode // without a pad and a scanner it is out
	Program string     // how to set it right: "nightdesk mode service --config kiosk.toml"
}

// CheckMode judges whether borrowers are served: a kiosk that was taken out
// of service is easily left so.
func CheckMode(r ModeReading) Finding {
	const name = "mode"
	switch {
	case r.Is == visit.Emergency:
		return Bad(Fail, Mode, name, "emergency: the building says leave now", "if there is no alarm, look for a broken wire at the line gpio.emergency")
	case r.Told != visit.InService:
		return Bad(Warn, Mode, name, string(r.Told)+", as a technician said: no borrower is served", r.Program)
	case r.Is == visit.Closed:
		return Fine(Mode, name, "closed at this hour, as the calendar says")
	case r.Shows == visit.Out:
		return Bad(Fail, Mode, name, "service, but the screen says out of order: nothing can be read", "look at the lines of pads and scanner below")
	}
	return Fine(Mode, name, "service")
}
