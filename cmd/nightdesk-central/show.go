package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
)

func (p *program) kiosks() *cobra.Command {
	return &cobra.Command{
		Use:   "kiosks",
		Short: "List the kiosks and how far their events have come",
		Args:  cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			list, err := c.Kiosks(ctx)
			if err != nil {
				return err
			}
			all := []kioskView{}
			for _, k := range list {
				all = append(all, viewKiosk(k))
			}
			if p.json {
				return p.printJSON(all)
			}
			t := p.table("KIOSK", "VENUE", "SHARD", "STATE", "LAST SEEN", "EVENTS", "WAITING")
			for _, k := range all {
				t.row(k.Kiosk, k.Venue, k.Shard, k.State, stamp(k.Seen), k.Events, k.Waiting)
			}
			return t.flush()
		}),
	}
}

type kioskView struct {
	Kiosk    string    `json:"kiosk"`
	Venue    string    `json:"venue"`
	Shard    string    `json:"shard"`
	State    string    `json:"state"` // online, offline, revoked
	Enrolled time.Time `json:"enrolled"`
	Seen     time.Time `json:"seen,omitzero"`
	Epoch    uuid.UUID `json:"epoch"`
	Events   uint64    `json:"events"`  // stored, of the epoch
	Waiting  uint64    `json:"waiting"` // stored and not processed
}

func viewKiosk(k store.Kiosk) kioskView {
	state := "offline"
	if k.Online {
		state = "online"
	}
	if !k.Revoked.IsZero() {
		state = "revoked"
	}
	return kioskView{
		Kiosk: k.Name, Venue: k.Venue, Shard: k.Shard, State: state, Enrolled: k.Enrolled, Seen: k.Seen,
		Epoch: k.Epoch, Events: k.Stored, Waiting: k.Waiting,
	}
}

func (p *program) loans() *cobra.Command {
	var ended bool
	cmd := &cobra.Command{
		Use:   "loans",
		Short: "List what is on loan",
		Args:  cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			list, err := c.Loans(ctx, ended)
			if err != nil {
				return err
			}
			all := []loanView{}
			for _, l := range list {
				all = append(all, p.viewLoan(l))
			}
			if p.json {
				return p.printJSON(all)
			}
			t := p.table("ITEM", "CARD", "KIOSK", "SINCE", "DUE", "RENEWED", "ENDED", "BY")
			for _, l := range all {
				t.row(l.Item, l.Card, l.Kiosk, stamp(l.Start), stamp(l.Due), l.Renewals, stamp(l.End), l.EndedBy)
			}
			return t.flush()
		}),
	}
	cmd.Flags().BoolVar(&ended, "all", false, "also loans that have ended")
	return cmd
}

type loanView struct {
	Tx       uuid.UUID     `json:"tx"`
	Item     circ.ItemID   `json:"item"`
	Card     string        `json:"card"`
	Class    string        `json:"class,omitempty"`
	Kiosk    string        `json:"kiosk"`
	Start    time.Time     `json:"start"`
	Due      time.Time     `json:"due,omitzero"`
	Renewals int           `json:"renewals"`
	Paused   time.Time     `json:"paused,omitzero"` // fines pause from here, for seven days
	End      time.Time     `json:"end,omitzero"`
	EndedBy  record.Ending `json:"ended_by,omitempty"`
}

func (p *program) viewLoan(l record.Loan) loanView {
	return loanView{
		Tx: l.Tx, Item: l.Item, Card: p.card(l.Card), Class: l.Class, Kiosk: l.Kiosk, Start: l.Start, Due: l.Due,
		Renewals: l.Renewals, Paused: l.Paused, End: l.End, EndedBy: l.EndedBy,
	}
}

func (p *program) events() *cobra.Command {
	var kiosk string
	var last int
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List the newest events and what became of them",
		Args:  cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			list, err := c.Events(ctx, kiosk, last)
			if err != nil {
				return err
			}
			all := []eventView{}
			for _, e := range list {
				all = append(all, viewEvent(e))
			}
			if p.json {
				return p.printJSON(all)
			}
			t := p.table("KIOSK", "N", "TYPE", "AT", "ITEM", "OUTCOME", "REASON", "CASE")
			for _, e := range all {
				t.row(e.Kiosk, e.N, e.Type, stamp(e.At), e.Item, e.Outcome, e.Reason, number(e.Case))
			}
			return t.flush()
		}),
	}
	cmd.Flags().StringVar(&kiosk, "kiosk", "", "only this kiosk's")
	cmd.Flags().IntVar(&last, "last", 100, "how many")
	return cmd
}

