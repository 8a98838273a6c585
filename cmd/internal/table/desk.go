package table

import (
	"context"
	"log/slog"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
	"nightdesk/cmd/internal/check"
)

// Central is what the table shows and checks of central.
type Central interface {
	Loans(ctx context.Context, all bool) ([]record.Loan, error)
	Events(ctx context.Context, kiosk string, max int) ([]store.Event, error)
	Cases(ctx context.Context, all bool) ([]record.Case, error)
}

// Desk is the whole demonstration: the room, the cable, the power switch, and
// central.
type Desk struct {
	Venue   Venue
	Kiosk   string // its name
	Room    *Room
	Cable   *Cable
	Power   *Power
	Central Central
	Fed     <-chan struct{} // closed when the kiosk has been given titles, cards and rules
	Config  config.Config   // the kiosk's
	Now     func() time.Time
	Log     *slog.Logger
}

// PowerOn gives power to the devices and then to the kiosk, and waits until the
// kiosk says where its screen is. It does nothing if the power is on.
func (d *Desk) PowerOn(ctx context.Context) error {
	if d.Power.Lit() {
		return nil
	}
	if err := d.Room.Replug(); err != nil {
		return err
	}
	return d.Power.On(ctx)
}

// Ledger reads the kiosk's ledger file, also beside a running kiosk.
func (d *Desk) Ledger(ctx context.Context) (ledger.Report, error) {
	return ledger.Audit(ctx, agent.LedgerPath(d.Config))
}

// Read takes the three readings. The ledger comes first: what it says central
// has acknowledged, central must have had by then.
func (d *Desk) Read(ctx context.Context, c check.Record) (check.Reading, error) {
	var r check.Reading
	var err error
	if r.Ledger, err = d.Ledger(ctx); err != nil {
		return r, err
	}
	if r.Central, err = check.AtCentral(ctx, c, d.Kiosk); err != nil {
		return r, err
	}
	r.Tags, err = check.Memories(d.Room.Table, check.Security{Loud: loud, Quiet: quiet})
	return r, err
}
