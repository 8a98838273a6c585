package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/record"
)

var (
	_ inbox.Store = (*Store)(nil)
	_ inbox.Tx    = (*Tx)(nil)
)

// Kiosk looks up an enrolled kiosk.
func (s *Store) Kiosk(ctx context.Context, name string) (inbox.Kiosk, bool, error) {
	k := inbox.Kiosk{Name: name}
	var revoked sql.NullInt64
	err := s.r.QueryRowContext(ctx, `SELECT venue, shard, sign_key, card_key, revoked, resume FROM kiosk WHERE name = ?`, name).
		Scan(&k.Venue, &k.Shard, (*[]byte)(&k.Key), &k.CardKey, &revoked, &k.Resume)
	if err == sql.ErrNoRows {
		return k, false, nil
	}
	k.Revoked = revoked.Valid
	return k, err == nil, err
}

// Receive runs do in one transaction. SQLite has one writer, which is the lock.
func (s *Store) Receive(ctx context.Context, kiosk string, do func(inbox.Tx) error) error {
	return s.write(ctx, func(t *Tx) error {
		t.kiosk = kiosk
		return do(t)
	})
}

// Seen notes a sign of life. A death counts only in the session that it names.
func (s *Store) Seen(ctx context.Context, kiosk string, sign inbox.Sign) error {
	return s.write(ctx, func(t *Tx) error {
		if sign.Session == [16]byte{} {
			return t.exec(`UPDATE kiosk SET seen = ?, online = 1 WHERE name = ?`, ms(sign.At), kiosk)
		}
		if sign.Online {
			return t.exec(`UPDATE kiosk SET seen = ?, online = 1, session = ? WHERE name = ?`, ms(sign.At), sign.Session[:], kiosk)
		}
		return t.exec(`UPDATE kiosk SET online = 0 WHERE name = ? AND session = ?`, kiosk, sign.Session[:])
	})
}

// Current gives the kiosk's newest stream.
func (t *Tx) Current() (inbox.Stream, bool, error) {
	var s inbox.Stream
	var epoch, hash []byte
	found, err := t.find(`SELECT epoch, stored, hash FROM stream WHERE kiosk = ? ORDER BY seq DESC LIMIT 1`,
		[]any{t.kiosk}, &epoch, &s.Stored, &hash)
	copy(s.Epoch[:], epoch)
	copy(s.Hash[:], hash)
	s.Blank = hash == nil && s.Stored > 0
	return s, found, err
}

// Known says whether the kiosk ever used an epoch.
func (t *Tx) Known(epoch circ.Epoch) (bool, error) {
	var one int
	return t.find(`SELECT 1 FROM stream WHERE kiosk = ? AND epoch = ?`, []any{t.kiosk, epoch[:]}, &one)
}

// StoredOf is how far an epoch's events are stored.
func (t *Tx) StoredOf(epoch circ.Epoch) (stored uint64, err error) {
	_, err = t.find(`SELECT stored FROM stream WHERE kiosk = ? AND epoch = ?`, []any{t.kiosk, epoch[:]}, &stored)
	return stored, err
}

// Begin makes an epoch the current one.
func (t *Tx) Begin(epoch circ.Epoch, began time.Time) error {
	err := t.exec(`INSERT INTO stream (kiosk, epoch, seq, began)
		SELECT ?, ?, coalesce(max(seq), 0) + 1, ? FROM stream WHERE kiosk = ?`, t.kiosk, epoch[:], ms(began), t.kiosk)
	if err != nil {
		return fmt.Errorf("begin an epoch: %w", err)
	}
	if err := t.exec(`UPDATE kiosk SET resume = 0 WHERE name = ?`, t.kiosk); err != nil {
		return err
	}
	_, err = t.changed(own) // the feed's folded mark speaks of the new epoch
	return err
}

// HashAt gives the chain hash at n.
func (t *Tx) HashAt(epoch circ.Epoch, n uint64) (contract.Hash, bool, error) {
	var h contract.Hash
	var b []byte
	found, err := t.find(`SELECT hash FROM event WHERE kiosk = ? AND epoch = ? AND n = ?`, []any{t.kiosk, epoch[:], n}, &b)
	copy(h[:], b)
	return h, found, err
}

// Append stores events and moves the stream. Without events the stream moves
// over a loss.
func (t *Tx) Append(s inbox.Stream, events []inbox.Stored) error {
	for _, e := range events {
		err := t.exec(`INSERT INTO event (kiosk, epoch, n, received, hash, body) VALUES (?, ?, ?, ?, ?, ?)`,
			t.kiosk, s.Epoch[:], e.N, ms(e.Received), e.Hash[:], e.Body)
		if err != nil {
			return fmt.Errorf("store event %d: %w", e.N, err)
		}
	}
	var hash any
	if !s.Blank {
		hash = s.Hash[:]
	}
	if err := t.exec(`UPDATE stream SET stored = ?, hash = ? WHERE kiosk = ? AND epoch = ?`, s.Stored, hash, t.kiosk, s.Epoch[:]); err != nil {
		return fmt.Errorf("move the stream: %w", err)
	}
	if len(events) > 0 {
		return nil
	}
	return t.exec(`UPDATE stream SET processed = stored WHERE kiosk = ?1 AND epoch = ?2
		AND NOT EXISTS (SELECT 1 FROM event e WHERE e.kiosk = ?1 AND e.epoch = ?2 AND e.n > processed)`, t.kiosk, s.Epoch[:])
}

// Restored starts a new generation of the feeds.
func (t *Tx) Restored(now time.Time) error {
	return t.exec(`UPDATE state SET generation = max(generation + 1, ?)`, now.UnixMilli())
}

// Alarm opens a case about the kiosk itself.
func (t *Tx) Alarm(a inbox.Alarm) error {
	_, err := t.OpenCase(record.Case{
		Reasons: []circ.Reason{a.Reason}, Urgent: true, Kiosk: t.kiosk, Epoch: a.Epoch, N: a.N, At: a.At, Note: a.Note,
		Share: fmt.Sprintf("%s/%s/%s/%d", a.Reason, t.kiosk, a.Epoch, a.N),
	})
	return err
}
