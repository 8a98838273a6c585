package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// How long wrong PINs are remembered.
const (
	cardFor    = 24 * time.Hour   // a card's, after its last wrong one
	deviceFor  = 15 * time.Minute // each one by the whole kiosk, and the kiosk's lock
	deviceMost = 10               // wrong PINs within deviceFor; one more locks the kiosk
	noteAfter  = 10 * time.Minute // of waiting, which would be waited again after a power cut
)

// The kinds of try.
const (
	ofCard   = "card"
	ofAny    = "wrong"
	ofDevice = "device"
)

// try is something about wrong PINs that ends when a time has been waited.
type try struct {
	kind   string
	who    []byte
	wrong  int
	wait   int64 // milliseconds from the moment below on
	boot   [16]byte
	mono   int64
	wall   int64
	synced bool
}

func newTry(at circ.Moment, kind string, who []byte, wrong int, wait time.Duration) try {
	t := try{kind: kind, who: who, wrong: wrong, wait: wait.Milliseconds()}
	return t.from(at)
}

// from counts what is left from another moment on.
func (t try) from(at circ.Moment) try {
	t.boot, t.mono, t.wall, t.synced = at.Boot, at.Mono.Milliseconds(), millis(at), at.Quality == circ.Synced
	return t
}

// left is what is still to be waited, in milliseconds. Only time that has
// surely passed counts (design D9), for whoever guesses PINs may also hold the
// plug and the network cable. In one boot that is the monotonic clock, which
// nobody can set. Over a restart it is how long this boot runs, all of which
// came after; how long the kiosk was off counts only if both clocks were
// disciplined, for a clock with a battery can be set while it is off. So a lock
// may last longer than it says, and never shorter.
func (t try) left(at circ.Moment) int64 {
	if t.boot == at.Boot {
		return t.wait - max(0, at.Mono.Milliseconds()-t.mono)
	}
	waited := at.Mono.Milliseconds()
	if t.synced && at.Quality == circ.Synced {
		waited = max(waited, millis(at)-t.wall)
	}
	return t.wait - waited
}

func (t try) sum() []byte {
	return sum("pin", []byte(t.kind), t.who, number(int64(t.wrong)), number(t.wait), t.boot[:], number(t.mono),
		number(t.wall), number(flag(t.synced)))
}

const tryColumns = "kind, who, wrong, wait, boot, mono, wall, synced, sum"

func scanTry(rows row) (try, error) {
	var t try
	var boot, check []byte
	if err := rows.Scan(&t.kind, &t.who, &t.wrong, &t.wait, &boot, &t.mono, &t.wall, &t.synced, &check); err != nil {
		return t, err
	}
	copy(t.boot[:], boot)
	if !bytes.Equal(check, t.sum()) {
		return t, damaged("pin", t.kind)
	}
	return t, nil
}

func allTries(ctx context.Context, q querier) (all []try, err error) {
	err = each(ctx, q, func(rows *sql.Rows) error {
		t, err := scanTry(rows)
		all = append(all, t)
		return err
	}, "SELECT "+tryColumns+" FROM pin ORDER BY kind, who")
	return all, err
}

func (w *writer) saveTry(t try) {
	w.forget(tablePIN, "kind = ? AND who = ?", t.kind, t.who)
	w.put(tablePIN, t.sum(), "INSERT OR REPLACE INTO pin ("+tryColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.kind, t.who, t.wrong, t.wait, t.boot[:], t.mono, t.wall, flag(t.synced), t.sum())
}

// ageTries forgets what has been waited for, and counts the rest from now on.
func (w *writer) ageTries(at circ.Moment) (kept []try) {
	if w.err != nil {
		return nil
	}
	all, err := allTries(w.ctx, w.tx)
	w.err = err
	for _, t := range all {
		left := t.left(at)
		if left <= 0 {
			w.delete(tablePIN, "kind = ? AND who = ?", t.kind, t.who)
			continue
		}
		t = t.from(at)
		t.wait = left
		w.saveTry(t)
		kept = append(kept, t)
	}
	return kept
}

// PINTried notes that a PIN was right or wrong. When it returns nil the disk
// has it; only then may the borrower see which. A right PIN clears the card's
// count, and not the kiosk's: a guesser may have a card of his own. Every wrong
// PIN begins the card's 24 hours anew, and the eleventh within 15 minutes, of
// whatever cards, locks the kiosk for 15 minutes.
func (l *Ledger) PINTried(ctx context.Context, at circ.Moment, card circ.CardKey, right bool) error {
	if card == (circ.CardKey{}) {
		return errors.New("note a PIN: there is no card")
	}
	err := l.write(ctx, "pin", func(w *writer) error {
		tries := w.ageTries(at)
		if right {
			w.delete(tablePIN, "kind = ? AND who = ?", ofCard, card[:])
			return w.err
		}
		w.wrongPIN(at, card, tries)
		return w.err
	})
	if err != nil {
		return fmt.Errorf("note a PIN: %w", err)
	}
	return nil
}

func (w *writer) wrongPIN(at circ.Moment, card circ.CardKey, tries []try) {
	ofThis, recent := 1, 1
	for _, t := range tries {
		switch {
		case t.kind == ofCard && bytes.Equal(t.who, card[:]):
			ofThis += t.wrong
		case t.kind == ofAny:
			recent++
		}
	}
	w.saveTry(newTry(at, ofCard, card[:], ofThis, cardFor))
	w.saveTry(newTry(at, ofAny, number(w.totals.serial), 1, deviceFor)) // no other transaction has the same serial
	if recent > deviceMost {
		w.saveTry(newTry(at, ofDevice, []byte{}, 0, deviceFor))
	}
}

// PINTries tells what this kiosk knows of wrong PINs, of a card and of all.
// ErrDamaged if a row is not what was written: nothing may be asked then.
func (l *Ledger) PINTries(ctx context.Context, at circ.Moment, card circ.CardKey) (contract.PINState, error) {
	s, aged, err := l.pinState(ctx, at, card)
	if err == nil && aged {
		err = l.write(ctx, "pin-age", func(w *writer) error {
			w.ageTries(at)
			return w.err
		})
	}
	if err != nil {
		return contract.PINState{}, fmt.Errorf("look up wrong PINs: %w", err)
	}
	return s, nil
}

// pinState reads; aged says that the rows should be written anew: some have
// ended, are of another boot, or have been waited for a good while.
func (l *Ledger) pinState(ctx context.Context, at circ.Moment, card circ.CardKey) (s contract.PINState, aged bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return s, false, err
	}
	tries, err := allTries(ctx, l.db)
	for _, t := range tries {
		left := time.Duration(t.left(at)) * time.Millisecond
		aged = aged || left <= 0 || t.boot != at.Boot || t.wait-left.Milliseconds() > noteAfter.Milliseconds()
		switch {
		case left <= 0:
		case t.kind == ofDevice:
			s.Device = left
		case t.kind == ofCard && bytes.Equal(t.who, card[:]):
			s.Wrong, s.Card = t.wrong, left
		}
	}
	return s, aged, err
}
