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

// stand is where a feed stands.
type stand struct {
	circ.FeedVersion
	asOf   time.Time
	epoch  circ.Epoch
	folded uint64
}

func standing(tx *sql.Tx, feed contract.Feed) (stand, error) {
	row, err := feedTable.must(tx, string(feed))
	if err != nil {
		return stand{}, err
	}
	s := stand{
		FeedVersion: circ.FeedVersion{Generation: uint64(row.number(1)), Version: uint64(row.number(2))},
		asOf:        instant(row.number(3)), folded: uint64(row.number(5)),
	}
	s.epoch, err = uuid.FromBytes(row.bytes(4))
	return s, err
}

func (s stand) save(tx *sql.Tx, feed contract.Feed) error {
	return feedTable.store(tx, feed, s.Generation, s.Version, stamp(s.asOf), s.epoch[:], s.folded)
}

func version(tx *sql.Tx, feed contract.Feed) (circ.FeedVersion, error) {
	s, err := standing(tx, feed)
	return s.FeedVersion, err
}

// advance moves a feed to the version that a last chunk leads to. A reset says
// everything anew; a delta takes nothing back.
func advance(tx *sql.Tx, chunk contract.Chunk) error {
	s, err := standing(tx, chunk.Feed)
	if err != nil {
		return err
	}
	if chunk.Reset {
		s = stand{}
	}
	s.FeedVersion = chunk.To
	if chunk.Issued.After(s.asOf) {
		s.asOf = chunk.Issued
	}
	if f := chunk.Folded; f != nil && (f.Epoch != s.epoch || f.N > s.folded) {
		s.epoch, s.folded = f.Epoch, f.N
	}
	if err := s.save(tx, chunk.Feed); err != nil {
		return err
	}
	return raise(tx, chunk.Issued)
}

// Versions tells what is held of the two feeds; zero before anything has come.
func (c *Cache) Versions(ctx context.Context) (items, own circ.FeedVersion, err error) {
	err = c.read(ctx, func(tx *sql.Tx) (err error) {
		if items, err = version(tx, contract.FeedItems); err != nil {
			return err
		}
		own, err = version(tx, contract.FeedOwn)
		return err
	})
	if err != nil {
		err = fmt.Errorf("read the cache's versions: %w", err)
	}
	return items, own, err
}

// Confirm takes a signed head (of an Ack, or the shard's) that names the very
// versions held here: nothing is newer, so the cache is as of that time. Where
// a version differs, that feed is left as it is. Without it a library where
// nothing happens over a holiday would look as if central had fallen silent.
func (c *Cache) Confirm(ctx context.Context, items, own circ.FeedVersion, issued time.Time) error {
	err := c.write(ctx, func(tx *sql.Tx) error {
		for feed, head := range map[contract.Feed]circ.FeedVersion{contract.FeedItems: items, contract.FeedOwn: own} {
			s, err := standing(tx, feed)
			if err != nil {
				return err
			}
			if s.FeedVersion != head || head.Version == 0 || !issued.After(s.asOf) {
				continue
			}
			s.asOf = issued
			if err := s.save(tx, feed); err != nil {
				return err
			}
		}
		return raise(tx, issued)
	})
	if err != nil {
		return fmt.Errorf("note that the cache is up to date: %w", err)
	}
	return nil
}

// Floor is the newest signed time this kiosk has seen: it cannot be earlier
// now (design D9). Zero if none was seen.
func (c *Cache) Floor(ctx context.Context) (at time.Time, err error) {
	err = c.read(ctx, func(tx *sql.Tx) error {
		at, err = floor(tx)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time floor: %w", err)
	}
	return at, nil
}

func floor(q querier) (time.Time, error) {
	row, err := clockTable.must(q, int64(1))
	if err != nil {
		return time.Time{}, err
	}
	return instant(row.number(1)), nil
}

// RaiseFloor takes a signed time. The floor only rises. Apply and Confirm
// raise it too.
func (c *Cache) RaiseFloor(ctx context.Context, t time.Time) error {
	if err := c.write(ctx, func(tx *sql.Tx) error { return raise(tx, t) }); err != nil {
		return fmt.Errorf("raise the time floor: %w", err)
	}
	return nil
}

func raise(tx *sql.Tx, t time.Time) error {
	now, err := floor(tx)
	if err != nil || t.UnixMilli() <= stamp(now) {
		return err
	}
	return clockTable.store(tx, 1, t.UnixMilli())
}

// stamp is what instant reads.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant reads stored milliseconds; 0 is the zero time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
