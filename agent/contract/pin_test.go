package contract

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"nightdesk/agent/circ"
)

// All 10 000 four-digit PINs, each as the right one against all others, at the
// least cost that the hash has; what the bits tell does not hang on the cost.
// A bucket is a binomial count, 78.1 on average with a deviation of 8.8: four
// and a half of these either way leave it once in 1 100 tables of 128.
func TestAVerifierStopsAllButOneIn128(t *testing.T) {
	for _, salt := range []string{"salt of anna 001", "salt of ben 0002"} {
		var buckets [1 << verifierBits]int
		for pin := range 10_000 {
			buckets[pinBits([]byte(salt), fmt.Sprintf("%04d", pin), 1, 8)]++
		}
		passes, all := 0, 0
		for bits, n := range buckets {
			all += n
			passes += n * (n - 1) // each of n right PINs lets the n-1 others pass
			if n < 39 || n > 118 {
				t.Errorf("%s: %d PINs share the bits %d, want 78 or so", salt, n, bits)
			}
		}
		oneIn := 10_000 * 9_999 / float64(passes)
		if all != 10_000 || oneIn < 124 || oneIn > 132 {
			t.Errorf("%s: one wrong PIN in %.1f passes, want one in 128", salt, oneIn)
		}
		t.Logf("%s: one wrong PIN in %.1f passes; %.1f candidates are left on average", salt, oneIn, float64(passes)/10_000+1)
	}
}

// At the true cost: the right PIN always passes.
func TestTheRightPINPasses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	passed := 0
	for range 20 {
		right := fmt.Sprintf("%04d", r.IntN(10_000))
		v := NewVerifier(right)
		if !v.Valid() || !v.Check(right) {
			t.Fatalf("a verifier stops its own PIN")
		}
		for range 5 {
			if wrong := fmt.Sprintf("%04d", r.IntN(10_000)); wrong != right && v.Check(wrong) {
				passed++
			}
		}
	}
	if passed > 6 { // 0.8 expected; 7 or more once in 30 000 runs
		t.Errorf("%d of 100 wrong PINs pass, want 1 or so", passed)
	}
}

func TestVerifiersOfOnePINDiffer(t *testing.T) {
	a, b := NewVerifier("4711"), NewVerifier("4711")
	if string(a.Salt) == string(b.Salt) {
		t.Error("two verifiers have one salt")
	}
	for _, v := range []Verifier{{}, {Salt: []byte("short"), Bits: a.Bits}, {Salt: a.Salt, Bits: 200}} {
		if v.Valid() || v.Check("4711") {
			t.Errorf("%+v lets a PIN pass", v)
		}
	}
}

func TestBeforePIN(t *testing.T) {
	v := circ.Verifier(NewVerifier("4711"))
	rule := func(ask, offline string) circ.PINRule { return circ.PINRule{Ask: ask, Offline: offline} }
	for _, c := range []struct {
		name   string
		rule   circ.PINRule
		online bool
		state  PINState
		v      *circ.Verifier
		want   PINStep
	}{
		{"no rule", circ.PINRule{}, true, PINState{}, nil, PINSkip},
		{"a venue that never asks", rule("never", "refuse"), false, PINState{Wrong: 9, Device: time.Hour}, nil, PINSkip},
		{"central is heard", rule("online", ""), true, PINState{Wrong: 2}, nil, PINEnter},
		{"three wrong ones", rule("online", ""), true, PINState{Wrong: 3, Card: time.Hour}, nil, PINLocked},
		{"a longer rope", circ.PINRule{Ask: "online", Tries: 5}, true, PINState{Wrong: 4}, nil, PINEnter},
		{"the cable is out, the lock holds", rule("online", "off"), false, PINState{Wrong: 3}, nil, PINLocked},
		{"too many at this kiosk", rule("online", ""), true, PINState{Device: time.Second}, nil, PINPaused},
		{"silent, off", rule("online", "off"), false, PINState{}, &v, PINSkip},
		{"silent, nothing said", rule("online", ""), false, PINState{}, &v, PINSkip},
		{"silent, verifier", rule("online", "verifier"), false, PINState{}, &v, PINEnter},
		{"silent, none of this card", rule("online", "verifier"), false, PINState{}, nil, PINReturns},
		{"silent, refuse", rule("online", "refuse"), false, PINState{}, &v, PINReturns},
	} {
		if got := BeforePIN(c.rule, c.online, c.state, c.v); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAfterPIN(t *testing.T) {
	v := circ.Verifier(NewVerifier("4711"))
	other := v
	other.Bits ^= 1 // stops 4711
	silent := errors.New("central did not answer")
	for _, c := range []struct {
		name    string
		offline string
		result  Result
		err     error
		v       *circ.Verifier
		want    PINStep
	}{
		{"right", "refuse", AskOK, nil, &other, PINRight},
		{"wrong, whatever the verifier says", "verifier", AskWrong, nil, &v, PINWrong},
		{"unknown", "off", AskUnknown, nil, nil, PINWrong},
		{"blocked", "off", AskBlocked, nil, &v, PINLocked},
		{"silent, off", "off", "", silent, &v, PINSkip},
		{"silent, nothing said", "", "", silent, nil, PINSkip},
		{"silent, and it passes", "verifier", "", silent, &v, PINRight},
		{"silent, and it does not", "verifier", "", silent, &other, PINWrong},
		{"silent, none of this card", "verifier", "", silent, nil, PINReturns},
		{"silent, refuse", "refuse", "", silent, &v, PINReturns},
		{"busy is silence", "refuse", AskBusy, nil, nil, PINReturns},
		{"expired is silence", "verifier", AskExpired, nil, &v, PINRight},
		{"so is a later word", "off", "maybe", nil, nil, PINSkip},
		{"an answer beside an error is none", "refuse", AskOK, silent, nil, PINReturns},
	} {
		if got := AfterPIN(circ.PINRule{Ask: "online", Offline: c.offline}, Answer{Result: c.result}, c.err, c.v, "4711"); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPINStateCountsDown(t *testing.T) {
	for wrong, want := range []int{3, 2, 1, 0, 0} {
		s := PINState{Wrong: wrong}
		if s.Left(circ.PINRule{}) != want || s.Locked(circ.PINRule{}) != (want == 0) {
			t.Errorf("after %d: got %d left, locked %v", wrong, s.Left(circ.PINRule{}), s.Locked(circ.PINRule{}))
		}
	}
}
