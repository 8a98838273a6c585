package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// keepFor is how long acknowledged events stay, so that a restored central can
// be fed again (design D3).
const keepFor = 30 * 24 * time.Hour

// endedChains are the epochs that grow no more and of which events are kept,
// oldest first.
func endedChains(ctx context.Context, q querier) (found []chain, err error) {
	err = each(ctx, q, func(rows *sql.Rows) error {
		c, err := scanChain(rows)
		found = append(found, c)
		return err
	}, "SELECT "+chainColumns+" FROM chain WHERE current = 0 AND base < head"+
		" ORDER BY (SELECT min(e.rowid) FROM event e WHERE e.epoch = chain.epoch)")
	return found, err
}

// moved is an event on its way into another epoch.
type moved struct {
	contract.Event
	from circ.Epoch
}

// NewEpoch begins a new numbering, because central knows other events under
// our numbers. The events that central has not acknowledged move into it, in
// order, with new numbers; what they say does not change. Central tells by
// their transactions whether it has heard one before.
func (l *Ledger) NewEpoch(ctx context.Context, at circ.Moment) error {
	err := l.write(ctx, "newepoch", func(w *writer) error {
		c, err := currentChain(w.ctx, w.tx)
		if err != nil {
			return err
		}
		if err := w.move("epoch = ? AND n > ?", c.epoch[:], int64(c.acked)); err != nil {
			return err
		}
		return w.end(c, c.acked)
	})
	if err != nil {
		return fmt.Errorf("begin a new epoch: %w", err)
	}
	return nil
}

// Again begins a new numbering with every event that is kept, of whatever
// epoch, because central was restored from a copy that is older than an epoch
// which has ended since: what it had acknowledged of that, it lacks.
func (l *Ledger) Again(ctx context.Context, at circ.Moment) error {
	err := l.write(ctx, "again", func(w *writer) error {
		current, err := currentChain(w.ctx, w.tx)
		if err != nil {
			return err
		}
		ended, err := endedChains(w.ctx, w.tx)
		if err != nil {
			return err
		}
		if err := w.move("1"); err != nil {
			return err
		}
		for _, c := range append(ended, current) {
			if err := w.end(c, c.base); err != nil {
				return err
			}
		}
		return w.err
	})
	if err != nil {
		return fmt.Errorf("number all events anew: %w", err)
	}
	return nil
}

// move begins a new epoch with the events that where picks, in the order in
// which they were written, and makes it the one that grows.
func (w *writer) move(where string, args ...any) error {
	events, err := w.picked(where, args...)
	if err != nil {
		return err
	}
	old, err := currentChain(w.ctx, w.tx)
	if err != nil {
		return err
	}
	old.current = false
	w.saveChain(old)
	next := chain{epoch: uuid.New(), current: true}
	w.saveChain(next)
	for _, e := range events {
		w.renumber(&next, e)
	}
	w.saveChain(next)
	return w.err
}

func (w *writer) picked(where string, args ...any) (events []moved, err error) {
	err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		m := moved{from: e.epoch}
		err = json.Unmarshal(e.body, &m.Event)
		events = append(events, m)
		return err
	}, "SELECT "+eventColumns+" FROM event WHERE "+where+" ORDER BY rowid", args...)
	return events, err
}

// renumber moves one event, and the loan that rests on it.
func (w *writer) renumber(next *chain, m moved) {
	e := m.Event
	e.N = next.head + 1
	w.append(next, e)
	var data struct{ Item circ.ItemID }
	if w.err == nil {
		w.err = json.Unmarshal(e.Data, &data)
	}
	if l, found := w.loanOf(data.Item); found && l.epoch == m.from && l.n == m.N {
		l.epoch, l.n = next.epoch, e.N
		w.saveLoan(l)
	}
}

// end ends an old epoch at one of its events; those behind it have moved.
func (w *writer) end(c chain, through uint64) error {
	hash, err := hashAt(w.ctx, w.tx, c, through)
	if err != nil {
		return err
	}
	w.exec("DELETE FROM event WHERE epoch = ? AND n > ?", c.epoch[:], int64(through))
	c.current, c.head, c.hHash, c.acked = false, through, hash, min(c.acked, through)
	w.saveChain(c)
	return w.err
}

// Prune forgets acknowledged events older than 30 days, and wrong PINs whose
// time is over. A chain's base moves up with the events, so that what remains
// can still be checked. How old an event is only a clock that is kept right may
// say: another could be years ahead, and all would go at once.
func (l *Ledger) Prune(ctx context.Context, at circ.Moment) (int64, error) {
	var gone int64
	err := l.write(ctx, "prune", func(w *writer) error {
		w.ageTries(at)
		if at.Quality != circ.Synced || w.err != nil {
			return w.err
		}
		current, err := currentChain(w.ctx, w.tx)
		if err != nil {
			return err
		}
		ended, err := endedChains(w.ctx, w.tx)
		if err != nil {
			return err
		}
		for _, c := range append(ended, current) {
			gone += w.prune(c, at.Wall.Add(-keepFor))
		}
		return w.err
	})
	if err != nil {
		return 0, fmt.Errorf("forget old events: %w", err)
	}
	return gone, nil
}

func (w *writer) prune(c chain, before time.Time) (gone int64) {
	last := w.oldAt(c, before)
	if w.err != nil || last <= c.base {
		return 0
	}
	hash, err := hashAt(w.ctx, w.tx, c, last)
	if err != nil {
		w.err = err
		return 0
	}
	gone = w.exec("DELETE FROM event WHERE epoch = ? AND n <= ?", c.epoch[:], int64(last))
	c.base, c.baseHash = last, hash
	w.saveChain(c)
	return gone
}

var errFound = errors.New("found")

// oldAt is the newest acknowledged event that is certainly from before a time:
// its own clock was kept right. Those before it are as old, whatever they say;
// one behind it that says so may come from a clock that was years late.
func (w *writer) oldAt(c chain, before time.Time) (last uint64) {
	if w.err != nil {
		return 0
	}
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		row, err := scanEvent(rows)
		if err != nil {
			return err
		}
		var e contract.Event
		if err := json.Unmarshal(row.body, &e); err != nil || e.Clock != circ.Synced {
			return err
		}
		last = row.n
		return errFound
	}, "SELECT "+eventColumns+" FROM event WHERE epoch = ? AND n <= ? AND at < ? ORDER BY n DESC", c.epoch[:], int64(c.acked), before.UnixMilli())
	if errors.Is(w.err, errFound) {
		w.err = nil
	}
	return last
}
