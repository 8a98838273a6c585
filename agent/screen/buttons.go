package screen

import (
	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// Place is where a button is.
type Place string

// The places. Primary is the one obvious next step, at the end of the bottom row.
const (
	PlacePrimary   Place = "primary"
	PlaceSecondary Place = "secondary"
	PlaceOption    Place = "option" // under the words
	PlaceChoice    Place = "choice" // large, in the middle of the screen
	PlaceAsk       Place = "ask"    // under Ask
	PlaceKey       Place = "key"    // of the number pad
	PlaceTool      Place = "tool"   // Help, Languages, Easier to use: always there, always in the same place
	PlaceAgain     Place = "again"  // Start again, or Back, beside them
	PlaceCurtain   Place = "curtain"
)

// Button is what can be tapped.
type Button struct {
	Button visit.Button `json:"button"`
	Item   circ.ItemID  `json:"item,omitempty"`
	Value  string       `json:"value,omitempty"` // a digit, or a choice such as "theme:dark"
	Label  string       `json:"label"`
	State  string       `json:"state,omitempty"` // how the thing stands now, in words
	Hint   string       `json:"hint,omitempty"`
	Lang   string       `json:"lang,omitempty"` // of the label, if it is not the page's
	Chosen bool         `json:"chosen,omitempty"`
	Place  Place        `json:"place"`
}

// button adds a button with the words of its screen.
func (d drawer) button(v *View, b visit.Button, at Place) {
	key := "screen." + string(v.Screen) + "." + string(b)
	v.add(Button{Button: b, Label: d.Say(key, nil), Hint: d.hint(key), Place: at})
}

// buttonFor is button where the words depend on how many things there are.
func (d drawer) buttonFor(v *View, b visit.Button, n int, at Place) {
	key := "screen." + string(v.Screen) + "." + string(b)
	v.add(Button{Button: b, Label: d.Count(key, n, nil), Hint: d.hint(key), Place: at})
}

func (d drawer) hint(key string) string {
	if d.Has(key + "_hint") {
		return d.Say(key+"_hint", nil)
	}
	return ""
}

// again adds Start again, which is whatever ends the visit from here.
func (d drawer) again(v *View, b visit.Button) {
	v.add(Button{Button: b, Label: d.Say("page.again", nil), Place: PlaceAgain})
}

// back adds Back in its place: it ends nothing.
func (d drawer) back(v *View) {
	v.add(Button{Button: visit.TapBack, Label: d.Say("page.back", nil), Place: PlaceAgain})
}

// keypad adds the ten digits, Clear and Enter.
func (d drawer) keypad(v *View) {
	for _, digit := range "1234567890" {
		v.add(Button{Button: visit.TapDigit, Value: string(digit), Label: string(digit), Place: PlaceKey})
	}
	d.button(v, visit.TapClear, PlaceKey)
	d.button(v, visit.TapEnter, PlacePrimary)
}

// hasTools says whether a borrower is listened to beside what the screen asks:
// not while there are seconds to answer, and not while the kiosk is not theirs.
func hasTools(st visit.State) bool {
	switch st.Screen {
	case visit.Warn, visit.Settle, visit.Bye:
		return false
	}
	return st.Mode == visit.InService || st.Mode == "" || st.Shows() == visit.InService
}

// tools adds what is on every screen, in the same order and place.
func (d drawer) tools(v *View, st visit.State) {
	if !hasTools(st) {
		return
	}
	v.add(Button{Button: visit.TapHelp, Label: d.Say("page.help", nil), Chosen: v.Over == visit.Help, Place: PlaceTool})
	if len(d.tongues) > 1 {
		v.add(Button{Button: visit.TapLanguages, Label: d.Say("page.languages", nil), Chosen: v.Over == visit.Languages, Place: PlaceTool})
	}
	v.add(Button{Button: visit.TapEase, Label: d.Say("page.ease", nil), Chosen: v.Over == visit.Easier, Place: PlaceTool})
}

// curtain hides the screen from the neighbours while the headset speaks. It is
// a button, so that nobody is left in the dark.
func (d drawer) curtain(v *View, st visit.State) {
	if st.Ease.Curtain && st.Ease.Speech && st.Devices.Headset && hasTools(st) {
		v.add(Button{Button: visit.TapChoose, Value: "curtain:off", Label: d.Say("ease.curtain.lift", nil), Place: PlaceCurtain})
	}
}

func (v *View) add(b Button) { v.Buttons = append(v.Buttons, b) }
