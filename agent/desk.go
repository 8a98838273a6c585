// Package agent is the desk itself: it runs one event to its end and starts
// everything else. It alone, with cmd, sees more than one room.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/policy"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// Ledger is what the desk needs of the ledger.
type Ledger interface {
	Record(ctx context.Context, at circ.Moment, pile []circ.Request, f circ.Facts, decide ledger.Decide) ([]circ.Receipt, error)
	Drop(ctx context.Context, at circ.Moment, tx circ.Tx) (circ.Receipt, error)
	Resume(ctx context.Context, at circ.Moment, who circ.CardKey, visit circ.Visit, void func(circ.ItemID) bool) ([]circ.Receipt, error)
	Void(ctx context.Context, at circ.Moment, visit circ.Visit, overtaken func(circ.ItemID) bool) ([]circ.Receipt, error)
	Expire(ctx context.Context, at circ.Moment, visit circ.Visit) ([]circ.Receipt, error)
	Lent(ctx context.Context, item circ.ItemID) (ledger.Lent, error)
	Verify(ctx context.Context, at circ.Moment, visit circ.Visit, uid drivers.UID) (bool, error)
	Note(ctx context.Context, at circ.Moment, visit circ.Visit, t contract.EventType, note contract.TagNote) error
	LeftIncomplete(ctx context.Context, at circ.Moment, set circ.Request, feed circ.FeedVersion) error
	AskRenew(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower) error
	AskReceipt(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower, lines []contract.ReceiptLine) error
	Told(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower, feed circ.FeedVersion, codes []string) error
	Notice(ctx context.Context, at circ.Moment, visit circ.Visit, n contract.Notice) error
	PINTries(ctx context.Context, at circ.Moment, card circ.CardKey) (contract.PINState, error)
	PINTried(ctx context.Context, at circ.Moment, card circ.CardKey, right bool) error
}

// Facts is what the desk needs of the cache.
type Facts interface {
	Facts(ctx context.Context, at circ.Moment, k []byte, who circ.Borrower, items []circ.ItemID) (circ.Facts, error)
}

// Desk runs one event to its end: the visit's next state, what the state wants
// of the ledger and the cache, and what that leads to. It belongs to one
// goroutine.
type Desk struct {
	Ledger  Ledger
	Facts   Facts
	CardKey []byte      // K of the kiosk's credential
	Quiet   drivers.AFI // what a tag on loan says
	Now     func() circ.Moment
	Online  func() bool
	Show    func(visit.State, circ.Moment)
	Poke    func() // events may be waiting to be sent
	Log     *slog.Logger
	House   visit.House // the venue's own ways
	Beside  Beside

	state   visit.State
	current atomic.Value // circ.Visit, for the pads
	doubt   error        // why the ledger takes no issues; nil if it does
}

// Beside is what the desk hands to others, because it may take seconds. Each
// answers with an event. None of them waits. What is nil is not there, and is
// not asked for as long as the visit's Devices and rules say so.
type Beside struct {
	// PIN asks central about a card's PIN, and holds the PIN against the
	// card's verifier if central is silent. Then it calls back, on the desk's
	// goroutine.
	PIN func(q PINQuestion, back func(context.Context, PINResult) error)
	// Judge says what a typed number is.
	Judge func(text string) visit.Event
	// Print begins a job, and EndPrint ends what is left of a visit's.
	Print    func(visit.Print)
	EndPrint func(circ.Visit)
}

// Visit is the visit that is going on, for any goroutine.
func (d *Desk) Visit() circ.Visit {
	v, _ := d.current.Load().(circ.Visit)
	return v
}

// State is the visit as it stands. Only the desk's goroutine may ask.
func (d *Desk) State() visit.State { return d.state }

// Handle runs one event to its end and shows the result. An error means that
// the kiosk cannot go on with what it has and should start again.
func (d *Desk) Handle(ctx context.Context, ev visit.Event) error {
	todo := []visit.Event{ev}
	for len(todo) > 0 {
		at := d.Now()
		d.state.House = d.House
		next, effects := d.state.Next(at, todo[0])
		d.state, todo = next, todo[1:]
		d.current.Store(next.Visit)
		for _, fx := range effects {
			answer, err := d.perform(ctx, at, fx)
			if err != nil {
				return err
			}
			if answer != nil {
				todo = append(todo, answer)
			}
		}
	}
	d.Show(d.state, d.Now())
	return nil
}

// facts reads what central told. A cache that cannot be read is no reason to
// stop taking returns: nothing is known then.
func (d *Desk) facts(ctx context.Context, at circ.Moment, who circ.Borrower, items []circ.ItemID) (circ.Facts, error) {
	f, err := d.Facts.Facts(ctx, at, d.CardKey, who, items)
	if err != nil {
		if ctx.Err() != nil {
			return f, ctx.Err()
		}
		d.Log.Error("the cache cannot be read: nothing is known of borrowers and items", "err", err)
		f = circ.Facts{Items: map[circ.ItemID]circ.ItemFacts{}}
	}
	f.Online = d.Online()
	return f, nil
}

