package central

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/feeds"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/record"
)

// ask answers a kiosk's question about a PIN (design D7). The card's row goes
// with a PIN that was found right.
func (c *Central) ask(ctx context.Context, l inbox.Letter, at time.Time) ([]Out, error) {
	var q contract.Ask
	err := l.Read(&q)
	if err == nil {
		err = q.Check()
	}
	if err != nil {
		c.count(refusal(err), 1)
		return nil, err
	}
	said, card, err := c.record.Ask(ctx, l.Kiosk.Name, l.Kiosk.Venue, q, at)
	if err != nil {
		c.count(askRefusal(err), 1)
		return nil, fmt.Errorf("a question of %s: %w", l.Kiosk.Name, err)
	}
	c.count("asked-"+string(said), 1)
	a := contract.Answer{Statement: c.voice.Says(contract.KindAnswer, l.Kiosk.Name, at, feeds.AckFor), ID: q.ID, Result: said}
	if card != "" {
		to := feeds.Audience{Kiosk: l.Kiosk.Name, Venue: l.Kiosk.Venue, CardKey: l.Kiosk.CardKey}
		if a.Borrower, err = c.feeds.Borrower(ctx, to, card); err != nil {
			return nil, err
		}
	}
	msg, err := contract.Encode(contract.KindAnswer, a, c.voice.Key)
	if err != nil {
		return nil, err
	}
	return []Out{{Topic: c.topics(l.Kiosk.Name, l.Kiosk.Shard).Answer(), QoS: 1, Payload: msg}}, nil
}

func askRefusal(err error) string {
	switch {
	case errors.Is(err, record.ErrNotAsked):
		return "refused-not-asked"
	case errors.Is(err, contract.ErrSealed):
		return "refused-sealed"
	}
	return refusal(err)
}
