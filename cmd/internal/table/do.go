package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// do is one thing that hands do at the table.
func (d *Desk) do(ctx context.Context, act, id string) error {
	switch act {
	case "put", "lift":
		return d.move(act, id)
	case "card":
		return d.Room.ShowCard(circ.Card(id))
	case "barcode":
		return d.Room.ShowItem(circ.ItemID(id))
	case "stray":
		return d.Room.ShowStray(id)
	case "printer":
		return d.Room.PrinterFault(id)
	case "mode":
		return d.SetMode(visit.Mode(id))
	case "help":
		return d.pressHelp(ctx)
	case "network-off":
		d.Cable.Cut()
		return nil
	case "network-on":
		d.Cable.Mend()
		return nil
	case "power-off":
		d.Power.Cut()
		return nil
	case "power-on":
		return d.PowerOn(ctx)
	}
	return fmt.Errorf("nobody at the table can do %q", act)
}

// move puts down or lifts a whole item, or one tag of a set.
func (d *Desk) move(act, id string) error {
	if uid, err := drivers.ParseUID(id); err == nil {
		if act == "lift" {
			d.Room.Table.Lift(uid)
		} else if !d.Room.Table.Lay(antenna, uid) {
			return errors.New("there is no such tag")
		}
		return nil
	}
	b, ok := d.Room.Stock.Book(circ.ItemID(id))
	if !ok {
		return errors.New("there is no such item")
	}
	if act == "lift" {
		d.Room.Lift(b)
	} else {
		d.Room.PutDown(b)
	}
	return nil
}

// modes are what a technician can say the kiosk is to be. An emergency is not
// among them: it comes over a wire from the building, and there is none here.
func modes() []visit.Mode {
	return []visit.Mode{visit.InService, visit.Closed, visit.Out, visit.Tech}
}

// SetMode leaves a technician's word where the kiosk looks for it.
func (d *Desk) SetMode(m visit.Mode) error {
	for _, known := range modes() {
		if m != known {
			continue
		}
		if err := os.MkdirAll(d.Config.Data, 0o700); err != nil {
			return fmt.Errorf("leave a word for the kiosk: %w", err)
		}
		if err := os.WriteFile(agent.ModePath(d.Config), []byte(m), 0o600); err != nil {
			return fmt.Errorf("leave a word for the kiosk: %w", err)
		}
		return nil
	}
	return fmt.Errorf("a technician cannot make the kiosk %q", m)
}

// helpFor is how long the screen may take to open its help.
const helpFor = 5 * time.Second

// pressHelp asks for help as a borrower does, on the screen: this kiosk has no
// button beside it.
func (d *Desk) pressHelp(ctx context.Context) error {
	at := d.Power.Screen()
	if at == "" {
		return errors.New("the kiosk's power is off")
	}
	ctx, cancel := context.WithTimeout(ctx, helpFor)
	defer cancel()
	h, err := NewHand(ctx, at)
	if err != nil {
		return err
	}
	if _, err := h.Tap(ctx, visit.TapHelp, "", "help to open", func(v screen.View) bool { return v.Over == visit.Help }); err != nil {
		return err
	}
	_, err = h.Tap(ctx, visit.TapCall, "", "help to be called", func(v screen.View) bool { return !offers(v, visit.TapCall, "") })
	return err
}
