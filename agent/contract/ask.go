package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
)

const (
	// AskFor is how long a borrower waits for an answer (design D7).
	AskFor = 8 * time.Second

	askText    = 160         // bytes of what is sealed in a question, whatever the card and the PIN
	maxAskLife = time.Minute // between Sent and Expires
	minPIN     = 4
	maxPIN     = 12
)

// Ask is up/ask: the one question to central. Is this PIN this card's?
type Ask struct {
	V       int       `json:"v"`
	Kiosk   string    `json:"k"`
	ID      uuid.UUID `json:"id"`   // said again with a repeated question: central looks once
	Who     Sealed    `json:"who"`  // card and PIN (SealAsk)
	Sent    time.Time `json:"sent"` // by central's clock as the kiosk last heard it, so that its own may be wrong
	Expires time.Time `json:"exp"`  // nobody waits for an answer after this
}

// Answer is dn/answer.
type Answer struct {
	Statement
	ID       uuid.UUID    `json:"id"` // of the question
	Result   Result       `json:"result"`
	Borrower *BorrowerRow `json:"who,omitempty"` // with ok: the card's row as it is now
}

// Result is what central says to a question.
type Result string

// The results of version 1. A kiosk takes one that it does not know as silence.
const (
	AskOK      Result = "ok"
	AskWrong   Result = "pin-wrong"    // or the card has no PIN
	AskUnknown Result = "card-unknown" // borrowers hear the same as for a wrong PIN
	AskBlocked Result = "blocked"      // too many wrong PINs for this card, at whatever kiosk: nothing was looked at
	AskExpired Result = "expired"      // the question came too late: nothing was looked at
	AskBusy    Result = "busy"         // not now: too many wrong PINs from this kiosk, or the first copy is being looked at
)

// CheckPIN says whether a text can be a PIN: 4 to 12 digits. The error does
// not repeat it.
func CheckPIN(pin string) error {
	if len(pin) < minPIN || len(pin) > maxPIN || strings.Trim(pin, "0123456789") != "" {
		return errors.New("a PIN is 4 to 12 digits")
	}
	return nil
}

// asked is what a question's seal holds, filled up with spaces so that its
// length tells nothing.
type asked struct {
	Card string `json:"card"`
	PIN  string `json:"pin"`
}

// SealAsk encrypts a card number and a PIN so that only central can read them,
// and only as part of this kiosk's question: kiosk, id and "ask" are HPKE's
// info (RFC 9180, 5.1).
func SealAsk(pub SealKey, kiosk string, id uuid.UUID, card circ.Card, pin string) (Sealed, error) {
	if card == "" {
		return nil, errors.New("seal a question: there is no card")
	}
	if err := CheckPIN(pin); err != nil {
		return nil, fmt.Errorf("seal a question: %w", err)
	}
	text, err := marshal(asked{Card: string(card), PIN: pin})
	if err != nil {
		return nil, fmt.Errorf("seal a question: %w", err)
	}
	if len(text) > askText {
		return nil, fmt.Errorf("seal a question: %w", ErrTooLarge)
	}
	text = append(text, strings.Repeat(" ", askText-len(text))...)
	info, err := askInfo(kiosk, id)
	if err != nil {
		return nil, fmt.Errorf("seal a question: %w", err)
	}
	sealed, err := sealTo(pub, info, text)
	clear(text)
	if err != nil {
		return nil, fmt.Errorf("seal a question: %w", err)
	}
	return sealed, nil
}

// UnsealAsk reads a question. ErrSealed if it was sealed for another key,
// another kiosk or another question, or by somebody who does not keep to this.
func UnsealAsk(priv UnsealKey, kiosk string, id uuid.UUID, s Sealed) (circ.Card, string, error) {
	info, err := askInfo(kiosk, id)
	if err != nil {
		return "", "", fmt.Errorf("unseal a question: %w", err)
	}
	text, err := unsealWith(priv, info, s)
	if err != nil {
		return "", "", fmt.Errorf("unseal a question: %w", err)
	}
	defer clear(text)
	var q asked
	// The reader's own error might repeat what it read.
	if json.Unmarshal(text, &q) != nil || q.Card == "" || CheckPIN(q.PIN) != nil {
		return "", "", fmt.Errorf("unseal a question: %w: it is no card with a PIN", ErrSealed)
	}
	return circ.Card(q.Card), q.PIN, nil
}

// askInfo is canonical JSON: the three keys in alphabetical order, no spaces.
func askInfo(kiosk string, id uuid.UUID) ([]byte, error) {
	return marshal(struct {
		ID    uuid.UUID `json:"id"`
		Kiosk string    `json:"kiosk"`
		Type  Kind      `json:"type"`
	}{id, kiosk, KindAsk})
}

// Check says whether a question keeps the rules of its kind.
func (a Ask) Check() error {
	life := a.Expires.Sub(a.Sent)
	if a.ID == (uuid.UUID{}) || len(a.Who) == 0 || life <= 0 || life > maxAskLife {
		return fmt.Errorf("%w: a question without a name, a card or an end", ErrMalformed)
	}
	return nil
}

// Over is a card's facts with a fresher row of central's laid over those of
// the cache, which may be nil. Loans stay as the cache counts them: what this
// kiosk did since is added to that count, and would count twice on top of the
// row's (design D8). Days end in the zone.
func (b BorrowerRow) Over(cached *circ.BorrowerFacts, zone *time.Location) (circ.BorrowerFacts, error) {
	f := circ.BorrowerFacts{Category: b.Category, Blocked: b.Blocked, AgeBand: b.AgeBand,
		Loans: b.Loans, ByClass: b.ByClass, Messages: b.Messages, Mail: b.Mail, Verifier: (*circ.Verifier)(b.Verifier)}
	var err1, err2 error
	f.Expires, err1 = lastSecond(b.Expires, zone)
	f.Oldest, err2 = lastSecond(b.Oldest, zone)
	if cached != nil {
		f.Loans, f.ByClass, f.Oldest = cached.Loans, cached.ByClass, cached.Oldest
	}
	return f, errors.Join(err1, err2)
}

// lastSecond is the last second of a day, YYYY-MM-DD; of "" the zero time.
func lastSecond(day string, zone *time.Location) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return t, fmt.Errorf("%w: a date is not YYYY-MM-DD", ErrMalformed)
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 23, 59, 59, 0, zone), nil
}
