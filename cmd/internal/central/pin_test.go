package central_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/catalogue"
	"nightdesk/cmd/internal/central/record"
)

// verifierOf is what a kiosk's cache would hold for a card.
func verifierOf(t *testing.T, k *kiosk, card circ.Card) *contract.Verifier {
	t.Helper()
	return row[contract.BorrowerRow](t, k.everything(contract.FeedOwn), contract.RowBorrower, k.card(card)).Verifier
}

func sameVerifier(a, b *contract.Verifier) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Bits == b.Bits && bytes.Equal(a.Salt, b.Salt)
}

// A verifier is made when a PIN was found right, is the same everywhere, and
// changes with the PIN only.
func TestVerifiers(t *testing.T) {
	rule := "offline = \"verifier\"\n[venue.side]\ntimezone = \"UTC\"\n[venue.side.classes.book]\ndays = 7\n[venue.side.pin]\nask = \"online\"\n"
	h := newHouse(t, pinned(t, rule), "a", "b")
	cred, err := h.c.AddKiosk(h.ctx, central.Enrolment{Name: "c", Venue: "side"})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := h.kiosks["a"], h.kiosks["b"], &kiosk{h: h, cred: cred}
	a.ask("C1", "4712", contract.AskWrong)
	c.ask("C2", "0815", contract.AskOK) // at a venue that uses none
	if v := verifierOf(t, a, "C1"); v != nil {
		t.Fatalf("got %+v before the PIN was found right", v)
	}
	if v := verifierOf(t, a, "C2"); v != nil {
		t.Fatalf("got %+v for a venue that uses none", v)
	}
	shelf := b.everything(contract.FeedOwn)
	v := a.ask("C1", "4711", contract.AskOK).Borrower.Verifier
	if v == nil || !v.Check("4711") {
		t.Fatalf("got %+v", v)
	}
	b.catchUp(contract.FeedOwn, shelf, nil)
	if got := row[contract.BorrowerRow](t, shelf, contract.RowBorrower, b.card("C1")).Verifier; !sameVerifier(got, v) {
		t.Errorf("the other kiosk got %+v, want %+v", got, v)
	}
	if got := verifierOf(t, c, "C1"); got != nil {
		t.Errorf("a venue that uses none got %+v", got)
	}
	if got := b.ask("C1", "4711", contract.AskOK).Borrower.Verifier; !sameVerifier(got, v) {
		t.Errorf("after another right one: got %+v, want %+v", got, v)
	}
	if _, err := h.c.ImportFrom(h.ctx, pinned(t, rule)); err != nil {
		t.Fatal(err)
	}
	if got := verifierOf(t, a, "C1"); !sameVerifier(got, v) {
		t.Errorf("after the same export: got %+v, want %+v", got, v)
	}
	if _, err := h.c.ImportFrom(h.ctx, export(t, map[string]string{"borrowers.csv": strings.Replace(pinnedCSV, "4711", "1234", 1)})); err != nil {
		t.Fatal(err)
	}
	b.catchUp(contract.FeedOwn, shelf, nil)
	if got := row[contract.BorrowerRow](t, shelf, contract.RowBorrower, b.card("C1")).Verifier; got != nil {
		t.Errorf("the old PIN's verifier outlives it: %+v", got)
	}
	if got := a.ask("C1", "1234", contract.AskOK).Borrower.Verifier; got == nil || bytes.Equal(got.Salt, v.Salt) || !got.Check("1234") {
		t.Errorf("got %+v for the new PIN", got)
	}
}

// Rules that no longer use verifiers take them back from every kiosk.
func TestVerifiersFollowTheRules(t *testing.T) {
	h := newHouse(t, pinned(t, "offline = \"verifier\"\n"), "a")
	a := h.kiosks["a"]
	v := a.ask("C1", "4711", contract.AskOK).Borrower.Verifier
	shelf := a.everything(contract.FeedOwn)
	for _, c := range []struct {
		rule string
		want bool
	}{
		{"offline = \"verifier\"\n[venue.other]\ntimezone = \"UTC\"\n[venue.other.classes.book]\ndays = 7\n", true},
		{"[venue.other]\ntimezone = \"UTC\"\n[venue.other.classes.book]\ndays = 7\n[venue.other.pin]\nask = \"online\"\noffline = \"verifier\"\n", false},
		{"offline = \"verifier\"\n", true}, // it was kept, for the other venue
		{"offline = \"off\"\n", false},
		{"offline = \"verifier\"\n", false}, // and was forgotten when nobody used it
	} {
		if _, err := h.c.ImportFrom(h.ctx, export(t, map[string]string{"policy.toml": policyTML + pinRule + c.rule})); err != nil {
			t.Fatal(err)
		}
		a.catchUp(contract.FeedOwn, shelf, nil)
		got := row[contract.BorrowerRow](t, shelf, contract.RowBorrower, a.card("C1")).Verifier
		if (got != nil) != c.want || c.want && !sameVerifier(got, v) {
			t.Errorf("%q: got %+v", c.rule, got)
		}
	}
}

// What an import says and does with PINs.
func TestImportOfPINs(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	from := func(text string) (c catalogue.Count) {
		t.Helper()
		sum, err := h.c.Import(h.ctx, filepath.Join(export(t, map[string]string{"borrowers.csv": text}), "borrowers.csv"))
		if err != nil {
			t.Fatal(err)
		}
		return sum["pins"]
	}
	if got := from(pinnedCSV); got != (catalogue.Count{Read: 2}) {
		t.Errorf("the same again: got %+v", got)
	}
	if got := from("card,pin\nC1,99887766\nC2,\nNONE,2580\n"); got != (catalogue.Count{Read: 2, Changed: 2, Gone: 1}) {
		t.Errorf("one other, one gone, one new: got %+v", got)
	}
	a := h.kiosks["a"]
	a.ask("C1", "99887766", contract.AskOK)
	a.ask("C2", "0815", contract.AskWrong)
	a.ask("NONE", "2580", contract.AskOK)
	for _, bad := range []string{"123", "12a4", "1234567890123"} {
		_, err := h.c.Import(h.ctx, filepath.Join(export(t, map[string]string{"borrowers.csv": "card,pin\nC1," + bad + "\n"}), "borrowers.csv"))
		if err == nil || strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "borrowers.csv:2: pin: want 4 to 12 digits") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	a.ask("C1", "99887766", contract.AskOK) // a faulty file changed nothing
	h.c.Close()
	h.neverSays("99887766")
	h.open()
}

// neverSays looks for a text in every file of central's.
func (h *house) neverSays(secrets ...string) {
	h.t.Helper()
	files := 0
	err := filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				h.t.Errorf("%s holds a secret", d.Name())
			}
		}
		files++
		return err
	})
	if err != nil || files < 4 {
		h.t.Errorf("%d files: %v", files, err)
	}
}

func TestCardPINsDoNotPrint(t *testing.T) {
	c := record.CardPIN{Card: "21221012345671", PIN: "4711"}
	if s := fmt.Sprintf("%v %+v %#v %s", c, c, c, []record.CardPIN{c}); strings.Contains(s, "4711") || strings.Contains(s, "2122") {
		t.Errorf("it prints as %s", s)
	}
}
