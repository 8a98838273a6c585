package paper

import (
	"nightdesk/agent/circ"
	"nightdesk/agent/words"
)

// par is one paragraph of the slip, not yet broken into rows. Its text is
// clean and may hold the isolates of isolate.go and no other control character.
type par struct {
	kind    parKind
	text    string
	instead string // said if text cannot be printed; only a title has it
	bold    bool
	large   bool
	centre  bool
}

type parKind int

const (
	said parKind = iota
	rule         // a line across
	gap          // an empty line
)

// compose says a slip in a language, from top to bottom.
func compose(s Slip, w Words) []par {
	var pars []par
	if v := clean(s.Venue); v != "" {
		pars = append(pars, par{text: v, bold: true, centre: true})
	}
	pars = append(pars, par{text: w.Say("receipt.title", nil), bold: true, large: true, centre: true})
	pars = append(pars, par{text: w.Say("receipt.at", words.Fill{
		"date": whole(w.Date(s.At)),
		"time": leftToRight(s.At.Format("15:04")),
	}), centre: true})
	if tail := lastFour(s.Card); tail != "" {
		pars = append(pars, par{text: w.Say("receipt.card", words.Fill{"card": leftToRight("••••" + tail)}), centre: true})
	}
	for _, sec := range sections() {
		pars = append(pars, sec.say(s.Lines, w)...)
	}
	return append(pars, foot(s, w)...)
}

func foot(s Slip, w Words) []par {
	pars := []par{{kind: rule}}
	if s.Saved {
		pars = append(pars, par{text: w.Say("receipt.saved", nil)}, par{kind: gap})
	}
	pars = append(pars, par{text: w.Say("receipt.thanks", nil)})
	if h := clean(s.Help); h != "" {
		pars = append(pars, par{text: own(h)}) // in the house's language, whatever the slip's
	}
	if p := clean(s.Phone); p != "" {
		pars = append(pars, par{text: leftToRight(p), bold: true})
	}
	return pars
}

// section is a heading and the lines that belong under it.
type section struct {
	heading string // key
	holds   func(SlipLine) bool
}

// sections lists what a slip is made of. A return that was not finished is no
// return, and does not stand among them.
func sections() []section {
	return []section{
		{"receipt.borrowed", func(l SlipLine) bool { return l.Kind == circ.Issue }},
		{"receipt.renewed", func(l SlipLine) bool { return l.Kind == circ.Renew }},
		{"receipt.returned", func(l SlipLine) bool { return l.Kind == circ.Return && !l.Unfinished }},
		{"receipt.incomplete", func(l SlipLine) bool { return l.Kind == circ.Return && l.Unfinished }},
	}
}

// say gives the section's paragraphs; none if it holds nothing.
func (sec section) say(lines []SlipLine, w Words) []par {
	var items []par
	n := 0
	for _, l := range lines {
		if sec.holds(l) {
			items = append(items, par{kind: gap})
			items = append(items, l.say(w)...)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	head := []par{{kind: rule}, {text: w.Say(sec.heading, nil), bold: true}}
	if n > 1 {
		head = append(head, par{text: w.Count("receipt.total", n, nil)})
	}
	return append(head, items...)
}

// say gives the title, when to bring it back, and what else there is to know.
func (l SlipLine) say(w Words) []par {
	tail := w.Say("page.untitled", words.Fill{"tail": leftToRight(clean(l.Item.Tail()))})
	title := par{text: own(clean(l.Title)), instead: tail}
	if clean(l.Title) == "" {
		title = par{text: tail}
	}
	pars := []par{title}
	if !l.Due.IsZero() {
		pars = append(pars, par{text: w.Say("receipt.due", words.Fill{"date": whole(w.Date(l.Due))}), bold: true})
	}
	if l.Provisional && !l.Due.IsZero() {
		pars = append(pars, par{text: w.Say("receipt.provisional", nil)})
	}
	if l.Unfinished && l.Kind == circ.Issue {
		pars = append(pars, par{text: w.Say("receipt.unsecured", nil)})
	}
	if n := clean(l.Note); n != "" {
		pars = append(pars, par{text: n})
	}
	return pars
}