// zone is the venue's time zone. The program carries the zones itself (package
// time/tzdata); a name that it does not know decides in UTC.
func zone(book *circ.RuleBook) *time.Location {
	if book == nil {
		return time.UTC
	}
	z, err := time.LoadLocation(book.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

func (d *Desk) record(ctx context.Context, at circ.Moment, e visit.Record) (visit.Event, error) {
	pile := make([]circ.Request, len(e.Pile))
	var items []circ.ItemID
	var who circ.Borrower
	for i, req := range e.Pile {
		req.Tx = ledger.NewTx()
		pile[i] = req
		items = append(items, req.Item)
		if req.Who.Known() {
			who = req.Who
		}
	}
	receipts, err := d.decide(ctx, at, pile, who, items)
	if err := d.survive(ctx, err); err != nil {
		return nil, err
	}
	if err != nil {
		receipts = refuse(pile)
	}
	d.Poke()
	return visit.Recorded{Visit: e.Visit, Receipts: receipts}, nil
}

// decide records a pile on what is known now. Central's word may come in between
// the reading and the recording; then it is read again.
func (d *Desk) decide(ctx context.Context, at circ.Moment, pile []circ.Request, who circ.Borrower, items []circ.ItemID) (receipts []circ.Receipt, err error) {
	const tries = 5
	for range tries {
		f, err := d.facts(ctx, at, who, items)
		if err != nil {
			return nil, err
		}
		receipts, err = d.Ledger.Record(ctx, at, pile, f, policy.Rules{Zone: zone(f.Rules)}.Decide)
		if !errors.Is(err, ledger.ErrStale) {
			return receipts, err
		}
	}
	return nil, ledger.ErrStale
}

// refuse is what a borrower hears when the ledger could not write: plainly no,
// and nothing of the tag is touched.
func refuse(pile []circ.Request) (out []circ.Receipt) {
	for _, req := range pile {
		out = append(out, circ.Receipt{Tx: req.Tx, Kind: req.Kind, Visit: req.Visit, Item: req.Item, State: circ.Refused,
			Decision: circ.Decision{Verdict: circ.No, Reason: circ.LedgerReadOnly, Shelf: circ.HelpShelf}})
	}
	return out
}

// survive says which of the ledger's errors end the program. A full disk is
// told and tried again with the next item; doubt and damage are not lived with.
func (d *Desk) survive(ctx context.Context, err error) error {
	d.doubt = err
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ledger.ErrDoubt), errors.Is(err, ledger.ErrDamaged), errors.Is(err, ErrPowerCut):
		return err
	}
	d.Log.Error("the ledger cannot write: no issues until it can", "err", err)
	return nil
}

// ErrPowerCut is what a test's hooks return where the power goes: nothing that
// is still running may go on as if it had only been refused.
var ErrPowerCut = errors.New("power cut")

func (d *Desk) resume(ctx context.Context, at circ.Moment, e visit.Resume) (visit.Event, error) {
	void := func(item circ.ItemID) bool { return d.overtaken(ctx, at, e.Who, item) }
	receipts, err := d.Ledger.Resume(ctx, at, e.Who.Key, e.Visit, void)
	if err := d.survive(ctx, err); err != nil {
		return nil, err
	}
	if len(receipts) == 0 {
		return nil, nil
	}
	d.Poke()
	return visit.Recorded{Visit: e.Visit, Receipts: receipts}, nil
}

// News is what follows when central has told something new: issues that it
// overtakes end before another tag goes quiet for them, and the visit looks
// again at what it waits for.
func (d *Desk) News(ctx context.Context) error {
	at, visited, who := d.Now(), d.Visit(), d.state.Who
	receipts, err := d.Ledger.Void(ctx, at, visited, func(item circ.ItemID) bool { return d.overtaken(ctx, at, who, item) })
	if err := d.survive(ctx, err); err != nil {
		return err
	}
	if len(receipts) > 0 {
		d.Poke()
		if err := d.Handle(ctx, visit.Recorded{Visit: visited, Receipts: receipts}); err != nil {
			return err
		}
	}
	return d.Handle(ctx, visit.News{})
}

// overtaken says that the cache knows a newer fact about an item than the
// issue whose tag is still to be quieted: staff returned it, or lent it on.
func (d *Desk) overtaken(ctx context.Context, at circ.Moment, who circ.Borrower, item circ.ItemID) bool {
	f, err := d.facts(ctx, at, who, []circ.ItemID{item})
	if err != nil {
		return true
	}
	lent, err := d.Ledger.Lent(ctx, item)
	if err != nil || !lent.Open {
		return true
	}
	i := f.Items[item]
	changedSince := i.Version > lent.Feed.Version || f.Version.Generation != lent.Feed.Generation
	return i.Known && (contains(f, lent) || changedSince) && !(i.OnLoan && i.Yours)
}

