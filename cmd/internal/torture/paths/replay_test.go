package paths

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// replay makes the choices of a path on the real thing. Both must stand at the
// same place in every dark and at the end, when all comes to rest.
type replay struct {
	m     model
	w     *world
	s     state
	round []move // tags of the round that has begun
	slow  bool   // compare after every move, to see where the two part
}

// errApart says that the real thing stands elsewhere than the model.
var errApart = errors.New("the real thing stands elsewhere")

// replay makes a path again. If the two part, it is made once more to see where.
func (g *ground) replay(t testing.TB, dir string, p place, path []move) error {
	err := g.once(t, dir, p, path, false)
	if err == nil {
		return nil
	}
	if where := g.once(t, dir, p, path, true); where != nil {
		return where
	}
	return fmt.Errorf("only if nobody looks on the way: %w", err)
}

func (g *ground) once(t testing.TB, dir string, p place, path []move, slow bool) error {
	w := g.world(t, dir, p.model)
	defer w.end()
	return (&replay{m: p.model, w: w, s: p.begin(), slow: slow}).run(path)
}

func (r *replay) run(path []move) error {
	for i, mv := range path {
		if err := r.step(mv); err != nil {
			return fmt.Errorf("move %d of %d, %s: %w", i+1, len(path), mv, err)
		}
	}
	for len(r.round) > 0 { // a path that ends within a round
		moves, _ := r.m.list(r.s)
		if err := r.step(moves[slices.IndexFunc(moves, func(mv move) bool { return mv.do != crash && mv.how == well })]); err != nil {
			return fmt.Errorf("the rest of the round: %w", err)
		}
	}
	return r.rest()
}

// step makes one move in both worlds.
func (r *replay) step(mv move) error {
	was := r.s
	next, ok := r.m.after(was, mv)
	if !ok {
		return errors.New("this move cannot be made here")
	}
	r.s = next
	if err := r.play(mv); err != nil || len(r.round) > 0 {
		return err // a round that has begun goes on
	}
	k := int(mv.k)
	switch {
	case next.k[k].off && !was.k[k].off:
		return errors.Join(r.compare(k), r.check(false))
	case r.slow:
		return errors.Join(r.wants(k), r.compare(0, 1))
	}
	return errors.Join(r.wants(k), r.compare()) // tags and central
}

// wants compares what the ledger wants of the tags that lie on a pad: what
// it does not want, no round may write.
func (r *replay) wants(k int) error {
	h, d := r.w.kiosks[k], &r.s.k[k]
	if h.off {
		return nil
	}
	here, _ := h.pad.Inventory(context.Background())
	wishes, err := h.ledger.Wanted(context.Background(), h.desk.Visit(), here)
	if err != nil {
		return err
	}
	got, want := byte(0), d.wish&r.s.onPad(k)
	for _, x := range wishes {
		got |= 1 << tagOf(x.UID)
	}
	if d.kind == issue && !d.mine {
		want = 0
	}
	if got != want {
		return fmt.Errorf("%w: the ledger wants tags %03b and the model %03b", errApart, got, want)
	}
	return nil
}

// after is what a move leads to.
func (m model) after(s state, mv move) (next state, ok bool) {
	m.each(s, func(other move, t state) {
		if other == mv {
			next, ok = t, true
		}
	})
	m.forget(&next)
	return next, ok
}

func (r *replay) play(mv move) error {
	switch mv.do {
	case wait:
		r.w.wait()
		return r.faults()
	case staffReturns, staffLends:
		r.w.staff(mv.do)
		return r.faults()
	}
	h := r.w.kiosks[mv.k]
	h.cutAt = mv.cutsAt()
	r.deed(h, mv)
	if err := r.faults(); err != nil {
		return err
	}
	if mv.how.cuts() && !h.off {
		return fmt.Errorf("%w: there was no commit to cut the power at", errApart)
	}
	h.cutAt = ""
	if h.off && h.ledger != nil {
		h.dark()
	}
	return nil
}

// cutsAt is the step of the ledger at which the power goes.
func (mv move) cutsAt() string {
	name := map[deed]string{showCard: "record", bring: "record", leaveIt: "record", finish: "drop", settle: "settle"}[mv.do]
	switch {
	case name == "": // the link knows when
	case mv.how == cutBefore:
		return "before " + name
	case mv.how == cutAfter:
		return "after " + name
	case mv.how == resumeLost:
		return "before resume"
	case mv.how == resumeUnheard:
		return "after resume"
	}
	return ""
}

func (r *replay) deed(h *house, mv move) {
	switch mv.do {
	case put:
		h.put(mv.tags)
	case lift:
		h.lift(mv.tags)
	case showCard:
		h.showCard()
	case bring:
		h.bring()
	case write:
		r.round = append(r.round, mv)
		if r.s.k[mv.k].step == 0 {
			r.endRound(h)
		}
	case settle:
		r.endRound(h)
	case leaveIt:
		h.leaveIt()
	case finish:
		h.finish()
	case crash:
		r.crash(h)
	case boot:
		h.on()
	case speak:
		h.sync(mv.how)
	}
}

func (r *replay) endRound(h *house) {
	h.tries(r.round)
	r.round = nil
}

// crash is the power going, in the middle of a round too: the tags that have
// been tried are as they are, and nothing of it has been written down.
func (r *replay) crash(h *house) {
	if len(r.round) > 0 {
		h.cutAt = "before settle"
		r.endRound(h)
	}
	h.off = true
}

func (w *world) wait() {
	w.wall = w.wall.Add(longWait)
	for _, h := range w.kiosks {
		if h != nil && !h.off {
			h.wait()
		}
	}
}

// faults are errors of a desk that were no power cut.
func (r *replay) faults() error {
	var all error
	for _, h := range r.w.kiosks {
		if h != nil {
			all = errors.Join(all, h.fault)
		}
	}
	return all
}

// rest lets everything come to its end, as the model has it, and asks the
// checker of all rigs what it thinks of that.
func (r *replay) rest() error {
	w := r.w
	for _, h := range w.kiosks {
		if h != nil && h.off {
			h.on()
		}
	}
	w.wait()
	for range r.m.kiosks() {
		for k := range r.m.kiosks() {
			w.kiosks[k].sync(well)
		}
	}
	r.s = r.m.rest(r.s)
	if err := errors.Join(r.faults(), r.compare(0, 1)); err != nil {
		return fmt.Errorf("at rest: %w", err)
	}
	return r.check(true)
}
