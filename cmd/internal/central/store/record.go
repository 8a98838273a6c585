package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/record"
)

var (
	_ record.Store = (*Store)(nil)
	_ record.Tx    = (*Tx)(nil)
)

// Waiting names the kiosks that have stored events not yet processed.
func (s *Store) Waiting(ctx context.Context) ([]string, error) {
	var names []string
	err := s.read(ctx, func(t *Tx) error {
		return t.each(`SELECT DISTINCT kiosk FROM stream WHERE processed < stored ORDER BY kiosk`, nil, func(r *sql.Rows) error {
			var name string
			err := r.Scan(&name)
			names = append(names, name)
			return err
		})
	})
	return names, err
}

// Update runs do in one transaction.
func (s *Store) Update(ctx context.Context, kiosk string, do func(record.Tx) error) error {
	return s.write(ctx, func(t *Tx) error {
		t.kiosk = kiosk
		return do(t)
	})
}

// Unprocessed gives the kiosk's oldest events without an outcome.
func (t *Tx) Unprocessed(max int) ([]record.Event, error) {
	var events []record.Event
	err := t.each(`SELECT k.venue, e.epoch, e.n, e.received, e.body
		FROM stream s JOIN kiosk k ON k.name = s.kiosk
		JOIN event e ON e.kiosk = s.kiosk AND e.epoch = s.epoch AND e.n > s.processed
		WHERE s.kiosk = ? ORDER BY s.seq, e.n LIMIT ?`, []any{t.kiosk, max}, func(r *sql.Rows) error {
		e := record.Event{Kiosk: t.kiosk}
		var epoch []byte
		var received sql.NullInt64
		err := r.Scan(&e.Venue, &epoch, &e.N, &received, &e.Body)
		copy(e.Epoch[:], epoch)
		e.Received = at(received)
		events = append(events, e)
		return err
	})
	return events, err
}

// Finish stores an outcome and moves the kiosk's high water.
func (t *Tx) Finish(o record.Outcome) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	var matter any
	if o.Case != 0 {
		matter = o.Case
	}
	err = t.exec(`INSERT INTO outcome (kiosk, epoch, n, out, reason, "case", at, ver)
		SELECT kiosk, epoch, n, ?, ?, ?, received, ? FROM event WHERE kiosk = ? AND epoch = ? AND n = ?`,
		o.Out, o.Reason, matter, ver, o.Kiosk, o.Epoch[:], o.N)
	if err != nil {
		return fmt.Errorf("store the outcome: %w", err)
	}
	return t.exec(`UPDATE stream SET processed = ?, reached = max(reached, ?) WHERE kiosk = ? AND epoch = ?`,
		o.N, o.At.UnixMilli(), o.Kiosk, o.Epoch[:])
}

// Mark remembers that an act was applied.
func (t *Tx) Mark(kiosk string, tx circ.Tx, typ contract.EventType) (before bool, err error) {
	var one int
	fresh, err := t.find(`INSERT INTO act (kiosk, tx, type) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1`, []any{kiosk, tx[:], typ}, &one)
	if err != nil {
		return false, fmt.Errorf("mark the act: %w", refusal(err))
	}
	return !fresh, nil
}

// Item finds an item.
func (t *Tx) Item(id circ.ItemID) (record.Item, bool, error) {
	i := record.Item{ID: id}
	var parts string
	found, err := t.find(`SELECT title, class, owner, parts, tagged, age, nfl, placeholder, gone FROM item WHERE item = ?`, []any{id},
		&i.Title, &i.Class, &i.Owner, &parts, &i.Tagged, &i.Age, &i.NotLoan, &i.Placeholder, &i.Gone)
	if found {
		i.Parts, err = list(parts)
	}
	return i, found, err
}

// PutItem stores an item. Kiosks are told of it unless it is a placeholder.
func (t *Tx) PutItem(i record.Item) error {
	f := items
	if i.Placeholder {
		f = own
	}
	ver, err := t.changed(f)
	if err != nil {
		return err
	}
	return t.exec(`INSERT OR REPLACE INTO item (item, title, class, owner, parts, tagged, age, nfl, placeholder, gone, ver)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		i.ID, i.Title, i.Class, i.Owner, text(i.Parts), i.Tagged, i.Age, i.NotLoan, i.Placeholder, i.Gone, ver)
}

// Borrower finds a card.
func (t *Tx) Borrower(card circ.Card) (record.Borrower, bool, error) {
	b := record.Borrower{Card: card}
	var messages string
	found, err := t.find(`SELECT category, blocked, expires, age_band, messages, mail, stub, gone FROM borrower WHERE card = ?`,
		[]any{string(card)}, &b.Category, &b.Blocked, &b.Expires, &b.AgeBand, &messages, &b.Mail, &b.Stub, &b.Gone)
	if found {
		b.Messages, err = list(messages)
	}
	return b, found, err
}

// PutBorrower stores a card. Its id stays.
func (t *Tx) PutBorrower(b record.Borrower) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO borrower (card, category, blocked, expires, age_band, messages, mail, stub, gone, ver)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?10, ?7, ?8, ?9)
		ON CONFLICT (card) DO UPDATE SET category = ?2, blocked = ?3, expires = ?4, age_band = ?5, messages = ?6, stub = ?7, gone = ?8, ver = ?9, mail = ?10`,
		string(b.Card), b.Category, b.Blocked, b.Expires, b.AgeBand, text(b.Messages), b.Stub, b.Gone, ver, b.Mail)
}

