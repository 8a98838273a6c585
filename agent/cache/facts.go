package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Facts reads what central has said of a card and of items, all as of one
// version. k is the kiosk's card key, by which a holder's four bytes are
// compared with the card; without k or without a card nothing is anybody's.
// Facts.Online and Facts.Own are left to the desk and the ledger. On at, the
// caller's time, hangs only what a borrower is told of late things; the cache's
// age is Facts.AsOf.
//
// A card that the cache does not know has no Borrower; an item that it does
// not know has an entry that is not Known.
func (c *Cache) Facts(ctx context.Context, at circ.Moment, k []byte, who circ.Borrower, items []circ.ItemID) (circ.Facts, error) {
	f := circ.Facts{Items: make(map[circ.ItemID]circ.ItemFacts, len(items))}
	err := c.read(ctx, func(tx *sql.Tx) error {
		if err := generalFacts(tx, &f); err != nil {
			return err
		}
		if who.Key != (circ.CardKey{}) {
			b, err := borrowerFacts(tx, who.Key, zone(f.Rules))
			if err != nil {
				return err
			}
			if b != nil {
				tell(b, at)
			}
			f.Borrower = b
		}
		many := repeated{tx, map[string]*sql.Stmt{}}
		for _, id := range items {
			of, err := itemFacts(many, id, func(mark []byte) bool { return isMark(k, id, who, mark) })
			if err != nil {
				return err
			}
			f.Items[id] = of
		}
		return nil
	})
	if err != nil {
		return circ.Facts{}, fmt.Errorf("read the facts of %d items: %w", len(items), err)
	}
	return f, nil
}

// generalFacts reads what is not about a card or an item.
func generalFacts(tx *sql.Tx, f *circ.Facts) error {
	s, err := standing(tx, contract.FeedOwn)
	if err != nil {
		return err
	}
	f.Version, f.AsOf, f.Epoch, f.Folded = s.FeedVersion, s.asOf, s.epoch, s.folded
	books, err := newestBooks(tx)
	if err != nil {
		return err
	}
	if body, found := books[contract.RowRules]; found {
		f.Rules = new(circ.RuleBook)
		if err := json.Unmarshal([]byte(body), f.Rules); err != nil {
			return err
		}
	}
	return unlist(books[contract.RowCalendar], &f.Calendar)
}

// newestBooks reads the newest book of each kind. There are few.
func newestBooks(tx *sql.Tx) (map[contract.RowKind]string, error) {
	books := map[contract.RowKind]string{}
	err := bookTable.each(tx, func(r cells) error {
		books[contract.RowKind(r.text(0))] = r.text(3)
		return nil
	}, "ORDER BY ver")
	return books, err
}

// zone is the venue's. Days end there; without a known zone they end in UTC.
func zone(rules *circ.RuleBook) *time.Location {
	if rules == nil {
		return time.UTC
	}
	loc, err := time.LoadLocation(rules.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}

func borrowerFacts(tx *sql.Tx, key circ.CardKey, loc *time.Location) (*circ.BorrowerFacts, error) {
	r, found, err := borrowerTable.find(tx, key[:])
	if err != nil || !found {
		return nil, err
	}
	b := &circ.BorrowerFacts{
		Category: r.text(2), Blocked: r.flag(3), Expires: endOfDay(r.maybe(4), loc), AgeBand: int(r.number(5)),
		Loans: int(r.number(6)), Oldest: endOfDay(r.maybe(8), loc), Mail: r.flag(10),
	}
	if check := r.bytes(11); len(check) > 0 {
		b.Verifier = &circ.Verifier{Salt: check[1:], Bits: check[0]}
	}
	return b, errors.Join(unlist(r.text(7), &b.ByClass), unlist(r.text(9), &b.Messages))
}

// endOfDay is the last second of a stored day: a membership holds through it,
// and what is due on it is not overdue before.
func endOfDay(day sql.NullInt64, loc *time.Location) time.Time {
	if !day.Valid {
		return time.Time{}
	}
	y, m, d := time.Unix(day.Int64*86400, 0).UTC().Date()
	return time.Date(y, m, d, 23, 59, 59, 0, loc)
}

// itemFacts is what is known of one item; theirs says whose a mark is.
func itemFacts(q querier, id circ.ItemID, theirs func(mark []byte) bool) (f circ.ItemFacts, err error) {
	i, known, err := itemTable.find(q, string(id))
	if err != nil {
		return f, err
	}
	if known {
		f = circ.ItemFacts{Known: true, Title: i.text(2), Class: i.text(3), Owner: i.text(4), Tagged: int(i.number(6)),
			AgeLimit: int(i.number(7)), NotLoan: i.flag(8)}
		if err := unlist(i.text(5), &f.Parts); err != nil {
			return f, err
		}
	}
	r, moved, err := circTable.find(q, string(id))
	if err != nil || !moved {
		return f, err
	}
	f.Version, f.OnLoan, f.Renewals = uint64(r.number(1)), r.flag(2), int(r.number(5))
	f.Yours = f.OnLoan && theirs(r.bytes(3))
	if due := r.maybe(4); due.Valid {
		f.Due = time.UnixMilli(due.Int64).UTC()
	}
	if hold := r.bytes(6); len(hold) > 0 {
		f.Hold = circ.HoldOther
		if theirs(hold) {
			f.Hold = circ.HoldYours
		}
	}
	return f, nil
}

func isMark(k []byte, item circ.ItemID, who circ.Borrower, mark []byte) bool {
	if len(k) == 0 || !who.Known() || len(mark) == 0 {
		return false
	}
	return circ.HolderMark(mark) == contract.Mark(k, item, who.Card)
}

// unlist reads what list and text wrote; "" is nothing.
func unlist(s string, into any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), into)
}
