package powercut

import (
	"context"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// checkInFirst is the order of systems that close the loan when an item is put
// down and arm its tag afterwards, from memory.
type checkInFirst struct {
	*ledger.Ledger
	late map[drivers.UID]circ.Wish
}

func (c checkInFirst) Record(ctx context.Context, at circ.Moment, pile []circ.Request, f circ.Facts, decide ledger.Decide) ([]circ.Receipt, error) {
	receipts, err := c.Ledger.Record(ctx, at, pile, f, decide)
	for i, r := range receipts {
		if r.Kind != circ.Return || r.State != circ.Pending {
			continue
		}
		wishes, err := c.Ledger.Wanted(ctx, r.Visit, r.Open)
		if err != nil {
			return nil, err
		}
		for _, x := range wishes {
			c.late[x.UID] = x
		}
		closed, err := c.Settle(ctx, at, wishes...)
		if err != nil {
			return nil, err
		}
		receipts[i] = closed[0]
	}
	return receipts, err
}

// lateTags drains what the checked-in tags must still become.
type lateTags checkInFirst

func (l lateTags) Wanted(ctx context.Context, v circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	wishes, err := l.Ledger.Wanted(ctx, v, uids)
	for _, u := range uids {
		if x, ok := l.late[u]; ok {
			wishes = append(wishes, x)
		}
	}
	return wishes, err
}

func (l lateTags) Settle(ctx context.Context, at circ.Moment, done ...circ.Wish) ([]circ.Receipt, error) {
	for _, x := range done {
		delete(l.late, x.UID)
	}
	return l.Ledger.Settle(ctx, at, done...)
}

// ackFirst is a central that acknowledges events and stores them afterwards:
// what has not been stored when it goes down is gone.
type ackFirst struct{ *link }

func (a ackFirst) Publish(ctx context.Context, topic string, qos byte, kept bool, payload []byte) error {
	if !strings.HasSuffix(topic, "/ev") {
		return a.link.Publish(ctx, topic, qos, kept, payload)
	}
	doomed := &world{t: a.w.t, dir: torture.Memory(a.w.t), wall: a.w.wall}
	copyDir(a.w.t, doomed.centralDir(), a.w.centralDir())
	c, err := openCentral(doomed, doomed.centralDir())
	must(a.w.t, err)
	defer c.Close()
	outs, err := c.Handle(ctx, topic, payload)
	must(a.w.t, err)
	a.answer(outs)
	return nil
}

// puback takes what the broker says of a publish for central's word.
type puback struct{ *link }

func (p puback) Publish(ctx context.Context, topic string, qos byte, kept bool, payload []byte) error {
	err := p.link.Publish(ctx, topic, qos, kept, payload)
	if err != nil || !strings.HasSuffix(topic, "/ev") {
		return err
	}
	at, err := p.w.ledger.Position(ctx)
	if err != nil {
		return err
	}
	return p.w.ledger.Acked(ctx, at.Epoch, at.Last, at.Hash)
}

// wrongOrder is one, with a point at which the checks of the right one must
// find it.
type wrongOrder struct {
	name, point, after string
	wrong              func(*world)
}

func swapped() []wrongOrder {
	return []wrongOrder{
		{"unlock first", "I0", "", func(w *world) { w.swap = true }},
		{"check-in first", "R1", "it is gone", func(w *world) {
			late := map[drivers.UID]circ.Wish{}
			w.orders.desk = func(l *ledger.Ledger) agent.Ledger { return checkInFirst{l, late} }
			w.orders.pads = func(l *ledger.Ledger) pads.Ledger { return lateTags{l, late} }
		}},
		{"acknowledged before it is stored", "I10", "", func(w *world) {
			w.orders.link = func(l *link) uplink.Link { return ackFirst{l} }
		}},
		{"PUBACK taken for an acknowledgement", "I9", "", func(w *world) {
			w.orders.link = func(l *link) uplink.Link { return puback{l} }
		}},
	}
}

// A check that has never failed proves nothing: each swapped order must be
// found by what finds nothing in the right one.
func TestSwappedOrdersAreFound(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "steps in a wrong order: unlock first, check in first, acknowledge before storing, PUBACK taken for an acknowledgement",
		Unit: "wrong orders", Target: "found out", Short: 1, Long: 1})
	run.Done(len(swapped()))
	run.Reached("each is found; the right order is not")
	for _, c := range swapped() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if said := invariants(t, c.point, c.after, func(*world) {}); said != "" {
				t.Errorf("in the right order: %s", said)
			}
			if said := invariants(t, c.point, c.after, c.wrong); said == "" {
				t.Errorf("not noticed at %s", c.point)
			} else {
				t.Log(said)
			}
		})
	}
}

// invariants runs to a crash point and gives what the checks say that must hold
// at every one: in the dark, and with after at the end.
func invariants(t *testing.T, point, after string, wrong func(*world)) string {
	p := pointNamed(point)
	p.mutes = 0
	visit := p.visit
	p.visit = func(w *world) error { // a tag that is armed late is armed after the visit
		return w.steps(func() error { return visit(w) }, w.round, w.round)
	}
	w := newWorld(t)
	p.ready(w)
	probe := &recorder{TB: t}
	wrong(w)
	p.crash(w)
	w.swap, w.orders = false, orders{}
	w.t = probe
	w.stored(point, w.audit())
	if after == "it is gone" {
		gone(w)
	}
	must(t, w.on(&power{}))
	w.liable(point)
	if after != "" {
		must(t, w.wait(3*time.Minute))
		must(t, w.sync())
		must(t, w.sync())
		w.agree(point)
	}
	w.dark()
	return probe.said
}
