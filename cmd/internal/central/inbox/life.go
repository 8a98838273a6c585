package inbox

import (
	"context"
	"fmt"
	"time"

	"nightdesk/agent/contract"
)

// Status notes that a kiosk is there, or is gone. A death counts only in the
// session that it names (the store compares).
func (b *Inbox) Status(ctx context.Context, l Letter, at time.Time) error {
	var m contract.Status
	if err := l.Read(&m); err != nil {
		return err
	}
	return b.seen(ctx, l.Kiosk.Name, Sign{At: at, Online: m.Online, Session: m.Session})
}

// Heartbeat notes that a kiosk is alive.
func (b *Inbox) Heartbeat(ctx context.Context, l Letter, at time.Time) error {
	var m contract.Heartbeat
	if err := l.Read(&m); err != nil {
		return err
	}
	return b.seen(ctx, l.Kiosk.Name, Sign{At: at, Online: true})
}

func (b *Inbox) seen(ctx context.Context, kiosk string, s Sign) error {
	if err := b.store.Seen(ctx, kiosk, s); err != nil {
		return fmt.Errorf("note that %s was seen: %w", kiosk, err)
	}
	return nil
}
