package record

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/errgroup"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// What one PIN costs: Argon2id with one pass over 4 MiB, some 2 ms on a
// server and 15 ms on a small computer. An export of 200 000 cards must be
// compared with what is stored in a few minutes, every night. It need not be
// dearer: a PIN of four digits falls to any hash that can be computed at all,
// so what protects a stolen database is the pepper, which is not in it.
const (
	pinPasses = 1
	pinMemory = 4 << 10 // KiB
	pinSalt   = 16
	pinHash   = 32
)

// PIN is a card's PIN as it is kept: a slow hash under a salt of its own and
// under central's pepper.
type PIN struct {
	Salt, Hash []byte             // empty: the card has no PIN
	Verifier   *contract.Verifier // made when it was first found right; nil: not yet, or nobody uses them
}

// None says that there is no PIN.
func (p PIN) None() bool { return len(p.Hash) == 0 }

// CardPIN is a PIN as an export names it. It prints as nothing.
type CardPIN struct {
	Card circ.Card
	PIN  string // "" none
}

// String hides the PIN.
func (CardPIN) String() string { return "a card's PIN" }

// GoString hides the PIN.
func (c CardPIN) GoString() string { return c.String() }

// NewPIN is a card's PIN that differs from the one that was stored.
type NewPIN struct {
	Card circ.Card
	PIN  PIN
}

// pepper is central's own secret in every PIN's hash, derived from the key
// that is backed up with care anyway and never lies in the database.
func pepper(key contract.UnsealKey) ([]byte, error) {
	return hkdf.Key(sha256.New, key, nil, "nightdesk pin 1", 32)
}

// hash is the slow part; it wants no lock and no transaction around it.
func (r *Record) hash(salt []byte, card circ.Card, pin string) ([]byte, error) {
	secret, err := pepper(r.key)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(string(card) + "\x00" + pin))
	return argon2.IDKey(mac.Sum(nil), salt, pinPasses, pinMemory, 1, pinHash), nil
}

// fits says whether a PIN is the one that was stored. It takes as long for a
// card that has none.
func (r *Record) fits(stored PIN, card circ.Card, pin string) (bool, error) {
	salt := stored.Salt
	if stored.None() {
		salt = make([]byte, pinSalt)
	}
	got, err := r.hash(salt, card, pin)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(got, stored.Hash) == 1
	return same && !stored.None(), nil
}

// HashPINs compares an export's PINs with those stored, and gives those that
// differ. A PIN that is the same keeps its hash and its verifier: kiosks must
// never see two verifiers of one PIN (contract.Verifier). All processors work
// at it; nothing is locked meanwhile.
func (r *Record) HashPINs(ctx context.Context, list []CardPIN) ([]NewPIN, error) {
	stored, err := r.store.PINs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the PINs: %w", err)
	}
	all := make([]*NewPIN, len(list))
	g, work := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for i, c := range list {
		if work.Err() != nil {
			break
		}
		before := stored[c.Card]
		delete(stored, c.Card)
		g.Go(func() (err error) {
			all[i], err = r.newPIN(before, c)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("hash the PINs: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	news := []NewPIN{}
	for _, n := range all {
		if n != nil {
			news = append(news, *n)
		}
	}
	for card := range stored { // the export names them no more
		news = append(news, NewPIN{Card: card})
	}
	return news, nil
}

// newPIN is nil if nothing changes.
func (r *Record) newPIN(before PIN, c CardPIN) (*NewPIN, error) {
	if c.PIN == "" {
		if before.None() {
			return nil, nil
		}
		return &NewPIN{Card: c.Card}, nil
	}
	if !before.None() {
		if same, err := r.fits(before, c.Card, c.PIN); same || err != nil {
			return nil, err
		}
	}
	salt := make([]byte, pinSalt)
	rand.Read(salt) // never fails (crypto/rand)
	hash, err := r.hash(salt, c.Card, c.PIN)
	return &NewPIN{Card: c.Card, PIN: PIN{Salt: salt, Hash: hash}}, err
}
