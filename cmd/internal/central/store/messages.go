package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/feeds"
	"nightdesk/cmd/internal/central/record"
)

// messagesFor is how long a message waits for its borrower to come.
const messagesFor = 90 * 24 * time.Hour

// Tell puts a message into a card's row, and throws away the oldest ones that
// nobody came for.
func (t *Tx) Tell(card circ.Card, code string, when time.Time) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO message (card, code, at, ver) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (card, code) DO UPDATE SET at = max(at, ?3), ver = ?4`, string(card), code, when.UnixMilli(), ver)
	if err == nil {
		err = t.exec(`DELETE FROM message WHERE card = ? AND at < ?`, string(card), when.Add(-messagesFor).UnixMilli())
	}
	if err != nil {
		return fmt.Errorf("store a message: %w", err)
	}
	return t.touch("", card)
}

// Untell takes a message out of a card's row.
func (t *Tx) Untell(card circ.Card, code string) error {
	if err := t.exec(`DELETE FROM message WHERE card = ? AND code = ?`, string(card), code); err != nil {
		return err
	}
	return t.touch("", card)
}

// Forget takes messages out of a card's row that are no newer than the version
// that was read. Versions of another generation cannot be compared; then the
// time decides. The row gets a new version even if nothing was there: the
// kiosk that told it still has it.
func (t *Tx) Forget(card circ.Card, codes []string, read circ.FeedVersion, when time.Time) error {
	for _, code := range codes {
		err := t.exec(`DELETE FROM message WHERE card = ?1 AND code = ?2 AND
			CASE WHEN (SELECT generation FROM state) = ?3 THEN ver <= ?4 ELSE at <= ?5 END`,
			string(card), code, read.Generation, read.Version, when.UnixMilli())
		if err != nil {
			return err
		}
	}
	return t.touch("", card)
}

// told adds what a card is to be told: messages, open cases, holds that can be
// collected, and loans that somebody waits for.
func (t *Tx) told(b *feeds.Borrower) error {
	return t.each(`SELECT 0, code FROM message WHERE card = ?1
		UNION SELECT 0, tell FROM matter WHERE card = ?1 AND closed IS NULL AND tell <> ''
		UNION SELECT 0, ?2 WHERE EXISTS (SELECT 1 FROM loan l JOIN hold h ON h.item = l.item
			WHERE l.card = ?1 AND l.ended IS NULL AND h.filled IS NULL AND h.card <> l.card)
		UNION ALL SELECT 1, ready FROM hold h WHERE card = ?1 AND filled IS NULL AND ready <> ''
			AND NOT EXISTS (SELECT 1 FROM loan l WHERE l.item = h.item AND l.ended IS NULL)`,
		[]any{string(b.Card), contract.MsgRecalled}, func(r *sql.Rows) error {
			var collect bool
			var what string
			err := r.Scan(&collect, &what)
			if collect {
				b.Ready = append(b.Ready, what)
			} else {
				b.Told = append(b.Told, what)
			}
			return err
		})
}

// PutReceipt stores a receipt for the mailer.
func (t *Tx) PutReceipt(r record.Receipt) error {
	lines, err := json.Marshal(r.Lines)
	if err != nil {
		return fmt.Errorf("store a receipt: %w", err)
	}
	return t.exec(`INSERT INTO receipt (card, kiosk, visit, at, lines) VALUES (?, ?, ?, ?, ?)`,
		string(r.Card), r.Kiosk, r.Visit[:], r.At.UnixMilli(), string(lines))
}

// Receipts lists what the mailer has not taken, oldest first.
func (s *Store) Receipts(ctx context.Context) ([]record.Receipt, error) {
	var all []record.Receipt
	err := s.rows(ctx, `SELECT id, card, kiosk, visit, at, lines FROM receipt ORDER BY id`, nil, func(r *sql.Rows) error {
		var x record.Receipt
		var visit []byte
		var when sql.NullInt64
		var lines string
		if err := r.Scan(&x.ID, (*string)(&x.Card), &x.Kiosk, &visit, &when, &lines); err != nil {
			return err
		}
		copy(x.Visit[:], visit)
		x.At = at(when)
		all = append(all, x)
		return json.Unmarshal([]byte(lines), &all[len(all)-1].Lines)
	})
	return all, err
}

// DropReceipt removes a receipt that the mailer has taken: nothing is kept of
// what somebody has read.
func (s *Store) DropReceipt(ctx context.Context, id int64) (found bool, err error) {
	err = s.write(ctx, func(t *Tx) error {
		var gone int64
		found, err = t.find(`DELETE FROM receipt WHERE id = ? RETURNING id`, []any{id}, &gone)
		return err
	})
	return found, err
}
