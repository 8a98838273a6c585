package store

import (
	"database/sql"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
)

const caseColumns = `id, reasons, urgent, parked, kiosk, epoch, n, item, card, at, note, tell, share, closed, closing`

func scanCase(r scanner) (record.Case, error) {
	var c record.Case
	var reasons string
	var epoch []byte
	var when, closed sql.NullInt64
	err := r.Scan(&c.ID, &reasons, &c.Urgent, &c.Parked, &c.Kiosk, &epoch, &c.N, &c.Item, (*string)(&c.Card), &when,
		&c.Note, &c.Tell, &c.Share, &closed, &c.Closing)
	if err != nil {
		return c, err
	}
	copy(c.Epoch[:], epoch)
	c.At, c.Closed = at(when), at(closed)
	l, err := list(reasons)
	for _, s := range l {
		c.Reasons = append(c.Reasons, circ.Reason(s))
	}
	return c, err
}

// OpenCase stores a case, or finds the open one that shares its matter.
func (t *Tx) OpenCase(c record.Case) (int64, error) {
	if c.Share != "" {
		var id int64
		found, err := t.find(`SELECT id FROM matter WHERE share = ? AND closed IS NULL`, []any{c.Share}, &id)
		if err != nil || found {
			return id, err
		}
	}
	var id int64
	_, err := t.find(`INSERT INTO matter (reasons, urgent, parked, kiosk, epoch, n, item, card, at, note, tell, share)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		[]any{text(c.Reasons), c.Urgent, c.Parked, c.Kiosk, c.Epoch[:], c.N, c.Item, string(c.Card), c.At.UnixMilli(), c.Note, c.Tell, c.Share}, &id)
	if err != nil {
		return 0, fmt.Errorf("open a case: %w", refusal(err))
	}
	if c.Tell != "" && c.Card != "" {
		err = t.touch("", c.Card)
	}
	return id, err
}

// CloseCases closes open cases about an item that have no other reason.
func (t *Tx) CloseCases(item circ.ItemID, why circ.Reason, when time.Time, note string) error {
	_, err := t.closeCases(when, note, `item = ? AND reasons = ?`, item, text([]circ.Reason{why}))
	return err
}

// closeCases closes the open cases that fit, and lets their borrowers' rows
// forget the message.
func (t *Tx) closeCases(when time.Time, note, where string, args ...any) (int, error) {
	var told []circ.Card
	n := 0
	err := t.each(`SELECT card, tell FROM matter WHERE closed IS NULL AND `+where, args, func(r *sql.Rows) error {
		var card, tell string
		err := r.Scan(&card, &tell)
		if n++; tell != "" {
			told = append(told, circ.Card(card))
		}
		return err
	})
	if err != nil || n == 0 {
		return 0, err
	}
	err = t.exec(`UPDATE matter SET closed = ?, closing = ? WHERE closed IS NULL AND `+where,
		append([]any{when.UnixMilli(), note}, args...)...)
	for _, card := range told {
		if err == nil {
			err = t.touch("", card)
		}
	}
	return n, err
}
