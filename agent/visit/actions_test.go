package visit_test

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// given is what the library knows:
//
//	card 4001                       may borrow
//	card 4002: borrower-blocked
//	card 4003: service returns-only
//	card 4001 left 1001 unfinished
//	item 1001 "Treasure Island"
//	item 1002 "Atlas": no item-reference shelf
//	card 4001 has messages hold-ready overdue
//	card 4001 has the PIN 1234
//	a ledger that takes no loans
//	this kiosk: online, asks for a PIN, has a printer, staff are here
//	the house: asks whether everything was found; large loans from 2
func (d *table) given(text string) {
	is := func(pattern string) []string { return regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(text) }
	if m := is(`card (\d+) left (\d+) unfinished`); m != nil {
		d.pending[circ.Card(m[1])] = circ.ItemID(m[2])
	} else if m := is(`card (\d+) has messages (.*)`); m != nil {
		d.standing[circ.Card(m[1])] = visit.Standing{Known: true, Reason: circ.OK, Notes: strings.Fields(m[2])}
	} else if m := is(`card (\d+) has the PIN (\d+)`); m != nil {
		d.pins[circ.Card(m[1])] = visit.Secret(m[2])
	} else if m := is(`this kiosk: (.*)`); m != nil {
		d.works(m[1])
	} else if m := is(`the house: (.*)`); m != nil {
		d.house(m[1])
	} else if m := is(`card (\d+): service (\S+)`); m != nil {
		d.standing[circ.Card(m[1])] = visit.Standing{Known: true, Reason: circ.OK, Service: visit.Service(m[2])}
	} else if m := is(`card (\d+)(?:: (\S+))?`); m != nil {
		st := visit.Standing{Known: true, Reason: circ.OK}
		if m[2] != "" {
			st.Reason = circ.Reason(m[2])
		}
		d.standing[circ.Card(m[1])] = st
	} else if m := is(`item (\d+) "(.*)"(?:: (\S+) (\S+) (\S+))?`); m != nil {
		d.items[circ.ItemID(m[1])] = circ.ItemFacts{Known: true, Title: m[2]}
		if m[3] != "" {
			d.answers[circ.ItemID(m[1])] = circ.Decision{Verdict: circ.Verdict(m[3]), Reason: circ.Reason(m[4]), Shelf: circ.Shelf(m[5])}
		}
	} else if is(`a ledger that takes no loans`) != nil {
		d.happen(visit.Devices{Pads: true, HasPads: true, Scanner: true, ReadOnly: true})
	} else {
		d.t.Fatalf("nobody can know this: %q", text)
	}
}

// works says what this kiosk has, and that it works.
func (d *table) works(text string) {
	dev := visit.Devices{Pads: true, HasPads: true, Scanner: true, Staffed: true}
	for what := range strings.SplitSeq(text, ", ") {
		switch what {
		case "online":
			dev.Online = true
		case "offline":
			dev.Online = false
		case "asks for a PIN":
			dev.PIN = true
		case "has a printer":
			dev.HasPaper = true
		case "has a printer without paper":
			dev.HasPaper, dev.Printer = true, visit.PrinterPaper
		case "nobody is here":
			dev.Staffed = false
		case "a headset is in":
			dev.Headset = true
		default:
			d.t.Fatalf("no kiosk has %q", what)
		}
	}
	d.happen(dev)
}

func (d *table) house(text string) {
	d.state.House.Languages = []string{"en-GB", "gu", "ur"}
	for what := range strings.SplitSeq(text, "; ") {
		switch what {
		case "asks whether everything was found":
			d.state.House.Count = visit.CountAlways
		case "never asks":
			d.state.House.Count = visit.CountNever
		case "large loans from 2":
			d.state.House.Large = 1
		case "languages":
		default:
			d.t.Fatalf("no house %q", what)
		}
	}
}

// action is one thing that can happen at the kiosk.
type action struct {
	pattern string
	do      func(d *table, m []string)
}

