package contract

import (
	"crypto/rand"
	"crypto/subtle"
	"time"

	"golang.org/x/crypto/argon2"

	"nightdesk/agent/circ"
)

// What a verifier costs: the least that OWASP's Password Storage Cheat Sheet
// names for Argon2id, 19 MiB and two passes. That is a fifth of a second on a
// small kiosk, once a visit, and half an hour for whoever tries all four-digit
// PINs of one card; what he learns for it are seven bits.
const (
	verifierMemory = 19 << 10 // KiB
	verifierPasses = 2
	verifierBits   = 7
	saltLength     = 16
)

// Verifier holds 7 bits of a slow hash of a PIN. It lets the right PIN pass
// and stops 127 wrong ones of 128, and whoever steals it still has some 78 of
// the 10 000 four-digit PINs to choose from (design D6). Central makes one for
// a PIN, the same for all kiosks, and another only when the PIN changes: two
// verifiers of one PIN under two salts would hold 14 bits, and a PIN has 13.
type Verifier circ.Verifier

// NewVerifier makes a verifier of a PIN with a fresh salt.
func NewVerifier(pin string) Verifier {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails (crypto/rand)
	return Verifier{Salt: salt, Bits: pinBits(salt, pin, verifierPasses, verifierMemory)}
}

// Check says whether a PIN may be the right one. A verifier without a proper
// salt lets nothing pass.
func (v Verifier) Check(pin string) bool {
	if len(v.Salt) != saltLength {
		return false
	}
	return subtle.ConstantTimeByteEq(v.Bits, pinBits(v.Salt, pin, verifierPasses, verifierMemory)) == 1
}

// Valid says whether it is a verifier of this version.
func (v Verifier) Valid() bool { return len(v.Salt) == saltLength && v.Bits < 1<<verifierBits }

func pinBits(salt []byte, pin string, passes, memory uint32) byte {
	return argon2.IDKey([]byte("nightdesk verifier 1\x00"+pin), salt, passes, memory, 1, 4)[0] & (1<<verifierBits - 1)
}

// PINState is what a kiosk knows of wrong PINs typed at it.
type PINState struct {
	Wrong  int           // of this card, since its last right one
	Card   time.Duration // until they are forgotten
	Device time.Duration // until this kiosk asks anybody for a PIN again; 0: now
}

// Locked says whether the card is locked at this kiosk.
func (s PINState) Locked(r circ.PINRule) bool { return s.Wrong >= r.Most() }

// Left is how many more wrong PINs lock the card.
func (s PINState) Left(r circ.PINRule) int { return max(0, r.Most()-s.Wrong) }

// PINStep is what comes next about a card's PIN.
type PINStep string

// The steps. Only PINSkip and PINRight let the card borrow; after Locked,
// Paused and Returns the borrower can still return.
const (
	PINSkip    PINStep = "skip"    // no PIN is asked for; the rules decide as they do without one
	PINEnter   PINStep = "enter"   // ask for the PIN
	PINRight   PINStep = "right"   // note it in the ledger, and go on
	PINWrong   PINStep = "wrong"   // note it in the ledger, then say so
	PINLocked  PINStep = "locked"  // too many wrong PINs for this card
	PINPaused  PINStep = "paused"  // too many wrong PINs at this kiosk
	PINReturns PINStep = "returns" // a PIN is wanted and cannot be checked now
)

// BeforePIN says what to do when a card has been shown: the first line of this
// table that fits.
//
//	rule.Ask  wrong PINs        central  rule.Offline                step
//	never     -                 -        -                           skip
//	online    this kiosk paused -        -                           paused
//	online    card locked       -        -                           locked
//	online    -                 heard    -                           enter
//	online    -                 silent   off                         skip
//	online    -                 silent   verifier, the card has one  enter
//	online    -                 silent   verifier, it has none       returns
//	online    -                 silent   refuse                      returns
//
// A lock holds although central is silent and nothing would be asked: else it
// ended with the network cable.
func BeforePIN(r circ.PINRule, online bool, s PINState, v *circ.Verifier) PINStep {
	switch {
	case r.Ask != circ.PINOnline:
		return PINSkip
	case s.Device > 0:
		return PINPaused
	case s.Locked(r):
		return PINLocked
	case online:
		return PINEnter
	}
	switch r.Offline {
	case circ.PINVerifier:
		if v == nil {
			return PINReturns
		}
		return PINEnter
	case circ.PINRefuse:
		return PINReturns
	}
	return PINSkip
}

// AfterPIN says what to do when a PIN has been typed and central asked; err is
// that of the question, or any error if it was not put.
//
//	central says             rule.Offline                             step
//	ok                       -                                        right
//	pin-wrong, card-unknown  -                                        wrong
//	blocked                  -                                        locked
//	nothing, busy, expired   off                                      skip
//	nothing, busy, expired   verifier, the PIN passes                 right
//	nothing, busy, expired   verifier, it does not                    wrong
//	nothing, busy, expired   verifier, the card has none              returns
//	nothing, busy, expired   refuse                                   returns
//
// After PINRight and PINWrong the ledger must have noted it (PINTried) before
// the borrower sees anything: a plug pulled in between must not give a guess
// away free. It may take a fifth of a second where a verifier is held against
// the PIN.
func AfterPIN(r circ.PINRule, a Answer, err error, v *circ.Verifier, pin string) PINStep {
	if err == nil {
		switch a.Result {
		case AskOK:
			return PINRight
		case AskWrong, AskUnknown:
			return PINWrong
		case AskBlocked:
			return PINLocked
		}
	}
	switch r.Offline {
	case circ.PINVerifier:
		if v == nil {
			return PINReturns
		}
		if Verifier(*v).Check(pin) {
			return PINRight
		}
		return PINWrong
	case circ.PINRefuse:
		return PINReturns
	}
	return PINSkip
}
