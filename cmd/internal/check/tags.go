package check

import (
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// tags holds every tag against the ledger, and against central for what this
// kiosk has not lent itself.
func (r Reading) tags(v *Verdict) {
	open := map[drivers.UID]circ.Security{}
	returning := map[circ.ItemID]bool{}
	for _, w := range r.Ledger.Wishes {
		open[w.UID] = w.Want
		returning[w.Item] = returning[w.Item] || w.Want == circ.Loud
	}
	lent := map[circ.ItemID]bool{}
	for _, l := range r.Central.Loans {
		lent[l.Item] = true
	}
	unverified := r.unverified()
	elsewhere := r.elsewhere()
	v.Tags = len(r.Tags)
	for _, t := range r.Tags {
		loan, here := here(r.Ledger, elsewhere, t.Item)
		s := standing{wish: open[t.UID], here: here, central: lent[t.Item], told: unverified[t.UID] || here && forgotten(r.Ledger, loan),
			returning: returning[t.Item]}
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

	returning bool // another part of its set is still to become loud
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
	case t.Says == circ.Loud && s.here && !s.told && !s.returning:
		return "a verified loan's tag is quiet", "the gate sounds although the loan was verified"
	case t.Says == "" && !s.told:
		return "a tag says in stock or on loan", "it says neither, and nobody has reported it"
	}
	return "", ""
}

// forgotten says that what was reported of a loan may have been pruned.
func forgotten(l ledger.Report, loan ledger.OnLoan) bool { return loan.N <= l.Base[loan.Epoch] }

// unverified are the tags that the ledger has reported as not confirmed since
// their item was lent: those of an issue, and those of a return that was begun,
// made some of them loud, and did not come to its end.
func (r Reading) unverified() map[drivers.UID]bool {
	out := map[drivers.UID]bool{}
	for _, e := range r.Ledger.Events {
		for _, t := range e.Tags {
			switch e.Type {
			case contract.TagUnverified, contract.ReturnIncomplete:
				out[t.UID] = true
			case contract.LoanIssued, contract.TagVerified:
				delete(out, t.UID)
			}
		}
	}
	return out
}
