package central_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
)

func TestPoisonNeverBlocks(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func(k *kiosk)
		want string
	}{
		{"data of another shape", func(k *kiosk) { k.did(contract.LoanIssued, uuid.New(), noon, circ.Synced, []int{1}) }, "unreadable!"},
		{"no event at all", func(k *kiosk) { k.append([]byte(`"hello"`)) }, "unreadable!"},
		{"another number inside", func(k *kiosk) { k.append([]byte(`{"n":77,"t":"loan.returned"}`)) }, "unreadable!"},
		{"a type of the future", func(k *kiosk) { k.did("door.opened", uuid.New(), noon, circ.Synced, struct{}{}) }, "unknown-type!"},
		{"sealed to another key", func(k *kiosk) {
			k.did(contract.LoanIssued, uuid.New(), noon, circ.Synced, contract.Loan{Item: "B1", Who: contract.Sealed("nonsense")})
		}, "cannot-unseal!"},
		{"sealed for another event", func(k *kiosk) {
			seal := k.seal(uuid.New(), contract.LoanIssued, "C1")
			k.did(contract.LoanIssued, uuid.New(), noon, circ.Synced, contract.Loan{Item: "B1", Who: seal})
		}, "cannot-unseal!"},
		{"no transaction", func(k *kiosk) {
			k.did(contract.LoanIssued, uuid.UUID{}, noon, circ.Synced, contract.Loan{Item: "B1", Who: k.seal(uuid.UUID{}, contract.LoanIssued, "C1")})
		}, "unreadable!"},
		{"an act of another loan's transaction", func(k *kiosk) {
			tx := lastTx(k)
			k.did(contract.LoanReturned, tx, noon, circ.Synced, contract.Returned{Item: "B3"})
			k.did(contract.LoanIssued, uuid.New(), noon, circ.Synced, contract.Loan{Item: "\x00", Who: contract.Sealed{}})
		}, "bad-id!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, smallLibrary(t), "a")
			k := h.kiosks["a"]
			k.issue("B2", "C2", noon)
			c.bad(k)
			k.issue("B4", "C1", noon)
			k.send()
			if got := openLoans(t, h); got != "B2:C2 B4:C1" {
				t.Errorf("got loans %q, want B2:C2 B4:C1", got)
			}
			if got := openCases(t, h); got != c.want {
				t.Errorf("got cases %q, want %q", got, c.want)
			}
		})
	}
}

// I12: what is not believed changes nothing and is counted.
func TestNothingUnprovedIsBelieved(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a", "b", "gone")
	a, b, gone := h.kiosks["a"], h.kiosks["b"], h.kiosks["gone"]
	for _, k := range []*kiosk{a, b, gone} {
		k.issue("B1", "C1", noon)
	}
	if err := h.c.RevokeKiosk(h.ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	ev := a.cred.Topics().Ev()
	var forged map[string]any
	if err := json.Unmarshal(a.batch(1, 1), &forged); err != nil {
		t.Fatal(err)
	}
	delete(forged, "signatures")
	unsigned, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, topic string
		msg         []byte
		count       string
	}{
		{"signed by another kiosk", ev, b.batch(1, 1), "refused-signature"},
		{"a byte changed", ev, []byte(strings.Replace(string(a.batch(1, 1)), `"payload":"`, `"payload":"AAAA`, 1)), "refused-signature"},
		{"not signed", ev, unsigned, "refused-unsigned"},
		{"on another's topic", b.cred.Topics().Ev(), a.batch(1, 1), "refused-signature"},
		{"in another's name", ev, a.inNameOf("b"), "refused-foreign"},
		{"another authority", strings.Replace(ev, "/test/", "/other/", 1), a.batch(1, 1), "refused-topic"},
		{"a topic that comes down", a.cred.Topics().Ak(), a.batch(1, 1), "refused-topic"},
		{"a batch where hellos go", a.cred.Topics().Hi(), a.batch(1, 1), "refused-kind"},
		{"nobody we know", strings.Replace(ev, "/a/", "/x/", 1), a.batch(1, 1), "refused-unknown"},
		{"no message", ev, []byte("hello"), "refused-malformed"},
		{"numbers that do not fit", ev, a.sign(contract.KindBatch, contract.Batch{V: 1, Kiosk: "a", Epoch: a.epoch, From: 1, To: 2, Events: a.events}), "refused-malformed"},
		{"revoked", gone.cred.Topics().Ev(), gone.batch(1, 1), "refused-revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := h.c.Counts()[c.count]
			outs, err := h.c.Handle(h.ctx, c.topic, c.msg)
			if err == nil {
				t.Error("got no error")
			}
			for _, o := range outs {
				if ack := gone.ack([]central.Out{o}); ack.Order != contract.Stop || ack.Through != 0 {
					t.Errorf("got order %q through %d, want stop", ack.Order, ack.Through)
				}
			}
			if n := h.c.Counts()[c.count]; n != before+1 {
				t.Errorf("got %v, want %s raised", h.c.Counts(), c.count)
			}
			if n := stored(t, h); n != 0 || openLoans(t, h) != "" || openCases(t, h) != "" {
				t.Errorf("got %d events, loans %q, cases %q, want nothing", n, openLoans(t, h), openCases(t, h))
			}
		})
	}
}

// inNameOf is a batch that claims to be another kiosk's.
func (k *kiosk) inNameOf(name string) []byte {
	return k.sign(contract.KindBatch, contract.Batch{
		V: 1, Kiosk: name, Epoch: k.epoch, From: 1, To: 1, Events: k.events[:1],
	})
}
