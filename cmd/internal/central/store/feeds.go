package store

import (
	"context"
	"database/sql"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/feeds"
)

var (
	_ feeds.Store = (*Store)(nil)
	_ feeds.View  = (*Tx)(nil)
)

// few is up to how many changed rows are sorted rather than looked for: a
// small delta goes by the index on ver, a large one along the keys.
const few = 5000

// View runs do on one snapshot.
func (s *Store) View(ctx context.Context, do func(feeds.View) error) error {
	return s.read(ctx, func(t *Tx) error { return do(t) })
}

// Renew starts a new generation of the feeds.
func (s *Store) Renew(ctx context.Context, now time.Time) error {
	return s.write(ctx, func(t *Tx) error { return t.Restored(now) })
}

// Heads says where the feeds stand.
func (t *Tx) Heads() (feeds.Heads, error) {
	var h feeds.Heads
	_, err := t.find(`SELECT generation, items, own FROM state`, nil, &h.Items.Generation, &h.Items.Version, &h.Own.Version)
	h.Own.Generation = h.Items.Generation
	return h, err
}

// Shards names the shards that have kiosks.
func (t *Tx) Shards() ([]string, error) {
	var names []string
	err := t.each(`SELECT DISTINCT shard FROM kiosk WHERE revoked IS NULL ORDER BY shard`, nil, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// Keyed is the version at which the kiosk was last enrolled.
func (t *Tx) Keyed(kiosk string) (ver uint64, err error) {
	_, err = t.find(`SELECT ver FROM kiosk WHERE name = ?`, []any{kiosk}, &ver)
	return ver, err
}

// Folded says which of the kiosk's events a version contains: the newest
// processed by then, or none of a newer epoch once the older ones are finished.
func (t *Tx) Folded(kiosk string, version uint64) (*contract.Folded, error) {
	var f *contract.Folded
	finished := true
	err := t.each(`SELECT s.epoch,
		  coalesce((SELECT max(o.n) FROM outcome o WHERE o.kiosk = s.kiosk AND o.epoch = s.epoch AND o.ver <= ?2), 0),
		  s.processed = s.stored AND NOT EXISTS (SELECT 1 FROM outcome o WHERE o.kiosk = s.kiosk AND o.epoch = s.epoch AND o.ver > ?2)
		FROM stream s WHERE s.kiosk = ?1 ORDER BY s.seq`, []any{kiosk, version}, func(r *sql.Rows) error {
		if !finished {
			return nil
		}
		var epoch []byte
		f = &contract.Folded{}
		err := r.Scan(&epoch, &f.N, &finished)
		copy(f.Epoch[:], epoch)
		return err
	})
	return f, err
}

// order says how to find changed rows: along the key, or along the versions.
func (t *Tx) order(table string, since uint64) (string, error) {
	if since == 0 {
		return "", nil
	}
	var n int
	_, err := t.find(`SELECT count(*) FROM (SELECT 1 FROM `+table+` WHERE ver > ? LIMIT ?)`, []any{since, few}, &n)
	if err != nil || n == few {
		return "", err
	}
	return " INDEXED BY " + table + "_ver", nil
}

// Items gives the next items that changed since a version.
func (t *Tx) Items(since uint64, after circ.ItemID, max int) ([]feeds.Item, error) {
	by, err := t.order("item", since)
	if err != nil {
		return nil, err
	}
	var out []feeds.Item
	err = t.each(`SELECT item, title, class, owner, parts, tagged, age, nfl, gone, ver FROM item`+by+`
		WHERE ver > ?1 AND item > ?2 AND placeholder = 0 AND (gone = 0 OR ?1 > 0) ORDER BY item LIMIT ?3`,
		[]any{since, after, max}, func(r *sql.Rows) error {
			var i feeds.Item
			var parts string
			err := r.Scan(&i.ID, &i.Title, &i.Class, &i.Owner, &parts, &i.Tagged, &i.Age, &i.NotLoan, &i.Gone, &i.Ver)
			if err == nil {
				i.Parts, err = list(parts)
			}
			out = append(out, i)
			return err
		})
	return out, err
}

// Borrowers gives the next cards that changed since a version. A stub is not
// told to kiosks: nobody knows yet whether the card is one.
func (t *Tx) Borrowers(since uint64, after int64, max int) ([]feeds.Borrower, error) {
	by, err := t.order("borrower", since)
	if err != nil {
		return nil, err
	}
	var out []feeds.Borrower
	err = t.each(`SELECT id, card, category, blocked, expires, age_band, messages, mail, gone, ver FROM borrower`+by+`
		WHERE ver > ?1 AND id > ?2 AND stub = 0 AND (gone = 0 OR ?1 > 0) ORDER BY id LIMIT ?3`,
		[]any{since, after, max}, func(r *sql.Rows) error {
			var b feeds.Borrower
			var messages string
			err := r.Scan(&b.ID, (*string)(&b.Card), &b.Category, &b.Blocked, &b.Expires, &b.AgeBand, &messages, &b.Mail, &b.Gone, &b.Ver)
			if err == nil {
				b.Messages, err = list(messages)
			}
			out = append(out, b)
			return err
		})
	for i := range out {
		if err == nil {
			err = t.standing(&out[i])
		}
	}
	return out, err
}

// standing adds what a card has on loan and is to be told.
func (t *Tx) standing(b *feeds.Borrower) error {
	err := t.each(`SELECT class, count(*), min(due) FROM loan WHERE card = ? AND ended IS NULL GROUP BY class`,
		[]any{string(b.Card)}, func(r *sql.Rows) error {
			var class string
			var n int
			var due sql.NullInt64
			if err := r.Scan(&class, &n, &due); err != nil {
				return err
			}
			if b.ByClass == nil {
				b.ByClass = map[string]int{}
			}
			b.Loans, b.ByClass[class] = b.Loans+n, n
			if d := at(due); !d.IsZero() && (b.Oldest.IsZero() || d.Before(b.Oldest)) {
				b.Oldest = d
			}
			return nil
		})
	if err != nil {
		return err
	}
	return t.told(b)
}

// Circs gives the next items whose loan or holds changed since a version.
func (t *Tx) Circs(since uint64, after circ.ItemID, max int) ([]feeds.Circ, error) {
	by, err := t.order("circ", since)
	if err != nil {
		return nil, err
	}
	var out []feeds.Circ
	err = t.each(`SELECT c.item, c.ver, coalesce(l.card, ''), l.due, coalesce(l.renewals, 0), l.tx IS NOT NULL, coalesce(h.card, '')
		FROM (SELECT item, ver FROM circ`+by+` WHERE ver > ?1 AND item > ?2) c
		LEFT JOIN loan l ON l.item = c.item AND l.ended IS NULL
		LEFT JOIN hold h ON h.item = c.item AND h.card =
		  (SELECT w.card FROM hold w WHERE w.item = c.item AND w.filled IS NULL ORDER BY w.rank, w.card LIMIT 1)
		WHERE ?1 > 0 OR l.tx IS NOT NULL OR h.card IS NOT NULL
		ORDER BY c.item LIMIT ?3`, []any{since, after, max}, func(r *sql.Rows) error {
		var c feeds.Circ
		var due sql.NullInt64
		err := r.Scan(&c.Item, &c.Ver, (*string)(&c.Holder), &due, &c.Renewals, &c.OnLoan, (*string)(&c.Waits))
		c.Due = at(due)
		out = append(out, c)
		return err
	})
	return out, err
}

// Outcomes gives a kiosk's next outcomes that are newer than a version, of
// events received since a time.
func (t *Tx) Outcomes(kiosk string, since uint64, after int64, received time.Time, max int) ([]feeds.Outcome, error) {
	var out []feeds.Outcome
	err := t.each(`SELECT id, epoch, n, out, reason, coalesce("case", 0), ver FROM outcome
		WHERE kiosk = ? AND ver > ? AND id > ? AND at >= ? ORDER BY id LIMIT ?`,
		[]any{kiosk, since, after, received.UnixMilli(), max}, func(r *sql.Rows) error {
			var o feeds.Outcome
			var epoch []byte
			err := r.Scan(&o.ID, &epoch, &o.N, &o.Out, &o.Reason, &o.Case, &o.Ver)
			o.Kiosk = kiosk
			copy(o.Epoch[:], epoch)
			out = append(out, o)
			return err
		})
	return out, err
}
