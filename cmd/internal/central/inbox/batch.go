package inbox

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Answer is what a kiosk is told of its stream: the part of an
// acknowledgement that the inbox knows.
type Answer struct {
	Epoch   circ.Epoch
	Through uint64
	Hash    contract.Hash
	Need    *contract.Range
	Order   contract.Order
	Stored  int  // events that were new
	Grew    bool // central noticed that it is older than it was: feeds have a new generation

	Session uuid.UUID // of the hello that is answered, and its Mono
	Asked   int64
}

// Batch stores what is new in a batch. After it returns without an error, the
// answer is durable and may be published. The batch is looked at more leniently
// than a kiosk may write it: what is odd inside an event is the record's
// business, for refusing the batch would stop the stream.
func (b *Inbox) Batch(ctx context.Context, l Letter, at time.Time) (Answer, error) {
	var m contract.Batch
	if err := l.Read(&m); err != nil {
		return Answer{}, err
	}
	if err := sane(m); err != nil {
		return Answer{}, err
	}
	var a Answer
	err := b.store.Receive(ctx, l.Kiosk.Name, func(tx Tx) error {
		s, order, err := enter(tx, l.Kiosk, m.Epoch, at)
		if err != nil || order != "" {
			a = Answer{Epoch: m.Epoch, Order: order}
			return err
		}
		a, err = take(tx, s, m, at)
		return err
	})
	if err != nil {
		return Answer{}, fmt.Errorf("store events %d to %d of %s: %w", m.From, m.To, l.Kiosk.Name, err)
	}
	return a, nil
}

// sane checks what must hold before the numbers of a batch mean anything.
func sane(m contract.Batch) error {
	n := uint64(len(m.Events))
	if n == 0 || n > contract.MaxEvents || m.From == 0 || m.To-m.From != n-1 || m.To < m.From || m.To > maxNumber {
		return fmt.Errorf("%w: events %d to %d, and %d of them", contract.ErrMalformed, m.From, m.To, n)
	}
	for i, e := range m.Events {
		if len(e) > contract.MaxEventBytes {
			return fmt.Errorf("event %d of %d bytes: %w", m.From+uint64(i), len(e), contract.ErrTooLarge)
		}
	}
	if m.Epoch == (circ.Epoch{}) {
		return fmt.Errorf("%w: no epoch", contract.ErrMalformed)
	}
	return nil
}

// enter finds the stream of an epoch. An epoch that central has never heard
// of, and that is not older than the current one as far as can be told,
// becomes the current one. An older one is a copy of the kiosk, or an old
// image: stop, unless staff have said that it may start anew.
func enter(tx Tx, k Kiosk, epoch circ.Epoch, at time.Time) (Stream, contract.Order, error) {
	cur, any, err := tx.Current()
	if err != nil || any && cur.Epoch == epoch {
		return cur, "", err
	}
	known, err := tx.Known(epoch)
	if err != nil {
		return Stream{}, "", err
	}
	if any && (known || before(epoch, cur.Epoch)) {
		return cur, outdated(k), tx.Alarm(Alarm{
			Reason: OldEpoch, Epoch: epoch, At: at,
			Note: "it speaks from an epoch older than its current one: an old image or a copy is at work. Take the copy away, or run: nightdesk-central kiosk resume " + k.Name,
		})
	}
	return Stream{Epoch: epoch}, "", tx.Begin(epoch, at)
}

// before says whether an epoch was certainly named before another. Only names
// that hold a time can tell (UUID version 7; RFC 9562, 5.7).
func before(a, b circ.Epoch) bool {
	return a.Version() == 7 && b.Version() == 7 && bytes.Compare(a[:6], b[:6]) < 0
}

func outdated(k Kiosk) contract.Order {
	if k.Resume {
		return contract.NewEpoch
	}
	return contract.Stop
}

// take compares a batch with the stream and stores the events behind it.
func take(tx Tx, s Stream, m contract.Batch, at time.Time) (Answer, error) {
	if m.From > s.Stored+1 {
		a := state(s)
		a.Need = &contract.Range{From: s.Stored + 1, To: m.From - 1}
		return a, nil
	}
	chain, err := walk(tx, s, m)
	if err != nil {
		return Answer{}, err
	}
	if chain == nil {
		return differs(tx, s, m, at)
	}
	if m.To <= s.Stored {
		return state(s), nil
	}
	var fresh []Stored
	for n := s.Stored + 1; n <= m.To; n++ {
		i := n - m.From
		fresh = append(fresh, Stored{N: n, Body: m.Events[i], Hash: chain[i], Received: at})
	}
	s.Stored, s.Hash, s.Blank = m.To, chain[len(chain)-1], false
	a := state(s)
	a.Stored = len(fresh)
	return a, tx.Append(s, fresh)
}

// state acknowledges the stream as it stands. Behind a loss there is no hash
// to acknowledge with until the next batch has come.
func state(s Stream) Answer {
	if s.Blank {
		return Answer{Epoch: s.Epoch}
	}
	return Answer{Epoch: s.Epoch, Through: s.Stored, Hash: s.Hash}
}

// walk computes the chain hash at each event of the batch; nil if the batch
// and the stream have a number in common at which their hashes differ.
func walk(tx Tx, s Stream, m contract.Batch) ([]contract.Hash, error) {
	same, err := agrees(tx, s, m.From-1, m.Prev)
	if err != nil || !same {
		return nil, err
	}
	chain := make([]contract.Hash, len(m.Events))
	h := m.Prev
	for i, e := range m.Events {
		h = h.Next(m.From+uint64(i), e)
		chain[i] = h
	}
	common := min(m.To, s.Stored)
	if common >= m.From {
		same, err = agrees(tx, s, common, chain[common-m.From])
		if err != nil || !same {
			return nil, err
		}
	}
	return chain, nil
}

// agrees says whether h can be the stream's hash at n. Where events are lost
// there is nothing to compare with.
func agrees(tx Tx, s Stream, n uint64, h contract.Hash) (bool, error) {
	if n == 0 {
		return h == contract.Hash{}, nil
	}
	if n == s.Stored {
		return s.Blank || s.Hash == h, nil
	}
	own, found, err := tx.HashAt(s.Epoch, n)
	return !found || own == h, err
}

// differs is the answer to two histories under the same numbers: the kiosk
// must number what is not acknowledged anew. It is never a duplicate.
func differs(tx Tx, s Stream, m contract.Batch, at time.Time) (Answer, error) {
	a := state(s)
	a.Through, a.Hash, a.Order = 0, contract.Hash{}, contract.NewEpoch
	return a, tx.Alarm(Alarm{
		Reason: RolledBack, Epoch: s.Epoch, N: m.From, At: at,
		Note: "its events differ from those it sent before under the same numbers: its disk was restored or replaced. It was told to start a new epoch; look whether loans of that day are missing",
	})
}
