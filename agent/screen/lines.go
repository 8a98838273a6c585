package screen

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// Line is one item as its tile shows it.
type Line struct {
	Item  circ.ItemID     `json:"item,omitempty"`
	Title string          `json:"title"` // or "Item ending 4821"
	Kind  circ.Kind       `json:"kind,omitempty"`
	State visit.LineState `json:"state"`
	Tone  Tone            `json:"tone"`
	Word  string          `json:"word"`            // the state in a word or two
	Text  string          `json:"text,omitempty"`  // when to bring it back, or why not
	Put   string          `json:"put,omitempty"`   // where to put it
	Check string          `json:"check,omitempty"` // which parts to look for
	Due   string          `json:"due,omitempty"`   // YYYY-MM-DD, if it is lent
}

// line is one tile: of the n-th item of a visit, counted from 0.
func (d drawer) line(l visit.Line, n int, st visit.State) Line {
	out := Line{Item: l.Item, Title: d.title(l, n, st), Kind: l.Kind, State: l.State, Check: d.check(l)}
	switch l.State {
	case visit.LineDone:
		d.doneLine(&out, l)
	case visit.LineRefused, visit.LineLeftOut:
		d.refusedLine(&out, l)
	default:
		d.openLine(&out, l, st.Devices)
	}
	if finished(l) && lends(l.Kind) && !l.Decision.Due.IsZero() {
		out.Due = l.Decision.Due.Format("2006-01-02")
	}
	return out
}

// title is how an item is called: by its title, by the end of its number, or,
// where the neighbours shall not read along, by its place in the visit.
func (d drawer) title(l visit.Line, n int, st visit.State) string {
	switch {
	case hidesTitles(st):
		return d.Say("page.numbered", words.Fill{"n": strconv.Itoa(n + 1)})
	case l.Title != "":
		return short(l.Title)
	case l.Item != "":
		return d.Say("page.untitled", words.Fill{"tail": l.Item.Tail()})
	}
	return d.Say("page.unnumbered", nil)
}

// hidesTitles turns the venue's own way round where the borrower has asked for it.
func hidesTitles(st visit.State) bool { return st.Ease.Hidden != st.House.Plain }

// longest is how much of a title is shown: two lines of a tile.
const longest = 56

// short cuts a long title after a word.
func short(title string) string {
	r := []rune(title)
	if len(r) <= longest {
		return title
	}
	cut := string(r[:longest])
	if space := strings.LastIndexByte(cut, ' '); space > longest/2 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,;:.-") + "…"
}

// check asks to look for the parts that no tag can vouch for.
func (d drawer) check(l visit.Line) string {
	if !slices.Contains(l.Decision.Flags, circ.ItemCheckParts) || len(l.Parts) == 0 {
		return ""
	}
	return d.Count("line.text.check-parts", len(l.Parts), words.Fill{"parts": some(l.Parts)})
}

// some names the first few of many.
func some(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " …"
	}
	return strings.Join(names, ", ")
}

// openLine is a line that has not come to its end, or came to a bad one.
func (d drawer) openLine(out *Line, l visit.Line, dev visit.Devices) {
	state := string(l.State)
	out.Tone = toneOf(l.State)
	out.Word = d.Say("line.word."+state, nil)
	switch {
	case l.State == visit.LineUnsecured && l.Asked: // lent, and left here all the same
		out.Text = d.Say("line.text.unsecured_nodate", nil)
		out.Put = d.Say("line.text.asked", nil)
	case l.State == visit.LineUnsecured && l.Decision.Due.IsZero():
		out.Text = d.Say("line.text.unsecured_nodate", nil)
	case l.State == visit.LineUnsecured:
		out.Text = d.Say("line.text.unsecured", words.Fill{"date": d.Date(l.Decision.Due)})
	case l.State == visit.LineParts:
		out.Text = d.Say("line.text.parts", words.Fill{"n": strconv.Itoa(distinct(l.Tags)), "of": strconv.Itoa(l.Of)})
		out.Check = d.missing(l)
	case l.State == visit.LineUnreadable && !dev.Scanner:
		out.Put = d.Say("shelf.help", nil)
	default:
		out.Text = d.Say("line.text."+state, nil)
	}
}

