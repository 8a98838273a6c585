package cache

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// How long what a tag said may decide, and how often it is written down anew.
const (
	seenFor   = 30 * 24 * time.Hour
	seenAgain = 24 * time.Hour
)

// Seen is what a tag said when this kiosk last read it whole (design D8).
type Seen struct {
	UID    drivers.UID
	Item   circ.ItemID
	Part   int     // ordinal, from 1
	Of     int     // number of parts; 1 for a single item
	Digest [8]byte // Digest of the bytes that were decoded
	Usage  byte    // ISO 28560 type of usage; 0 if the tag does not say
	Owner  string  // ISIL; "" if not known
	Model  string  // tag data model, as label.Model says
	ReadAt time.Time

	// What the cache knew of the item: filled in by Learn, read by Recall.
	Version circ.FeedVersion // generation of the items feed, version of the item's row; 0: not known
	changed bool             // central has changed the item since
}

// Digest is the first 8 bytes of SHA-256 over a tag's bytes.
func Digest(data []byte) [8]byte {
	sum := sha256.Sum256(data)
	return [8]byte(sum[:8])
}

// Usable says whether this may decide at that time: read within 30 days, and
// the item not changed by central since. Otherwise it may draw a tile at once,
// and the tag is read before anything is decided.
func (s Seen) Usable(at time.Time) bool {
	age := at.Sub(s.ReadAt)
	return !s.changed && age <= seenFor && age > -time.Hour // a clock may be set back a little
}

// Learn keeps what a tag has just said. Changed says that the tag was known
// and now stands for another item or part; was is the item that it stood for.
// The oldest are forgotten beyond 200 000 tags.
func (c *Cache) Learn(ctx context.Context, s Seen) (changed bool, was circ.ItemID, err error) {
	err = c.write(ctx, func(tx *sql.Tx) error {
		old, known, err := recall(tx, s.UID)
		if err != nil {
			return err
		}
		changed = known && (old.Item != s.Item || old.Part != s.Part || old.Of != s.Of)
		if changed {
			was = old.Item
		}
		if known && !s.news(old) {
			return nil
		}
		if err := remember(tx, s); err != nil || known {
			return err
		}
		if err := seenTable.grow(tx, 1); err != nil {
			return err
		}
		return c.forget(tx)
	})
	if err != nil {
		return false, "", fmt.Errorf("learn tag %s: %w", s.UID, err)
	}
	return changed, was, nil
}

// news says whether s tells more than that the same was read again today:
// flash memory wears out, and a tag on a pad is read often.
func (s Seen) news(old Seen) bool {
	since := s.ReadAt.Sub(old.ReadAt).Abs()
	s.ReadAt, s.Version, s.changed = old.ReadAt, old.Version, old.changed
	return old.changed || s != old || since >= seenAgain
}

func remember(tx *sql.Tx, s Seen) error {
	known, err := itemVersion(tx, s.Item)
	if err != nil {
		return err
	}
	return seenTable.store(tx, s.UID[:], string(s.Item), s.Part, s.Of, s.Digest[:], s.Usage, s.Owner, s.Model,
		s.ReadAt.UnixMilli(), known.Generation, known.Version)
}

// itemVersion is the generation of the items feed and the version of an item's
// row; 0: there is none.
func itemVersion(tx *sql.Tx, item circ.ItemID) (circ.FeedVersion, error) {
	v, err := version(tx, contract.FeedItems)
	if err != nil {
		return v, err
	}
	row, found, err := itemTable.find(tx, string(item))
	v.Version = 0
	if found {
		v.Version = uint64(row.number(1))
	}
	return v, err
}

// forget takes the oldest out until the table is within its bound.
func (c *Cache) forget(tx *sql.Tx) error {
	n, err := seenTable.kept(tx)
	if err != nil || n <= int64(c.seenMax) {
		return err
	}
	return seenTable.thin(tx, "uid IN (SELECT uid FROM seen ORDER BY read_ms LIMIT ?)", n-int64(c.seenMax))
}

// Recall tells what a tag said when it was last read; false if it never was.
func (c *Cache) Recall(ctx context.Context, uid drivers.UID) (s Seen, known bool, err error) {
	err = c.read(ctx, func(tx *sql.Tx) error {
		s, known, err = recall(tx, uid)
		return err
	})
	if err != nil {
		return Seen{}, false, fmt.Errorf("recall tag %s: %w", uid, err)
	}
	return s, known, nil
}

// recall reads what a tag said. In another generation versions cannot be
// compared: that counts as changed.
func recall(tx *sql.Tx, uid drivers.UID) (s Seen, known bool, err error) {
	r, found, err := seenTable.find(tx, uid[:])
	if err != nil || !found {
		return Seen{}, false, err
	}
	s = Seen{
		UID: uid, Item: circ.ItemID(r.text(1)), Part: int(r.number(2)), Of: int(r.number(3)), Usage: byte(r.number(5)),
		Owner: r.text(6), Model: r.text(7), ReadAt: time.UnixMilli(r.number(8)).UTC(),
		Version: circ.FeedVersion{Generation: uint64(r.number(9)), Version: uint64(r.number(10))},
	}
	copy(s.Digest[:], r.bytes(4))
	now, err := itemVersion(tx, s.Item)
	s.changed = now != s.Version
	return s, true, err
}
