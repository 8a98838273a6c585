// Package wrong has kiosks and centrals that break a promise on purpose. The
// demonstration and the rigs run them to see that the harm is found: a check
// that finds nothing here would find nothing anywhere.
package wrong

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/pads"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/drivers"
)

// The promises that can be broken on purpose, to see that the check finds it.
const (
	UnlockFirst = "unlock-first" // the tag goes quiet before the loan is recorded
	AckEarly    = "ack-early"    // central acknowledges what it has not stored
)

// hasty is a ledger that wants every tag on the pad quiet of which nobody
// wants anything else: the tag is unlocked first, and the loan recorded later.
type hasty struct{ pads.Ledger }

// Hasty is a kiosk's ledger, as its pads see it, that breaks UnlockFirst.
func Hasty(l pads.Ledger) pads.Ledger { return hasty{l} }

// Wanted invents a quiet wish for every tag that has no true one. Settle of
// such a wish changes nothing, for the ledger does not know it.
func (h hasty) Wanted(ctx context.Context, visit circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	wishes, err := h.Ledger.Wanted(ctx, visit, uids)
	if err != nil {
		return nil, err
	}
	has := map[drivers.UID]bool{}
	for _, w := range wishes {
		has[w.UID] = true
	}
	for _, u := range uids {
		if !has[u] {
			wishes = append(wishes, circ.Wish{UID: u, Want: circ.Quiet})
		}
	}
	return wishes, nil
}

// forgetful is a central that acknowledges every batch and stores none. All
// else it leaves to the real one.
type forgetful struct {
	receiver.Desk
	kiosk  contract.Credential
	sign   ed25519.PrivateKey
	birth  uuid.UUID
	topics contract.Topics
	now    func() time.Time
}

// Forgetful is a central that breaks AckEarly. It takes central's signing key from its directory, as a copy of
// central with a broken disk would have it.
func Forgetful(desk receiver.Desk, dir string, kiosk contract.Credential, now func() time.Time) (receiver.Desk, error) {
	text, err := os.ReadFile(filepath.Join(dir, "sign.key"))
	if err != nil {
		return nil, fmt.Errorf("read central's signing key: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("central's signing key is not a key")
	}
	return forgetful{Desk: desk, kiosk: kiosk, sign: ed25519.NewKeyFromSeed(seed), birth: uuid.New(), topics: kiosk.Topics(), now: now}, nil
}

// Handle acknowledges a batch at once, and forgets it.
func (f forgetful) Handle(ctx context.Context, topic string, payload []byte) ([]receiver.Out, error) {
	if kind, err := contract.PeekKind(payload); err != nil || kind != contract.KindBatch {
		return f.Desk.Handle(ctx, topic, payload)
	}
	b, err := contract.Decode[contract.Batch](contract.KindBatch, payload, f.kiosk.Key().Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	hash := b.Prev
	for i, event := range b.Events {
		hash = hash.Next(b.From+uint64(i), event)
	}
	now := f.now().UTC()
	msg, err := contract.Encode(contract.KindAck, contract.Ack{
		Statement: contract.Statement{V: contract.Version, Audience: b.Kiosk, Type: contract.KindAck, Issued: now,
			Expires: now.Add(time.Minute), Birth: f.birth},
		Kiosk: b.Kiosk, Epoch: b.Epoch, Through: b.To, Hash: hash,
	}, f.sign)
	if err != nil {
		return nil, err
	}
	return []receiver.Out{{Topic: f.topics.Ak(), QoS: 1, Payload: msg}}, nil
}
