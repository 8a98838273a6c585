package screen

import (
	"strconv"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// Spoken is what the headset says of a state from its beginning, one utterance
// each: the heading, the text, what is on the list, then the buttons in the
// order of the page. The digits of a PIN are never among them, nor is a title
// that the borrower has hidden.
func (s *Screen) Spoken(st visit.State, at circ.Moment) []string {
	return s.draw.spoken(st, at)
}

func (d drawer) spoken(st visit.State, at circ.Moment) []string {
	v := d.view(st, at)
	w := d.in(v.Lang).Words
	said := []string{sentence(v.Count, v.Heading)}
	if v.Screen == visit.Warn && v.Over == visit.NoOverlay && v.Question == NoQuestion {
		said[0] = v.Heading
		said = append(said, w.SpeakCount("speech.seconds", v.Seconds, nil))
	}
	if v.Band != nil {
		said = append(said, v.Band.Text)
	}
	said = append(said, v.Body...)
	said = append(said, v.Note, v.Device)
	if v.Typed != nil {
		said = append(said, v.Typed.Text)
	}
	if v.Screen == visit.PIN && v.Over == visit.NoOverlay {
		said = append(said, w.Speak("speech.private", nil))
	}
	if v.Ask != nil {
		said = append(said, v.Ask.Heading, v.Ask.Title)
		said = append(said, v.Ask.Body...)
	}
	said = append(said, listSpoken(w, v)...)
	return plainly(append(said, buttonsSpoken(w, v)...))
}

// SpokenNews is what the headset says when one state has followed another on
// the same screen: what has become of the items, in one sentence, and what
// needs the borrower now. Nothing, if nothing of that is new; and everything,
// if the screen is another one.
func (s *Screen) SpokenNews(was, is visit.State, at circ.Moment) []string {
	if turned(was, is) || was.Ease.Lang != is.Ease.Lang {
		return s.Spoken(is, at)
	}
	before, now := s.draw.view(was, at), s.draw.view(is, at)
	w := s.draw.in(now.Lang).Words
	var said []string
	if n := read(is) - read(was); n > 0 {
		said = append(said, w.SpeakCount("speech.items_read", n, nil))
	}
	if now.Heading != before.Heading || now.Count != before.Count && now.Screen != visit.Warn {
		said = append(said, sentence(now.Count, now.Heading))
	}
	if now.Typed != nil && before.Typed != nil && now.Typed.N != before.Typed.N {
		said = append(said, now.Typed.Text)
	}
	if now.Note != before.Note {
		said = append(said, now.Note)
	}
	if now.Urgent != before.Urgent && now.Ask != nil {
		said = append(said, now.Ask.Heading, now.Ask.Title)
		said = append(said, now.Ask.Body...)
	}
	return plainly(append(said, choicesSpoken(w, before, now)...))
}

// read counts the items that a visit has seen.
func read(st visit.State) int { return len(st.Lines) }

// choicesSpoken says how a thing stands that was just chosen.
func choicesSpoken(w words.Words, before, now View) []string {
	var said []string
	for i, b := range now.Buttons {
		if i < len(before.Buttons) && b.State != "" && b.State != before.Buttons[i].State {
			said = append(said, w.Speak("speech.chosen", words.Fill{"label": b.Label + ": " + b.State}))
		}
	}
	return said[:min(len(said), 1)] // the loudness stands on two buttons
}

// listSpoken reads the list, newest first, as it lies on the screen.
func listSpoken(w words.Words, v View) []string {
	if len(v.Lines) == 0 {
		return nil
	}
	said := []string{w.SpeakCount("speech.list", len(v.Lines), nil)}
	for _, l := range v.Lines {
		said = append(said, sentence(l.Title+":", l.Word+".", l.Text, l.Put, l.Check))
	}
	return append(said, w.Speak("speech.list_end", nil))
}

// buttonsSpoken numbers the buttons. The ten digits are left out: a keypad has
// them under the fingers.
func buttonsSpoken(w words.Words, v View) []string {
	all := inOrder(v)
	if len(all) == 0 {
		return []string{w.Speak("speech.nothing", nil)}
	}
	var said []string
	for i, b := range all {
		said = append(said, buttonSpoken(w, b, i+1, len(all)))
	}
	return said
}

func buttonSpoken(w words.Words, b Button, n, of int) string {
	label := b.Label
	if b.State != "" {
		label += ": " + b.State
	}
	if b.Lang != "" && b.Chosen {
		label = w.Speak("speech.chosen", words.Fill{"label": label})
	}
	return w.Speak("speech.button", words.Fill{"n": strconv.Itoa(n), "of": strconv.Itoa(of), "label": label})
}

// focusSpoken is what the headset says of the element that a key has moved to,
// by its id in the page. Of a digit it says nothing: what is typed of a PIN is
// not to be heard, and so neither is where the fingers are.
func (d drawer) focusSpoken(v View, id string) string {
	w := d.in(v.Lang).Words
	switch id {
	case "heading":
		return words.Bare(sentence(v.Count, v.Heading))
	case "newer", "older":
		return words.Bare(w.Say("page."+id, nil))
	}
	all := inOrder(v)
	for i, b := range all {
		if (tapForm{Button: b}).ID() == id {
			return words.Bare(buttonSpoken(w, b, i+1, len(all)))
		}
	}
	return ""
}

// inOrder is the buttons in the order in which a key goes through the page.
func inOrder(v View) []Button {
	f := face{View: v}
	order := []Place{PlaceAsk, PlaceOption, PlaceChoice, PlaceKey}
	if f.NextFirst() {
		order = append(order, PlacePrimary, PlaceSecondary, PlaceAgain, PlaceTool)
	} else {
		order = append(order, PlaceTool, PlaceAgain, PlaceSecondary, PlacePrimary)
	}
	var out []Button
	for _, p := range order {
		all := v.Buttons
		if p == PlaceTool {
			all = f.Tools()
		}
		for _, b := range all {
			if b.Place == p && b.Button != visit.TapDigit {
				out = append(out, b)
			}
		}
	}
	return out
}

// sentence joins what is said in one breath.
func sentence(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// plainly drops what is empty, and the marks that only a reader needs.
func plainly(said []string) []string {
	var out []string
	for _, s := range said {
		if s = strings.TrimSpace(words.Bare(s)); s != "" {
			out = append(out, s)
		}
	}
	return out
}