type eventView struct {
	Kiosk    string             `json:"kiosk"`
	Epoch    uuid.UUID          `json:"epoch"`
	N        uint64             `json:"n"`
	Type     contract.EventType `json:"type"`
	At       time.Time          `json:"at,omitzero"` // by the kiosk's clock
	Received time.Time          `json:"received"`
	Item     circ.ItemID        `json:"item,omitempty"`
	Outcome  record.Out         `json:"outcome"` // "waiting" until it is processed
	Reason   circ.Reason        `json:"reason,omitempty"`
	Case     int64              `json:"case,omitempty"`
	Body     json.RawMessage    `json:"body"` // as it came; the card number in it is sealed
}

func viewEvent(e store.Event) eventView {
	v := eventView{
		Kiosk: e.Kiosk, Epoch: e.Epoch, N: e.N, Received: e.Received, Outcome: e.Out, Reason: e.Reason, Case: e.Case, Body: e.Body,
	}
	if v.Outcome == "" {
		v.Outcome = "waiting"
	}
	var said contract.Event
	var data struct {
		Item circ.ItemID `json:"item"`
	}
	if json.Unmarshal(e.Body, &said) == nil && json.Unmarshal(said.Data, &data) == nil {
		v.Item = data.Item
	}
	v.Type, v.At = said.Type, said.At
	return v
}

func (p *program) cases() *cobra.Command {
	var closed bool
	cmd := &cobra.Command{
		Use:   "cases",
		Short: "List what staff should look at",
		Long: `Lists open cases, urgent ones first. A case marked "parked" is an event that had
no effect on the books; in every other the act is recorded as it happened, and
the note says what is left to do. Most close by themselves: a return closes the
case of an unfinished return, an import closes those about unknown items.`,
		Args: cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			list, err := c.Cases(ctx, closed)
			if err != nil {
				return err
			}
			all := []caseView{}
			for _, x := range list {
				all = append(all, p.viewCase(x))
			}
			if p.json {
				return p.printJSON(all)
			}
			t := p.table("CASE", "STATE", "REASONS", "KIOSK", "N", "AT", "ITEM", "CARD", "NOTE")
			for _, x := range all {
				t.row(x.Case, x.State, join(x.Reasons), x.Kiosk, x.N, stamp(x.At), x.Item, x.Card, x.Note)
			}
			return t.flush()
		}),
	}
	cmd.Flags().BoolVar(&closed, "all", false, "also closed cases")
	cmd.AddCommand(p.closeCase())
	return cmd
}

func (p *program) closeCase() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   "close CASE --note TEXT",
		Short: "Close a case by hand",
		Args:  cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return errors.New("a case is named by its number; nightdesk-central cases lists them")
			}
			if err := c.CloseCase(ctx, id, note); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Case %d is closed.\n", id)
			return nil
		}),
	}
	cmd.Flags().StringVar(&note, "note", "", "what was found or done")
	_ = cmd.MarkFlagRequired("note") // fails only for a flag that is not there
	return cmd
}

type caseView struct {
	Case    int64         `json:"case"`
	State   string        `json:"state"` // open, urgent, parked, closed
	Reasons []circ.Reason `json:"reasons"`
	Kiosk   string        `json:"kiosk"`
	Epoch   uuid.UUID     `json:"epoch"`
	N       uint64        `json:"n"`
	At      time.Time     `json:"at"`
	Item    circ.ItemID   `json:"item,omitempty"`
	Card    string        `json:"card,omitempty"`
	Note    string        `json:"note"`
	Closed  time.Time     `json:"closed,omitzero"`
	Closing string        `json:"closing,omitempty"`
}

func (p *program) viewCase(c record.Case) caseView {
	state := "open"
	switch {
	case !c.Closed.IsZero():
		state = "closed"
	case c.Urgent:
		state = "urgent"
	case c.Parked:
		state = "parked"
	}
	return caseView{
		Case: c.ID, State: state, Reasons: c.Reasons, Kiosk: c.Kiosk, Epoch: c.Epoch, N: c.N, At: c.At,
		Item: c.Item, Card: p.card(c.Card), Note: c.Note, Closed: c.Closed, Closing: c.Closing,
	}
}

// card is a card number as it may be shown.
func (p *program) card(c circ.Card) string {
	if p.show || c == "" {
		return string(c)
	}
	return c.String()
}

func join(reasons []circ.Reason) string {
	var s []string
	for _, r := range reasons {
		s = append(s, string(r))
	}
	return strings.Join(s, ",")
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// stamp is a time for people, in UTC; "" for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table prints aligned columns.
type table struct{ w *tabwriter.Writer }

func (p *program) table(head ...any) table {
	t := table{tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)}
	t.row(head...)
	return t
}

func (t table) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t.w, "\t")
		}
		if s := fmt.Sprint(c); s == "" {
			fmt.Fprint(t.w, "-")
		} else {
			fmt.Fprint(t.w, s)
		}
	}
	fmt.Fprintln(t.w)
}

func (t table) flush() error { return t.w.Flush() }
