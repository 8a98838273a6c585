package check

import (
	"bytes"
	"encoding/json"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// number is an event's key at central.
type number struct {
	epoch circ.Epoch
	n     uint64
}

// act is what an event says was done, whatever its number: a new epoch gives
// the same act another one.
type act struct {
	tx   circ.Tx
	kind contract.EventType
	tag  drivers.UID // of a tag that was verified: each tag of a set is, by itself
}

func actOf(tx circ.Tx, kind contract.EventType, body []byte) act {
	a := act{tx: tx, kind: kind}
	var note struct {
		D contract.TagNote `json:"d"`
	}
	if kind == contract.TagVerified && json.Unmarshal(body, &note) == nil && len(note.D.Tags) > 0 {
		a.tag = note.D.Tags[0].UID
	}
	return a
}

// events compares the ledger's events with central's, both ways.
func (r Reading) events(v *Verdict) {
	stored := map[number][]byte{}
	for _, e := range r.Central.Events {
		stored[number{e.Epoch, e.N}] = e.Body
	}
	ours := map[number]bool{}
	known := map[act]bool{}
	for _, e := range r.Ledger.Events {
		ours[number{e.Epoch, e.N}] = true
		known[actOf(e.Tx, e.Type, e.Body)] = true
		r.acknowledged(v, e, stored)
	}
	r.lives(v, ours, known)
	r.gaps(v)
	r.doubled(v, ours, known)
}

// read takes an event apart.
func read(body []byte) (e contract.Event, ok bool) { return e, json.Unmarshal(body, &e) == nil }

// acknowledged looks for one event of the ledger at central.
func (r Reading) acknowledged(v *Verdict, e ledger.AuditedEvent, stored map[number][]byte) {
	if !e.Acked {
		return
	}
	v.Acked++
	body, there := stored[number{e.Epoch, e.N}]
	switch {
	case !there:
		v.Lost++
		v.harm("what central acknowledged, it has", "event %d, %s of item %s, was acknowledged and central does not have it", e.N, e.Type, e.Item.Tail())
	case !bytes.Equal(body, e.Body):
		v.Lost++
		v.harm("what central has is what was sent", "event %d, %s of item %s, is not the same at central", e.N, e.Type, e.Item.Tail())
	}
}

// gaps finds numbers that central passed over.
func (r Reading) gaps(v *Verdict) {
	last := map[circ.Epoch]uint64{}
	has := map[number]bool{}
	for _, e := range r.Central.Events {
		last[e.Epoch] = max(last[e.Epoch], e.N)
		has[number{e.Epoch, e.N}] = true
	}
	for epoch, end := range last {
		for n := uint64(1); n <= end; n++ {
			if !has[number{epoch, n}] {
				v.harm("central's events have no gaps", "central has event %d and not event %d", end, n)
			}
		}
	}
}

// doubled finds acts that central has twice, and events that no kiosk sent.
func (r Reading) doubled(v *Verdict, ours map[number]bool, known map[act]bool) {
	seen := map[act]uint64{}
	for _, e := range r.Central.Events {
		var said contract.Event
		if err := json.Unmarshal(e.Body, &said); err != nil {
			v.harm("what central has is an event", "event %d at central cannot be read: %v", e.N, err)
			continue
		}
		a := actOf(said.Tx, said.Type, e.Body)
		if before, twice := seen[a]; twice && !e.Again {
			v.Doubled++
			v.harm("no act is recorded twice", "%s is at central as event %d and as event %d", said.Type, before, e.N)
		}
		seen[a] = e.N
		pruned := e.N <= r.Ledger.Base[e.Epoch]
		if !ours[number{e.Epoch, e.N}] && !known[a] && !pruned {
			v.harm("central knows nothing that the ledger does not", "event %d, %s, is at central and not in the ledger", e.N, said.Type)
		}
	}
}

// drained wants every event acknowledged and nothing left open.
func (r Reading) drained(v *Verdict) {
	if n := r.Ledger.Unacked(); n > 0 {
		v.harm("everything has been sent", "%d events are not acknowledged", n)
	}
	for _, w := range r.Ledger.Wishes {
		v.harm("everything has come to its end", "the tag of item %s is still to become %s", w.Item.Tail(), w.Want)
	}
}