// LastReturn gives an item's last return and the kiosk that took it.
func (t *Tx) LastReturn(item circ.ItemID) (time.Time, record.Source, error) {
	var when sql.NullInt64
	var from record.Source
	var epoch []byte
	_, err := t.find(`SELECT returned, returned_at, returned_epoch FROM circ WHERE item = ?`, []any{item}, &when, &from.Kiosk, &epoch)
	copy(from.Epoch[:], epoch)
	return at(when), from, err
}

// PutReturn remembers an item's last return.
func (t *Tx) PutReturn(item circ.ItemID, when time.Time, from record.Source) error {
	if err := t.touch(item, ""); err != nil {
		return err
	}
	return t.exec(`UPDATE circ SET returned = ?, returned_at = ?, returned_epoch = ? WHERE item = ? AND (returned IS NULL OR returned < ?)`,
		ms(when), from.Kiosk, id(from.Epoch), item, ms(when))
}

// touch stamps what kiosks see of an item's circulation and of a card.
func (t *Tx) touch(item circ.ItemID, card circ.Card) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	if card != "" {
		if err := t.exec(`UPDATE borrower SET ver = ? WHERE card = ?`, ver, string(card)); err != nil {
			return err
		}
	}
	if item == "" {
		return nil
	}
	return t.exec(`INSERT INTO circ (item, ver) VALUES (?1, ?2) ON CONFLICT (item) DO UPDATE SET ver = ?2`, item, ver)
}

// Holds gives who waits for an item, first served first.
func (t *Tx) Holds(item circ.ItemID) ([]record.Hold, error) {
	var holds []record.Hold
	err := t.each(`SELECT card, rank, ready FROM hold WHERE item = ? AND filled IS NULL ORDER BY rank, card`, []any{item}, func(r *sql.Rows) error {
		h := record.Hold{Item: item}
		err := r.Scan((*string)(&h.Card), &h.Rank, &h.Ready)
		holds = append(holds, h)
		return err
	})
	return holds, err
}

// FilledBy gives the hold that an issue fulfilled.
func (t *Tx) FilledBy(tx circ.Tx) (record.Hold, bool, error) {
	h := record.Hold{Filled: tx}
	found, err := t.find(`SELECT item, card, rank, ready FROM hold WHERE filled = ?`, []any{tx[:]}, &h.Item, (*string)(&h.Card), &h.Rank, &h.Ready)
	return h, found, err
}

// PutHold stores a hold.
func (t *Tx) PutHold(h record.Hold) error {
	if err := t.touchHold(h); err != nil {
		return err
	}
	return t.exec(`INSERT OR REPLACE INTO hold (item, card, rank, filled, ready) VALUES (?, ?, ?, ?, ?)`,
		h.Item, string(h.Card), h.Rank, id(h.Filled), h.Ready)
}

// touchHold stamps whom a hold concerns: who waits, and who has the item.
func (t *Tx) touchHold(h record.Hold) error {
	if err := t.touch(h.Item, h.Card); err != nil {
		return err
	}
	var holder string
	found, err := t.find(`SELECT card FROM loan WHERE item = ? AND ended IS NULL`, []any{h.Item}, &holder)
	if err != nil || !found {
		return err
	}
	return t.touch("", circ.Card(holder))
}

// Rules gives the venue's rules, or the default ones.
func (t *Tx) Rules(venue string) (*circ.RuleBook, error) {
	body, _, err := t.Book("rules", venue)
	if err != nil || body == nil {
		return nil, err
	}
	var r circ.RuleBook
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("read the rules of %s: %w", venue, err)
	}
	return &r, nil
}

// Calendar gives the venue's calendar, or the default one.
func (t *Tx) Calendar(venue string) (c circ.Calendar, err error) {
	body, _, err := t.Book("calendar", venue)
	if err != nil || body == nil {
		return c, err
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, fmt.Errorf("read the calendar of %s: %w", venue, err)
	}
	return c, nil
}

// Book gives the venue's rules or calendar, or the default ones; nil if there
// are none. The version is that of the last change to either.
func (t *Tx) Book(kind, venue string) (body []byte, ver uint64, err error) {
	_, err = t.find(`SELECT
		  (SELECT body FROM book WHERE kind = ?1 AND venue IN (?2, '') AND body IS NOT NULL ORDER BY venue DESC LIMIT 1),
		  coalesce(max(ver), 0)
		FROM book WHERE kind = ?1 AND venue IN (?2, '')`, []any{kind, venue}, &body, &ver)
	return body, ver, err
}

// id is a transaction's number as it is stored; zero is NULL.
func id(tx circ.Tx) any {
	if tx == (circ.Tx{}) {
		return nil
	}
	return tx[:]
}

// text stores a list of short texts.
func text[T ~string](l []T) string {
	if len(l) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(l) // strings always marshal
	return string(b)
}

func list(s string) ([]string, error) {
	if s == "[]" {
		return nil, nil
	}
	var l []string
	err := json.Unmarshal([]byte(s), &l)
	return l, err
}
