package contract

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
)

func TestChain(t *testing.T) {
	var zero Hash
	h := zero.Next(1, []byte("event"))
	want := sha256.Sum256(append(append(make([]byte, 32), 0, 0, 0, 0, 0, 0, 0, 1), "event"...))
	if h != want {
		t.Errorf("got %s, want %x", h, want)
	}
	if h.Next(2, nil) == h.Next(3, nil) || h.Next(2, []byte("a")) == zero.Next(2, []byte("a")) {
		t.Error("the chain does not depend on the number, or not on what came before")
	}
	var back Hash
	text, _ := json.Marshal(h)
	if err := json.Unmarshal(text, &back); err != nil || back != h {
		t.Errorf("%s came back as %s, %v", text, back, err)
	}
	for _, bad := range []string{"", "00", strings.Repeat("x", 64), strings.Repeat("0", 66)} {
		if err := back.UnmarshalText([]byte(bad)); err == nil || back != h {
			t.Errorf("%q: got %v and %s, want an error and no change", bad, err, back)
		}
	}
}

// Computed with Python's hmac and hashlib modules.
func TestCardKeyAndMark(t *testing.T) {
	k := []byte("0123456789abcdef0123456789abcdef")
	cardKey, mark := CardKey(k, "21234000000017"), Mark(k, book, "21234000000017")
	if got, want := hex.EncodeToString(cardKey[:]), "f8f27870b3c2ab7911222585d5b34c52"; got != want {
		t.Errorf("card key: got %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(mark[:]), "e5f78ca0"; got != want {
		t.Errorf("mark: got %s, want %s", got, want)
	}
	if got := CardKey(k, ""); got != (circ.CardKey{}) {
		t.Errorf("no card: got %x, want zero", got)
	}
	if Mark(k, "a", "bc") == Mark(k, "ab", "c") {
		t.Error("item and card run into each other")
	}
}

func TestKeyID(t *testing.T) {
	// SHA-256 of 32 zero bytes begins 66687aadf862bd77.
	if got, want := KeyID(make(ed25519.PublicKey, 32)), "66687aadf862bd77"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeal(t *testing.T) {
	priv, pub, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := priv.Public(); err != nil || string(again) != string(pub) {
		t.Errorf("public half: got %x, %v, want %x", again, err, pub)
	}
	stranger, _, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := Seal(pub, "harbour-1", id(1), LoanIssued, "21234000000017")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "21234000000017") {
		t.Error("the card number stands in its seal")
	}
	twice, err := Seal(pub, "harbour-1", id(1), LoanIssued, "21234000000017")
	if err != nil || string(twice) == string(sealed) {
		t.Errorf("sealed twice to the same bytes (%v)", err)
	}
	broken := append(Sealed{}, sealed...)
	broken[len(broken)-1] ^= 1

	for _, c := range []struct {
		name  string
		key   UnsealKey
		kiosk string
		tx    circ.Tx
		typ   EventType
		s     Sealed
		want  error
	}{
		{"as it was sealed", priv, "harbour-1", id(1), LoanIssued, sealed, nil},
		{"another key", stranger, "harbour-1", id(1), LoanIssued, sealed, ErrSealed},
		{"another kiosk", priv, "harbour-2", id(1), LoanIssued, sealed, ErrSealed},
		{"another transaction", priv, "harbour-1", id(2), LoanIssued, sealed, ErrSealed},
		{"another type", priv, "harbour-1", id(1), LoanReturned, sealed, ErrSealed},
		{"a flipped bit", priv, "harbour-1", id(1), LoanIssued, broken, ErrSealed},
		{"cut short", priv, "harbour-1", id(1), LoanIssued, sealed[:10], ErrSealed},
		{"nothing", priv, "harbour-1", id(1), LoanIssued, nil, ErrSealed},
	} {
		card, err := Unseal(c.key, c.kiosk, c.tx, c.typ, c.s)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if want := circ.Card("21234000000017"); (c.want == nil) != (card == want) {
			t.Errorf("%s: got the card %q", c.name, string(card))
		}
	}
	if _, err := Seal(pub[:31], "harbour-1", id(1), LoanIssued, "1"); err == nil {
		t.Error("sealed to half a key")
	}
	if s := fmt.Sprintf("%v %+v %#v", priv, priv, priv); s != "unseal key unseal key unseal key" {
		t.Errorf("the unseal key prints as %s", s)
	}
}

func TestStatementCheck(t *testing.T) {
	s := statement(KindAck, "harbour-1")
	for _, c := range []struct {
		name     string
		kind     Kind
		audience string
		now      time.Time
		want     error
	}{
		{"good", KindAck, "harbour-1", noon, nil},
		{"in its last second", KindAck, "harbour-1", s.Expires.Add(-time.Second), nil},
		{"expired", KindAck, "harbour-1", s.Expires, ErrExpired},
		{"another kiosk's", KindAck, "harbour-2", noon, ErrAudience},
		{"a shard's", KindAck, ShardAudience("harbour-1"), noon, ErrAudience},
		{"another kind", KindHead, "harbour-1", noon, ErrKind},
	} {
		if err := s.Check(c.kind, c.audience, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if err := (Statement{Type: KindAck}).Check(KindAck, "", noon); !errors.Is(err, ErrExpired) {
		t.Errorf("a statement without an end: got %v, want %v", err, ErrExpired)
	}
}
