package screen

import (
	"strconv"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// plain fills in a screen that only says something.
func (d drawer) plain(v *View) {
	key := "screen." + string(v.Screen)
	v.Heading = d.Say(key+".heading", nil)
	if d.Has(key + ".body") {
		v.Body = []string{d.Say(key+".body", nil)}
	}
}

// waiting is a screen on which the kiosk is at work, or not at work at all.
func (d drawer) waiting(v *View, st visit.State) {
	d.plain(v)
	switch v.Screen {
	case visit.Check:
		d.again(v, visit.TapBack)
	case visit.Renew:
		d.button(v, visit.TapOK, PlacePrimary)
	case Out:
		if !st.ModeAt.IsZero() && st.Mode == visit.Out {
			v.Body = append(v.Body, d.Say("screen.out.reported", words.Fill{"time": d.Time(st.ModeAt)}))
		}
		if st.Cause != visit.NoCause {
			v.Body = append(v.Body, d.Say("screen.out."+string(st.Cause), nil))
		}
	case visit.Screen(visit.Emergency):
		v.Venue, v.Card, v.Note, v.Urgent = "", "", "", v.Heading
	}
}

// returnsOnly says whether borrowing is not offered at all.
func returnsOnly(st visit.State) bool {
	return st.Devices.ReadOnly || st.Standing.Service == visit.ReturnsOnly
}

func (d drawer) home(v *View, st visit.State, now circ.Moment) {
	borrows := !returnsOnly(st)
	v.Heading = d.Say("screen.home.heading", nil)
	if borrows {
		d.button(v, visit.TapBorrow, PlaceChoice)
	} else {
		v.Heading = d.Say("screen.home.heading_returns", nil)
		v.Body = []string{d.Say("screen.home.body_returns", nil)}
	}
	d.button(v, visit.TapReturn, PlaceChoice)
	if st.Devices.Online {
		d.button(v, visit.TapAccount, PlaceChoice)
	} else if borrows && v.Band != nil && v.Band.Tone == ToneWorking {
		v.Body, v.Band = []string{d.Say("screen.home.body_offline", nil)}, nil // one line says it all
		if st.Note == visit.NoteNoAccount {
			v.Note = ""
		}
	}
	d.closing(v, st, now)
	if n := lying(visit.State{OnPad: st.Parked}); n > 0 {
		v.Body = append(v.Body, d.Count("screen.home.parked", n, nil))
	}
}

// closing takes the heading while the library is about to close.
func (d drawer) closing(v *View, st visit.State, now circ.Moment) {
	closes := st.Devices.Closes
	if closes.IsZero() {
		return
	}
	left := max(int((closes.Sub(now.Wall)+time.Minute-1)/time.Minute), 1)
	v.Heading = d.Count("screen.home.closing", left, words.Fill{"minutes": strconv.Itoa(left)})
	v.Body = append([]string{d.Say("screen.home.closing_body", words.Fill{"time": d.Time(closes)})}, v.Body...)
}

func (d drawer) padFull(v *View, st visit.State) {
	n := lying(st)
	v.Heading = d.Count("screen.pad-full.heading", n, nil)
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

// warn asks whether the borrower is still there. After half an hour there is
// no more time to give, and it says so.
func (d drawer) warn(v *View, st visit.State, now circ.Moment) {
	d.plain(v)
	v.Seconds = secondsLeft(st.Since+st.Warns(), now.Mono)
	v.Count = strconv.Itoa(v.Seconds)
	if st.Last() {
		v.Heading = d.Say("screen.warn.last_heading", nil)
		v.Body = []string{d.Say("screen.warn.last_body", nil)}
		d.button(v, visit.TapFinish, PlacePrimary)
		return
	}
	d.button(v, visit.TapFinish, PlaceSecondary)
	d.button(v, visit.TapMoreTime, PlacePrimary)
}

func (d drawer) otherCard(v *View) {
	v.Heading = d.Say("question.other-card.heading", nil)
	v.Body = []string{d.Say("question.other-card.body", nil)}
	v.add(Button{Button: visit.TapFinishOther, Label: d.Say("question.other-card.finish-other", nil), Place: PlaceSecondary})
	v.add(Button{Button: visit.TapCarryOn, Label: d.Say("question.other-card.carry-on", nil), Place: PlacePrimary})
}

// bye sums the visit up in counts: titles would stay for the next to read.
func (d drawer) bye(v *View, st visit.State) {
	borrowed, returned, unfinished := 0, 0, 0
	for _, l := range st.Lines {
		switch {
		case l.State == visit.LineIncomplete, !finished(l) && l.Decision.Shelf == circ.HelpShelf:
			unfinished++ // it does not go home, and not back on the shelf either
		case finished(l) && l.Kind == circ.Issue:
			borrowed++
		case finished(l) && l.Kind == circ.Return:
			returned++
		}
	}
	v.Heading = d.Say("screen.bye.heading", nil)
	if unfinished > 0 || st.Note != visit.NoNote {
		v.Heading, v.Picture = d.Say("screen.bye.heading_left", nil), "info"
	}
	d.sum(v, "screen.bye.borrowed", borrowed)
	d.sum(v, "screen.bye.returned", returned)
	d.sum(v, "screen.bye.unfinished", unfinished)
	switch {
	case borrowed > 0:
		v.Body = append(v.Body, d.Say("screen.bye.body", nil))
	case returned > 0 || unfinished == 0 && st.Task == visit.Returning:
		v.Body = append(v.Body, d.Say("screen.bye.body_return", nil))
	}
	d.button(v, visit.TapOK, PlacePrimary)
}

func (d drawer) sum(v *View, key string, n int) {
	if n > 0 {
		v.Body = append(v.Body, d.Count(key, n, nil))
	}
}
