package table

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central/record"
)

// stockView is what does not change while the table stands.
type stockView struct {
	Venue string       `json:"venue"`
	Books []bookView   `json:"books"`
	Cards []personView `json:"cards"`
	Stray []stray      `json:"strays"` // wrong things to show
	Modes []visit.Mode `json:"modes"`
	Fault []string     `json:"faults"` // of the printer
}

type bookView struct {
	ID     circ.ItemID `json:"id"`
	Title  string      `json:"title"`
	Author string      `json:"author"`
	Class  string      `json:"class"`
	Parts  []string    `json:"parts,omitempty"`
	Tags   []string    `json:"tags"`
}

type personView struct {
	Name     string `json:"name"`
	Card     string `json:"card"`
	Category string `json:"category"`
	PIN      string `json:"pin,omitempty"` // where it is asked for
}

func (d *Desk) stockView() stockView {
	v := stockView{Venue: d.Venue.Name, Stray: strays(), Modes: modes()}
	if d.Room.printer != nil {
		v.Fault = printerFaults()
	}
	for _, b := range d.Room.Stock.Books {
		x := bookView{ID: b.ID, Title: b.Title, Author: b.Author, Class: b.Class, Parts: b.Parts}
		for _, uid := range b.Tags {
			x.Tags = append(x.Tags, uid.String())
		}
		v.Books = append(v.Books, x)
	}
	for _, p := range d.Room.Stock.People {
		x := personView{Name: p.Name, Card: string(p.Card), Category: p.Category}
		if d.Room.Stock.PIN {
			x.PIN = p.PIN
		}
		v.Cards = append(v.Cards, x)
	}
	return v
}

// stateView is what the page asks for twice a second.
type stateView struct {
	Network bool        `json:"network"`
	Power   bool        `json:"power"`
	Pad     []string    `json:"pad"`   // tags on the pad
	Quiet   []string    `json:"quiet"` // tags that pass the gate
	Odd     []string    `json:"odd"`   // tags that say neither
	Loans   []loanView  `json:"loans"`
	Events  []eventView `json:"events"` // newest first
	Cases   []string    `json:"cases"`
	Mode    visit.Mode  `json:"mode"`   // what a technician said
	Trouble string      `json:"fault"`  // of the printer; "" none
	Papers  []paperView `json:"papers"` // newest first
}

// paperView is a receipt; its picture is at /paper/N.
type paperView struct {
	N    int    `json:"n"`
	Text string `json:"text"` // for those who do not see the picture
}

type loanView struct {
	Title string `json:"title"`
	Who   string `json:"who"`
	Due   string `json:"due"`
}

type eventView struct {
	N     uint64             `json:"n"`
	Type  contract.EventType `json:"type"`
	Title string             `json:"title"`
	At    string             `json:"at"`
	Out   string             `json:"out"`
}

// shownEvents is how many of central's newest events the page shows.
const shownEvents = 30

func (d *Desk) state(ctx context.Context) (stateView, error) {
	s := stateView{Network: d.Cable.Whole(), Power: d.Power.Lit(), Pad: []string{}, Quiet: []string{}, Odd: []string{},
		Loans: []loanView{}, Events: []eventView{}, Cases: []string{}, Papers: []paperView{},
		Mode: agent.ReadMode(d.Config), Trouble: d.Room.printerTrouble()}
	for _, p := range d.Room.Papers() {
		s.Papers = append(s.Papers, paperView{N: p.N, Text: strings.Join(p.Text, "\n")})
	}
	for _, t := range d.Room.Table.Tags() {
		uid := t.Tag.UID.String()
		if t.Antenna != "" {
			s.Pad = append(s.Pad, uid)
		}
		switch t.Tag.AFI {
		case loud:
		case quiet:
			s.Quiet = append(s.Quiet, uid)
		default:
			s.Odd = append(s.Odd, uid)
		}
	}
	return s, d.addRecord(ctx, &s)
}

// addRecord adds what central has.
func (d *Desk) addRecord(ctx context.Context, s *stateView) error {
	loans, err := d.Central.Loans(ctx, false)
	if err != nil {
		return err
	}
	for _, l := range loans {
		who, _ := d.Room.Stock.Person(l.Card)
		s.Loans = append(s.Loans, loanView{Title: d.Room.Stock.Title(l.Item), Who: who.Name, Due: l.Due.Format(time.DateOnly)})
	}
	events, err := d.Central.Events(ctx, d.Kiosk, shownEvents)
	if err != nil {
		return err
	}
	for i := len(events) - 1; i >= 0; i-- {
		s.Events = append(s.Events, d.eventView(events[i].Body, string(events[i].Out)))
	}
	cases, err := d.Central.Cases(ctx, false)
	if err != nil {
		return err
	}
	for _, c := range cases {
		s.Cases = append(s.Cases, d.caseView(c))
	}
	return nil
}

// caseView is a case in one line: the item, if it is about one, what it is, and
// the codes of its reasons.
func (d *Desk) caseView(c record.Case) string {
	what := c.Note
	if c.Item != "" {
		what = d.Room.Stock.Title(c.Item) + ": " + what
	}
	var reasons []string
	for _, r := range c.Reasons {
		reasons = append(reasons, string(r))
	}
	return what + " (" + strings.Join(reasons, ", ") + ")"
}

// eventView is one event in short; one that cannot be read shows as nothing.
func (d *Desk) eventView(body []byte, out string) eventView {
	var e contract.Event
	var data struct{ Item circ.ItemID }
	if json.Unmarshal(body, &e) != nil || json.Unmarshal(e.Data, &data) != nil {
		return eventView{Out: out}
	}
	return eventView{N: e.N, Type: e.Type, Title: d.Room.Stock.Title(data.Item), At: e.At.Local().Format("15:04:05"), Out: out}
}
