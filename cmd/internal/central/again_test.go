package central_test

import (
	"testing"

	"github.com/google/uuid"

	"nightdesk/agent/contract"
)

// Whoever owns the broker can keep a hello and say it again. That neither
// calls staff nor has the kiosk number anew what central has; a disk that was
// really put back still does.
func TestAHelloOfBeforeIsSaidAgain(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	say := func(m contract.Hello) contract.Ack {
		return k.ack(h.handle(k.cred.Topics().Hi(), k.sign(contract.KindHello, m)))
	}
	early := k.hello()
	early.Mono = 1000
	say(early)
	k.issue("B1", "C1", noon)
	k.send()
	if a := say(early); a.Order != "" || a.Through != 1 || a.Hash != k.chain[1] {
		t.Errorf("got order %q through %d, want none and 1", a.Order, a.Through)
	}
	if got := openCases(t, h); got != "" {
		t.Errorf("got cases %q, want none", got)
	}
	back := early
	back.Boot = uuid.New()
	if a := say(back); a.Order != contract.NewEpoch {
		t.Errorf("got order %q for a disk that was put back, want newepoch", a.Order)
	}
	k.newEpoch()
	late := k.hello()
	late.Boot, late.Mono = back.Boot, 5000
	say(late)
	cases := openCases(t, h)
	if a := say(early); a.Order != "" || a.Epoch != late.Epoch {
		t.Errorf("got order %q for an epoch that has ended, want none", a.Order)
	}
	if got := openCases(t, h); got != cases {
		t.Errorf("got cases %q, want %q as before", got, cases)
	}
}
