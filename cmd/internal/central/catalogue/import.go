package catalogue

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
)

// Store takes an import in one transaction.
type Store interface {
	Import(ctx context.Context, do func(Tx) error) error
}

// Tx is the record as an import sees it. Lists are in the order of their keys.
type Tx interface {
	AllItems() ([]record.Item, error)
	PutItem(record.Item) error
	AllBorrowers() ([]record.Borrower, error)
	PutBorrower(record.Borrower) error
	AllHolds() ([]record.Hold, error)
	PutHold(record.Hold) error
	DropHold(record.Hold) error
	// Books gives rules or calendars by venue.
	Books(kind string) (map[string][]byte, error)
	// PutBook stores one; a nil body removes it.
	PutBook(kind, venue string, body []byte) error
	// CloseShared closes the open case with this Share.
	CloseShared(share string, at time.Time, note string) error
	// CloseCard closes open cases about a card whose only reason is why.
	CloseCard(card circ.Card, why circ.Reason, at time.Time, note string) error
	// PutPIN stores a card's new PIN, or that it has none, and forgets all about the old one.
	PutPIN(n record.NewPIN, at time.Time) error
	// DropGonePINs forgets the PINs of cards that are gone.
	DropGonePINs() error
	// MoveVerifiers sends the cards with a verifier to all kiosks anew, without it if it is not used.
	MoveVerifiers(used bool) error
}

// Count is what an import did to one kind of thing.
type Count struct {
	Read, Changed, Gone int
}

// Summary is what an import did. Kinds without a file are missing.
type Summary map[string]Count

// Import brings the record to what the set says. Only what differs gets a new
// version, so kiosks are sent no more than that.
func Import(ctx context.Context, store Store, s Set, at time.Time) (Summary, error) {
	sum := Summary{}
	err := store.Import(ctx, func(tx Tx) error {
		i := importing{tx: tx, at: at, sum: sum}
		for _, step := range []func(Set) error{i.rules, i.calendars, i.items, i.borrowers, i.holds, i.pins} {
			if err := step(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return sum, nil
}

type importing struct {
	tx  Tx
	at  time.Time
	sum Summary
}

// differ walks two lists in the order of their keys, and gives what is new or
// different, and what only the old one has.
func differ[T any](before, now []T, compare func(a, b T) int, same func(a, b T) bool) (put, gone []T) {
	i := 0
	for _, n := range now {
		for i < len(before) && compare(before[i], n) < 0 {
			gone = append(gone, before[i])
			i++
		}
		if i < len(before) && compare(before[i], n) == 0 {
			if !same(before[i], n) {
				put = append(put, n)
			}
			i++
			continue
		}
		put = append(put, n)
	}
	return put, append(gone, before[i:]...)
}

func (i importing) items(s Set) error {
	if s.Items == nil {
		return nil
	}
	before, err := i.tx.AllItems()
	if err != nil {
		return err
	}
	put, gone := differ(before, s.Items,
		func(a, b record.Item) int { return cmp.Compare(a.ID, b.ID) },
		func(a, b record.Item) bool {
			return slices.Equal(a.Parts, b.Parts) && a.Title == b.Title && a.Class == b.Class && a.Owner == b.Owner &&
				a.Tagged == b.Tagged && a.Age == b.Age && a.NotLoan == b.NotLoan && a.Placeholder == b.Placeholder && a.Gone == b.Gone
		})
	gone = slices.DeleteFunc(gone, func(x record.Item) bool { return x.Placeholder || x.Gone })
	for _, x := range put {
		if err := i.tx.PutItem(x); err != nil {
			return err
		}
		if err := i.tx.CloseShared("item-unknown/"+string(x.ID), i.at, "the catalogue knows it now"); err != nil {
			return err
		}
	}
	for _, x := range gone {
		x.Gone = true
		if err := i.tx.PutItem(x); err != nil {
			return err
		}
	}
	i.sum["items"] = Count{len(s.Items), len(put), len(gone)}
	return nil
}

func (i importing) borrowers(s Set) error {
	if s.Borrowers == nil {
		return nil
	}
	before, err := i.tx.AllBorrowers()
	if err != nil {
		return err
	}
	put, gone := differ(before, s.Borrowers,
		func(a, b record.Borrower) int { return cmp.Compare(a.Card, b.Card) },
		func(a, b record.Borrower) bool {
			return slices.Equal(a.Messages, b.Messages) && a.Category == b.Category && a.Blocked == b.Blocked &&
				a.Expires == b.Expires && a.AgeBand == b.AgeBand && a.Mail == b.Mail && a.Stub == b.Stub && a.Gone == b.Gone
		})
	gone = slices.DeleteFunc(gone, func(x record.Borrower) bool { return x.Stub || x.Gone })
	for _, x := range put {
		if err := i.borrower(x); err != nil {
			return err
		}
	}
	for _, x := range gone {
		x.Gone = true
		if err := i.tx.PutBorrower(x); err != nil {
			return err
		}
	}
	i.sum["borrowers"] = Count{len(s.Borrowers), len(put), len(gone)}
	return nil
}

// borrower stores a changed card and closes the cases that the change answers.
func (i importing) borrower(b record.Borrower) error {
	if err := i.tx.PutBorrower(b); err != nil {
		return err
	}
	err := i.tx.CloseShared("borrower-unknown/"+string(b.Card), i.at, "the library system knows the card now")
	if err == nil && !b.Blocked {
		err = i.tx.CloseCard(b.Card, circ.BorrowerBlocked, i.at, "the block is lifted")
	}
	if err == nil && (b.Expires == "" || b.Expires >= i.at.UTC().Format(time.DateOnly)) {
		err = i.tx.CloseCard(b.Card, circ.BorrowerExpired, i.at, "the membership is renewed")
	}
	return err
}

// holds replaces the queues. A hold that an issue at a kiosk has fulfilled
// stays fulfilled while the export still lists it.
func (i importing) holds(s Set) error {
	if s.Holds == nil {
		return nil
	}
	before, err := i.tx.AllHolds()
	if err != nil {
		return err
	}
	put, gone := differ(before, s.Holds, compareHolds, func(a, b record.Hold) bool {
		return a.Rank == b.Rank && a.Ready == b.Ready || a.Filled != (circ.Tx{})
	})
	for _, h := range put {
		if err := i.tx.PutHold(h); err != nil {
			return err
		}
	}
	for _, h := range gone {
		if err := i.tx.DropHold(h); err != nil {
			return err
		}
	}
	i.sum["holds"] = Count{len(s.Holds), len(put), len(gone)}
	return nil
}

func (i importing) rules(s Set) error     { return i.books("rules", s.Rules) }
func (i importing) calendars(s Set) error { return i.books("calendar", s.Calendars) }

func (i importing) books(kind string, now map[string]json.RawMessage) error {
	if now == nil {
		return nil
	}
	before, err := i.tx.Books(kind)
	if err != nil {
		return err
	}
	if kind == "rules" {
		if err := i.verifiers(before, now); err != nil {
			return err
		}
	}
	n := Count{Read: len(now)}
	for _, venue := range slices.Sorted(maps.Keys(now)) {
		if bytes.Equal(before[venue], now[venue]) {
			continue
		}
		n.Changed++
		if err := i.tx.PutBook(kind, venue, now[venue]); err != nil {
			return err
		}
	}
	for _, venue := range slices.Sorted(maps.Keys(before)) {
		if _, still := now[venue]; still {
			continue
		}
		n.Gone++
		if err := i.tx.PutBook(kind, venue, nil); err != nil {
			return err
		}
	}
	i.sum[kind] = n
	return nil
}