// toneOf an unfinished line.
func toneOf(s visit.LineState) Tone {
	switch s {
	case visit.LineRecording, visit.LineSecuring, visit.LineUndo:
		return ToneWorking
	case visit.LineSeen:
		return TonePlain
	}
	return ToneNeeds
}

// doneLine tells the borrower of a loan when, and of a return where to.
func (d drawer) doneLine(out *Line, l visit.Line) {
	out.Tone = ToneDone
	out.Word = d.Say("line.word.done."+kind(l), nil)
	dec := l.Decision
	switch {
	case l.Kind == circ.Cancel:
		out.Text = d.Say("line.text.cancelled", nil)
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
	return d.Say(key, words.Fill{"date": d.Date(dec.Due)})
}

// returned marks a return that does not go to the ordinary box in another
// colour, with another word.
func (d drawer) returned(out *Line, dec circ.Decision) {
	out.Put = d.shelf(dec.Shelf)
	switch dec.Shelf {
	case circ.HoldShelf:
		out.Tone, out.Word = ToneNeeds, d.Say("line.word.hold", nil)
		out.Text = d.Say("reason.item-held_return", nil)
		return
	case circ.HelpShelf:
		out.Tone, out.Word = ToneNeeds, d.Say("line.word.staff", nil)
	case circ.KeepIt:
		out.Tone, out.Word = TonePlain, d.Say("line.word.keep", nil)
	}
	out.Text = d.whyThere(dec)
}

// whyThere says why a return goes where it goes. The ordinary way needs no
// reason.
func (d drawer) whyThere(dec circ.Decision) string {
	switch {
	case dec.Reason != circ.OK:
		return d.reason(dec.Reason, circ.Return)
	case dec.Shelf == circ.HelpShelf && len(dec.Flags) > 0 && dec.Flags[0] != circ.ItemCheckParts:
		return d.reason(dec.Flags[0], circ.Return)
	}
	return ""
}

func (d drawer) refusedLine(out *Line, l visit.Line) {
	out.Tone = ToneRefused
	out.Word = d.Say("line.word.refused."+kind(l), nil)
	out.Text = d.reason(l.Decision.Reason, l.Kind)
	out.Put = d.shelf(l.Decision.Shelf)
	if l.State == visit.LineLeftOut {
		out.Tone = TonePlain
		out.Word = d.Say("line.word.left-out", nil)
	}
	if l.Decision.Reason == "" || l.Decision.Reason == circ.OK {
		out.Text = ""
	}
	if out.Put == "" {
		out.Put = d.Say("line.text.left-out", nil)
	}
	if r := l.Decision.Reason; r == circ.ItemParts || r == circ.SetIncomplete {
		out.Check = d.missing(l)
	}
}

// reason has other words for a return where the same cause means another thing.
func (d drawer) reason(r circ.Reason, k circ.Kind) string {
	if r == "" {
		return ""
	}
	key := "reason." + string(r)
	if k == circ.Return && d.Has(key+"_return") {
		key += "_return"
	}
	return d.Say(key, nil)
}

func (d drawer) shelf(s circ.Shelf) string {
	if s == circ.NoShelf {
		return ""
	}
	return d.Say("shelf."+string(s), nil)
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

// missing names the parts of a set that have not been seen, if they have names.
func (d drawer) missing(l visit.Line) string {
	names := missingParts(l)
	if len(names) == 0 || len(l.Tags) == 0 {
		return ""
	}
	return d.Say("line.text.missing", words.Fill{"parts": some(names)})
}

// distinct counts parts and not tags: two tags may claim to be the same part.
func distinct(tags []visit.Tag) int {
	parts := map[int]bool{}
	for _, t := range tags {
		parts[t.Part] = true
	}
	return len(parts)
}
