package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/record"
)

// Kiosk is a kiosk as staff see it.
type Kiosk struct {
	Name     string
	Venue    string
	Shard    string
	Broker   string // its line in the broker's password file
	Enrolled time.Time
	Revoked  time.Time
	Seen     time.Time
	Online   bool
	Epoch    circ.Epoch
	Stored   uint64 // events of that epoch
	Waiting  uint64 // of those, not processed
}

// Event is an event as staff see it: as it came, and what became of it.
type Event struct {
	Kiosk    string
	Epoch    circ.Epoch
	N        uint64
	Received time.Time
	Body     []byte
	Out      record.Out // "" not processed yet
	Reason   circ.Reason
	Case     int64
}

// Authority is the name that the database was made for.
func (s *Store) Authority(ctx context.Context) (name string, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT authority FROM state`).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read the authority's name: %w", err)
	}
	return name, nil
}

// Enrol stores a kiosk, or new keys for one that is there. What it has of its
// own feed is keyed otherwise from now on, so it is sent everything again.
func (s *Store) Enrol(ctx context.Context, k inbox.Kiosk, broker string, now time.Time) error {
	return s.write(ctx, func(t *Tx) error {
		ver, err := t.changed(own)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO kiosk (name, venue, shard, sign_key, card_key, broker, enrolled, ver)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
			ON CONFLICT (name) DO UPDATE SET venue = ?2, shard = ?3, sign_key = ?4, card_key = ?5, broker = ?6, enrolled = ?7, ver = ?8,
			revoked = NULL, resume = 1`,
			k.Name, k.Venue, k.Shard, []byte(k.Key), k.CardKey, broker, now.UnixMilli(), ver)
	})
}

// Revoke ends a kiosk's enrolment. What it sent stays.
func (s *Store) Revoke(ctx context.Context, name string, now time.Time) (found bool, err error) {
	return s.setKiosk(ctx, `UPDATE kiosk SET revoked = coalesce(revoked, ?), online = 0 WHERE name = ?`, now.UnixMilli(), name)
}

// Resume lets a kiosk that was told to stop start a new epoch.
func (s *Store) Resume(ctx context.Context, name string) (found bool, err error) {
	return s.setKiosk(ctx, `UPDATE kiosk SET resume = 1 WHERE name = ?`, name)
}

func (s *Store) setKiosk(ctx context.Context, query string, args ...any) (found bool, err error) {
	err = s.write(ctx, func(t *Tx) error {
		res, err := t.tx.Exec(query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		found = n > 0
		return err
	})
	return found, err
}

// Kiosks lists the kiosks by name.
func (s *Store) Kiosks(ctx context.Context) ([]Kiosk, error) {
	var all []Kiosk
	err := s.rows(ctx, `SELECT k.name, k.venue, k.shard, k.broker, k.enrolled, k.revoked, k.seen, k.online, s.epoch, coalesce(s.stored, 0),
		  (SELECT count(*) FROM stream x JOIN event e ON e.kiosk = x.kiosk AND e.epoch = x.epoch AND e.n > x.processed WHERE x.kiosk = k.name)
		FROM kiosk k LEFT JOIN stream s ON s.kiosk = k.name AND s.seq = (SELECT max(seq) FROM stream m WHERE m.kiosk = k.name)
		ORDER BY k.name`, nil, func(r *sql.Rows) error {
		var k Kiosk
		var enrolled, revoked, seen sql.NullInt64
		var epoch []byte
		err := r.Scan(&k.Name, &k.Venue, &k.Shard, &k.Broker, &enrolled, &revoked, &seen, &k.Online, &epoch, &k.Stored, &k.Waiting)
		copy(k.Epoch[:], epoch)
		k.Enrolled, k.Revoked, k.Seen = at(enrolled), at(revoked), at(seen)
		all = append(all, k)
		return err
	})
	return all, err
}

// Loans lists open loans, by item; all of them with ended ones, by start.
func (s *Store) Loans(ctx context.Context, all bool) ([]record.Loan, error) {
	where := ` WHERE ended IS NULL ORDER BY item`
	if all {
		where = ` ORDER BY start, item, tx`
	}
	var loans []record.Loan
	err := s.rows(ctx, `SELECT `+loanColumns+` FROM loan`+where, nil, func(r *sql.Rows) error {
		l, err := scanLoan(r)
		loans = append(loans, l)
		return err
	})
	return loans, err
}

// Events lists a kiosk's newest events, oldest of them first; of every kiosk
// if none is named.
func (s *Store) Events(ctx context.Context, kiosk string, max int) ([]Event, error) {
	var all []Event
	err := s.rows(ctx, `SELECT * FROM (
		SELECT e.kiosk, e.epoch, e.n, e.received, e.body, coalesce(o.out, ''), coalesce(o.reason, ''), coalesce(o."case", 0)
		FROM event e JOIN stream s ON s.kiosk = e.kiosk AND s.epoch = e.epoch
		LEFT JOIN outcome o ON o.kiosk = e.kiosk AND o.epoch = e.epoch AND o.n = e.n
		WHERE ?1 = '' OR e.kiosk = ?1 ORDER BY e.received DESC, e.kiosk DESC, s.seq DESC, e.n DESC LIMIT ?2)
		ORDER BY received, kiosk, n`, []any{kiosk, max}, func(r *sql.Rows) error {
		var e Event
		var epoch []byte
		var received sql.NullInt64
		err := r.Scan(&e.Kiosk, &epoch, &e.N, &received, &e.Body, &e.Out, &e.Reason, &e.Case)
		copy(e.Epoch[:], epoch)
		e.Received = at(received)
		all = append(all, e)
		return err
	})
	return all, err
}

// Cases lists open cases, urgent ones first; all of them in the order in which they came.
func (s *Store) Cases(ctx context.Context, all bool) ([]record.Case, error) {
	where := ` WHERE closed IS NULL ORDER BY urgent DESC, id`
	if all {
		where = ` ORDER BY id`
	}
	var cases []record.Case
	err := s.rows(ctx, `SELECT `+caseColumns+` FROM matter`+where, nil, func(r *sql.Rows) error {
		c, err := scanCase(r)
		cases = append(cases, c)
		return err
	})
	return cases, err
}

// CloseCase closes a case by hand.
func (s *Store) CloseCase(ctx context.Context, id int64, now time.Time, note string) (found bool, err error) {
	err = s.write(ctx, func(t *Tx) error {
		n, err := t.closeCases(now, note, `id = ?`, id)
		found = n > 0
		return err
	})
	return found, err
}

func (s *Store) rows(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	return s.read(ctx, func(t *Tx) error { return t.each(query, args, scan) })
}
