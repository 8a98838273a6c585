package store

import (
	"context"
	"database/sql"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/catalogue"
	"nightdesk/cmd/internal/central/record"
)

var (
	_ catalogue.Store = (*Store)(nil)
	_ catalogue.Tx    = (*Tx)(nil)
)

// Import runs do in one transaction.
func (s *Store) Import(ctx context.Context, do func(catalogue.Tx) error) error {
	return s.write(ctx, func(t *Tx) error { return do(t) })
}

// AllItems gives every item, also those that are gone.
func (t *Tx) AllItems() ([]record.Item, error) {
	var all []record.Item
	err := t.each(`SELECT item, title, class, owner, parts, tagged, age, nfl, placeholder, gone FROM item ORDER BY item`, nil, func(r *sql.Rows) error {
		var i record.Item
		var parts string
		err := r.Scan(&i.ID, &i.Title, &i.Class, &i.Owner, &parts, &i.Tagged, &i.Age, &i.NotLoan, &i.Placeholder, &i.Gone)
		if err == nil {
			i.Parts, err = list(parts)
		}
		all = append(all, i)
		return err
	})
	return all, err
}

// AllBorrowers gives every card, also those that are gone.
func (t *Tx) AllBorrowers() ([]record.Borrower, error) {
	var all []record.Borrower
	err := t.each(`SELECT card, category, blocked, expires, age_band, messages, mail, stub, gone FROM borrower ORDER BY card`, nil, func(r *sql.Rows) error {
		var b record.Borrower
		var messages string
		err := r.Scan((*string)(&b.Card), &b.Category, &b.Blocked, &b.Expires, &b.AgeBand, &messages, &b.Mail, &b.Stub, &b.Gone)
		if err == nil {
			b.Messages, err = list(messages)
		}
		all = append(all, b)
		return err
	})
	return all, err
}

// AllHolds gives every hold, also the fulfilled ones.
func (t *Tx) AllHolds() ([]record.Hold, error) {
	var all []record.Hold
	err := t.each(`SELECT item, card, rank, filled, ready FROM hold ORDER BY item, card`, nil, func(r *sql.Rows) error {
		var h record.Hold
		var filled []byte
		err := r.Scan(&h.Item, (*string)(&h.Card), &h.Rank, &filled, &h.Ready)
		copy(h.Filled[:], filled)
		all = append(all, h)
		return err
	})
	return all, err
}

// DropHold removes a hold.
func (t *Tx) DropHold(h record.Hold) error {
	if err := t.touchHold(h); err != nil {
		return err
	}
	return t.exec(`DELETE FROM hold WHERE item = ? AND card = ?`, h.Item, string(h.Card))
}

// Books gives rules or calendars by venue.
func (t *Tx) Books(kind string) (map[string][]byte, error) {
	all := map[string][]byte{}
	err := t.each(`SELECT venue, body FROM book WHERE kind = ? AND body IS NOT NULL`, []any{kind}, func(r *sql.Rows) error {
		var venue string
		var body []byte
		err := r.Scan(&venue, &body)
		all[venue] = body
		return err
	})
	return all, err
}

// PutBook stores a venue's rules or calendar; nil removes it.
func (t *Tx) PutBook(kind, venue string, body []byte) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	var text any
	if body != nil {
		text = string(body)
	}
	if kind == "rules" { // they say whether anybody sends e-mails
		if err := t.exec(`UPDATE borrower SET ver = ? WHERE mail <> 0`, ver); err != nil {
			return err
		}
	}
	return t.exec(`INSERT OR REPLACE INTO book (kind, venue, body, ver) VALUES (?, ?, ?, ?)`, kind, venue, text, ver)
}

// CloseShared closes the open case with a Share.
func (t *Tx) CloseShared(share string, when time.Time, note string) error {
	_, err := t.closeCases(when, note, `share = ? AND share <> ''`, share)
	return err
}

// CloseCard closes open cases about a card that have no other reason.
func (t *Tx) CloseCard(card circ.Card, why circ.Reason, when time.Time, note string) error {
	_, err := t.closeCases(when, note, `card = ? AND tell <> '' AND reasons = ?`, string(card), text([]circ.Reason{why}))
	return err
}
