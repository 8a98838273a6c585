package screen

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// list draws the screens that show items: the count, what to do now, the tiles.
func (d drawer) list(v *View, st visit.State) {
	for i := len(st.Lines) - 1; i >= 0; i-- {
		if v.Screen != visit.Fix || st.NeedsYou() == 0 || unsettled(st.Lines[i]) {
			v.Lines = append(v.Lines, d.line(st.Lines[i], i, st))
		}
	}
	switch v.Screen {
	case visit.Fix:
		d.fix(v, st.NeedsYou())
	case visit.GiveBack:
		d.giveBack(v, st)
	default:
		d.borrow(v, st)
	}
	d.ask(v, st)
	v.Say = strings.TrimSpace(v.Count + " " + v.Heading)
	if v.Ask == nil {
		return
	}
	v.Body = nil // one thing at a time
	v.Urgent = strings.TrimSpace(v.Ask.Heading + ". " + v.Ask.Title)
}

// unsettled says whether the borrower could still do something about a line.
func unsettled(l visit.Line) bool {
	return l.State == visit.LineParts || l.State == visit.LinePutBack || l.State == visit.LineUnreadable
}

func (d drawer) borrow(v *View, st visit.State) {
	lines := ofKind(st.Lines, circ.Issue)
	if len(lines) == 0 {
		d.empty(v, st)
		return
	}
	if st.Devices.Online {
		d.button(v, visit.TapAccount, PlaceSecondary)
	}
	done := d.progress(v, lines)
	switch {
	case st.Busy():
		v.Body = []string{d.Say("screen.borrow.reading_body", nil)}
	case done > 0:
		v.Body = []string{d.dueOf(lines, done)}
		if !st.Devices.Online {
			v.Body = append(v.Body, d.Say("screen.borrow.saved", nil))
		}
		v.Body = append(v.Body, d.Say("screen.borrow.more", nil))
	}
	d.button(v, visit.TapFinish, PlacePrimary)
}

func (d drawer) giveBack(v *View, st visit.State) {
	lines := ofKind(st.Lines, circ.Return)
	if !returnsOnly(st) && !st.Busy() {
		d.button(v, visit.TapBorrow, PlaceSecondary)
	}
	if len(lines) == 0 {
		d.empty(v, st)
		return
	}
	done := d.progress(v, lines)
	switch {
	case st.Busy():
		v.Body = []string{d.Say("screen.return.reading_body", nil)}
	case done > 0:
		v.Body = []string{d.Say("screen.return.where", nil)}
		if !st.Devices.Online {
			v.Body = append(v.Body, d.Say("screen.return.saved", nil))
		}
		v.Body = append(v.Body, d.Say("screen.return.more", nil))
	}
	d.button(v, visit.TapFinish, PlacePrimary)
}

// empty asks for the first item. There is nothing to finish yet, so the way
// out is Start again.
func (d drawer) empty(v *View, st visit.State) {
	key, how := "screen."+string(v.Screen)+".", ""
	v.Picture = "put"
	if !onPads(st.Devices) {
		how, v.Picture = "_nopads", "scan"
	}
	v.Heading = d.Say(key+"empty"+how, nil)
	v.Body = []string{d.Say(key+"empty_body"+how, nil)}
	if len(st.Lines) > 0 { // the other task has been done already
		d.button(v, visit.TapFinish, PlacePrimary)
		return
	}
	d.again(v, visit.TapFinish)
}

// progress sets the count, "2 of 5" or "5" when all are done, and returns how
// many are.
func (d drawer) progress(v *View, lines []visit.Line) int {
	key, done := "screen."+string(v.Screen), 0
	for _, l := range lines {
		if finished(l) {
			done++
		}
	}
	v.Count = strconv.Itoa(done)
	if done < len(lines) {
		v.Count = d.Say(key+".count", words.Fill{"n": strconv.Itoa(done), "of": strconv.Itoa(len(lines))})
	}
	v.Heading = d.Count(key+".heading", len(lines), nil)
	return done
}

func (d drawer) fix(v *View, n int) {
	if n == 0 {
		v.Heading = d.Say("screen.fix.nothing", nil)
		v.Body = []string{d.Say("screen.fix.nothing_body", nil)}
	} else {
		v.Count = strconv.Itoa(n)
		v.Heading = d.Count("screen.fix.heading", n, nil)
		v.Body = []string{d.Count("screen.fix.body", n, nil)}
	}
	d.button(v, visit.TapBack, PlaceSecondary)
	d.buttonFor(v, visit.TapLeave, n, PlacePrimary)
}

