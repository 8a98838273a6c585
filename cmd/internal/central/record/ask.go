package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// What central does about wrong PINs, over all kiosks (design D6).
const (
	lockFor     = 24 * time.Hour   // a card, after its last wrong PIN
	guessWindow = 15 * time.Minute // in which a kiosk may send guessMost wrong ones
	guessMost   = 10
	askSlack    = time.Minute // a question's way, and what its times may be off
	askKept     = time.Hour   // how long a question's id is known: longer than any copy is believed
)

// What staff are told of.
const (
	PINLocked   circ.Reason = "pin-locked"   // too many wrong PINs for a card
	PINGuessing circ.Reason = "pin-guessing" // too many wrong PINs from a kiosk
)

// ErrNotAsked says that the kiosk's venue has no rule to ask central about
// PINs: a kiosk that asks all the same is no place to try PINs at.
var ErrNotAsked = errors.New("the venue's rules ask for no PIN")

// AskTx is what a question touches, inside one write transaction.
type AskTx interface {
	// Claim makes a question known. If it was before, said is what was said to
	// it, "" if nothing yet. Questions and tries older than the given times are forgotten.
	Claim(kiosk string, id uuid.UUID, at, forgetAsks, forgetTries time.Time) (said contract.Result, before bool, err error)
	// Said notes what is said to a question.
	Said(kiosk string, id uuid.UUID, said contract.Result) error
	// Guesses counts a kiosk's wrong PINs since a time.
	Guesses(kiosk string, since time.Time) (int, error)

	Borrower(circ.Card) (Borrower, bool, error)
	PIN(circ.Card) (PIN, error)
	// PutVerifier stores a verifier, and lets kiosks have the card's row anew.
	PutVerifier(circ.Card, contract.Verifier) error
	// Tries gives a card's wrong PINs; to put none forgets them.
	Tries(circ.Card) (Tries, error)
	PutTries(circ.Card, Tries) error

	Rules(venue string) (*circ.RuleBook, error)
	OpenCase(Case) (int64, error)
	IsOpen(id int64) (bool, error)
	CloseShared(share string, at time.Time, note string) error
}

// Tries are a card's wrong PINs since its last right one.
type Tries struct {
	Wrong int
	Last  time.Time
	Case  int64 // about the lock that they led to; 0: none
}

// asking is one question on its way through.
type asking struct {
	kiosk string
	id    uuid.UUID
	at    time.Time
	card  circ.Card
	pin   string
	rule  circ.PINRule

	known  bool // the card is a borrower's
	stored PIN
	tries  Tries // with this one, which counts as wrong until it has been found right
}

// Ask answers a kiosk's question: is this PIN this card's? A question is looked
// at once, however often it comes. The try is counted before the PIN is looked
// at, so that neither a crash nor ten questions at once give one away; and an
// unknown card takes the same time, the same hash and the same rows as a wrong
// PIN. The card is named only with a PIN that was found right now: a copy of a
// question could name another. Errors, which mean that nothing is to be
// answered: ErrNotAsked, contract.ErrSealed, the store's.
func (r *Record) Ask(ctx context.Context, kiosk, venue string, q contract.Ask, at time.Time) (said contract.Result, card circ.Card, err error) {
	if at.After(q.Expires.Add(askSlack)) || q.Sent.After(at.Add(askSlack)) {
		return contract.AskExpired, "", nil
	}
	a := asking{kiosk: kiosk, id: q.ID, at: at}
	if a.card, a.pin, err = contract.UnsealAsk(r.key, kiosk, q.ID, q.Who); err != nil {
		return "", "", err
	}
	err = r.store.Ask(ctx, func(tx AskTx) error {
		said, err = a.begin(tx, venue)
		return err
	})
	if err != nil || said != "" {
		return said, "", err
	}
	right, err := r.fits(a.stored, a.card, a.pin)
	if err != nil {
		return "", "", err
	}
	right = right && a.known
	var v *contract.Verifier
	if right && a.rule.Offline == circ.PINVerifier && a.stored.Verifier == nil {
		made := contract.NewVerifier(a.pin)
		v = &made
	}
	err = r.store.Ask(ctx, func(tx AskTx) error {
		said, err = a.end(tx, right, v)
		return err
	})
	if said == contract.AskOK {
		card = a.card
	}
	return said, card, err
}