// actions are tried in order; m[0] is the whole text.
var actions = []action{
	{`wait (\d+) s`, func(d *table, m []string) { d.pass(time.Duration(number(m[1])) * time.Second) }},
	{`tap (\S+)(?: (\d+))?`, func(d *table, m []string) {
		d.happen(visit.Tapped{Button: visit.Button(m[1]), Item: circ.ItemID(m[2])})
	}},
	{`choose (\S+)`, func(d *table, m []string) {
		d.happen(visit.Tapped{Button: visit.TapChoose, Value: visit.Secret(m[1])})
	}},
	{`type (\d+)`, func(d *table, m []string) {
		for _, digit := range m[1] {
			d.happen(visit.Tapped{Button: visit.TapDigit, Value: visit.Secret(digit)})
		}
	}},
	{`the kiosk is out, because of its (\S+)`, func(d *table, m []string) {
		d.happen(visit.Moded{Mode: visit.Out, Cause: visit.Cause(m[1])})
	}},
	{`the kiosk is (\S+)`, func(d *table, m []string) { d.happen(visit.Moded{Mode: visit.Mode(m[1])}) }},
	{`press the help button`, func(d *table, m []string) { d.happen(visit.HelpPressed{Read: d.now}) }},
	{`from now on this kiosk: (.*)`, func(d *table, m []string) { d.works(m[1]) }},
	{`central tells something new: card (\d+) may borrow`, func(d *table, m []string) {
		d.standing[circ.Card(m[1])] = visit.Standing{Known: true, Reason: circ.OK}
		d.happen(visit.News{})
	}},
	{`the power goes and comes back`, func(d *table, m []string) {
		lay, dev := d.state.OnPad, d.state.Devices
		d.state, d.owed = visit.State{Number: 1000, Began: d.now}, nil
		d.happen(dev)
		for _, t := range lay {
			d.happen(visit.Placed{Read: d.now, Tag: t, Found: true})
		}
	}},
	{`the paper comes out`, func(d *table, m []string) {
		d.happen(visit.Printed{Visit: d.state.Visit, Job: d.state.Paper.Job})
	}},
	{`the printer says: (\S+)`, func(d *table, m []string) {
		d.happen(visit.Printed{Visit: d.state.Visit, Job: d.state.Paper.Job, Fault: visit.PrinterFault(m[1])})
	}},
	{`(late: )?show card (\d+)`, func(d *table, m []string) {
		d.happen(visit.CardShown{Read: d.read(m[1]), Who: circ.Borrower{Card: circ.Card(m[2])}})
	}},
	{`(late: )?show barcode (\d+)`, func(d *table, m []string) {
		d.happen(visit.ItemShown{Read: d.read(m[1]), Item: circ.ItemID(m[2])})
	}},
	{`show something else: (\S+)`, func(d *table, m []string) {
		d.happen(visit.NotUnderstood{Read: d.now, Why: visit.NotUnderstoodWhy(m[1])})
	}},
	{`(late: )?put down (?:part (\d+) of (\d+) of )?(another tag of )?(\d+)(?: on the (\S+) pad)?(, found when the pad opens)?`, putDown},
	{`put down a (blank tag|card)`, func(d *table, m []string) {
		t := visit.Tag{UID: uid("blank", 1, 1+len(d.state.OnPad)), Fault: visit.BlankTag}
		if m[1] == "card" {
			t = visit.Tag{UID: uid("card", 1, 1), Item: "4001", Usage: 0x80}
		}
		d.happen(visit.Placed{Read: d.now, Tag: t})
	}},
	{`(late: )?lift (?:part (\d+) of )?(\d+)`, func(d *table, m []string) {
		d.happen(visit.Lifted{Read: d.read(m[1]), UID: uid(circ.ItemID(m[3]), max(1, number(m[2])), 1)})
	}},
	{`lift everything`, func(d *table, m []string) {
		for _, t := range slices.Clone(d.state.OnPad) {
			d.happen(visit.Lifted{Read: d.now, UID: t.UID})
		}
	}},
	{`the tags? of (.*) agrees?`, agree},
	{`the tag of (\d+) does not take`, func(d *table, m []string) {
		r := d.receipt(circ.ItemID(m[1]))
		d.happen(visit.Stuck{Tx: r.Tx, UID: r.Open[0]})
	}},
	{`the loan of (\d+) is undone`, func(d *table, m []string) {
		r := d.receipt(circ.ItemID(m[1]))
		r.State, r.Open = circ.Cancelled, nil
		d.happen(visit.Settled{Receipts: []circ.Receipt{d.keep(r)}})
	}},
	{`tap (\S+), twice at once`, func(d *table, m []string) {
		d.happen(visit.Tapped{Button: visit.Button(m[1])})
		d.now += 200 * time.Millisecond
		d.happen(visit.Tapped{Button: visit.Button(m[1])})
	}},
	{`the library is slow`, func(d *table, m []string) { d.slow = true }},
	{`the library answers`, func(d *table, m []string) {
		owed := d.owed
		d.slow, d.owed = false, nil
		for _, ev := range owed {
			d.happen(ev)
		}
	}},
}

