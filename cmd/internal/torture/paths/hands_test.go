package paths

import (
	"context"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
)

// What people and tags do at a real kiosk, deed by deed as the model has them.

// look lets the pad look so many times, without trying any tag.
func (h *house) look(times int) {
	h.may = nil
	for range times {
		h.round()
	}
}

// round is one look and what the desk makes of it.
func (h *house) round() {
	ctx := context.Background()
	h.pass(100 * time.Millisecond)
	h.do(h.watch.Round(ctx))
	events := h.seen
	h.seen = nil
	for _, e := range events {
		if h.off {
			return
		}
		h.do(h.desk.Pad(ctx, e, visit.RoleBoth))
	}
}

func (h *house) put(mask byte) {
	for i := range h.w.tags.n {
		if mask&(1<<i) != 0 {
			h.w.tags.at[i] = byte(h.k + 1)
		}
	}
	if !h.off {
		h.look(2)
	}
}

func (h *house) lift(mask byte) {
	for i := range h.w.tags.n {
		if mask&(1<<i) != 0 {
			h.w.tags.at[i] = 0
		}
	}
	if !h.off {
		h.look(1)
		h.pass(time.Second)
		h.look(1)
	}
}

// write is a round that tries these tags, each as the script says.
func (h *house) write(how how, tags ...byte) {
	for _, i := range tags {
		h.pad.goes[i] = how
		h.may = append(h.may, uidOf(i))
	}
	h.round()
	h.may = nil
	clear(h.pad.goes)
}

// tries is a round with its own script for every tag.
func (h *house) tries(script []move) {
	for _, mv := range script {
		h.pad.goes[mv.tags] = mv.how
		h.may = append(h.may, uidOf(mv.tags))
	}
	h.round()
	h.may = nil
	clear(h.pad.goes)
}

// doubt says that whatever was told before, something is under way now.
func (h *house) doubt() {
	h.told = append(h.told, check.Told{Item: h.w.tags.item, Doubt: true})
}

// showCard signs the borrower in, and asks for what lies there.
func (h *house) showCard() {
	h.doubt()
	h.pass(time.Second)
	h.handle(visit.CardShown{Read: h.mono, Who: h.desk.Borrower(desks[h.k].card)})
	if h.state.Screen == visit.Tell {
		h.tap(visit.TapCarryOn)
	}
	h.claim()
}

// bring asks for what lies there to be returned.
func (h *house) bring() {
	h.doubt()
	h.tap(visit.TapReturn)
	h.claim()
}

// claim says that what lay there already is the borrower's, unless the kiosk is
// busy with it.
func (h *house) claim() {
	here, _ := h.pad.Inventory(context.Background())
	if h.off || !h.state.Mine || len(here) < int(h.w.tags.n) {
		return
	}
	for _, l := range h.state.Lines {
		if l.State != visit.LineSeen && l.State != visit.LineParts {
			return
		}
	}
	h.tap(visit.TapYes)
}

func (h *house) tap(b visit.Button) {
	h.pass(time.Second)
	h.handle(visit.Tapped{Button: b, Item: h.only(b)})
}

// only names the item for the button that is about one.
func (h *house) only(b visit.Button) circ.ItemID {
	if b == visit.TapLeave && h.state.Screen != visit.Fix {
		return h.w.tags.item
	}
	return ""
}

func (h *house) handle(e visit.Event) {
	if !h.off {
		h.do(h.desk.Handle(context.Background(), e))
	}
}

// finish ends the visit, whatever is still open in it.
func (h *house) finish() {
	for range 10 {
		switch h.state.Screen {
		case visit.Home, "":
			return
		case visit.Fix:
			h.tap(visit.TapLeave)
		case visit.Settle:
			h.pass(visit.SettleFor)
			h.handle(visit.Tick{})
		case visit.Bye:
			h.pass(visit.ByeFor)
			h.handle(visit.Tick{})
		default:
			h.tap(visit.TapFinish)
		}
		if h.off {
			return
		}
	}
}

// wait lets sixteen minutes pass for this kiosk; the wall is moved by the world.
func (h *house) wait() {
	h.mono += longWait
	h.handle(visit.Tick{})
	h.do(h.desk.Expire(context.Background()))
}

const longWait = 16 * time.Minute

// leaveIt is "leave it here instead".
func (h *house) leaveIt() {
	h.doubt()
	h.tap(visit.TapLeave)
}