// begin says why the PIN is not looked at, or counts the try and says nothing.
func (a *asking) begin(tx AskTx, venue string) (contract.Result, error) {
	rules, err := tx.Rules(venue)
	if err != nil {
		return "", err
	}
	if rules == nil || rules.PIN.Ask != circ.PINOnline {
		return "", fmt.Errorf("%s: %w", a.kiosk, ErrNotAsked)
	}
	a.rule = rules.PIN
	said, before, err := tx.Claim(a.kiosk, a.id, a.at, a.at.Add(-askKept), a.at.Add(-lockFor))
	if err != nil {
		return "", err
	}
	if before {
		if said == "" {
			said = contract.AskBusy
		}
		return said, nil
	}
	for _, no := range []func(AskTx) (contract.Result, error){a.guessing, a.look, a.locked} {
		if said, err = no(tx); err != nil || said != "" {
			return said, errors.Join(err, tx.Said(a.kiosk, a.id, said))
		}
	}
	a.tries.Wrong, a.tries.Last = a.tries.Wrong+1, a.at
	return "", tx.PutTries(a.card, a.tries)
}

// guessing holds off a kiosk from which too many wrong PINs come, whatever it
// counts itself.
func (a *asking) guessing(tx AskTx) (contract.Result, error) {
	n, err := tx.Guesses(a.kiosk, a.at.Add(-guessWindow))
	if err != nil || n <= guessMost {
		return "", err
	}
	_, err = tx.OpenCase(Case{
		Reasons: []circ.Reason{PINGuessing}, Urgent: true, Kiosk: a.kiosk, At: a.at, Share: "pin-guessing/" + a.kiosk,
		Note: fmt.Sprintf("more than %d wrong PINs came from it within %d minutes; it is answered again when they are older", guessMost, int(guessWindow.Minutes())),
	})
	return contract.AskBusy, err
}

func (a *asking) look(tx AskTx) (contract.Result, error) {
	b, found, err := tx.Borrower(a.card)
	if err != nil {
		return "", err
	}
	a.known = found && !b.Stub && !b.Gone
	a.stored, err = tx.PIN(a.card)
	return "", err
}

func (a *asking) share() string { return "pin-locked/" + string(a.card) }

// locked says whether the card is locked. It is unlocked by a day without a
// wrong PIN, and by staff who close the case.
func (a *asking) locked(tx AskTx) (contract.Result, error) {
	n, err := tx.Tries(a.card)
	if err != nil {
		return "", err
	}
	over := !a.at.Before(n.Last.Add(lockFor))
	if over {
		err = tx.CloseShared(a.share(), a.at, "the lock ended by itself, a day after the last wrong PIN")
	} else if n.Case != 0 {
		var open bool
		open, err = tx.IsOpen(n.Case)
		over = !open
	}
	if err != nil {
		return "", err
	}
	if over {
		n = Tries{}
	}
	a.tries = n
	if n.Wrong < a.rule.Most() {
		return "", nil
	}
	return contract.AskBlocked, nil
}

// end notes what the hash has said.
func (a *asking) end(tx AskTx, right bool, v *contract.Verifier) (contract.Result, error) {
	now, err := tx.PIN(a.card)
	if err != nil {
		return "", err
	}
	said := contract.AskWrong
	switch {
	case !bytes.Equal(now.Hash, a.stored.Hash):
		// An import came between, and began the count anew.
		said = contract.AskBusy
	case right:
		said, err = contract.AskOK, a.unlock(tx, now, v)
	case !a.known:
		said = contract.AskUnknown
	default:
		err = a.lock(tx)
	}
	return said, errors.Join(err, tx.Said(a.kiosk, a.id, said))
}

func (a *asking) unlock(tx AskTx, now PIN, v *contract.Verifier) error {
	if err := tx.PutTries(a.card, Tries{}); err != nil {
		return err
	}
	if v != nil && now.Verifier == nil { // another receiver may have made one meanwhile
		return tx.PutVerifier(a.card, *v)
	}
	return nil
}

func (a *asking) lock(tx AskTx) error {
	if a.tries.Wrong < a.rule.Most() {
		return nil
	}
	var err error
	a.tries.Case, err = tx.OpenCase(Case{
		Reasons: []circ.Reason{PINLocked}, Kiosk: a.kiosk, Card: a.card, At: a.at, Share: a.share(),
		Note: fmt.Sprintf("%d wrong PINs, the last at %s: no kiosk takes the card's PIN until %s UTC; closing this case lets it try again",
			a.tries.Wrong, a.kiosk, a.at.Add(lockFor).UTC().Format("2006-01-02 15:04")),
	})
	if err != nil {
		return err
	}
	return tx.PutTries(a.card, a.tries)
}
