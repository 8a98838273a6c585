package paths

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// house is one real kiosk: what the power holds up, and the directory that
// outlives it.
type house struct {
	w       *world
	k       int
	dir     string
	lives   int // boots so far
	mono    time.Duration
	boot    uuid.UUID
	off     bool
	cutAt   string // the step of the ledger at which the power goes
	ledger  *ledger.Ledger
	cache   *cache.Cache
	desk    *agent.Desk
	uplink  *uplink.Uplink
	pad     *pad
	watch   *pads.Watch
	may     []drivers.UID // tags that the round that comes may try
	seen    []pads.Event
	state   visit.State
	told    []check.Told
	fault   error   // of the desk, that was no power cut
	thought [2]bool // what the cache last said of the item: on loan, by this kiosk's card
}

func (w *world) switchOn(k int) *house {
	h := &house{w: w, k: k, dir: w.path(fmt.Sprint("kiosk", k)), off: true}
	h.on()
	return h
}

// on switches the kiosk on; it finds what lies on its pad.
func (h *house) on() {
	ctx := context.Background()
	h.mono, h.boot, h.off, h.cutAt, h.seen = time.Second, uuid.New(), false, "", nil
	cred := h.w.creds[h.k]
	var err error
	h.ledger, err = ledger.Open(ctx, filepath.Join(h.dir, "ledger.db"), ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey, Step: h.step, Reserve: 1})
	must(h.w.t, err)
	h.cache, err = cache.Open(ctx, filepath.Join(h.dir, "cache.db"))
	must(h.w.t, err)
	h.uplink = uplink.New(uplink.Config{Credential: cred, Now: h.now}, h.ledger, h.cache)
	h.desk = &agent.Desk{Ledger: h.ledger, Facts: h.cache, CardKey: cred.CardKey, Quiet: quietAFI, Now: h.now,
		Online: func() bool { return true }, Poke: func() {}, Log: slog.New(slog.DiscardHandler), Show: h.show,
		House: visit.House{Count: visit.CountNever, Receipt: visit.ReceiptNever}}
	all := pads.New(pads.Config{Security: pads.Security{Loud: loudAFI, Quiet: quietAFI}, Now: h.now, Visit: h.desk.Visit,
		Emit: func(e pads.Event) { h.seen = append(h.seen, e) }}, gate{h}, nothing{})
	h.pad = &pad{tags: &h.w.tags, k: h.k, goes: map[byte]how{}}
	h.watch = all.Watch("pad", h.pad)
	h.do(h.desk.Handle(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true}))
	h.look(2)
}

// step is where the power can go in the ledger.
func (h *house) step(name string) error {
	if h.off || name == h.cutAt {
		h.off = true
		return agent.ErrPowerCut
	}
	return nil
}

// do notes an error that is no power cut: nothing may have one.
func (h *house) do(err error) {
	if err != nil && !(h.off && errors.Is(err, agent.ErrPowerCut)) {
		h.fault = errors.Join(h.fault, err)
	}
}

func (h *house) now() circ.Moment {
	return circ.Moment{Wall: h.w.wall, Mono: h.mono, Boot: h.boot, Quality: circ.Synced}
}

func (h *house) pass(d time.Duration) { h.mono, h.w.wall = h.mono+d, h.w.wall.Add(d) }

// show remembers what the borrower was told was done.
func (h *house) show(s visit.State, _ circ.Moment) {
	h.state = s
	for _, l := range s.Lines {
		if l.State != visit.LineDone || l.Decision.Verdict != circ.Yes {
			continue
		}
		told := check.Told{Item: l.Item, Kind: l.Kind}
		if l.Kind == circ.Issue {
			told.Card = desks[h.k].card
		}
		if len(h.told) == 0 || h.told[len(h.told)-1] != told {
			h.told = append(h.told, told)
		}
	}
}

// gate is the ledger as the pads see it: a round tries the tags that it may,
// so that a slow reader can be anywhere in it.
type gate struct{ h *house }

func (g gate) Wanted(ctx context.Context, v circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	if g.h.w.wrong == unlockFirst {
		return hasty(uids), nil
	}
	uids = slices.DeleteFunc(uids, func(u drivers.UID) bool { return !slices.Contains(g.h.may, u) })
	return g.h.ledger.Wanted(ctx, v, uids)
}

func (g gate) Settle(ctx context.Context, at circ.Moment, done ...circ.Wish) ([]circ.Receipt, error) {
	return g.h.ledger.Settle(ctx, at, done...)
}

// hasty wants every tag quiet that lies there.
func hasty(uids []drivers.UID) (wishes []circ.Wish) {
	for _, u := range uids {
		wishes = append(wishes, circ.Wish{UID: u, Want: circ.Quiet})
	}
	return wishes
}

// nothing is a memory that knows no tag.
type nothing struct{}

func (nothing) Recall(context.Context, circ.Moment, drivers.UID) (label.Label, bool, error) {
	return label.Label{}, false, nil
}

func (nothing) Learn(context.Context, circ.Moment, drivers.UID, label.Label, []byte) error {
	return nil
}

// dark is the kiosk after a cut. Its files are copied as they lie, because a
// handle that is closed writes its log back, which no power cut does.
func (h *house) dark() {
	h.do(h.cached(&view{})) // what it holds is not asked in the dark
	h.off = true
	h.lives++
	dir := h.w.path(fmt.Sprintf("kiosk%d-%d", h.k, h.lives))
	must(h.w.t, os.Mkdir(dir, 0o700))
	copyDir(h.w.t, dir, h.dir)
	h.close()
	h.dir = dir
}

func (h *house) close() {
	if h.ledger == nil {
		return
	}
	must(h.w.t, errors.Join(h.ledger.Close(), h.cache.Close()))
	h.ledger, h.cache = nil, nil
}
