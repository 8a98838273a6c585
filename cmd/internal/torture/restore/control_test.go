package restore

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/torture/branch"
)

// A central that compares numbers alone takes other events under the same
// numbers for repetitions. The rig must find what is lost.
func TestComparingNumbersAloneIsFound(t *testing.T) {
	for n := range uint64(60) {
		e := open(t, rand.New(rand.NewPCG(n, 1)))
		e.wrong = numbersAlone
		_, wrong := e.spend(harms[0])
		e.close()
		for _, w := range wrong {
			if strings.Contains(w, "central does not have") || strings.Contains(w, "central still has the loan") {
				return
			}
		}
	}
	t.Error("in 60 evenings nothing was found to be lost")
}

// numbersAlone is such a central: where the real one sees another history, it
// acknowledges what has a number that it has stored.
func numbersAlone(k *branch.Kiosk) branch.Wrong {
	text, err := os.ReadFile(filepath.Join(k.CentralDir(), "sign.key"))
	k.Must(err)
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	k.Must(err)
	sign, mine := ed25519.NewKeyFromSeed(seed), k.Cred.Key().Public().(ed25519.PublicKey)
	return branch.Wrong{Handle: func(ctx context.Context, topic string, payload []byte) ([]central.Out, error) {
		outs, err := k.Central.Handle(ctx, topic, payload)
		for i, o := range outs {
			a, wrong := contract.Decode[contract.Ack](contract.KindAck, o.Payload, k.Cred.Central())
			if wrong != nil || a.Order != contract.NewEpoch {
				continue
			}
			through, hash := newest(payload, mine)
			a.Order, a.Through, a.Hash = "", through, hash
			outs[i].Payload, err = contract.Encode(contract.KindAck, a, sign)
		}
		return outs, err
	}}
}

// newest is the last event that a kiosk's message speaks of.
func newest(payload []byte, key ed25519.PublicKey) (uint64, contract.Hash) {
	if h, err := contract.Decode[contract.Hello](contract.KindHello, payload, key); err == nil {
		return h.Last, h.Hash
	}
	b, err := contract.Decode[contract.Batch](contract.KindBatch, payload, key)
	if err != nil {
		return 0, contract.Hash{}
	}
	hash := b.Prev
	for i, event := range b.Events {
		hash = hash.Next(b.From+uint64(i), event)
	}
	return b.To, hash
}
