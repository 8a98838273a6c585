package agent_test

import (
	"context"
	"errors"
	"testing"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/visit"
)

var errSilent = errors.New("central did not answer")

// central is what stands beside the desk: it knows one PIN.
type central struct {
	room   *room
	silent bool
	asked  int
	back   func(context.Context, agent.PINResult) error // of the question that waits
	result agent.PINResult
}

func (c *central) pin(q agent.PINQuestion, back func(context.Context, agent.PINResult) error) {
	c.asked++
	answer, err := contract.Answer{Result: contract.AskWrong}, error(nil)
	switch {
	case c.silent:
		err = errSilent
	case q.PIN == "4711":
		answer = contract.Answer{Result: contract.AskOK, Borrower: &contract.BorrowerRow{Category: "adult", Loans: 3}}
	}
	c.back = back
	c.result = agent.PINResult{Step: contract.AfterPIN(q.Rule, answer, err, q.Verifier, q.PIN), Row: answer.Borrower}
}

// types is a borrower at the PIN screen; then central answers.
func (c *central) types(t *testing.T, pin string) {
	t.Helper()
	for _, d := range pin {
		c.room.do(visit.Tapped{Button: visit.TapDigit, Value: visit.Secret(d)})
	}
	c.room.do(visit.Tapped{Button: visit.TapEnter})
	if c.back == nil {
		return
	}
	back := c.back
	c.back = nil
	if err := back(context.Background(), c.result); err != nil {
		t.Fatal(err)
	}
}

func newPINRoom(t *testing.T, rule circ.PINRule, verifier *circ.Verifier, silent bool) *central {
	t.Helper()
	r := newRoom(t, known{})
	r.Desk.Facts = pinned{known: known{}, rule: rule, verifier: verifier}
	c := &central{room: r, silent: silent}
	r.Desk.Beside = agent.Beside{PIN: c.pin}
	r.do(visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: !silent, PIN: true})
	r.do(r.card())
	return c
}

func TestTheRightPINLetsIn(t *testing.T) {
	c := newPINRoom(t, circ.PINRule{Ask: circ.PINOnline}, nil, false)
	if c.room.state.Screen != visit.PIN {
		t.Fatalf("on %s, want the PIN to be asked for", c.room.state.Screen)
	}
	c.types(t, "4711")
	if c.room.state.Screen != visit.Borrow {
		t.Errorf("on %s, want borrow", c.room.state.Screen)
	}
}

func TestThreeWrongPINsLockTheCardEvenWhereNobodyAsks(t *testing.T) {
	c := newPINRoom(t, circ.PINRule{Ask: circ.PINOnline, Offline: circ.PINOff}, nil, false)
	for _, left := range []int{2, 1} {
		c.types(t, "0000")
		if c.room.state.Screen != visit.PIN || c.room.state.Left != left {
			t.Fatalf("on %s with %d tries left, want pin with %d", c.room.state.Screen, c.room.state.Left, left)
		}
	}
	c.types(t, "0000")
	if s := c.room.state; s.Screen != visit.Stop || s.Standing.Reason != visit.PINLocked {
		t.Fatalf("on %s, %s, want stop, pin-locked", s.Screen, s.Standing.Reason)
	}
	// The right one is too late now, and nobody asks central any more.
	c.room.do(visit.Tapped{Button: visit.TapOK}, visit.Tapped{Button: visit.TapOK})
	c.room.do(c.room.card())
	asked := c.asked
	c.types(t, "4711")
	if s := c.room.state; s.Standing.Reason != visit.PINLocked || c.asked != asked {
		t.Errorf("on %s, %s, asked %d times, want locked and not asked", s.Screen, s.Standing.Reason, c.asked-asked)
	}
	// Pulling the network cable opens no lock.
	c.room.do(visit.Tapped{Button: visit.TapOK}, visit.Tapped{Button: visit.TapOK},
		visit.Devices{Pads: true, HasPads: true, Scanner: true})
	c.room.do(c.room.card())
	if s := c.room.state; s.Screen != visit.Stop || s.Standing.Reason != visit.PINLocked {
		t.Errorf("offline on %s, %s, want stop, pin-locked", s.Screen, s.Standing.Reason)
	}
}

func TestASilentCentralLeavesTheOfflineRule(t *testing.T) {
	right := circ.Verifier(contract.NewVerifier("4711"))
	for name, c := range map[string]struct {
		rule     circ.PINRule
		verifier *circ.Verifier
		pin      string
		want     visit.Screen
		reason   circ.Reason
	}{
		"off":                  {circ.PINRule{Ask: circ.PINOnline}, nil, "0000", visit.Borrow, circ.OK},
		"verifier, right":      {circ.PINRule{Ask: circ.PINOnline, Offline: circ.PINVerifier}, &right, "4711", visit.Borrow, circ.OK},
		"verifier, wrong":      {circ.PINRule{Ask: circ.PINOnline, Offline: circ.PINVerifier}, &right, otherPIN(contract.Verifier(right)), visit.PIN, circ.OK},
		"verifier, there none": {circ.PINRule{Ask: circ.PINOnline, Offline: circ.PINVerifier}, nil, "4711", visit.Stop, visit.PINNoAnswer},
		"refuse":               {circ.PINRule{Ask: circ.PINOnline, Offline: circ.PINRefuse}, nil, "4711", visit.Stop, visit.PINNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPINRoom(t, c.rule, c.verifier, true)
			r.types(t, c.pin)
			if s := r.room.state; s.Screen != c.want || c.want == visit.Stop && s.Standing.Reason != c.reason {
				t.Errorf("on %s, %s, want %s, %s", s.Screen, s.Standing.Reason, c.want, c.reason)
			}
		})
	}
}

// otherPIN is one that the verifier does not let pass.
func otherPIN(v contract.Verifier) string {
	for _, pin := range []string{"0000", "0001", "0002", "0003", "0004"} {
		if !v.Check(pin) {
			return pin
		}
	}
	return ""
}
