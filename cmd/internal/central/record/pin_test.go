package record

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"nightdesk/agent/contract"
)

func newPINRecord(t *testing.T) *Record {
	t.Helper()
	key, _, err := contract.NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	return New(nil, key)
}

func stored(t *testing.T, r *Record, card CardPIN) PIN {
	t.Helper()
	n, err := r.newPIN(PIN{}, card)
	if err != nil {
		t.Fatal(err)
	}
	return n.PIN
}

func TestAPINFitsItsCardAlone(t *testing.T) {
	r, other := newPINRecord(t), newPINRecord(t)
	ada := CardPIN{Card: "C1", PIN: "4711"}
	p := stored(t, r, ada)
	if q := stored(t, r, ada); bytes.Equal(p.Salt, q.Salt) || bytes.Equal(p.Hash, q.Hash) {
		t.Error("two hashes of one PIN are alike")
	}
	for _, c := range []struct {
		name string
		r    *Record
		p    PIN
		card CardPIN
		want bool
	}{
		{"the PIN", r, p, ada, true},
		{"another PIN", r, p, CardPIN{"C1", "4712"}, false},
		{"another card", r, p, CardPIN{"C2", "4711"}, false},
		{"under another central's key: a stolen database is not enough", other, p, ada, false},
		{"none stored", r, PIN{}, ada, false},
		{"none stored, none given", r, PIN{}, CardPIN{Card: "C1"}, false},
	} {
		if got, err := c.r.fits(c.p, c.card.Card, c.card.PIN); got != c.want || err != nil {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
}

// Looking at a card without a PIN takes as long as looking at a wrong PIN: the
// hash is made all the same. Without it, one would take a thousandth.
func TestNoPINTakesAsLongAsAWrongOne(t *testing.T) {
	r := newPINRecord(t)
	p := stored(t, r, CardPIN{"C1", "4711"})
	var wrong, none []time.Duration
	time1 := func(p PIN) time.Duration {
		began := time.Now()
		if fits, err := r.fits(p, "C1", "0000"); fits || err != nil {
			t.Fatal(fits, err)
		}
		return time.Since(began)
	}
	for range 31 {
		wrong, none = append(wrong, time1(p)), append(none, time1(PIN{}))
	}
	slices.Sort(wrong)
	slices.Sort(none)
	if ratio := float64(none[15]) / float64(wrong[15]); ratio < 0.5 || ratio > 2 {
		t.Errorf("no PIN takes %v, a wrong one %v", none[15], wrong[15])
	}
}
