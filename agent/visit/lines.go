package visit

import (
	"slices"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
)

func (l Line) busy() bool {
	return l.State == LineRecording || l.State == LineSecuring || l.State == LineUndo
}

func (l Line) needsYou() bool {
	return l.State == LinePutBack || l.State == LineParts || l.State == LineUnreadable
}

// over says that nothing more will be done about it unless it is shown anew.
func (l Line) over() bool {
	switch l.State {
	case LineRefused, LineLeftOut, LineUnsecured, LineIncomplete:
		return true
	}
	return false
}

// complete counts distinct part numbers. Without any tag of its own it was
// shown by its barcode, and is whole.
func (l Line) complete(tags []Tag) bool {
	seen, of := map[int]bool{}, 0
	for _, t := range tags {
		seen[t.Part] = true
		of = max(of, t.Of)
	}
	return len(tags) == 0 && l.Shown || len(tags) > 0 && len(seen) >= of
}

// own leaves out the unreadable tag that lies beside an item shown by barcode.
func (l Line) own() []Tag {
	return slices.DeleteFunc(slices.Clone(l.Tags), func(t Tag) bool { return t.Item == "" })
}

// count tells a set of which parts are missing from an item that is all there.
func (l *Line) count() {
	if l.State != LineSeen && l.State != LineParts {
		return
	}
	l.State = LineParts
	if own := l.own(); l.complete(own) || len(own) == 0 {
		l.State = LineSeen
	}
}

// line finds the line of an item, or begins one.
func (n *turn) line(id circ.ItemID) (at int, isNew bool) {
	if i := slices.IndexFunc(n.Lines, func(l Line) bool { return l.Item == id }); i >= 0 {
		return i, false
	}
	n.Lines = append(n.Lines, Line{Item: id, State: LineSeen})
	return len(n.Lines) - 1, true
}

// reopen begins an item anew that was refused or left, or that was done for
// the other task: it has been shown once more.
func (n *turn) reopen(i int) {
	l := n.Lines[i]
	kind := n.kind(l)
	other := l.State == LineDone && kind != "" && kind != l.Kind
	if !l.over() && !other {
		return
	}
	fresh := Line{Item: l.Item, Title: l.Title, Parts: l.Parts, Shown: l.Shown, State: LineSeen}
	for _, t := range n.OnPad {
		if t.Item == l.Item && !has(n.Parked, t.UID) {
			fresh.Tags = append(fresh.Tags, t)
			fresh.Of = max(fresh.Of, t.Of)
		}
	}
	fresh.count()
	n.Lines[i] = fresh
}

// reopenFor does so for a tag, which says by its pad what it was put there for.
func (n *turn) reopenFor(i int, t Tag) {
	tags := n.Lines[i].Tags
	if o := slices.IndexFunc(tags, func(o Tag) bool { return o.UID == t.UID }); o >= 0 {
		tags[o] = t
	}
	n.reopen(i)
}

// kind is what is asked for an item: a return pad takes things back whatever
// the task, a borrow pad takes nothing back.
func (n *turn) kind(l Line) circ.Kind {
	on := func(r Role) func(Tag) bool { return func(t Tag) bool { return t.Role == r } }
	switch own := l.own(); {
	case slices.ContainsFunc(own, on(RoleReturn)) && n.Task != NoTask:
		return circ.Return
	case n.Task == Borrowing && n.Who.Known():
		return circ.Issue
	case n.Task == Returning && (len(own) == 0 || !slices.ContainsFunc(own, on(RoleBorrow))):
		return circ.Return
	}
	return ""
}

// record asks for everything that is ready, as one pile.
func (n *turn) record() {
	if n.Other.Known() || n.Screen != Borrow && n.Screen != GiveBack && n.Screen != Fix {
		return
	}
	var pile []circ.Request
	for i := range n.Lines {
		l := &n.Lines[i]
		if tags, ok := n.ready(*l); ok {
			pile = append(pile, n.request(l, tags))
		}
	}
	if len(pile) > 0 {
		n.want(Record{Visit: n.Visit, Pile: pile})
	}
}

// ready says whether an item is to be asked for, and with which tags. An item
// that is done is asked for again when a tag of it turns up that nobody has
// asked about: shown by its barcode first, or two tags in one book.
func (n *turn) ready(l Line) ([]Tag, bool) {
	tags := slices.DeleteFunc(l.own(), func(t Tag) bool { return !n.lies(t.UID) })
	kind := n.kind(l)
	if kind == "" || !l.complete(tags) {
		return nil, false
	}
	switch l.State {
	case LineSeen, LineParts:
		return tags, true
	case LineDone:
		news := func(t Tag) bool { return !slices.Contains(l.Sent, t.UID) }
		return tags, kind == l.Kind && slices.ContainsFunc(tags, news)
	}
	return nil, false
}

func (n *turn) request(l *Line, tags []Tag) circ.Request {
	req := circ.Request{Kind: n.kind(*l), Visit: n.Visit, Who: n.Who, Item: l.Item}
	for _, t := range tags {
		req.Tags = append(req.Tags, circ.SeenTag{UID: t.UID, Part: t.Part, Of: t.Of, AFI: t.AFI})
		if req.Usage == 0 {
			req.Usage = t.Usage
		}
		if req.Owner == "" {
			req.Owner = t.Owner
		}
		if req.Model == "" {
			req.Model = t.Model
		}
		if !slices.Contains(l.Sent, t.UID) {
			l.Sent = append(l.Sent, t.UID)
		}
	}
	l.Kind, l.State, l.Tx = req.Kind, LineRecording, uuid.Nil
	return req
}
