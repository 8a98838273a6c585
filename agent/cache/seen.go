package cache

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
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
		old, known, err := recall(tx.QueryRow(recallSQL, s.UID[:]))
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
	_, err := tx.Exec(`INSERT INTO seen (uid, item, part, of, digest, usage, owner, model, read_ms, generation, item_ver)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
			(SELECT generation FROM feed WHERE feed = 'items'),
			coalesce((SELECT ver FROM item WHERE item = ?2), 0))
		ON CONFLICT DO UPDATE SET item = excluded.item, part = excluded.part, of = excluded.of,
			digest = excluded.digest, usage = excluded.usage, owner = excluded.owner, model = excluded.model,
			read_ms = excluded.read_ms, generation = excluded.generation, item_ver = excluded.item_ver`,
		s.UID[:], string(s.Item), s.Part, s.Of, s.Digest[:], s.Usage, s.Owner, s.Model, s.ReadAt.UnixMilli())
	return err
}

// forget takes the oldest out until the table is within its bound.
func (c *Cache) forget(tx *sql.Tx) error {
	_, err := tx.Exec(`DELETE FROM seen WHERE uid IN (
		SELECT uid FROM seen ORDER BY read_ms LIMIT max(0, (SELECT count(*) FROM seen) - ?))`, c.seenMax)
	return err
}

// Recall tells what a tag said when it was last read; false if it never was.
func (c *Cache) Recall(ctx context.Context, uid drivers.UID) (Seen, bool, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, known, err := recall(c.r.QueryRowContext(ctx, recallSQL, uid[:]))
	if err != nil {
		return Seen{}, false, fmt.Errorf("recall tag %s: %w", uid, err)
	}
	return s, known, nil
}

// In another generation versions cannot be compared: that counts as changed.
const recallSQL = `SELECT s.uid, s.item, s.part, s.of, s.digest, s.usage, s.owner, s.model, s.read_ms,
		s.generation, s.item_ver,
		s.generation <> (SELECT generation FROM feed WHERE feed = 'items')
			OR s.item_ver <> coalesce((SELECT ver FROM item WHERE item.item = s.item), 0)
	FROM seen AS s WHERE s.uid = ?`

func recall(row *sql.Row) (s Seen, known bool, err error) {
	var uid, digest []byte
	var readAt int64
	err = row.Scan(&uid, &s.Item, &s.Part, &s.Of, &digest, &s.Usage, &s.Owner, &s.Model, &readAt,
		&s.Version.Generation, &s.Version.Version, &s.changed)
	if errors.Is(err, sql.ErrNoRows) {
		return Seen{}, false, nil
	}
	if err != nil {
		return Seen{}, false, err
	}
	copy(s.UID[:], uid)
	copy(s.Digest[:], digest)
	s.ReadAt = time.UnixMilli(readAt).UTC()
	return s, true, nil
}
