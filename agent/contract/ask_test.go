package contract

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
)

const (
	askCard circ.Card = "21221012345671"
	askPIN  string    = "4711"
)

func TestAQuestionIsForCentralAlone(t *testing.T) {
	unseal, seal, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	s, err := SealAsk(seal, "harbour-1", id(1), askCard, askPIN)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(s, []byte(askCard)) || bytes.Contains(s, []byte(askPIN)) {
		t.Error("the seal shows what it holds")
	}
	card, pin, err := UnsealAsk(unseal, "harbour-1", id(1), s)
	if err != nil || card != askCard || pin != askPIN {
		t.Fatalf("got a card %v, a PIN %v, %v", card == askCard, pin == askPIN, err)
	}
	other, _, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(s)
	flipped[len(flipped)-1] ^= 1
	event, err := Seal(seal, "harbour-1", id(1), LoanIssued, askCard)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		key   UnsealKey
		kiosk string
		n     int
		s     Sealed
	}{
		{"another key", other, "harbour-1", 1, s},
		{"another kiosk", unseal, "harbour-2", 1, s},
		{"another question", unseal, "harbour-1", 2, s},
		{"a bit flipped", unseal, "harbour-1", 1, flipped},
		{"an event's seal", unseal, "harbour-1", 1, event},
		{"nothing", unseal, "harbour-1", 1, nil},
	} {
		if _, _, err := UnsealAsk(c.key, c.kiosk, id(c.n), c.s); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: got %v, want %v", c.name, err, ErrSealed)
		}
	}
}

// The length of a seal must not tell a PIN of four digits from one of eight.
func TestQuestionsAreOfOneLength(t *testing.T) {
	_, seal, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	length := 0
	for _, c := range []struct {
		card circ.Card
		pin  string
	}{{"1", "0000"}, {askCard, "123456789012"}, {circ.Card(strings.Repeat("9", 64)), "123456"}} {
		s, err := SealAsk(seal, "harbour-1", id(1), c.card, c.pin)
		if err != nil {
			t.Fatal(err)
		}
		if length != 0 && len(s) != length {
			t.Errorf("got %d and %d bytes", length, len(s))
		}
		length = len(s)
	}
}

func TestWhatIsNoQuestion(t *testing.T) {
	_, seal, err := NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		card circ.Card
		pin  string
	}{
		{"no card", "", askPIN}, {"no PIN", askCard, ""}, {"a short PIN", askCard, "987"}, {"letters", askCard, "98a7"},
		{"a long PIN", askCard, "9876543210987"}, {"digits of another script", askCard, "٩٨٧٦"},
		{"a card without an end", circ.Card(strings.Repeat("9", 200)), askPIN},
	} {
		_, err := SealAsk(seal, "harbour-1", id(1), c.card, c.pin)
		if err == nil {
			t.Errorf("%s: got no error", c.name)
		} else if c.pin != "" && strings.Contains(err.Error(), c.pin) || c.card != "" && strings.Contains(err.Error(), string(c.card)) {
			t.Errorf("%s: the error tells a secret", c.name)
		}
	}
	good := Ask{V: 1, Kiosk: "harbour-1", ID: id(1), Who: Sealed("x"), Sent: noon, Expires: noon.Add(AskFor)}
	if _, err := Encode(KindAsk, good, testKey); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*Ask){
		"no name":      func(a *Ask) { a.ID = [16]byte{} },
		"nobody":       func(a *Ask) { a.Who = nil },
		"no end":       func(a *Ask) { a.Expires = time.Time{} },
		"over at once": func(a *Ask) { a.Expires = a.Sent },
		"for an hour":  func(a *Ask) { a.Expires = a.Sent.Add(time.Hour) },
	} {
		bad := good
		edit(&bad)
		if _, err := Encode(KindAsk, bad, testKey); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
}

func TestAFresherRow(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	v := Verifier{Salt: []byte("0123456789abcdef"), Bits: 7}
	row := BorrowerRow{Category: "adult", Blocked: true, Expires: "2027-06-30", AgeBand: 18, Loans: 5, Oldest: "2026-12-01", Verifier: &v}
	want := circ.BorrowerFacts{Category: "adult", Blocked: true, Expires: time.Date(2027, 6, 30, 23, 59, 59, 0, london), AgeBand: 18,
		Loans: 5, Oldest: time.Date(2026, 12, 1, 23, 59, 59, 0, london), Verifier: &circ.Verifier{Salt: v.Salt, Bits: 7}}
	got, err := row.Over(nil, london)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	want.Loans, want.ByClass, want.Oldest = 2, map[string]int{"dvd": 1}, noon
	got, err = row.Over(&circ.BorrowerFacts{Category: "child", Loans: 2, ByClass: map[string]int{"dvd": 1}, Oldest: noon}, london)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("over the cache's: %v %s", err, d)
	}
	if _, err := (BorrowerRow{Expires: "soon"}).Over(nil, london); err == nil {
		t.Error("a date that is none is taken")
	}
}
