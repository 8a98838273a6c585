package feeds

import (
	"context"
	"fmt"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Borrower is a card's row as it is now, for the kiosk that has just asked
// about it; nil if there is none.
func (f *Feeds) Borrower(ctx context.Context, to Audience, card circ.Card) (*contract.BorrowerRow, error) {
	var found *contract.BorrowerRow
	err := f.store.View(ctx, func(v View) error {
		b, ok, err := v.Card(card)
		if err != nil || !ok {
			return err
		}
		r := reading{view: v, to: to}
		rules, err := r.venueRules()
		if err != nil {
			return err
		}
		row, err := r.borrower(b, rules)
		found = &row
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a card's row: %w", err)
	}
	return found, nil
}