// ofKind keeps the lines that a count is about. A line that nothing was asked
// of yet belongs to the screen that it is seen on.
func ofKind(lines []visit.Line, k circ.Kind) []visit.Line {
	var out []visit.Line
	for _, l := range lines {
		if l.Kind == k || l.Kind == "" {
			out = append(out, l)
		}
	}
	return out
}

// dueOf says the date once if it is the same for all.
func (d drawer) dueOf(lines []visit.Line, done int) string {
	var due time.Time
	for _, l := range lines {
		if !finished(l) {
			continue
		}
		if l.Decision.Due.IsZero() || !due.IsZero() && d.Date(l.Decision.Due) != d.Date(due) {
			return d.Say("screen.borrow.due_each", nil)
		}
		due = l.Decision.Due
	}
	return d.Count("screen.borrow.due", done, words.Fill{"date": d.Date(due)})
}

// ask picks the one thing that the borrower should do now: the oldest of the
// gravest, so that it does not change under a finger.
func (d drawer) ask(v *View, st visit.State) {
	if i := oldest(st.Lines, visit.LinePutBack); i >= 0 {
		d.askPutBack(v, st, i)
		return
	}
	if v.Question == AskParked {
		d.askParked(v, st)
		return
	}
	if i := oldest(st.Lines, visit.LineParts); i >= 0 && !st.Busy() {
		d.askParts(v, st, i)
		return
	}
	if oldest(st.Lines, visit.LineUnreadable) >= 0 {
		d.askUnreadable(v, st.Devices)
	}
}

func oldest(lines []visit.Line, s visit.LineState) int {
	return slices.IndexFunc(lines, func(l visit.Line) bool { return l.State == s && !l.Asked })
}

func (d drawer) askPutBack(v *View, st visit.State, i int) {
	l := st.Lines[i]
	v.Ask = &Ask{
		Question: AskPutBack, Item: l.Item, Title: d.title(l, i, st),
		Heading: d.Say("question.put-back.heading", nil),
		Body:    []string{d.Say("question.put-back.body", nil)},
	}
	if v.Screen != visit.Fix || st.NeedsYou() > 1 {
		v.add(Button{Button: visit.TapLeave, Item: l.Item, Label: d.Say("question.put-back.leave", nil), Place: PlaceAsk})
	}
}

func (d drawer) askParked(v *View, st visit.State) {
	n := lying(visit.State{OnPad: st.Parked})
	v.Ask = &Ask{
		Question: AskParked,
		Heading:  d.Count("question.parked.heading", n, nil),
		Body:     []string{d.Count("question.parked.body", n, nil)},
	}
	v.add(Button{Button: visit.TapYes, Label: d.Say("question.parked.yes", nil), Place: PlaceAsk})
	v.add(Button{Button: visit.TapNo, Label: d.Say("question.parked.no", nil), Place: PlaceAsk})
}

func (d drawer) askParts(v *View, st visit.State, i int) {
	l := st.Lines[i]
	with := words.Fill{"n": strconv.Itoa(distinct(l.Tags)), "of": strconv.Itoa(l.Of)}
	v.Ask = &Ask{
		Question: AskParts, Item: l.Item, Title: d.title(l, i, st),
		Heading: d.Say("question.parts.heading", with),
		Body:    []string{d.Say("question.parts.body", with)},
	}
	if missing := missingParts(l); len(missing) > 0 {
		v.Ask.Body = append(v.Ask.Body, d.Say("question.parts.named", words.Fill{"parts": some(missing)}))
	}
	if v.Screen != visit.Fix || st.NeedsYou() > 1 {
		v.add(Button{Button: visit.TapLeave, Item: l.Item, Label: d.Say("question.parts.leave", nil), Place: PlaceAsk})
	}
}

// missingParts names the parts that have not been seen, if the parts have names.
func missingParts(l visit.Line) []string {
	seen := map[int]bool{}
	for _, t := range l.Tags {
		seen[t.Part] = true
	}
	var names []string
	for i, name := range l.Parts {
		if !seen[i+1] {
			names = append(names, name)
		}
	}
	return names
}

func (d drawer) askUnreadable(v *View, dev visit.Devices) {
	body := "question.unreadable.body"
	if !dev.Scanner {
		body += "_nolight"
	}
	v.Ask = &Ask{
		Question: TellCantRead,
		Heading:  d.Say("question.unreadable.heading", nil),
		Body:     []string{d.Say(body, nil)},
	}
}
