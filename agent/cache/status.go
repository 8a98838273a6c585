package cache

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Outcome is what central made of one of this kiosk's events (design D4).
type Outcome struct {
	Epoch   circ.Epoch
	N       uint64
	Outcome string // accepted, changed, case
	Reason  string
	Case    string
	Heard   time.Time // central's signed time
}

// Outcome tells what became of one event; false if nothing has been heard, or
// it was longer ago than OutcomesKept.
func (c *Cache) Outcome(ctx context.Context, epoch circ.Epoch, n uint64) (o Outcome, known bool, err error) {
	err = c.read(ctx, func(tx *sql.Tx) error {
		var row cells
		if row, known, err = outcomeTable.find(tx, epoch[:], int64(n)); err == nil && known {
			o, err = outcome(row)
		}
		return err
	})
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read the outcome of event %d: %w", n, err)
	}
	return o, known, nil
}

// Outcomes lists what was last heard, newest first.
func (c *Cache) Outcomes(ctx context.Context, limit int) (list []Outcome, err error) {
	err = c.read(ctx, func(tx *sql.Tx) error {
		return outcomeTable.each(tx, func(row cells) error {
			o, err := outcome(row)
			list = append(list, o)
			return err
		}, "ORDER BY +heard_ms DESC, n DESC LIMIT ?", max(0, limit)) // without the index, which has no sums
	})
	if err != nil {
		return nil, fmt.Errorf("list the outcomes: %w", err)
	}
	return list, nil
}

func outcome(r cells) (o Outcome, err error) {
	o = Outcome{N: uint64(r.number(1)), Outcome: r.text(3), Reason: r.text(4), Case: r.text(5), Heard: instant(r.number(6))}
	o.Epoch, err = uuid.FromBytes(r.bytes(0))
	return o, err
}

// Status is what a technician may want to know of the cache.
type Status struct {
	Items, Own FeedStatus
	Epoch      circ.Epoch // of Folded
	Folded     uint64     // own events that the own feed contains
	Floor      time.Time
	Rows       map[string]int // by table: item, circ, borrower, book, outcome, seen
}

// FeedStatus is where one feed stands.
type FeedStatus struct {
	Version circ.FeedVersion
	AsOf    time.Time // central's signed time; zero: never heard
	Loading circ.FeedVersion
	Loaded  int // rows come so far, while Loading is not zero
}

// Age is how long ago central last said how things stand; false if it never has.
func (s Status) Age(at time.Time) (time.Duration, bool) {
	if s.Own.AsOf.IsZero() {
		return 0, false
	}
	return at.Sub(s.Own.AsOf), true
}

// Status reads where the feeds stand and counts rows, in one snapshot. It
// walks whole tables: for doctor, not for every minute.
func (c *Cache) Status(ctx context.Context) (Status, error) {
	s := Status{Rows: map[string]int{}}
	err := c.read(ctx, func(tx *sql.Tx) (err error) {
		if s.Items, err = feedStatus(tx, contract.FeedItems); err != nil {
			return err
		}
		if s.Own, err = feedStatus(tx, contract.FeedOwn); err != nil {
			return err
		}
		own, err := standing(tx, contract.FeedOwn)
		if err != nil {
			return err
		}
		s.Epoch, s.Folded = own.epoch, own.folded
		return s.count(ctx, tx)
	})
	if err != nil {
		return Status{}, fmt.Errorf("read the cache's status: %w", err)
	}
	return s, nil
}

func (s *Status) count(ctx context.Context, tx *sql.Tx) error {
	for _, table := range []string{"item", "circ", "borrower", "book", "outcome", "seen"} {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			return err
		}
		s.Rows[table] = n
	}
	at, err := floor(tx)
	s.Floor = at
	return err
}

func feedStatus(tx *sql.Tx, feed contract.Feed) (FeedStatus, error) {
	at, err := standing(tx, feed)
	if err != nil {
		return FeedStatus{}, err
	}
	l, err := underway(tx, feed)
	return FeedStatus{Version: at.FeedVersion, AsOf: at.asOf, Loading: l.to, Loaded: l.rows}, err
}
