// Package check compares what three witnesses say of the same acts: the tags'
// memories, the kiosk's ledger file, and central's database, and holds them
// against what the borrowers were told. It believes no witness more than
// another, and changes nothing.
package check

import (
	"fmt"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// Reading is what the three witnesses said at one time, and what the borrowers
// had been told by then.
type Reading struct {
	Tags    []Tag
	Ledger  ledger.Report
	Lives   []ledger.Report // other lives of the kiosk's ledger: before its disk was put back, or on a copy of it
	Central Central
	Told    []Told
}

// Tag is one tag's memory: what it is on, and what it says to the gate.
type Tag struct {
	UID  drivers.UID
	Item circ.ItemID
	Part int
	Of   int
	AFI  drivers.AFI
	Says circ.Security // "" if the AFI is neither value
}

// Central is what central's database holds of one kiosk.
type Central struct {
	Events []Event
	Loans  []Loan // open ones
}

// Event is one stored event of the kiosk.
type Event struct {
	Epoch circ.Epoch
	N     uint64
	Body  []byte
	Again bool // central knew the act, and did nothing
}

// Loan is an open loan of central's record.
type Loan struct {
	Tx   circ.Tx
	Item circ.ItemID
	Card circ.Card
}

// Told is what a borrower was told of one item, in the order in which it was
// said. Doubt says that the power went before anybody was told anything.
type Told struct {
	Item  circ.ItemID
	Kind  circ.Kind // issue or return
	Card  circ.Card // of an issue
	Doubt bool
}

// Verdict is what comes out of the comparison.
type Verdict struct {
	Acked   int // events that central has acknowledged to the kiosk
	Lost    int // of those, events that central does not have as they were sent
	Doubled int // acts that central has more than once
	Agree   int // tags that agree with the ledger
	Tags    int
	Harms   []Harm
}

// Harm is one thing that is not as it must be, in words for people.
type Harm struct {
	Rule string // what should hold
	What string // what was found
}

func (h Harm) String() string { return h.What + " (" + h.Rule + ")" }

// OK says whether nothing at all was found.
func (v Verdict) OK() bool {
	return v.Lost == 0 && v.Doubled == 0 && v.Agree == v.Tags && len(v.Harms) == 0
}

// String is the summary, for instance
// "14 events acknowledged, 0 lost, 0 doubled, 225 tags agree with the ledger".
func (v Verdict) String() string {
	tags := fmt.Sprintf("%d tags agree with the ledger", v.Agree)
	if v.Agree != v.Tags {
		tags = fmt.Sprintf("%d of %d tags agree with the ledger", v.Agree, v.Tags)
	}
	return fmt.Sprintf("%d events acknowledged, %d lost, %d doubled, %s", v.Acked, v.Lost, v.Doubled, tags)
}

func (v *Verdict) harm(rule, what string, args ...any) {
	v.Harms = append(v.Harms, Harm{Rule: rule, What: fmt.Sprintf(what, args...)})
}

// InTheDark holds what must be true at every instant, also with the power cut
// and the network down: no tag is quiet that nobody is liable for, and central
// never has less than it acknowledged.
func InTheDark(r Reading) Verdict {
	var v Verdict
	r.events(&v)
	r.tags(&v)
	return v
}

// AtRest holds what must be true besides when everything has come to its end:
// every event is acknowledged, nothing is open, and the record is what the
// borrowers were told.
func AtRest(r Reading) Verdict {
	v := InTheDark(r)
	r.drained(&v)
	r.record(&v)
	return v
}
