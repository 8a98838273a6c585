package record

import (
	"encoding/json"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// tag is a note about tags. It never changes a loan; staff see it.
func (a act) tag() (verdict, error) {
	var d contract.TagNote
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no note about tags: "+err.Error()), nil
	}
	v := verdict{out: Accepted, item: circ.ItemID(clip(string(d.Item)))}
	if before, err := a.marked(d); err != nil || before {
		return accepted(Duplicate), err
	}
	switch a.event.Type {
	case contract.TagVerified:
		return v, a.tx.CloseCases(v.item, TagSilent, a.stored.Received, "its tags were confirmed later")
	case contract.TagUnverified:
		return a.unverified(v)
	case contract.TagChanged:
		v.flag(TagMoved, "a tag names this item, and named "+clip(string(d.Was))+" before")
	default:
		v.flag(TagBad, "a tag lay on the pad that cannot be used: "+clip(d.Why))
	}
	v.share = a.share(d)
	return v, nil
}

// marked remembers a note about tags. Of a transaction's tags each is verified
// by itself.
func (a act) marked(d contract.TagNote) (before bool, err error) {
	if a.event.Type == contract.TagVerified && len(d.Tags) > 0 {
		a.event.Type += contract.EventType("/" + d.Tags[0].UID.String())
	}
	return a.mark()
}

// unverified is a loan whose tags may still be loud: the gate may sound.
func (a act) unverified(v verdict) (verdict, error) {
	v.flag(TagSilent, "lent, but not every tag could be made quiet: the gate may sound for this borrower")
	v.share = "tag-unverified/" + a.event.Tx.String()
	return v, nil
}

// share keeps a tag that lies on a pad all day in one case.
func (a act) share(d contract.TagNote) string {
	s := string(a.event.Type) + "/" + a.stored.Kiosk + "/" + clip(string(d.Item)) + "/" + clip(d.Why)
	for i, t := range d.Tags {
		if i == 4 {
			break
		}
		s += "/" + t.UID.String()
	}
	return s
}
