package check

import (
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// tags holds every tag against the ledger, and against central for what this
// kiosk has not lent itself.
func (r Reading) tags(v *Verdict) {
	open := map[drivers.UID]circ.Security{}
	for _, w := range r.Ledger.Wishes {
		open[w.UID] = w.Want
	}
	lent := map[circ.ItemID]bool{}
	for _, l := range r.Central.Loans {
		lent[l.Item] = true
	}
	unverified := r.unverified()
	v.Tags = len(r.Tags)
	for _, t := range r.Tags {
		loan, here := r.Ledger.Loans[t.Item]
		s := standing{wish: open[t.UID], here: here, central: lent[t.Item], told: unverified[tagOf{loan.Tx, t.UID}]}
		if rule, what := s.wrong(t); what != "" {
			v.harm(rule, "the tag of item %s, part %d of %d, says %s: %s", t.Item.Tail(), t.Part, t.Of, t.AFI, what)
			continue
		}
		v.Agree++
	}
}

// standing is what is durably known of one tag.
type standing struct {
	wish    circ.Security // what the ledger still wants of it; "" nothing
	here    bool          // the ledger has an open loan of its item
	central bool          // so has central
	told    bool          // the ledger has said that this tag was not confirmed
}

// wrong says which rule a tag breaks and how; "" none.
func (s standing) wrong(t Tag) (rule, what string) {
	switch {
	case s.wish == circ.Quiet && !s.here:
		return "a quiet wish rests on a loan", "it is to become quiet and nobody has borrowed it"
	case s.wish != "":
		return "", "" // on its way, and somebody is liable until it is there
	case t.Says == circ.Quiet && !s.here && !s.central:
		return "a tag is quiet only while somebody is liable", "it passes the gate and nobody has borrowed it"
	case t.Says == circ.Loud && s.here && !s.told:
		return "a verified loan's tag is quiet", "the gate sounds although the loan was verified"
	case t.Says == "" && !s.told:
		return "a tag says in stock or on loan", "it says neither, and nobody has reported it"
	}
	return "", ""
}

// tagOf is one tag in one transaction.
type tagOf struct {
	tx  circ.Tx
	uid drivers.UID
}

// unverified are the tags that the ledger has reported as not confirmed.
func (r Reading) unverified() map[tagOf]bool {
	out := map[tagOf]bool{}
	for _, e := range r.Ledger.Events {
		if e.Type != contract.TagUnverified && e.Type != contract.ReturnIncomplete {
			continue
		}
		for _, t := range e.Tags {
			out[tagOf{e.Tx, t.UID}] = true
		}
	}
	return out
}
