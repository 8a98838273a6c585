package kill

import (
	"maps"
	"slices"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/house"
)

// checkCanFail spoils a good reading in the ways in which a wrong program
// would: each must be found. (A kiosk that quiets tags in the wrong order is
// the demonstration's, with --break: the kiosk that is sold cannot be told to.)
func checkCanFail(t *testing.T, good check.Reading) {
	for _, c := range []struct {
		name  string
		spoil func(*check.Reading)
		found func(check.Verdict) bool
	}{
		{"central lost an event that it had acknowledged", func(r *check.Reading) {
			r.Central.Events = r.Central.Events[1:]
		}, func(v check.Verdict) bool { return v.Lost == 1 }},
		{"central has other bytes than were sent", func(r *check.Reading) {
			r.Central.Events[0].Body = append(slices.Clone(r.Central.Events[0].Body), ' ')
		}, func(v check.Verdict) bool { return v.Lost == 1 }},
		{"an act is recorded twice", func(r *check.Reading) {
			twice := r.Central.Events[0]
			for _, e := range r.Central.Events {
				if e.Epoch == twice.Epoch {
					twice.N = max(twice.N, e.N)
				}
			}
			twice.N++
			r.Central.Events = append(r.Central.Events, twice)
		}, func(v check.Verdict) bool { return v.Doubled == 1 }},
		{"a tag is quiet without a loan", func(r *check.Reading) {
			for i, tag := range r.Tags {
				_, here := r.Ledger.Loans[tag.Item]
				if tag.Says == circ.Loud && !here {
					r.Tags[i].Says, r.Tags[i].AFI = circ.Quiet, house.Quiet
					return
				}
			}
		}, func(v check.Verdict) bool { return v.Agree == v.Tags-1 }},
		{"a loan is gone from both books", func(r *check.Reading) {
			i := slices.IndexFunc(r.Tags, func(tag check.Tag) bool { return tag.Says == circ.Quiet })
			item := r.Tags[max(0, i)].Item
			delete(r.Ledger.Loans, item)
			r.Central.Loans = slices.DeleteFunc(r.Central.Loans, func(l check.Loan) bool { return l.Item == item })
		}, func(v check.Verdict) bool { return v.Agree < v.Tags && len(v.Harms) > 1 }},
		{"central has a loan that nobody was told of", func(r *check.Reading) {
			item := r.Central.Loans[0].Item
			r.Told = slices.DeleteFunc(r.Told, func(x check.Told) bool { return x.Item == item })
		}, func(v check.Verdict) bool { return len(v.Harms) == 1 }},
		{"a loan is on another card", func(r *check.Reading) {
			r.Central.Loans[0].Card = "21111111111111"
		}, func(v check.Verdict) bool { return len(v.Harms) == 1 }},
	} {
		r := clone(good)
		c.spoil(&r)
		if v := check.AtRest(r); v.OK() || !c.found(v) {
			t.Errorf("%s: got %s, %v, want it to be found", c.name, v, v.Harms)
		}
	}
}

// clone copies what is spoilt.
func clone(r check.Reading) check.Reading {
	r.Tags, r.Told = slices.Clone(r.Tags), slices.Clone(r.Told)
	r.Central.Events, r.Central.Loans = slices.Clone(r.Central.Events), slices.Clone(r.Central.Loans)
	r.Ledger.Loans = maps.Clone(r.Ledger.Loans)
	return r
}
