package screen

import (
	"strconv"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// cardAsk asks for the card, and says so when what was shown was none.
func (d drawer) cardAsk(v *View, st visit.State) {
	if st.Typing {
		d.typing(v, st)
		return
	}
	key := "screen.card."
	v.Heading, v.Body = d.Say(key+"heading", nil), []string{d.Say(key+"body", nil)}
	if !st.Devices.Scanner {
		v.Body = []string{d.Say(key+"body_nolight", nil)}
		v.Device, v.Picture = "", "lay"
	}
	if what := wrongCard(st.Note); what != "" {
		v.Heading, v.Body, v.Note = d.Say(key+what+"_heading", nil), []string{d.Say(key+what+"_body", nil)}, ""
		v.Urgent = v.Heading
	}
	if st.Devices.Online {
		d.button(v, visit.TapType, PlaceSecondary)
	}
	if len(st.Lines) > 0 { // goes back to the items, and ends nothing
		d.back(v)
		return
	}
	d.again(v, visit.TapBack)
}

// wrongCard names the words for what was shown instead of a card.
func wrongCard(n visit.Note) string {
	switch n {
	case visit.NoteCheckDigit:
		return "retry"
	case visit.NoteCardFirst:
		return "item"
	case visit.NoteNotUnderstood, visit.NoteISBN:
		return "wrong"
	}
	return ""
}

func (d drawer) typing(v *View, st visit.State) {
	v.Heading = d.Say("screen.card.typing_heading", nil)
	v.Body = []string{d.Say("screen.card.typing_body", nil)}
	n := len(st.Typed)
	v.Typed = &Typed{N: n, Text: d.Count("screen.card.typed", n, nil), mask: maskCard(string(st.Typed))}
	v.Say = v.Typed.Text
	d.keypad(v)
	d.back(v)
}

// maskCard shows the last four of a number that is being typed, so that a slip
// is seen, and the rest as dots in groups of four.
func maskCard(typed string) string {
	var b strings.Builder
	for i, c := range typed {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		if i < len(typed)-4 {
			c = '•'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (d drawer) pin(v *View, st visit.State) {
	of := st.House.Digits()
	key := "screen.pin."
	v.Heading, v.Body = d.Say(key+"heading", nil), []string{d.Count(key+"body", of, nil)}
	if st.Left > 0 {
		v.Heading, v.Body = d.Say(key+"wrong_heading", nil), []string{d.Count(key+"wrong_body", st.Left, nil)}
		v.Urgent = v.Heading + ". " + v.Body[0]
	}
	if st.Note == visit.NotePIN {
		v.Heading, v.Body, v.Note = d.Say(key+"forgot_heading", nil), []string{d.Say(key+"forgot_body", nil)}, ""
	} else {
		d.button(v, visit.TapForgot, PlaceOption)
	}
	n := len(st.Typed)
	v.Typed = &Typed{N: n, Of: of, Text: d.Count(key+"typed", n, words.Fill{"of": strconv.Itoa(of)})}
	v.Say = v.Typed.Text
	d.keypad(v)
	d.back(v)
}

// stop says why this card cannot borrow, without shaming anybody: only causes
// that are not about the person have words of their own, and the rest opens on
// a touch.
func (d drawer) stop(v *View, st visit.State) {
	d.plain(v)
	reason := st.Standing.Reason
	why := "screen.stop.why." + string(reason)
	if told := d.Has(why + ".heading"); told {
		v.Heading = d.Say(why+".heading", nil)
		v.Body = []string{d.Say(why+".body", nil)}
	} else {
		d.showWhy(v, st)
	}
	if d.phone != "" {
		v.Body = append(v.Body, d.Say("help.phone", words.Fill{"phone": d.phone}))
	}
	d.button(v, visit.TapReturn, PlaceSecondary)
	if reason == circ.BorrowerUnknown && !worked(st.Lines) {
		d.button(v, visit.TapTryAgain, PlacePrimary)
		d.again(v, visit.TapOK)
		return
	}
	d.button(v, visit.TapOK, PlacePrimary)
}

func (d drawer) showWhy(v *View, st visit.State) {
	label := "screen.stop.why"
	if st.Why {
		label = "screen.stop.why_hide"
		v.Body = append(v.Body, d.Say("screen.stop.why_text", nil))
	}
	v.add(Button{Button: visit.TapWhy, Label: d.Say(label, nil), Place: PlaceOption})
}

// worked says whether anything has been asked of the ledger in this visit.
func worked(lines []visit.Line) bool {
	for _, l := range lines {
		if l.Kind != "" {
			return true
		}
	}
	return false
}

// tell says what there is to tell this borrower.
func (d drawer) tell(v *View, st visit.State) {
	v.Heading = d.Say("screen.note.heading", nil)
	v.Body = d.messages(st.Standing.Notes)
	if len(v.Body) == 0 {
		v.Body = []string{d.Say("screen.note.other", nil)}
	}
	d.button(v, visit.TapFinish, PlaceSecondary)
	d.button(v, visit.TapCarryOn, PlacePrimary)
}

// messages are the codes that have words here. One that has none is from a
// later central, and says nothing to anybody.
func (d drawer) messages(codes []string) []string {
	var out []string
	for _, code := range codes {
		if d.Has("message." + code) {
			out = append(out, d.Say("message."+code, nil))
		}
	}
	return out
}
