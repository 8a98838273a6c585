package visit

import (
	"slices"

	"nightdesk/agent/circ"
)

// moded sets what the kiosk is for. An emergency ends the visit at once;
// everything else waits for its end.
func (n *turn) moded(e Moded) {
	n.Cause = e.Cause
	if n.Mode == e.Mode {
		return
	}
	n.Mode, n.ModeAt = e.Mode, n.wall
	if n.Mode != InService && n.atHome() {
		n.end()
	}
}

// shut says that borrowers are not listened to.
func (n *turn) shut() bool {
	return n.Mode == Emergency || n.atHome() && n.Mode != InService && n.Mode != ""
}

// hurry ends the visit as fast as what is in hand allows: nobody shall wait
// for a question to be answered while the alarm sounds.
func (n *turn) hurry() {
	n.Other = circ.Borrower{}
	switch {
	case n.atHome():
	case n.Screen == Bye:
		n.end()
	case n.Screen != Settle:
		n.settle()
	}
	if n.Screen != Settle {
		return
	}
	n.dropPutBack()
	if !n.Busy() {
		n.end()
	}
}

// devices takes over what works. A headset that goes in asks to be spoken to,
// and one that comes out is asked nothing more.
func (n *turn) devices(e Devices) {
	if e.Headset != n.Devices.Headset {
		n.Ease.Speech = e.Headset
		n.Idle = n.now
	}
	n.Devices = e
	if e.Printer == PrinterReady && n.Paper.Fault != PrinterWords {
		n.Paper.Fault = PrinterReady // somebody has mended it: paper can be wanted again
	}
	if !e.Online && n.Typing {
		n.Typing, n.Typed = false, ""
	}
}

// help is the button beside the screen: staff are told, and the lamp says that
// they have been.
func (n *turn) help(e HelpPressed) {
	if n.late(e.Read) {
		return
	}
	if n.Screen != Settle && n.Screen != Bye && !n.shut() && n.alive() {
		n.openOver(Help)
	}
	n.call()
}

// call asks for somebody, once in a visit: a second touch in a hurry must not
// take the first one back.
func (n *turn) call() {
	if n.Calling {
		return
	}
	n.Calling = true
	n.want(Notice{Visit: n.Visit, Why: HelpWanted})
}

// watchLying notes since when items lie there that are nobody's.
func (n *turn) watchLying() {
	switch {
	case !n.atHome() || len(n.Parked) == 0:
		n.Lying, n.Noticed = 0, false
	case n.Lying == 0:
		n.Lying = max(n.now, 1) // an instant of its own: zero says that nothing lies there
	}
}

func itemsOf(tags []Tag) []circ.ItemID {
	var items []circ.ItemID
	for _, t := range tags {
		if t.Item != "" && !slices.Contains(items, t.Item) {
			items = append(items, t.Item)
		}
	}
	return items
}
