package check

import (
	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
)

// lives adds what other lives of the kiosk's ledger bear witness to: what they
// had acknowledged, central has under whatever number, and what they did was
// done by this kiosk.
func (r Reading) lives(v *Verdict, ours map[number]bool, known map[act]bool) {
	there := map[act]bool{}
	for _, e := range r.Central.Events {
		if said, ok := read(e.Body); ok {
			there[actOf(said.Tx, said.Type, e.Body)] = true
		}
	}
	for _, life := range r.Lives {
		for _, e := range life.Events {
			a := actOf(e.Tx, e.Type, e.Body)
			if e.Acked && !known[a] {
				v.Acked++
				if !there[a] {
					v.Lost++
					v.harm("what central acknowledged, it has", "%s of item %s was acknowledged to another life of the ledger and central does not have it", e.Type, e.Item.Tail())
				}
			}
			ours[number{e.Epoch, e.N}], known[a] = true, true
		}
	}
}

// elsewhere are the items of which another life of the ledger knows something
// that this one does not: for them this ledger is no witness.
func (r Reading) elsewhere() map[circ.ItemID]bool {
	known := map[act]bool{}
	for _, e := range r.Ledger.Events {
		known[actOf(e.Tx, e.Type, e.Body)] = true
	}
	out := map[circ.ItemID]bool{}
	for _, life := range r.Lives {
		for _, e := range life.Events {
			if !known[actOf(e.Tx, e.Type, e.Body)] {
				out[e.Item] = true
			}
		}
	}
	return out
}

// here gives this ledger's open loan of an item, if it can know.
func here(l ledger.Report, elsewhere map[circ.ItemID]bool, item circ.ItemID) (ledger.OnLoan, bool) {
	loan, found := l.Loans[item]
	return loan, found && !elsewhere[item]
}
