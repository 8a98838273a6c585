package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/feeds"
	"nightdesk/cmd/internal/central/record"
)

var _ record.AskTx = (*Tx)(nil)

const pinColumns = `salt, hash, check_salt, check_bits`

func scanPIN(scan func(...any) error, card ...any) (record.PIN, error) {
	var p record.PIN
	var salt []byte
	var bits sql.NullByte
	err := scan(append(card, &p.Salt, &p.Hash, &salt, &bits)...)
	p.Verifier = verifier(salt, bits)
	return p, err
}

// verifier is a card's, if it has one.
func verifier(salt []byte, bits sql.NullByte) *contract.Verifier {
	if !bits.Valid {
		return nil
	}
	return &contract.Verifier{Salt: salt, Bits: bits.Byte}
}

// PINs gives every card's PIN.
func (s *Store) PINs(ctx context.Context) (map[circ.Card]record.PIN, error) {
	all := map[circ.Card]record.PIN{}
	err := s.rows(ctx, `SELECT card, `+pinColumns+` FROM pin`, nil, func(r *sql.Rows) error {
		var card string
		p, err := scanPIN(r.Scan, &card)
		all[circ.Card(card)] = p
		return err
	})
	return all, err
}

// Ask runs do in one transaction.
func (s *Store) Ask(ctx context.Context, do func(record.AskTx) error) error {
	return s.write(ctx, func(t *Tx) error { return do(t) })
}

// Claim makes a question known, and forgets old ones.
func (t *Tx) Claim(kiosk string, id uuid.UUID, when, forgetAsks, forgetTries time.Time) (said contract.Result, before bool, err error) {
	if err := t.exec(`DELETE FROM ask WHERE at < ?`, ms(forgetAsks)); err != nil {
		return "", false, err
	}
	if err := t.exec(`DELETE FROM pin_try WHERE last < ?`, ms(forgetTries)); err != nil {
		return "", false, err
	}
	before, err = t.find(`SELECT said FROM ask WHERE kiosk = ? AND id = ?`, []any{kiosk, id[:]}, &said)
	if err != nil || before {
		return said, before, err
	}
	return "", false, t.exec(`INSERT INTO ask (kiosk, id, at, said) VALUES (?, ?, ?, '')`, kiosk, id[:], ms(when))
}

// Said notes what is said to a question.
func (t *Tx) Said(kiosk string, id uuid.UUID, said contract.Result) error {
	return t.exec(`UPDATE ask SET said = ? WHERE kiosk = ? AND id = ?`, said, kiosk, id[:])
}

// Guesses counts a kiosk's wrong PINs since a time.
func (t *Tx) Guesses(kiosk string, since time.Time) (n int, err error) {
	_, err = t.find(`SELECT count(*) FROM ask WHERE kiosk = ? AND at > ? AND said IN (?, ?)`,
		[]any{kiosk, ms(since), contract.AskWrong, contract.AskUnknown}, &n)
	return n, err
}

// PIN gives a card's PIN; it may have none.
func (t *Tx) PIN(card circ.Card) (record.PIN, error) {
	return scanPIN(func(into ...any) error {
		_, err := t.find(`SELECT `+pinColumns+` FROM pin WHERE card = ?`, []any{string(card)}, into...)
		return err
	})
}

// PutPIN stores a card's new PIN, or that it has none. Whatever was known of
// the old one is forgotten: its verifier, its wrong tries, its lock.
func (t *Tx) PutPIN(n record.NewPIN, when time.Time) error {
	before, err := t.PIN(n.Card)
	if err != nil {
		return err
	}
	if before.Verifier != nil {
		if err := t.touch("", n.Card); err != nil {
			return err
		}
	}
	if err := t.PutTries(n.Card, record.Tries{}); err != nil {
		return err
	}
	if err := t.CloseShared("pin-locked/"+string(n.Card), when, "the card has another PIN now"); err != nil {
		return err
	}
	if n.PIN.None() {
		return t.exec(`DELETE FROM pin WHERE card = ?`, string(n.Card))
	}
	return t.exec(`INSERT OR REPLACE INTO pin (card, salt, hash) VALUES (?, ?, ?)`, string(n.Card), n.PIN.Salt, n.PIN.Hash)
}

// PutVerifier stores a verifier, and lets kiosks have the card's row anew.
func (t *Tx) PutVerifier(card circ.Card, v contract.Verifier) error {
	if err := t.exec(`UPDATE pin SET check_salt = ?, check_bits = ? WHERE card = ?`, v.Salt, v.Bits, string(card)); err != nil {
		return err
	}
	return t.touch("", card)
}

// MoveVerifiers lets kiosks have the rows of all cards with a verifier anew:
// other venues use them now. If none does, they are forgotten.
func (t *Tx) MoveVerifiers(used bool) error {
	ver, err := t.changed(own)
	if err != nil {
		return err
	}
	err = t.exec(`UPDATE borrower SET ver = ? WHERE card IN (SELECT card FROM pin WHERE check_bits IS NOT NULL)`, ver)
	if err != nil || used {
		return err
	}
	return t.exec(`UPDATE pin SET check_salt = NULL, check_bits = NULL`)
}

// DropGonePINs forgets the PINs of cards that are gone.
func (t *Tx) DropGonePINs() error {
	return t.exec(`DELETE FROM pin WHERE card IN (SELECT card FROM borrower WHERE gone = 1)`)
}

// Tries gives a card's wrong PINs.
func (t *Tx) Tries(card circ.Card) (record.Tries, error) {
	var n record.Tries
	var last sql.NullInt64
	_, err := t.find(`SELECT wrong, last, "case" FROM pin_try WHERE card = ?`, []any{string(card)}, &n.Wrong, &last, &n.Case)
	n.Last = at(last)
	return n, err
}

// PutTries stores a card's wrong PINs; none forgets them, and closes no case.
func (t *Tx) PutTries(card circ.Card, n record.Tries) error {
	if n.Wrong == 0 {
		return t.exec(`DELETE FROM pin_try WHERE card = ?`, string(card))
	}
	return t.exec(`INSERT OR REPLACE INTO pin_try (card, wrong, last, "case") VALUES (?, ?, ?, ?)`,
		string(card), n.Wrong, ms(n.Last), n.Case)
}

// IsOpen says whether a case is open.
func (t *Tx) IsOpen(id int64) (bool, error) {
	var one int
	return t.find(`SELECT 1 FROM matter WHERE id = ? AND closed IS NULL`, []any{id}, &one)
}

// Verifier gives a card's verifier; nil if it has none.
func (t *Tx) Verifier(card circ.Card) (*contract.Verifier, error) {
	p, err := t.PIN(card)
	return p.Verifier, err
}

// Card gives one card as kiosks may know it.
func (t *Tx) Card(card circ.Card) (b feeds.Borrower, found bool, err error) {
	var id int64
	if found, err = t.find(`SELECT id FROM borrower WHERE card = ?`, []any{string(card)}, &id); err != nil || !found {
		return b, false, err
	}
	list, err := t.Borrowers(0, id-1, 1)
	if err != nil || len(list) == 0 || list[0].ID != id {
		return b, false, err
	}
	return list[0], true, nil
}
