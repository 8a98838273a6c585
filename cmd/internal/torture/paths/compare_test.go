package paths

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// kinds are the events that the model knows. What else is written down for
// staff changes nothing.
var kinds = map[contract.EventType]kind{
	contract.LoanIssued: issue, contract.LoanReturned: giveBack, contract.LoanCancelled: cancel,
	contract.TagUnverified: unverified, contract.ReturnIncomplete: incomplete, contract.TagVerified: verified,
}

// view is what both the model and the real thing can tell of one kiosk.
type view struct {
	Off    bool
	Events []kind
	Acked  int // of them
	Stored int // of them at central
	Wish   byte
	Loud   bool // what is wished
	Lent   bool
	OnLoan bool // as the cache has it
	Yours  bool
}

// whole is the same of everything.
type whole struct {
	Tags   [maxTags]afi
	Kiosks []view
	Open   int // whose loan is open at central: 1+k, 0 nobody's
}

func (m model) whole(s *state) whole {
	out := whole{Tags: s.afi, Open: int(s.by[s.open])}
	if s.open == 0 {
		out.Open = 0
	}
	for k := range m.kiosks() {
		d := &s.k[k]
		v := view{Off: d.off, Acked: int(d.acked), Stored: int(d.stored), Wish: d.wish, Loud: d.act != 0 && d.kind != issue,
			Lent: d.lent, OnLoan: d.cache != 0, Yours: d.cache != 0 && s.by[d.cache] == byte(k+1)}
		for _, e := range d.events[:d.n] {
			v.Events = append(v.Events, e.kind)
		}
		out.Kiosks = append(out.Kiosks, v)
	}
	return out
}

func (m model) kiosks() int {
	if m.second {
		return 2
	}
	return 1
}

// compare holds tags, central and these kiosks against the model.
func (r *replay) compare(kiosks ...int) error {
	want := r.m.whole(&r.s)
	got, err := r.w.whole(want, kiosks)
	if err != nil {
		return err
	}
	a, b := fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)
	if a != b {
		return fmt.Errorf("%w:\n  the model %s\n  really    %s", errApart, a, b)
	}
	return nil
}

// whole reads the tags, central and these kiosks; the others are as assumed.
func (w *world) whole(assumed whole, kiosks []int) (whole, error) {
	out := whole{Kiosks: slices.Clone(assumed.Kiosks)}
	for i := range w.tags.n {
		out.Tags[i] = map[drivers.AFI]afi{loudAFI: loud, quietAFI: quiet, tornAFI: torn}[w.tags.afi[i]]
	}
	loans, err := w.central.Loans(context.Background(), false)
	if err != nil {
		return out, err
	}
	for _, l := range loans {
		for k, d := range desks {
			if l.Card == d.card {
				out.Open = out.Open*10 + k + 1 // two open loans are no number of a kiosk
			}
		}
	}
	for _, k := range kiosks {
		if k >= len(out.Kiosks) {
			continue
		}
		if out.Kiosks[k], err = w.kiosks[k].view(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// audit reads the kiosk's ledger as it lies.
func (h *house) audit() (ledger.Report, error) {
	return ledger.Audit(context.Background(), filepath.Join(h.dir, "ledger.db"))
}

func (h *house) view() (view, error) {
	v := view{Off: h.off}
	r, err := h.audit()
	if err != nil {
		return v, err
	}
	for _, e := range r.Events {
		if k := kinds[e.Type]; k != none {
			v.Events = append(v.Events, k)
			if e.Acked {
				v.Acked++
			}
		}
	}
	for _, x := range r.Wishes {
		v.Wish |= 1 << tagOf(x.UID)
		v.Loud = x.Want == circ.Loud
	}
	_, v.Lent = r.Loans[h.w.tags.item]
	v.Stored, err = h.stored()
	return v, errors.Join(err, h.cached(&v))
}

// stored counts the kiosk's events at central.
func (h *house) stored() (n int, err error) {
	events, err := h.w.central.Events(context.Background(), desks[h.k].name, 1000)
	for _, e := range events {
		var said contract.Event
		if err := json.Unmarshal(e.Body, &said); err != nil {
			return 0, err
		}
		if kinds[said.Type] != none {
			n++
		}
	}
	return n, err
}

// cached is what the cache says of the item. In the dark nobody asks it, and
// it is taken to be as it was.
func (h *house) cached(v *view) error {
	if h.cache != nil {
		f, err := h.cache.Facts(context.Background(), h.now(), h.w.creds[h.k].CardKey, h.borrower(), []circ.ItemID{h.w.tags.item})
		if err != nil {
			return err
		}
		i := f.Items[h.w.tags.item]
		h.thought = [2]bool{i.OnLoan, i.Yours}
	}
	v.OnLoan, v.Yours = h.thought[0], h.thought[1]
	return nil
}

func (h *house) borrower() circ.Borrower {
	card, k := desks[h.k].card, h.w.creds[h.k].CardKey
	return circ.Borrower{Card: card, Key: contract.CardKey(k, card)}
}

// check asks the checker of all rigs about every kiosk. Who was told what at
// which of two desks is not one story: then only what holds in every dark is
// asked about.
func (r *replay) check(atRest bool) error {
	alone := !r.m.second && !r.m.staff
	var all error
	for k := range r.m.kiosks() {
		reading, err := r.reading(r.w.kiosks[k])
		if err != nil {
			return err
		}
		verdict := check.InTheDark(reading)
		if alone && atRest {
			verdict = check.AtRest(reading)
		}
		for _, harm := range verdict.Harms {
			all = errors.Join(all, fmt.Errorf("%s: %s", desks[k].name, harm))
		}
	}
	return all
}

// reading is what the witnesses say.
func (r *replay) reading(h *house) (check.Reading, error) {
	out := check.Reading{Told: h.told}
	var err error
	if out.Ledger, err = h.audit(); err != nil {
		return out, err
	}
	if out.Central, err = check.AtCentral(context.Background(), h.w.central, desks[h.k].name); err != nil {
		return out, err
	}
	if r.m.second || r.m.staff {
		return out, nil // what the tags say is several desks' doing: the model knows
	}
	says := map[drivers.AFI]circ.Security{loudAFI: circ.Loud, quietAFI: circ.Quiet}
	for i := range h.w.tags.n {
		afi := h.w.tags.afi[i]
		out.Tags = append(out.Tags, check.Tag{UID: uidOf(i), Item: h.w.tags.item, Part: int(i + 1), Of: int(h.w.tags.n), AFI: afi, Says: says[afi]})
	}
	return out, nil
}
