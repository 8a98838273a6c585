package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Store is where the record is kept. One call of Update is one transaction.
type Store interface {
	// Waiting names the kiosks that have stored events not yet processed.
	Waiting(ctx context.Context) ([]string, error)
	// Update runs do in one write transaction, with the kiosk's row locked.
	Update(ctx context.Context, kiosk string, do func(Tx) error) error
	// PINs gives the PIN of every card that has one.
	PINs(ctx context.Context) (map[circ.Card]PIN, error)
	// Ask runs do in one write transaction.
	Ask(ctx context.Context, do func(AskTx) error) error
}

// Tx is the record inside one write transaction. Whatever it changes carries
// the transaction's version afterwards.
type Tx interface {
	// Unprocessed gives the kiosk's oldest stored events that have no outcome,
	// earlier epochs first, then by number.
	Unprocessed(max int) ([]Event, error)
	// Finish stores an event's outcome and moves the kiosk's high water.
	Finish(Outcome) error
	// Boot says when a boot of the kiosk began; false if it never said hello.
	Boot(boot uuid.UUID) (began time.Time, found bool, err error)
	// Reached is when the kiosk's newest processed event was; zero: unknown.
	Reached() (time.Time, error)
	// Mark remembers that an act was applied, and says whether it already was.
	Mark(kiosk string, tx circ.Tx, t contract.EventType) (before bool, err error)

	Item(circ.ItemID) (Item, bool, error)
	PutItem(Item) error
	Borrower(circ.Card) (Borrower, bool, error)
	PutBorrower(Borrower) error

	Loan(circ.Tx) (Loan, bool, error)
	OpenLoan(circ.ItemID) (Loan, bool, error)
	// UnseenLoan gives the loan that ran at the time t and was ended only
	// because the item turned up on another card.
	UnseenLoan(item circ.ItemID, t time.Time) (Loan, bool, error)
	CountLoans(card circ.Card, class string) (all, ofClass int, err error)
	// OpenLoans gives what a card has on loan, by item.
	OpenLoans(circ.Card) ([]Loan, error)
	PutLoan(Loan) error
	LastReturn(circ.ItemID) (at time.Time, from Source, err error)
	PutReturn(item circ.ItemID, at time.Time, from Source) error

	// Holds gives who waits for the item, first served first.
	Holds(circ.ItemID) ([]Hold, error)
	// FilledBy gives the hold that an issue fulfilled.
	FilledBy(circ.Tx) (Hold, bool, error)
	PutHold(Hold) error

	// OpenCase stores a case, or finds the open one with the same Share.
	OpenCase(Case) (int64, error)
	// CloseCases closes open cases about the item whose only reason is why.
	CloseCases(item circ.ItemID, why circ.Reason, at time.Time, note string) error

	// Rules gives the venue's rules, or the default ones; nil if there are none.
	Rules(venue string) (*circ.RuleBook, error)
	// Calendar gives the venue's calendar, or the default one.
	Calendar(venue string) (circ.Calendar, error)

	// Tell puts a message into a card's row until it has been told; at is when
	// what it tells of happened.
	Tell(card circ.Card, code string, at time.Time) error
	// Untell takes a message out of a card's row, told or not.
	Untell(card circ.Card, code string) error
	// Forget takes messages out of a card's row that are no newer than what a
	// kiosk had read, or than at if that was before a restored central.
	Forget(card circ.Card, codes []string, read circ.FeedVersion, at time.Time) error
	// PutReceipt stores a receipt for the mailer.
	PutReceipt(Receipt) error
}

// ErrConstraint is what a Tx returns when the database itself refuses a row.
// The event that caused it is parked, so that it cannot stop those behind it.
var ErrConstraint = errors.New("the database's constraints refuse it")

// Record turns stored events into what is true.
type Record struct {
	store Store
	key   contract.UnsealKey
}

// New makes a record over a store. The key opens the card numbers in events.
func New(store Store, key contract.UnsealKey) *Record {
	return &Record{store: store, key: key}
}

// Repair processes whatever was stored but not processed, for every kiosk:
// what a crash left behind.
func (r *Record) Repair(ctx context.Context) error {
	kiosks, err := r.store.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("look for events to process: %w", err)
	}
	for _, k := range kiosks {
		if err := r.Process(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// Process applies the kiosk's stored events strictly in the order of their
// numbers, in transactions of one batch, until none is left.
func (r *Record) Process(ctx context.Context, kiosk string) error {
	for more := true; more; {
		var err error
		more, err = r.some(ctx, kiosk, contract.MaxEvents)
		if errors.Is(err, ErrConstraint) {
			more, err = true, r.one(ctx, kiosk)
		}
		if err != nil {
			return fmt.Errorf("process the events of %s: %w", kiosk, err)
		}
	}
	return nil
}

func (r *Record) some(ctx context.Context, kiosk string, max int) (more bool, err error) {
	err = r.store.Update(ctx, kiosk, func(tx Tx) error {
		events, err := tx.Unprocessed(max)
		if err != nil {
			return err
		}
		more = len(events) == max
		for _, e := range events {
			if err := r.apply(tx, e); err != nil {
				return fmt.Errorf("event %d: %w", e.N, err)
			}
		}
		return nil
	})
	return more, err
}

// one processes the oldest event alone and parks it if the database refuses it.
func (r *Record) one(ctx context.Context, kiosk string) error {
	_, err := r.some(ctx, kiosk, 1)
	if !errors.Is(err, ErrConstraint) {
		return err
	}
	refusal := err
	return r.store.Update(ctx, kiosk, func(tx Tx) error {
		events, err := tx.Unprocessed(1)
		if err != nil || len(events) == 0 {
			return err
		}
		v := parked(Unreadable, "the database refused what this event wanted: "+refusal.Error())
		return finish(tx, events[0], v)
	})
}

func (r *Record) apply(tx Tx, e Event) error {
	var ev contract.Event
	v, err := r.judge(tx, e, &ev)
	if err != nil {
		return err
	}
	return finish(tx, e, v)
}

// judge applies one event. An error means that the database is in trouble;
// whatever is wrong with the event is in the verdict.
func (r *Record) judge(tx Tx, e Event, ev *contract.Event) (verdict, error) {
	if err := json.Unmarshal(e.Body, ev); err != nil {
		return parked(Unreadable, "its bytes are not an event: "+err.Error()), nil
	}
	if ev.N != e.N {
		return parked(Unreadable, fmt.Sprintf("it calls itself number %d", ev.N)), nil
	}
	a := act{tx: tx, stored: e, event: *ev, unseal: r.unseal}
	var err error
	if a.moment, err = when(tx, e, *ev); err != nil {
		return verdict{}, err
	}
	v, err := a.judge()
	if err != nil {
		return verdict{}, err
	}
	return a.clocked(v), nil
}

func (r *Record) unseal(e Event, ev contract.Event, s contract.Sealed) (circ.Card, error) {
	return contract.Unseal(r.key, e.Kiosk, ev.Tx, ev.Type, s)
}
