package check

import (
	"context"
	"fmt"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
	"nightdesk/drivers/sim"
)

// Security says which AFI is loud and which is quiet.
type Security struct {
	Loud, Quiet drivers.AFI
}

// Memories reads every tag of a table that is an item, from its own bytes. A
// tag that cannot be read is an error: the table made it.
func Memories(table *sim.Table, s Security) ([]Tag, error) {
	var tags []Tag
	for _, lying := range table.Tags() {
		l, err := label.Decode(lying.Tag, label.Options{})
		if err != nil {
			return nil, fmt.Errorf("read the memory of tag %s: %w", lying.Tag.UID, err)
		}
		if l.Kind != label.KindItem {
			continue
		}
		t := Tag{UID: lying.Tag.UID, Item: circ.ItemID(l.Item), Part: l.Part, Of: l.Parts, AFI: lying.Tag.AFI}
		switch t.AFI {
		case s.Loud:
			t.Says = circ.Loud
		case s.Quiet:
			t.Says = circ.Quiet
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// Record is what is asked of central's database.
type Record interface {
	Loans(ctx context.Context, all bool) ([]record.Loan, error)
	Events(ctx context.Context, kiosk string, max int) ([]store.Event, error)
}

// mostEvents is more than any demonstration or test makes.
const mostEvents = 1_000_000

// AtCentral reads what central's database holds of one kiosk.
func AtCentral(ctx context.Context, c Record, kiosk string) (Central, error) {
	var out Central
	events, err := c.Events(ctx, kiosk, mostEvents)
	if err != nil {
		return out, fmt.Errorf("read central's events: %w", err)
	}
	for _, e := range events {
		out.Events = append(out.Events, Event{Epoch: e.Epoch, N: e.N, Body: e.Body, Again: e.Reason == record.Duplicate})
	}
	loans, err := c.Loans(ctx, false)
	if err != nil {
		return out, fmt.Errorf("read central's loans: %w", err)
	}
	for _, l := range loans {
		out.Loans = append(out.Loans, Loan{Tx: l.Tx, Item: l.Item, Card: l.Card})
	}
	return out, nil
}
