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
		if err := generalFacts(ctx, tx, &f); err != nil {
			return err
		}
		if who.Key != (circ.CardKey{}) {
			b, err := borrowerFacts(ctx, tx, who.Key, zone(f.Rules))
			if err != nil {
				return err
			}
			if b != nil {
				tell(b, at)
			}
			f.Borrower = b
		}
		return itemsFacts(ctx, tx, k, who, items, f.Items)
	})
	if err != nil {
		return circ.Facts{}, fmt.Errorf("read the facts of %d items: %w", len(items), err)
	}
	return f, nil
}

// generalFacts reads what is not about a card or an item.
func generalFacts(ctx context.Context, tx *sql.Tx, f *circ.Facts) error {
	s, err := standing(tx, contract.FeedOwn)
	if err != nil {
		return err
	}
	f.Version, f.AsOf, f.Epoch, f.Folded = s.FeedVersion, s.asOf, s.epoch, s.folded
	var rules circ.RuleBook
	found, err := book(ctx, tx, contract.RowRules, &rules)
	if err != nil {
		return err
	}
	if found {
		f.Rules = &rules
	}
	_, err = book(ctx, tx, contract.RowCalendar, &f.Calendar)
	return err
}

// book reads the newest book of a kind.
func book(ctx context.Context, tx *sql.Tx, kind contract.RowKind, into any) (bool, error) {
	var body string
	err := tx.QueryRowContext(ctx, "SELECT body FROM book WHERE kind = ? ORDER BY ver DESC LIMIT 1", kind).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal([]byte(body), into)
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

func borrowerFacts(ctx context.Context, tx *sql.Tx, key circ.CardKey, loc *time.Location) (*circ.BorrowerFacts, error) {
	var b circ.BorrowerFacts
	var expires, oldest sql.NullInt64
	var byClass, messages string
	var check []byte
	err := tx.QueryRowContext(ctx, `SELECT category, blocked, expires_day, age_band, loans, by_class, oldest_day, messages, reachable, verifier
		FROM borrower WHERE who = ?`, key[:]).
		Scan(&b.Category, &b.Blocked, &expires, &b.AgeBand, &b.Loans, &byClass, &oldest, &messages, &b.Mail, &check)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(check) > 0 {
		b.Verifier = &circ.Verifier{Salt: check[1:], Bits: check[0]}
	}
	b.Expires, b.Oldest = endOfDay(expires, loc), endOfDay(oldest, loc)
	return &b, errors.Join(unlist(byClass, &b.ByClass), unlist(messages, &b.Messages))
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

func itemsFacts(ctx context.Context, tx *sql.Tx, k []byte, who circ.Borrower, items []circ.ItemID, into map[circ.ItemID]circ.ItemFacts) error {
	stmt, err := tx.PrepareContext(ctx, `SELECT
			i.item IS NOT NULL, coalesce(i.title, ''), coalesce(i.class, ''), coalesce(i.owner, ''),
			coalesce(i.parts, ''), coalesce(i.tagged, 0), coalesce(i.age, 0), coalesce(i.not_loan, 0),
			coalesce(c.on_loan, 0), c.holder, c.due_ms, coalesce(c.renewals, 0), c.hold, coalesce(c.ver, 0)
		FROM (SELECT ? AS item) AS asked
		LEFT JOIN item AS i ON i.item = asked.item
		LEFT JOIN circ AS c ON c.item = asked.item`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, id := range items {
		f, err := itemFacts(stmt.QueryRowContext(ctx, string(id)), func(mark []byte) bool {
			return isMark(k, id, who, mark)
		})
		if err != nil {
			return err
		}
		into[id] = f
	}
	return nil
}

func itemFacts(row *sql.Row, theirs func(mark []byte) bool) (circ.ItemFacts, error) {
	var f circ.ItemFacts
	var parts string
	var holder, hold []byte
	var due sql.NullInt64
	err := row.Scan(&f.Known, &f.Title, &f.Class, &f.Owner, &parts, &f.Tagged, &f.AgeLimit, &f.NotLoan,
		&f.OnLoan, &holder, &due, &f.Renewals, &hold, &f.Version)
	if err != nil {
		return f, err
	}
	f.Yours = f.OnLoan && theirs(holder)
	if due.Valid {
		f.Due = time.UnixMilli(due.Int64).UTC()
	}
	if len(hold) > 0 {
		f.Hold = circ.HoldOther
		if theirs(hold) {
			f.Hold = circ.HoldYours
		}
	}
	return f, unlist(parts, &f.Parts)
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
