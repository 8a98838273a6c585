package screen

import (
	"cmp"
	"strconv"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// Line is one item as its tile shows it.
type Line struct {
	Item  circ.ItemID     `json:"item,omitempty"`
	Title string          `json:"title"` // or "Item ending 4821"
	Kind  circ.Kind       `json:"kind,omitempty"`
	State visit.LineState `json:"state"`
	Tone  Tone            `json:"tone"`
	Word  string          `json:"word"`           // the state in a word or two
	Text  string          `json:"text,omitempty"` // when to bring it back, or why not
	Put   string          `json:"put,omitempty"`  // where to put it
	Due   string          `json:"due,omitempty"`  // YYYY-MM-DD, if it is lent
}

// line is one tile.
func (d drawer) line(l visit.Line, dev visit.Devices) Line {
	out := Line{Item: l.Item, Title: d.title(l), Kind: l.Kind, State: l.State}
	switch l.State {
	case visit.LineDone:
		d.doneLine(&out, l)
	case visit.LineRefused, visit.LineLeftOut:
		d.refusedLine(&out, l)
	default:
		d.openLine(&out, l, dev)
	}
	if finished(l) && lends(l.Kind) && !l.Decision.Due.IsZero() {
		out.Due = l.Decision.Due.Format("2006-01-02")
	}
	return out
}

func (d drawer) title(l visit.Line) string {
	switch {
	case l.Title != "":
		return l.Title
	case l.Item != "":
		return d.say("page.untitled", fill{"tail": l.Item.Tail()})
	}
	return d.say("page.unnumbered", nil)
}

// openLine is a line that has not come to its end, or came to a bad one.
func (d drawer) openLine(out *Line, l visit.Line, dev visit.Devices) {
	state := string(l.State)
	out.Tone = toneOf(l.State)
	out.Word = d.say("line.word."+state, nil)
	switch {
	case l.State == visit.LineUnsecured && l.Asked: // lent, and left here all the same
		out.Text = d.say("line.text.unsecured_nodate", nil)
		out.Put = d.say("line.text.asked", nil)
	case l.State == visit.LineUnsecured && l.Decision.Due.IsZero():
		out.Text = d.say("line.text.unsecured_nodate", nil)
	case l.State == visit.LineUnsecured:
		out.Text = d.say("line.text.unsecured", fill{"date": d.date(l.Decision.Due)})
	case l.State == visit.LineParts:
		out.Text = d.say("line.text.parts", fill{"n": strconv.Itoa(distinct(l.Tags)), "of": strconv.Itoa(l.Of)})
	case l.State == visit.LineUnreadable && !dev.Scanner:
		out.Put = d.say("shelf.help", nil)
	default:
		out.Text = d.say("line.text."+state, nil)
	}
}

// toneOf an unfinished line.
func toneOf(s visit.LineState) Tone {
	switch s {
	case visit.LineRecording, visit.LineSecuring:
		return ToneWorking
	case visit.LineSeen:
		return TonePlain
	}
	return ToneNeeds
}

// doneLine tells the borrower of a loan when, and of a return where to.
func (d drawer) doneLine(out *Line, l visit.Line) {
	out.Tone = ToneDone
	out.Word = d.say("line.word.done."+kind(l), nil)
	dec := l.Decision
	switch {
	case l.Kind == circ.Cancel:
		out.Text = d.say("line.text.cancelled", nil)
		out.Put = d.shelf(dec.Shelf)
	case lends(l.Kind) && !dec.Due.IsZero():
		out.Text = d.due(dec)
	case lends(l.Kind):
		out.Text = d.reason(dec.Reason, l.Kind)
	default:
		d.returned(out, dec)
	}
}

func (d drawer) due(dec circ.Decision) string {
	key := "line.text.due"
	if dec.Provisional {
		key = "line.text.due_provisional"
	}
	return d.say(key, fill{"date": d.date(dec.Due)})
}

// returned marks a return that does not go to the ordinary box in another
// colour, with another word.
func (d drawer) returned(out *Line, dec circ.Decision) {
	out.Put = d.shelf(dec.Shelf)
	switch dec.Shelf {
	case circ.HoldShelf:
		out.Tone, out.Word = ToneNeeds, d.say("line.word.hold", nil)
		out.Text = d.say("reason.item-held_return", nil)
		return
	case circ.HelpShelf:
		out.Tone, out.Word = ToneNeeds, d.say("line.word.staff", nil)
	case circ.KeepIt:
		out.Tone, out.Word = TonePlain, d.say("line.word.keep", nil)
	}
	out.Text = d.whyThere(dec)
}

// whyThere says why a return goes where it goes. The ordinary way needs no
// reason.
func (d drawer) whyThere(dec circ.Decision) string {
	switch {
	case dec.Reason != circ.OK:
		return d.reason(dec.Reason, circ.Return)
	case dec.Shelf == circ.HelpShelf && len(dec.Flags) > 0:
		return d.reason(dec.Flags[0], circ.Return)
	}
	return ""
}

func (d drawer) refusedLine(out *Line, l visit.Line) {
	out.Tone = ToneRefused
	out.Word = d.say("line.word.refused."+kind(l), nil)
	out.Text = d.reason(l.Decision.Reason, l.Kind)
	out.Put = d.shelf(l.Decision.Shelf)
	if l.State == visit.LineLeftOut {
		out.Tone = TonePlain
		out.Word = d.say("line.word.left-out", nil)
	}
	if l.Decision.Reason == "" || l.Decision.Reason == circ.OK {
		out.Text = ""
	}
	if out.Put == "" {
		out.Put = d.say("line.text.left-out", nil)
	}
}

// reason has other words for a return where the same cause means another thing.
func (d drawer) reason(r circ.Reason, k circ.Kind) string {
	if r == "" {
		return ""
	}
	key := "reason." + string(r)
	if k == circ.Return && d.has(key+"_return") {
		key += "_return"
	}
	return d.say(key, nil)
}

func (d drawer) shelf(s circ.Shelf) string {
	if s == circ.NoShelf {
		return ""
	}
	return d.say("shelf."+string(s), nil)
}

// kind is the act of a line; a line that nothing was asked of yet is a loan to be.
func kind(l visit.Line) string {
	return string(cmp.Or(l.Kind, circ.Issue))
}

func lends(k circ.Kind) bool { return k == circ.Issue || k == circ.Renew || k == "" }

// finished says whether what was asked of an item stands.
func finished(l visit.Line) bool {
	return l.State == visit.LineDone || l.State == visit.LineUnsecured
}

// distinct counts parts and not tags: two tags may claim to be the same part.
func distinct(tags []visit.Tag) int {
	parts := map[int]bool{}
	for _, t := range tags {
		parts[t.Part] = true
	}
	return len(parts)
}
