package visit

import (
	"slices"

	"github.com/google/uuid"

	"nightdesk/drivers"
)

// placed is a tag that came. What lies where is kept true whatever the screen
// is; only a tag that came in this visit becomes an item of it.
func (n *turn) placed(e Placed) {
	t := readable(e.Tag)
	if t.Role == RoleStaff || n.again(t) {
		return
	}
	late := n.late(e.Read)
	n.OnPad = append(n.OnPad, t)
	switch {
	case n.Screen == Settle || n.Screen == Bye || late && n.back(t.UID):
	case late || n.shut() || e.Found && n.atHome():
		n.Parked = append(n.Parked, t)
		n.Mine = n.Screen == Borrow || n.Screen == GiveBack
	case n.alive():
		n.moreWork()
		if n.take(t) {
			n.lookUp()
		}
		n.react(t)
	}
}

// back says that a tag that was read too early to be anything new is one that
// an item of this visit waits for.
func (n *turn) back(uid drivers.UID) bool {
	i := slices.IndexFunc(n.Lines, func(l Line) bool { return l.State == LinePutBack && slices.Contains(l.Open, uid) })
	if i < 0 {
		return false
	}
	n.hold(&n.Lines[i])
	return true
}

// again handles a tag that is on the pad already: the same news is no news,
// and a tag that turns out to be another item is as good as lifted and put down.
func (n *turn) again(t Tag) bool {
	i := slices.IndexFunc(n.OnPad, func(o Tag) bool { return o.UID == t.UID })
	if i < 0 {
		return false
	}
	old := n.OnPad[i]
	if p := slices.IndexFunc(n.Parked, func(o Tag) bool { return o.UID == t.UID }); p >= 0 {
		n.OnPad[i], n.Parked[p] = t, t
		return true
	}
	if old.Item == t.Item && old.Part == t.Part && old.Of == t.Of {
		n.OnPad[i] = t
		return true
	}
	n.gone(t.UID)
	return false
}

// take makes a tag an item of this visit, or a part of one. True: of an item
// whose title is to be looked up.
func (n *turn) take(t Tag) bool {
	if t.Usage>>4 == usageCard {
		n.Note = NoteCardOnPad
		return false
	}
	if len(n.OnPad)-len(n.Parked) > ComfortTag {
		n.Note = NoteLimitTags
	}
	if t.Item == "" {
		n.Lines = append(n.Lines, Line{Tags: []Tag{t}, State: LineUnreadable})
		return false
	}
	i, isNew := n.line(t.Item)
	if !isNew {
		n.reopenFor(i, t)
	}
	l := &n.Lines[i]
	if !has(l.Tags, t.UID) {
		l.Twin = l.Twin || slices.ContainsFunc(l.Tags, func(o Tag) bool { return o.Item == t.Item && o.Part == t.Part })
		l.Tags = append(l.Tags, t)
	}
	l.Of = max(l.Of, t.Of)
	l.count()
	n.hold(l)
	return isNew
}

// usageCard is the class of a borrower's card: high nibble of the type of
// usage in ISO 28560-2, OID 5.
const usageCard = 0x8

// react is what the screen does about a tag that came.
func (n *turn) react(t Tag) {
	idle := n.atHome() || n.Screen == PadFull
	switch {
	case idle && len(n.Lines) == 0:
	case idle && t.Role == RoleReturn:
		n.work(Returning, GiveBack)
		return
	case n.atHome() && t.Role == RoleBorrow:
		n.wantBorrow()
	case n.atHome():
		n.open(PadFull)
	}
	n.record()
}

// lifted is a tag that went. A late one is counted, but it is gone all the same.
func (n *turn) lifted(e Lifted) {
	late := n.late(e.Read)
	if !n.lies(e.UID) {
		return
	}
	mine := !has(n.Parked, e.UID)
	n.gone(e.UID)
	switch {
	case n.Screen == Bye && !n.left():
		n.Note = NoNote
	case mine && !late && n.Screen != Settle && n.Screen != Bye:
		n.alive()
	}
}

// gone takes a tag off the pads and out of what nobody has asked for yet.
func (n *turn) gone(uid drivers.UID) {
	n.OnPad = without(n.OnPad, uid)
	n.unpark(uid)
	for i := range n.Lines {
		l := &n.Lines[i]
		if l.State == LineSeen || l.State == LineParts || l.State == LineUnreadable {
			l.Tags = without(l.Tags, uid)
			l.count()
		}
		l.Stuck = slices.DeleteFunc(l.Stuck, func(u drivers.UID) bool { return u == uid })
		n.hold(l)
	}
	n.Lines = slices.DeleteFunc(n.Lines, func(l Line) bool {
		asked := l.State != LineSeen && l.State != LineParts && l.State != LineUnreadable
		return !asked && !l.Shown && len(l.Tags) == 0
	})
}

// unpark takes a tag out of what is asked about.
func (n *turn) unpark(uid drivers.UID) {
	n.Parked = without(n.Parked, uid)
	n.Mine = n.Mine && len(n.Parked) > 0
}

// hold says how an open line stands: an open tag that is not there, or that
// did not take, must be put down again.
func (n *turn) hold(l *Line) {
	if l.State == LineUndo && l.Tx != uuid.Nil {
		if len(l.Stuck) > 0 || slices.ContainsFunc(l.Open, func(u drivers.UID) bool { return !n.lies(u) }) {
			n.drop(l) // it cannot be taken back: staff finish it
		}
		return
	}
	if l.State != LineSecuring && l.State != LinePutBack {
		return
	}
	l.Lifted = slices.ContainsFunc(l.Open, func(u drivers.UID) bool { return !n.lies(u) })
	l.State = LineSecuring
	if l.Lifted || len(l.Stuck) > 0 {
		l.State = LinePutBack
	}
}

// left says whether something of this visit still lies there.
func (n *turn) left() bool { return len(n.OnPad) > len(n.Parked) }

// parkedMine makes the parked tags items of this visit: the borrower said so.
func (n *turn) parkedMine() {
	tags := n.Parked
	n.Parked, n.Mine = nil, false
	isNew := false
	for _, t := range tags {
		isNew = n.take(t) || isNew
	}
	if isNew {
		n.lookUp()
	}
	n.record()
}

// readable takes the item from a tag whose part numbers make no sense: no
// number can be believed beside them. Both zero means that the tag does not
// speak of parts, and is part 1 of 1.
func readable(t Tag) Tag {
	switch {
	case t.Item == "":
	case t.Part == 0 && t.Of == 0:
		t.Part, t.Of = 1, 1
	case t.Part < 1 || t.Part > t.Of:
		t.Item, t.Fault = "", CorruptTag
	}
	return t
}