// contains says that the cache knows of what this kiosk last did with an item.
// A return leaves no version behind, because an item that is in has no row of
// its circulation; but a cache that contains the issue and no loan knows of it.
func contains(f circ.Facts, lent ledger.Lent) bool {
	return f.Epoch == lent.Epoch && f.Folded >= lent.N
}

// Expire ends what nobody can finish any more.
func (d *Desk) Expire(ctx context.Context) error {
	receipts, err := d.Ledger.Expire(ctx, d.Now(), d.Visit())
	if len(receipts) > 0 {
		d.Poke()
	}
	return d.survive(ctx, err)
}

// Pad turns what a pad saw into the visit's events.
func (d *Desk) Pad(ctx context.Context, ev pads.Event, role visit.Role) error {
	switch e := ev.(type) {
	case pads.Placed:
		return d.placed(ctx, e, role)
	case pads.Lifted:
		return d.Handle(ctx, visit.Lifted{Read: e.Read.Mono, UID: e.UID})
	case pads.Settled:
		d.Poke()
		return d.Handle(ctx, visit.Settled{Receipts: e.Receipts})
	case pads.Stuck:
		d.Log.Warn("a tag did not take what was written", "uid", e.Wish.UID, "tx", e.Wish.Tx, "err", e.Err)
		return d.Handle(ctx, visit.Stuck{Tx: e.Wish.Tx, UID: e.Wish.UID})
	}
	return nil
}

func (d *Desk) placed(ctx context.Context, e pads.Placed, role visit.Role) error {
	if e.Err == nil && e.Label.Kind == label.KindCard {
		return d.Handle(ctx, visit.CardShown{Read: e.Read.Mono, Who: d.Borrower(circ.Card(e.Label.Item))})
	}
	tag := visitTag(e, role)
	if err := d.faultOf(ctx, e, tag); err != nil {
		return err
	}
	return d.Handle(ctx, visit.Placed{Read: e.Read.Mono, Tag: tag, Found: e.Found})
}

// faultOf reports a tag that passes the gate: that it is quiet after all, if
// that was in doubt, or that nobody is known to be liable for it. The latter
// is reported, never written (design D1).
func (d *Desk) faultOf(ctx context.Context, e pads.Placed, tag visit.Tag) error {
	if tag.Item == "" || tag.AFI != d.Quiet {
		return nil
	}
	if verified, err := d.Ledger.Verify(ctx, d.Now(), d.Visit(), tag.UID); verified || err != nil {
		d.Poke()
		return d.survive(ctx, err)
	}
	f, err := d.facts(ctx, d.Now(), circ.Borrower{}, []circ.ItemID{tag.Item})
	if err != nil {
		return err
	}
	lent, err := d.Ledger.Lent(ctx, tag.Item)
	ours := lent.Open && !contains(f, lent)
	if err != nil || ours || f.AsOf.IsZero() || f.Items[tag.Item].OnLoan {
		return d.survive(ctx, err)
	}
	err = d.Ledger.Note(ctx, d.Now(), d.Visit(), contract.TagFault, contract.TagNote{Item: tag.Item, Why: "quiet without a known loan",
		Tags: []contract.TagRef{{UID: tag.UID, Part: tag.Part, Of: tag.Of, AFI: tag.AFI.String()}}})
	d.Poke()
	return d.survive(ctx, err)
}

// Borrower is a card as the rooms know it.
func (d *Desk) Borrower(card circ.Card) circ.Borrower {
	return circ.Borrower{Card: card, Key: contract.CardKey(d.CardKey, card)}
}

// visitTag is what the visit needs of a tag. Only a label of an item that can
// be believed has an item; library equipment and discarded items keep theirs,
// so that the rules can say no by name.
func visitTag(e pads.Placed, role visit.Role) visit.Tag {
	t := visit.Tag{UID: e.UID, AFI: e.AFI, Role: role, Model: e.Label.Model}
	if e.Err != nil {
		t.Fault = faultKind(e.Err)
		return t
	}
	t.Item, t.Part, t.Of = circ.ItemID(e.Label.Item), e.Label.Part, e.Label.Parts
	t.Usage, t.Owner = e.Label.Usage, e.Label.Owner
	if e.Label.Kind == label.KindOther && t.Usage == 0 {
		t.Usage = usageAcquisition
	}
	return t
}

// usageAcquisition is ISO 28560-2's "acquisition, manual": 0x00 alone would
// read as "the tag does not say".
const usageAcquisition = 0x02

func faultKind(err error) visit.TagFault {
	switch {
	case errors.Is(err, label.ErrBlank):
		return visit.BlankTag
	case errors.Is(err, label.ErrUnknownModel):
		return visit.UnknownTag
	}
	return visit.CorruptTag
}

// Devices tells the visit what works.
func (d *Desk) Devices(ctx context.Context, dev visit.Devices) error {
	dev.Online, dev.ReadOnly = d.Online(), d.doubt != nil
	if dev == d.state.Devices {
		return nil
	}
	if err := d.Handle(ctx, dev); err != nil {
		return fmt.Errorf("tell the visit what works: %w", err)
	}
	return nil
}