// act does one thing a second after the last.
func (d *table) act(text string) {
	for _, a := range actions {
		if m := regexp.MustCompile("^" + a.pattern + "$").FindStringSubmatch(text); m != nil {
			if !strings.HasPrefix(text, "wait") {
				d.now += time.Second
			}
			a.do(d, m)
			if !strings.HasPrefix(text, "wait") {
				d.draw()
			}
			return
		}
	}
	d.t.Fatalf("nobody can do this: %q", text)
}

func putDown(d *table, m []string) {
	part, of, tag := max(1, number(m[2])), max(1, number(m[3])), 1
	if m[4] != "" {
		tag = 2
	}
	item := circ.ItemID(m[5])
	d.happen(visit.Placed{Read: d.read(m[1]), Found: m[7] != "", Tag: visit.Tag{
		UID: uid(item, part, tag), Item: item, Part: part, Of: of, Usage: 0x10, Owner: "GB-LEI", Model: "28560-3", Role: visit.Role(m[6]),
	}})
}

// agree settles the newest receipts of some items.
func agree(d *table, m []string) {
	var rs []circ.Receipt
	for id := range strings.SplitSeq(m[1], " and ") {
		r := d.receipt(circ.ItemID(id))
		r.State, r.Open = circ.Done, nil
		rs = append(rs, d.keep(r))
	}
	d.happen(visit.Settled{Receipts: rs})
}

// receipt is the pending one of an item.
func (d *table) receipt(id circ.ItemID) circ.Receipt {
	var found *circ.Receipt
	for _, r := range d.receipts {
		if r.Item == id && r.State == circ.Pending && (found == nil || r.Kind == circ.Cancel) {
			found = &r
		}
	}
	if found != nil {
		return *found
	}
	d.t.Fatalf("nothing waits for the tags of %s", id)
	return circ.Receipt{}
}

// read is when the hardware read something: now, or before this visit began.
func (d *table) read(late string) time.Duration {
	if late != "" {
		return d.state.Began - time.Millisecond
	}
	return d.now
}

// uid is the same for the same tag in every run.
func uid(item circ.ItemID, part, tag int) drivers.UID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", item, part, tag))
	u := drivers.UID{0xE0, 0x04, 0x01}
	copy(u[3:], sum[:])
	return u
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// deepCopy copies a state with every slice in it.
func deepCopy(s visit.State) visit.State {
	s.Parked, s.OnPad, s.Lines = slices.Clone(s.Parked), slices.Clone(s.OnPad), slices.Clone(s.Lines)
	s.Standing.Notes = slices.Clone(s.Standing.Notes)
	for i, l := range s.Lines {
		l.Parts, l.Tags, l.Open = slices.Clone(l.Parts), slices.Clone(l.Tags), slices.Clone(l.Open)
		l.Sent, l.Stuck, l.Decision.Flags = slices.Clone(l.Sent), slices.Clone(l.Stuck), slices.Clone(l.Decision.Flags)
		s.Lines[i] = l
	}
	return s
}
