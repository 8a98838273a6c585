package visit

import (
	"slices"
	"strings"
	"time"
)

// Ease is how a borrower wants to be served. It ends with the visit: nobody
// finds the screen as the last one left it.
type Ease struct {
	Lang    string // "" is the house's own
	Theme   Theme
	Size    Size
	Left    bool // the next step lies on the left
	Low     bool // everything within reach from a wheelchair
	Slow    bool // every wait is three times as long
	Steady  bool // a second tap within half a second is no tap
	Still   bool // nothing moves
	Hidden  bool // titles the other way than House.Plain has them
	Speech  bool // said to the headset
	Curtain bool // the screen stays dark while the headset speaks
	Volume  int  // steps above the headset's own loudness, -3 to 3
}

// Theme is the colours of the screen.
type Theme string

// The themes.
const (
	Light    Theme = ""
	Dark     Theme = "dark"
	Contrast Theme = "contrast" // yellow on black
	Calm     Theme = "calm"
)

// Size is how large the text is.
type Size string

// The sizes: once, one and a half times, twice.
const (
	Normal  Size = ""
	Larger  Size = "large"
	Largest Size = "largest"
)

// Slower is by how much every wait grows with Slow (EN 1332-4: "more time").
const Slower = 3

func (e Ease) stretch(d time.Duration) time.Duration {
	if e.Slow {
		return d * Slower
	}
	return d
}

// choose sets one thing, "theme:dark". What it does not know changes nothing.
func (e Ease) choose(choice string, house House) Ease {
	what, value, _ := strings.Cut(choice, ":")
	on := value == "on"
	switch what {
	case "lang":
		if slices.Contains(house.Languages, value) {
			e.Lang = value
		}
	case "theme":
		if t := Theme(value); value == "light" || t == Dark || t == Contrast || t == Calm {
			e.Theme = Theme(strings.TrimPrefix(value, "light"))
		}
	case "size":
		if s := Size(value); value == "normal" || s == Larger || s == Largest {
			e.Size = Size(strings.TrimPrefix(value, "normal"))
		}
	case "volume":
		e.Volume = turned(e.Volume, value)
	case "side":
		e.Left = value == "left"
	case "reach":
		e.Low = value == "low"
	case "time":
		e.Slow = value == "more"
	case "steady":
		e.Steady = on
	case "motion":
		e.Still = value == "off"
	case "titles":
		e.Hidden = (value == "hide") != house.Plain
	case "speech":
		e.Speech = on
	case "curtain":
		e.Curtain = on
	}
	return e
}

func turned(volume int, value string) int {
	switch value {
	case "up":
		return min(volume+1, 3)
	case "down":
		return max(volume-1, -3)
	}
	return volume
}

// Secret is what was typed or tapped and is nobody's business: digits of a PIN
// or of a card. It prints as a mask, and refuses to be JSON.
type Secret string

// String masks it, so that no %v can spill it.
func (s Secret) String() string { return strings.Repeat("•", len(s)) }

// GoString masks it, so that no %#v can spill it.
func (s Secret) GoString() string { return s.String() }

// MarshalText masks it, so that no JSON can spill it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
