package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Report is everything in a ledger file that somebody outside may compare
// with what tags and central say. It holds no borrower.
type Report struct {
	Epoch  circ.Epoch             // the one that grows
	Base   map[circ.Epoch]uint64  // events up to here have been pruned
	Acked  map[circ.Epoch]uint64  // central has said that it has every event up to here
	Events []AuditedEvent         // by epoch in the order in which they were written, then by number
	Loans  map[circ.ItemID]OnLoan // open ones
	Wishes []circ.Wish            // open ones; a loud one is a return's intent
}

// AuditedEvent is one event with the bytes that the chain covers.
type AuditedEvent struct {
	Entry
	Body []byte
	Tags []contract.TagRef
}

// OnLoan is an open loan as this kiosk keeps it.
type OnLoan struct {
	Tx    circ.Tx
	Epoch circ.Epoch
	N     uint64 // the event that says so
}

// Audit reads a ledger file in one read transaction and changes nothing in it,
// so that it may be called beside a running kiosk and after a power cut. It
// checks the chain and every row's checksum; ErrDamaged if one does not fit.
func Audit(ctx context.Context, path string) (Report, error) {
	r, err := audit(ctx, path)
	if err != nil {
		return Report{}, fmt.Errorf("audit ledger %s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func audit(ctx context.Context, path string) (Report, error) {
	r := Report{Base: map[circ.Epoch]uint64{}, Acked: map[circ.Epoch]uint64{}, Loans: map[circ.ItemID]OnLoan{}}
	if _, err := os.Stat(path); err != nil {
		return r, err // SQLite would say only that it cannot open it
	}
	db, err := openReadOnly(path)
	if err != nil {
		return r, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer tx.Rollback()
	if err := verifySchema(ctx, tx); err != nil {
		return r, asDamage(err)
	}
	if _, err := verifyRows(ctx, tx); err != nil {
		return r, asDamage(err)
	}
	c, err := currentChain(ctx, tx)
	if err != nil {
		return r, err
	}
	r.Epoch = c.epoch
	return r, errors.Join(r.chains(ctx, tx), r.events(ctx, tx), r.open(ctx, tx))
}

func (r *Report) chains(ctx context.Context, q querier) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var epoch []byte
		var base, acked uint64
		if err := rows.Scan(&epoch, &base, &acked); err != nil {
			return err
		}
		var e circ.Epoch
		copy(e[:], epoch)
		r.Base[e], r.Acked[e] = base, acked
		return nil
	}, "SELECT epoch, base, acked FROM chain")
}

func (r *Report) events(ctx context.Context, q querier) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var epoch, body []byte
		if err := rows.Scan(&epoch, &body); err != nil {
			return err
		}
		var e contract.Event
		var data struct {
			Item circ.ItemID
			Tags []contract.TagRef
		}
		if err := errors.Join(json.Unmarshal(body, &e), json.Unmarshal(e.Data, &data)); err != nil {
			return err
		}
		a := AuditedEvent{Entry: Entry{N: e.N, Type: e.Type, At: e.At, Tx: e.Tx, Item: data.Item},
			Body: body, Tags: data.Tags}
		copy(a.Epoch[:], epoch)
		a.Acked = a.N <= r.Acked[a.Epoch]
		r.Events = append(r.Events, a)
		return nil
	}, "SELECT epoch, body FROM event ORDER BY rowid")
}

func (r *Report) open(ctx context.Context, q querier) error {
	err := each(ctx, q, func(rows *sql.Rows) error {
		l, err := scanLoan(rows)
		if err == nil {
			r.Loans[l.item] = OnLoan{Tx: l.tx, Epoch: l.epoch, N: l.n}
		}
		return err
	}, "SELECT "+loanColumns+" FROM loan WHERE open = 1")
	if err != nil {
		return err
	}
	return each(ctx, q, func(rows *sql.Rows) error {
		x, err := scanWish(rows)
		if err == nil {
			r.Wishes = append(r.Wishes, x)
		}
		return err
	}, "SELECT "+wishColumns+" FROM wish w ORDER BY w.uid")
}

// Unacked counts the events of the growing epoch that central has not
// acknowledged.
func (r Report) Unacked() int {
	n := 0
	for _, e := range r.Events {
		if e.Epoch == r.Epoch && !e.Acked {
			n++
		}
	}
	return n
}
