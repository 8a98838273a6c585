package screen

import (
	"strconv"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// plain fills in a screen that only says something.
func (d drawer) plain(v *View) {
	key := "screen." + string(v.Screen)
	v.Heading = d.say(key+".heading", nil)
	if d.has(key + ".body") {
		v.Body = []string{d.say(key+".body", nil)}
	}
}

// button adds a button with the words of its screen.
func (d drawer) button(v *View, b visit.Button, at Place) {
	key := "screen." + string(v.Screen) + "." + string(b)
	v.add(Button{Button: b, Label: d.say(key, nil), Hint: d.hint(key), Place: at})
}

// buttonFor is button where the words depend on how many things there are.
func (d drawer) buttonFor(v *View, b visit.Button, n int, at Place) {
	key := "screen." + string(v.Screen) + "." + string(b)
	v.add(Button{Button: b, Label: d.count(key, n, nil), Hint: d.hint(key), Place: at})
}

func (d drawer) hint(key string) string {
	if d.has(key + "_hint") {
		return d.say(key+"_hint", nil)
	}
	return ""
}

// again adds Start again, which is whatever ends the visit from here.
func (d drawer) again(v *View, b visit.Button) {
	v.add(Button{Button: b, Label: d.say("page.again", nil), Place: PlaceAgain})
}

func (v *View) add(b Button) { v.Buttons = append(v.Buttons, b) }

// returnsOnly says whether borrowing is not offered at all.
func returnsOnly(st visit.State) bool {
	return st.Devices.ReadOnly || st.Standing.Service == visit.ReturnsOnly
}

func (d drawer) home(v *View, st visit.State) {
	if returnsOnly(st) {
		v.Heading = d.say("screen.home.heading_returns", nil)
		v.Body = []string{d.say("screen.home.body_returns", nil)}
	} else {
		v.Heading = d.say("screen.home.heading", nil)
		d.button(v, visit.TapBorrow, PlaceChoice)
	}
	d.button(v, visit.TapReturn, PlaceChoice)
}

func (d drawer) padFull(v *View, st visit.State) {
	n := lying(st)
	v.Heading = d.count("screen.pad-full.heading", n, nil)
	if !returnsOnly(st) {
		d.buttonFor(v, visit.TapBorrow, n, PlaceChoice)
	}
	d.buttonFor(v, visit.TapReturn, n, PlaceChoice)
	d.again(v, visit.TapBack)
}

// lying counts the items on the pads that are not left from the visit before.
// A tag that cannot be read is taken for an item of its own.
func lying(st visit.State) int {
	if len(st.Lines) > 0 {
		return len(st.Lines)
	}
	items, odd := map[circ.ItemID]bool{}, 0
	for _, t := range st.OnPad {
		switch {
		case isParked(st, t):
		case t.Item == "":
			odd++
		default:
			items[t.Item] = true
		}
	}
	return len(items) + odd
}

func isParked(st visit.State, t visit.Tag) bool {
	for _, p := range st.Parked {
		if p.UID == t.UID {
			return true
		}
	}
	return false
}

func (d drawer) cardAsk(v *View, st visit.State) {
	d.plain(v)
	if !st.Devices.Scanner {
		v.Body = []string{d.say("screen.card.body_nolight", nil)}
		v.Device = ""
		v.Picture = "lay"
	}
	if len(st.Lines) > 0 { // goes back to the items, and ends nothing
		v.add(Button{Button: visit.TapBack, Label: d.say("page.back", nil), Place: PlaceAgain})
		return
	}
	d.again(v, visit.TapBack)
}

// stop says why this card cannot borrow, without shaming anybody: only causes
// that are not about the person have words of their own.
func (d drawer) stop(v *View, st visit.State) {
	d.plain(v)
	why := "screen.stop.why." + string(st.Standing.Reason)
	if d.has(why + ".heading") {
		v.Heading = d.say(why+".heading", nil)
		v.Body = []string{d.say(why+".body", nil)}
	}
	if d.phone != "" {
		v.Body = append(v.Body, d.say("help.phone", fill{"phone": d.phone}))
	}
	d.button(v, visit.TapReturn, PlaceSecondary)
	d.button(v, visit.TapOK, PlacePrimary)
}

func (d drawer) warn(v *View, st visit.State, now circ.Moment) {
	d.plain(v)
	v.Seconds = secondsLeft(st.Since+st.Warns(), now.Mono)
	v.Count = strconv.Itoa(v.Seconds)
	d.button(v, visit.TapFinish, PlaceSecondary)
	d.button(v, visit.TapMoreTime, PlacePrimary)
}

func (d drawer) otherCard(v *View) {
	v.Heading = d.say("question.other-card.heading", nil)
	v.Body = []string{d.say("question.other-card.body", nil)}
	v.add(Button{Button: visit.TapFinishOther, Label: d.say("question.other-card.finish-other", nil), Place: PlaceSecondary})
	v.add(Button{Button: visit.TapCarryOn, Label: d.say("question.other-card.carry-on", nil), Place: PlacePrimary})
}

// bye sums the visit up in counts: titles would stay for the next to read.
func (d drawer) bye(v *View, st visit.State) {
	borrowed, returned, unfinished := 0, 0, 0
	for _, l := range st.Lines {
		switch {
		case l.State == visit.LineIncomplete:
			unfinished++
		case finished(l) && l.Kind == circ.Issue:
			borrowed++
		case finished(l) && l.Kind == circ.Return:
			returned++
		}
	}
	v.Heading = d.say("screen.bye.heading", nil)
	if unfinished > 0 || st.Note != visit.NoNote {
		v.Heading, v.Picture = d.say("screen.bye.heading_left", nil), "info"
	}
	d.sum(v, "screen.bye.borrowed", borrowed)
	d.sum(v, "screen.bye.returned", returned)
	d.sum(v, "screen.bye.unfinished", unfinished)
	if borrowed > 0 || st.Task == visit.Borrowing {
		v.Body = append(v.Body, d.say("screen.bye.body", nil))
	} else {
		v.Body = append(v.Body, d.say("screen.bye.body_return", nil))
	}
	d.button(v, visit.TapOK, PlacePrimary)
}

func (d drawer) sum(v *View, key string, n int) {
	if n > 0 {
		v.Body = append(v.Body, d.count(key, n, nil))
	}
}
