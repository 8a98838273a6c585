package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Decide is policy's answer to one request.
type Decide func(circ.Moment, circ.Request, circ.Facts) circ.Decision

// Record decides a pile and commits it in one transaction: one receipt a
// request, in the same order. Limits count within the pile, because each
// request is decided on facts that contain the ones before it.
//
// An issue is recorded with its event and its quiet wishes. A return with tags
// is only intended: loud wishes and no event; Settle ends it. An item without
// tags closes at once. On an error nothing was recorded, unless it is ErrDoubt.
// ErrStale asks for newer facts.
func (l *Ledger) Record(ctx context.Context, at circ.Moment, pile []circ.Request, f circ.Facts, decide Decide) ([]circ.Receipt, error) {
	var receipts []circ.Receipt
	if !l.hasReserve(ctx) {
		decide = returnsOnly(decide)
	}
	err := l.write(ctx, "record", func(w *writer) error {
		if l.stale(pile, f) {
			return ErrStale
		}
		own, err := w.own(pile, f)
		if err != nil {
			return err
		}
		f.Own = own
		for _, req := range pile {
			r := w.recordOne(at, req, f, decide)
			if w.err != nil {
				return fmt.Errorf("%s of %s: %w", req.Kind, req.Item, w.err)
			}
			count(&f, req, r)
			receipts = append(receipts, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return receipts, nil
}

// returnsOnly is what a full disk leaves: returns until the last of the
// reserve, and no issues.
func returnsOnly(decide Decide) Decide {
	return func(at circ.Moment, req circ.Request, f circ.Facts) circ.Decision {
		if req.Kind == circ.Return || req.Kind == circ.Cancel {
			return decide(at, req, f)
		}
		return circ.Decision{Verdict: circ.No, Reason: circ.LedgerReadOnly, Shelf: circ.HelpShelf}
	}
}

func (w *writer) recordOne(at circ.Moment, req circ.Request, f circ.Facts, decide Decide) circ.Receipt {
	if r, again := w.again(req); again {
		return r
	}
	d := decide(at, req, f)
	if d.Verdict == circ.Yes && req.Kind == circ.Return && missingParts(req.Tags) {
		d = circ.Decision{Verdict: circ.No, Reason: circ.SetIncomplete, Shelf: circ.HelpShelf, Rules: d.Rules}
	}
	r := circ.Receipt{Tx: req.Tx, Kind: req.Kind, Visit: req.Visit, Item: req.Item, Decision: d}
	switch d.Verdict {
	case circ.Yes:
		w.supersede(at, req)
		r.State = w.perform(at, req, f, d)
		r.Open = w.open(req.Tx)
	case circ.Already:
		r.State = w.already(at, req, f, d)
		r.Open = w.open(req.Tx)
	default:
		r.State = circ.Refused
	}
	return r
}

// already is what remains to be done about what is so already. An item that
// this card has, put down with its tags, needs no second loan; but its tags
// may still have to be made quiet, if it was lent by its barcode before. A
// return of what is in as far as this kiosk knows is written down all the same:
// another kiosk may have lent it meanwhile, and then nobody else saw it come back.
func (w *writer) already(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision) circ.State {
	if req.Kind == circ.Return && !w.returnedIn(req) {
		w.supersede(at, req)
		return w.intend(at, req, f, d)
	}
	if req.Kind != circ.Issue || d.Reason != circ.ItemAlreadyYours || len(req.Tags) == 0 || missingParts(req.Tags) {
		return circ.Done
	}
	w.supersede(at, req)
	w.wish(w.newAct(at, req, f, d), circ.Quiet)
	return circ.Pending
}

// returnedIn says that the item was returned in this very visit: a barcode read
// twice is one return.
func (w *writer) returnedIn(req circ.Request) bool {
	l, found := w.loanOf(req.Item)
	if !found || l.open || w.err != nil {
		return false
	}
	var same bool
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		row, err := scanEvent(rows)
		if err != nil {
			return err
		}
		var e contract.Event
		err = json.Unmarshal(row.body, &e)
		same = e.Visit == req.Visit && e.Type == contract.LoanReturned
		return err
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? AND n = ?", l.epoch[:], int64(l.n))
	return same
}

// perform does what was decided and says how far that came.
func (w *writer) perform(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision) circ.State {
	switch req.Kind {
	case circ.Issue:
		return w.issue(at, req, f, d)
	case circ.Renew:
		w.lend(at, req, f, d, contract.LoanRenewed)
		return circ.Done
	default:
		return w.intend(at, req, f, d)
	}
}

// issue records the loan and its event first; only then may a tag go quiet.
func (w *writer) issue(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision) circ.State {
	w.lend(at, req, f, d, contract.LoanIssued)
	if len(req.Tags) == 0 {
		return circ.Done
	}
	w.wish(w.newAct(at, req, f, d), circ.Quiet)
	return circ.Pending
}

func (w *writer) lend(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision, t contract.EventType) {
	class := f.Items[req.Item].Class
	n, epoch := w.event(at, t, req.Tx, req.Visit, f.Version, d.Rules, contract.Loan{
		Item: req.Item, Who: w.seal(req, t), Due: d.Due.UTC(), Provisional: d.Provisional,
		Class: class, Flags: d.Flags, Tags: refs(req.Tags),
	})
	renewals := 0
	if t == contract.LoanRenewed {
		_, _, _, renewals = f.State(req.Item)
		renewals++
	}
	w.saveLoan(loan{item: req.Item, tx: req.Tx, open: true, who: req.Who.Key, class: class,
		due: d.Due.UnixMilli(), renewals: renewals, epoch: epoch, n: n})
}

// intend records what is wanted of the tags. The loan stays open until they
// agree.
func (w *writer) intend(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision) circ.State {
	a := w.newAct(at, req, f, d)
	if req.Who.Known() {
		a.draft.Done = w.seal(req, closing(req.Kind))
		a.draft.Incomplete = w.seal(req, contract.ReturnIncomplete)
	}
	if req.Kind == circ.Cancel {
		l, _ := w.loanOf(req.Item)
		a.draft.Of = l.tx
	}
	if len(req.Tags) == 0 || slices.Contains(d.Flags, circ.ItemForeign) {
		w.close(at, a) // another library's tag is never written (design D1)
		return closed(req.Kind)
	}
	w.wish(a, circ.Loud)
	return circ.Pending
}

func (w *writer) newAct(at circ.Moment, req circ.Request, f circ.Facts, d circ.Decision) act {
	return act{tx: req.Tx, kind: req.Kind, item: req.Item, visit: req.Visit, who: req.Who.Key, boots: w.boots,
		wall: millis(at), mono: at.Mono.Milliseconds(),
		draft: draft{Decision: d, Feed: f.Version, Tags: req.Tags, Class: f.Items[req.Item].Class}}
}

// wish saves an act and what it wants of each of its tags.
func (w *writer) wish(a act, want circ.Security) {
	w.saveAct(a)
	for _, t := range a.draft.Tags {
		w.saveWish(circ.Wish{UID: t.UID, Want: want, Tx: a.tx, Item: a.item, Part: t.Part, Of: t.Of})
	}
}

// again finds the same return or issue still on its way in the same visit, so
// that asking twice is one act. In another visit it is another act: others may
// have had the item, and written its tags, since.
func (w *writer) again(req circ.Request) (circ.Receipt, bool) {
	for _, a := range w.acts("item = ?", string(req.Item)) {
		if a.kind == req.Kind && a.visit == req.Visit {
			return w.receipt(a, circ.Pending), w.err == nil
		}
	}
	return circ.Receipt{}, false
}

// supersede ends every earlier act on the item or on one of the tags: there is
// one act per item and one wish per tag.
func (w *writer) supersede(at circ.Moment, req circ.Request) {
	for _, a := range w.acts("item = ?", string(req.Item)) {
		w.drop(at, a)
	}
	w.delete(tableDoubt, "item = ?", string(req.Item))
	for _, t := range req.Tags {
		for _, a := range w.acts("tx IN (SELECT tx FROM wish WHERE uid = ?)", t.UID[:]) {
			w.drop(at, a)
		}
	}
}

// event appends to the chain. The bytes made here are the event for ever.
func (w *writer) event(at circ.Moment, t contract.EventType, tx circ.Tx, visit circ.Visit, feed circ.FeedVersion, rules string, data any) (uint64, circ.Epoch) {
	if w.err != nil {
		return 0, circ.Epoch{}
	}
	c, err := currentChain(w.ctx, w.tx)
	if err != nil {
		w.err = err
		return 0, c.epoch
	}
	d, err := json.Marshal(data)
	if err != nil {
		w.err = err
		return 0, c.epoch
	}
	w.append(&c, contract.Event{N: c.head + 1, Type: t, At: at.Wall.UTC().Truncate(time.Millisecond), Mono: at.Mono.Milliseconds(),
		Boot: at.Boot, Clock: at.Quality, Tx: tx, Visit: visit, Feed: feed, Rules: rules, Data: d})
	w.saveChain(c)
	return c.head, c.epoch
}

func (w *writer) append(c *chain, e contract.Event) {
	body, err := contract.EncodeEvent(e)
	if err != nil {
		w.err = err
		return
	}
	c.head, c.hHash = e.N, c.hHash.Next(e.N, body)
	w.insertEvent(stored{epoch: c.epoch, n: e.N, tx: e.Tx, kind: string(e.Type), at: e.At.UnixMilli(), body: body, hash: c.hHash})
}

func (w *writer) insertEvent(e stored) {
	w.exec("INSERT INTO event ("+eventColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.epoch[:], int64(e.n), e.tx[:], e.kind, e.at, e.body, e.hash[:], e.sum())
}

func (w *writer) seal(req circ.Request, t contract.EventType) contract.Sealed {
	if w.err != nil || !req.Who.Known() {
		return nil
	}
	s, err := contract.Seal(w.o.Seal, w.o.Kiosk, req.Tx, t, req.Who.Card)
	w.err = err
	return s
}

func refs(tags []circ.SeenTag) []contract.TagRef {
	var out []contract.TagRef
	for _, t := range tags {
		out = append(out, contract.TagRef{UID: t.UID, Part: t.Part, Of: t.Of, AFI: t.AFI.String()})
	}
	return out
}

func missingParts(tags []circ.SeenTag) bool {
	parts := map[int]bool{}
	for _, t := range tags {
		parts[t.Part] = true
	}
	return len(tags) > 0 && len(parts) < tags[0].Of
}

// NewTx names a transaction. It is time-ordered for people who read lists;
// nothing depends on its order.
func NewTx() circ.Tx { return uuid.Must(uuid.NewV7()) }
