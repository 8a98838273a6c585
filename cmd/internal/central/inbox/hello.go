package inbox

import (
	"context"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Hello compares what a kiosk holds with what central holds (design D3).
func (b *Inbox) Hello(ctx context.Context, l Letter, at time.Time) (contract.Hello, Answer, error) {
	var m contract.Hello
	if err := l.Read(&m); err != nil {
		return m, Answer{}, err
	}
	if m.Epoch == (circ.Epoch{}) || m.Last > maxNumber || m.First > m.Last+1 || m.Acked > m.Last {
		return m, Answer{}, fmt.Errorf("%w: hello with events %d to %d, %d acknowledged", contract.ErrMalformed, m.First, m.Last, m.Acked)
	}
	var a Answer
	err := b.store.Receive(ctx, l.Kiosk.Name, func(tx Tx) error {
		if s, again, err := repeated(tx, m); err != nil || again {
			a = state(s)
			return err
		}
		if err := began(tx, m, at); err != nil {
			return err
		}
		older, err := older(tx, m, at)
		if err != nil || older {
			a = Answer{Epoch: m.Epoch, Order: contract.Again, Grew: true}
			return err
		}
		s, order, err := enter(tx, l.Kiosk, m.Epoch, at)
		if err != nil || order != "" {
			a = Answer{Epoch: m.Epoch, Order: order}
			return err
		}
		a, err = compare(tx, s, m, at)
		return err
	})
	if err != nil {
		return m, Answer{}, fmt.Errorf("answer the hello of %s: %w", l.Kiosk.Name, err)
	}
	a.Session, a.Asked = m.Session, m.Mono
	return m, a, nil
}

// began notes when a kiosk's boot began, by central's clock: whatever the
// kiosk's says, the events of that boot are as many milliseconds later as they
// tell themselves (design D9).
func began(tx Tx, m contract.Hello, at time.Time) error {
	if m.Mono <= 0 || m.Boot == [16]byte{} {
		return nil // a kiosk of before, or nonsense
	}
	return tx.Began(m.Boot, m.Mono, at)
}

func compare(tx Tx, s Stream, m contract.Hello, at time.Time) (Answer, error) {
	switch {
	case m.Last < s.Stored:
		return ahead(tx, s, m, at)
	case m.Last == s.Stored && m.Last > 0 && !s.Blank && m.Hash != s.Hash:
		return differs(tx, s, contract.Batch{From: m.Last}, at)
	case m.Acked > s.Stored:
		return behind(tx, s, m, at)
	case m.First > s.Stored+1:
		return jump(tx, s, m, at)
	}
	return state(s), nil
}

// ahead: central has events that the kiosk does not know of. The kiosk was
// rolled back, and must not use those numbers again. What both have is
// acknowledged, so that it is not numbered anew.
func ahead(tx Tx, s Stream, m contract.Hello, at time.Time) (Answer, error) {
	a, err := differs(tx, s, contract.Batch{From: m.Last + 1}, at)
	if err != nil || m.Last == 0 {
		return a, err
	}
	h, found, err := tx.HashAt(s.Epoch, m.Last)
	if found && h == m.Hash {
		a.Through, a.Hash = m.Last, h
	}
	return a, err
}

// behind: the kiosk was acknowledged more than central has. Central was
// restored from an older copy; the kiosk still has the events and sends them
// again, and what its cache was told since cannot be relied on.
func behind(tx Tx, s Stream, m contract.Hello, at time.Time) (Answer, error) {
	if err := tx.Restored(at); err != nil {
		return Answer{}, err
	}
	err := tx.Alarm(Alarm{
		Reason: Recovered, Epoch: s.Epoch, N: s.Stored + 1, At: at,
		Note: fmt.Sprintf("central had acknowledged events up to %d and has them only up to %d: it was restored from an older copy. The kiosk sends them again; import the catalogue again too", m.Acked, s.Stored),
	})
	if err != nil {
		return Answer{}, err
	}
	if m.First > s.Stored+1 {
		a, err := jump(tx, s, m, at)
		a.Grew = true
		return a, err
	}
	a := state(s)
	a.Need, a.Grew = &contract.Range{From: s.Stored + 1, To: m.Last}, true
	return a, nil
}

// jump: the kiosk no longer has what central lacks. Waiting would wait for
// ever; the loss becomes a case with its range, and the stream goes on.
func jump(tx Tx, s Stream, m contract.Hello, at time.Time) (Answer, error) {
	err := tx.Alarm(Alarm{
		Reason: Lost, Epoch: s.Epoch, N: s.Stored + 1, At: at,
		Note: fmt.Sprintf("events %d to %d are neither here nor on the kiosk any more; look for them in an older copy of central.db", s.Stored+1, m.First-1),
	})
	if err != nil {
		return Answer{}, err
	}
	s.Stored, s.Hash, s.Blank = m.First-1, contract.Hash{}, true
	if m.Last == s.Stored {
		s.Hash, s.Blank = m.Hash, false
	}
	a := state(s)
	if m.Last > s.Stored {
		a.Need = &contract.Range{From: s.Stored + 1, To: m.Last}
	}
	return a, tx.Append(s, nil)
}

// older says whether central was restored from a copy that is older than an
// epoch which has ended since: it has never heard of the kiosk's present epoch,
// and lacks what it once acknowledged of one before. Nobody would ever ask for
// that; so the kiosk is to send everything that it keeps.
func older(tx Tx, m contract.Hello, at time.Time) (bool, error) {
	known, err := tx.Known(m.Epoch)
	if err != nil || known {
		return false, err
	}
	var lacks bool
	for _, e := range m.Ended {
		stored, err := tx.StoredOf(e.Epoch)
		if err != nil {
			return false, err
		}
		if stored >= e.Acked {
			continue
		}
		lacks = true
		if err := lacking(tx, e, stored, at); err != nil {
			return false, err
		}
	}
	if !lacks {
		return false, nil
	}
	return true, tx.Restored(at)
}

// lacking tells staff that central is older than it was, and of what neither
// side has any more.
func lacking(tx Tx, e contract.Ended, stored uint64, at time.Time) error {
	alarm := Alarm{
		Reason: Recovered, Epoch: e.Epoch, N: stored + 1, At: at,
		Note: fmt.Sprintf("central had acknowledged events up to %d of an epoch that has ended and has them only up to %d: it was restored from an older copy. The kiosk sends them again; import the catalogue again too", e.Acked, stored),
	}
	if e.First > stored+1 {
		alarm.Reason = Lost
		alarm.Note = fmt.Sprintf("events %d to %d of an epoch that has ended are neither here nor on the kiosk any more; look for them in an older copy of central.db", stored+1, e.First-1)
	}
	return tx.Alarm(alarm)
}
