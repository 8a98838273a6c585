package ledger

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

// Unsent is the oldest batch that central has not acknowledged, of at most limit
// events and within the limits of the contract; without events if there is none.
func (l *Ledger) Unsent(ctx context.Context, limit int) (contract.Batch, error) {
	return l.batch(ctx, 0, limit)
}

// From is the batch that begins at event n, acknowledged or not: a restored
// central asks for what it lost. Pruned events cannot be had again.
func (l *Ledger) From(ctx context.Context, n uint64, limit int) (contract.Batch, error) {
	return l.batch(ctx, n, limit)
}

func (l *Ledger) batch(ctx context.Context, from uint64, limit int) (contract.Batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return contract.Batch{}, err
	}
	c, err := currentChain(ctx, l.db)
	if err != nil {
		return contract.Batch{}, fmt.Errorf("read the outbox: %w", err)
	}
	if from == 0 {
		from = c.acked + 1
	}
	from = max(from, c.base+1)
	b := contract.Batch{V: contract.Version, Kiosk: l.o.Kiosk, Epoch: c.epoch, From: from}
	if b.Prev, err = hashAt(ctx, l.db, c, from-1); err != nil {
		return b, fmt.Errorf("read the outbox: %w", err)
	}
	hash, n := b.Prev, from
	err = each(ctx, l.db, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		if hash = hash.Next(n, e.body); hash != e.hash || e.n != n {
			return fmt.Errorf("%w: event %d does not fit the chain", ErrDamaged, n)
		}
		n++
		b.Events = append(b.Events, e.body)
		return nil
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? AND n >= ? ORDER BY n LIMIT ?", c.epoch[:], int64(from), limit)
	if err != nil {
		return contract.Batch{}, fmt.Errorf("read the outbox: %w", err)
	}
	b.To = from + uint64(len(b.Events)) - 1
	return b.Cut(), nil
}

// hashAt is the chain's hash at n.
func hashAt(ctx context.Context, q querier, c chain, n uint64) (contract.Hash, error) {
	switch n {
	case c.base:
		return c.baseHash, nil
	case c.head:
		return c.hHash, nil
	}
	var h []byte
	err := q.QueryRowContext(ctx, "SELECT hash FROM event WHERE epoch = ? AND n = ?", c.epoch[:], int64(n)).Scan(&h)
	if err != nil {
		return contract.Hash{}, fmt.Errorf("hash at event %d: %w", n, err)
	}
	if len(h) != 32 {
		return contract.Hash{}, damaged("event", n)
	}
	return contract.Hash(h), nil
}

// Acked retires every event up to through, because central has stored them. A
// hash that is not ours is ErrDiverged and retires nothing; an epoch that is
// not the current one says nothing about it and is passed over.
func (l *Ledger) Acked(ctx context.Context, epoch circ.Epoch, through uint64, hash contract.Hash) error {
	err := l.write(ctx, "acked", func(w *writer) error {
		c, err := currentChain(w.ctx, w.tx)
		if err != nil || c.epoch != epoch || through <= c.acked {
			return err
		}
		if through > c.head {
			return fmt.Errorf("%w: central has event %d and the newest here is %d", ErrDiverged, through, c.head)
		}
		if ours, err := hashAt(w.ctx, w.tx, c, through); err != nil || ours != hash {
			return errors.Join(ErrDiverged, err)
		}
		c.acked = through
		w.saveChain(c)
		return w.err
	})
	if err != nil {
		return fmt.Errorf("retire events up to %d: %w", through, err)
	}
	return nil
}

// Position is what a hello says of the chain.
func (l *Ledger) Position(ctx context.Context) (contract.Hello, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return contract.Hello{}, err
	}
	c, err := currentChain(ctx, l.db)
	if err != nil {
		return contract.Hello{}, fmt.Errorf("read the chain's position: %w", err)
	}
	ended, err := endedChains(ctx, l.db)
	if err != nil {
		return contract.Hello{}, fmt.Errorf("read the chain's position: %w", err)
	}
	h := contract.Hello{V: contract.Version, Kiosk: l.o.Kiosk, Epoch: c.epoch, First: c.base + 1,
		Last: c.head, Hash: c.hHash, Acked: c.acked}
	for _, c := range ended {
		h.Ended = append(h.Ended, contract.Ended{Epoch: c.epoch, First: c.base + 1, Acked: c.acked})
	}
	return h, nil
}

// Fold forgets who stood behind the events that the cache contains by now.
func (l *Ledger) Fold(ctx context.Context, epoch circ.Epoch, n uint64) error {
	err := l.write(ctx, "fold", func(w *writer) error {
		l.folded = contract.Folded{Epoch: epoch, N: n} // also if the commit fails: then facts are only read again
		var loans []loan
		err := each(w.ctx, w.tx, func(rows *sql.Rows) error {
			x, err := scanLoan(rows)
			loans = append(loans, x)
			return err
		}, "SELECT "+loanColumns+" FROM loan WHERE who IS NOT NULL AND epoch = ? AND n <= ?", epoch[:], int64(n))
		if err != nil {
			return err
		}
		for _, x := range loans {
			x.who = circ.CardKey{}
			w.saveLoan(x)
		}
		return w.err
	})
	if err != nil {
		return fmt.Errorf("forget folded borrowers: %w", err)
	}
	return nil
}

// Entry is one event as staff may see it: no borrower.
type Entry struct {
	Epoch circ.Epoch         `json:"epoch"`
	N     uint64             `json:"n"`
	Type  contract.EventType `json:"type"`
	At    time.Time          `json:"at"`
	Tx    circ.Tx            `json:"tx"`
	Item  circ.ItemID        `json:"item"`
	Acked bool               `json:"acked"`
}

// Entries lists the newest events of the current epoch, newest first.
func (l *Ledger) Entries(ctx context.Context, limit int) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	c, err := currentChain(ctx, l.db)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	var out []Entry
	err = each(ctx, l.db, func(rows *sql.Rows) error {
		row, err := scanEvent(rows)
		if err != nil {
			return err
		}
		var e contract.Event
		var data struct{ Item circ.ItemID }
		if err := errors.Join(json.Unmarshal(row.body, &e), json.Unmarshal(e.Data, &data)); err != nil {
			return err
		}
		out = append(out, Entry{Epoch: c.epoch, N: e.N, Type: e.Type, At: e.At, Tx: e.Tx, Item: data.Item, Acked: e.N <= c.acked})
		return nil
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? ORDER BY n DESC LIMIT ?", c.epoch[:], limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return out, nil
}
