package record

import (
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// verdict is what an event came to.
type verdict struct {
	out    Out
	reason circ.Reason   // of an outcome that is no case
	flags  []circ.Reason // what staff should see; any flag makes it a case
	parked bool
	urgent bool
	note   string
	item   circ.ItemID
	card   circ.Card
	tell   string
	share  string
	at     time.Time // when it happened, as well as is known; zero: nothing is
}

func accepted(why circ.Reason) verdict { return verdict{out: Accepted, reason: why} }

// parked is an event that had no effect and waits for staff.
func parked(why circ.Reason, note string) verdict {
	return verdict{out: AsCase, flags: []circ.Reason{why}, parked: true, note: note}
}

// flag adds something that staff should see. The first note stands.
func (v *verdict) flag(why circ.Reason, note string) {
	for _, f := range v.flags {
		if f == why {
			return
		}
	}
	v.flags = append(v.flags, why)
	if v.note == "" {
		v.note = note
	}
}

// finish writes the outcome, and the case if there is one.
func finish(tx Tx, e Event, v verdict) error {
	o := Outcome{Kiosk: e.Kiosk, Epoch: e.Epoch, N: e.N, At: v.at, Out: v.out, Reason: v.reason}
	if len(v.flags) > 0 {
		at := v.at
		if at.IsZero() {
			at = e.Received
		}
		c := Case{
			Reasons: v.flags, Urgent: v.urgent, Parked: v.parked,
			Kiosk: e.Kiosk, Epoch: e.Epoch, N: e.N,
			Item: v.item, Card: v.card, At: at, Note: v.note, Tell: v.tell,
		}
		if len(v.flags) == 1 {
			c.Share = v.share
		}
		id, err := tx.OpenCase(c)
		if err != nil {
			return err
		}
		o.Out, o.Reason, o.Case = AsCase, v.flags[0], id
	}
	return tx.Finish(o)
}

// act is one event being applied.
type act struct {
	tx     Tx
	stored Event
	event  contract.Event
	unseal func(Event, contract.Event, contract.Sealed) (circ.Card, error)
	moment
}

// source is the stream that an act came in.
func (a act) source() Source { return Source{a.stored.Kiosk, a.stored.Epoch} }

// ordered says that this act comes after whatever came from a source, whatever
// their clocks said: within a stream by number. Two streams of one kiosk follow
// each other, unless their times are sure: a copy of the kiosk may be at work.
func (a act) ordered(s Source) bool {
	return s.Kiosk == a.stored.Kiosk && (s.Epoch == a.stored.Epoch || s.Epoch == circ.Epoch{} || !a.sure)
}

// clocked flags an act whose time is doubtful, in one case for each run of
// the kiosk's program. Acts that are cases already only get the reason.
func (a act) clocked(v verdict) verdict {
	v.at = a.at
	if !a.doubtful || v.parked {
		return v
	}
	if len(v.flags) == 0 {
		v.share = "clock/" + a.stored.Kiosk + "/" + a.event.Boot.String()
	}
	v.flag(Clock, "the kiosk's clock was not to be trusted in this run of its program; due dates it printed stand")
	return v
}

// aged flags an act that comes more than thirty days late.
func (a act) aged(v *verdict) {
	if a.stored.Received.Sub(a.at) > staleAfter && !a.doubtful {
		v.flag(Stale, fmt.Sprintf("it happened on %s and arrived more than thirty days later", a.at.UTC().Format(time.DateOnly)))
	}
}

func (a act) judge() (verdict, error) {
	switch a.event.Type {
	case contract.LoanIssued, contract.LoanRenewed, contract.LoanCancelled:
		return a.loan()
	case contract.LoanReturned, contract.ReturnIncomplete:
		return a.back()
	case contract.TagUnverified, contract.TagVerified, contract.TagChanged, contract.TagFault:
		return a.tag()
	case contract.RenewAsked:
		return a.renewAll()
	case contract.BorrowerTold:
		return a.told()
	case contract.StaffNotice:
		return a.notice()
	case contract.ReceiptWanted:
		return a.receipt()
	}
	return parked(UnknownType, fmt.Sprintf("%q is no event this version knows; update central, then look again", clip(string(a.event.Type)))), nil
}

// checkItem says what is wrong with an item number; "" nothing.
func checkItem(id circ.ItemID) string {
	switch {
	case id == "":
		return "it names no item"
	case len(id) > maxIDLength:
		return "its item number is longer than any can be"
	}
	for _, r := range string(id) {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return "its item number holds characters that no number has"
		}
	}
	return ""
}

func clip(s string) string {
	if len(s) > maxIDLength {
		return s[:maxIDLength]
	}
	return s
}
