package central_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

const (
	pinnedCSV = `card,category,blocked,expires,age_band,messages,pin
C1,adult,,,18,,4711
C2,adult,,2027-12-31,18,hello,0815
NONE,adult,,,18,,
`
	pinRule = "[default.pin]\nask = \"online\"\n"
)

// pinned is a library whose borrowers have PINs.
func pinned(t testing.TB, rule string) string {
	return export(t, map[string]string{"borrowers.csv": pinnedCSV, "policy.toml": policyTML + pinRule + rule})
}

// question is a card and a PIN as a kiosk asks about them.
func (k *kiosk) question(card circ.Card, pin string) contract.Ask {
	k.h.t.Helper()
	q := contract.Ask{V: contract.Version, Kiosk: k.cred.Kiosk, ID: uuid.New(), Sent: k.h.clock.now()}
	q.Expires = q.Sent.Add(contract.AskFor)
	var err error
	if q.Who, err = contract.SealAsk(k.cred.SealKey, k.cred.Kiosk, q.ID, card, pin); err != nil {
		k.h.t.Fatal(err)
	}
	return q
}

// put asks, and opens the answer.
func (k *kiosk) put(q contract.Ask) contract.Answer {
	k.h.t.Helper()
	outs := k.h.handle(k.cred.Topics().Ask(), k.sign(contract.KindAsk, q))
	if len(outs) != 1 || outs[0].Topic != k.cred.Topics().Answer() || outs[0].QoS != 1 || outs[0].Retain {
		k.h.t.Fatalf("got %d messages, want one answer", len(outs))
	}
	a, err := contract.Decode[contract.Answer](contract.KindAnswer, outs[0].Payload, k.cred.Central())
	if err != nil {
		k.h.t.Fatal(err)
	}
	if err := a.Check(contract.KindAnswer, k.cred.Kiosk, k.h.clock.now()); err != nil {
		k.h.t.Fatal(err)
	}
	if a.ID != q.ID {
		k.h.t.Fatalf("got the answer to %s, want to %s", a.ID, q.ID)
	}
	if (a.Borrower != nil) != (a.Result == contract.AskOK) {
		k.h.t.Fatalf("%s with a row: %v", a.Result, a.Borrower != nil)
	}
	return a
}

func (k *kiosk) ask(card circ.Card, pin string, want contract.Result) contract.Answer {
	k.h.t.Helper()
	a := k.put(k.question(card, pin))
	if a.Result != want {
		k.h.t.Fatalf("got %s, want %s", a.Result, want)
	}
	return a
}

func TestAsk(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	a := h.kiosks["a"]
	got := a.ask("C2", "0815", contract.AskOK).Borrower
	if got.Category != "adult" || got.Expires != "2027-12-31" || !slices.Contains(got.Messages, "hello") || got.Verifier != nil {
		t.Errorf("got the row %+v", got)
	}
	a.ask("C1", "0815", contract.AskWrong) // another's
	a.ask("C1", "4712", contract.AskWrong)
	a.ask("C1", "4711", contract.AskOK)
	a.ask("NONE", "0000", contract.AskWrong)
	a.ask("STRANGER", "4711", contract.AskUnknown)
	if _, err := h.c.Import(h.ctx, filepath.Join(export(t, map[string]string{"borrowers.csv": "card,pin\nC1,4711\n"}), "borrowers.csv")); err != nil {
		t.Fatal(err)
	}
	a.ask("C2", "0815", contract.AskUnknown) // gone
	want := map[string]uint64{"asked-ok": 2, "asked-pin-wrong": 3, "asked-card-unknown": 2}
	for name, n := range want {
		if got := h.c.Counts()[name]; got != n {
			t.Errorf("%s: got %d, want %d", name, got, n)
		}
	}
}

// The same question again gets the same answer, whatever is in it, and costs no
// try: no copy of it is a second guess.
func TestACopyIsNoSecondGuess(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	a := h.kiosks["a"]
	wrong, right := a.question("C1", "0000"), a.question("C1", "4711")
	for range 5 {
		if got := a.put(wrong).Result; got != contract.AskWrong {
			t.Fatalf("got %s, want %s", got, contract.AskWrong)
		}
	}
	var err error
	disguised := wrong
	if disguised.Who, err = contract.SealAsk(a.cred.SealKey, "a", wrong.ID, "C1", "4711"); err != nil {
		t.Fatal(err)
	}
	if got := a.put(disguised).Result; got != contract.AskWrong {
		t.Errorf("another PIN under an old id: got %s", got)
	}
	if got := a.put(right).Result; got != contract.AskOK {
		t.Fatalf("got %s: the copies were counted", got)
	}
	// A right one again is right again; but the row went with the first answer.
	outs := h.handle(a.cred.Topics().Ask(), a.sign(contract.KindAsk, right))
	again, err := contract.Decode[contract.Answer](contract.KindAnswer, outs[0].Payload, a.cred.Central())
	if err != nil || again.Result != contract.AskOK || again.Borrower != nil {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestWrongPINsLockACardEverywhere(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a", "b")
	a, b := h.kiosks["a"], h.kiosks["b"]
	a.ask("C1", "0000", contract.AskWrong)
	b.ask("C1", "0001", contract.AskWrong)
	a.ask("C1", "4711", contract.AskOK) // begins anew
	for _, k := range []*kiosk{a, b, a} {
		k.ask("C1", "0000", contract.AskWrong)
	}
	b.ask("C1", "4711", contract.AskBlocked)
	a.ask("C2", "0815", contract.AskOK)
	if got := openCases(t, h); got != "pin-locked" {
		t.Fatalf("got cases %q", got)
	}
	h.clock.set(noon.Add(24*time.Hour - time.Second))
	b.ask("C1", "4711", contract.AskBlocked)
	h.clock.set(noon.Add(24 * time.Hour))
	b.ask("C1", "4711", contract.AskOK)
	if got := openCases(t, h); got != "" {
		t.Errorf("got cases %q although the lock is over", got)
	}
}

func TestWhatEndsALock(t *testing.T) {
	reimport := func(text string) func(*house) error {
		return func(h *house) error {
			_, err := h.c.Import(h.ctx, filepath.Join(export(h.t, map[string]string{"borrowers.csv": text}), "borrowers.csv"))
			return err
		}
	}
	for _, c := range []struct {
		name string
		do   func(*house) error
		pin  string
		want contract.Result
	}{
		{"staff close the case", func(h *house) error {
			cases, err := h.c.Cases(h.ctx, false)
			if err != nil {
				return err
			}
			return h.c.CloseCase(h.ctx, cases[0].ID, "he has shown his passport")
		}, "4711", contract.AskOK},
		{"a new PIN", reimport(strings.Replace(pinnedCSV, "4711", "1234", 1)), "1234", contract.AskOK},
		{"the same PIN again does not", reimport(pinnedCSV), "4711", contract.AskBlocked},
		{"an export without PINs does not", reimport("card,category\nC1,adult\nC2,adult\n"), "4711", contract.AskBlocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, pinned(t, ""), "a")
			for range 3 {
				h.kiosks["a"].ask("C1", "0000", contract.AskWrong)
			}
			if err := c.do(h); err != nil {
				t.Fatal(err)
			}
			h.kiosks["a"].ask("C1", c.pin, c.want)
			if got := openCases(t, h); (got == "") != (c.want == contract.AskOK) {
				t.Errorf("got cases %q", got)
			}
		})
	}
}

func TestTheRuleSaysHowManyTries(t *testing.T) {
	h := newHouse(t, pinned(t, "tries = 1\n"), "a")
	h.kiosks["a"].ask("C1", "0000", contract.AskWrong)
	h.kiosks["a"].ask("C1", "4711", contract.AskBlocked)
}

// An unknown card locks like a known one, so that the lock tells nobody which
// cards there are. Staff are not bothered with it.
func TestUnknownCardsLockToo(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	for range 3 {
		h.kiosks["a"].ask("STRANGER", "0000", contract.AskUnknown)
	}
	h.kiosks["a"].ask("STRANGER", "0000", contract.AskBlocked)
	if got := openCases(t, h); got != "" {
		t.Errorf("got cases %q", got)
	}
}

// A kiosk that sends wrong PINs by the dozen is held off, whatever it counts
// itself.
func TestAGuessingKioskIsHeldOff(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a", "b")
	a := h.kiosks["a"]
	for n := range 11 {
		a.ask(circ.Card(fmt.Sprintf("GUESS%d", n)), "0000", contract.AskUnknown)
	}
	a.ask("C1", "4711", contract.AskBusy)
	h.kiosks["b"].ask("C1", "4711", contract.AskOK)
	if got := openCases(t, h); got != "pin-guessing!" && got != "pin-guessing" {
		t.Errorf("got cases %q", got)
	}
	h.clock.set(noon.Add(15 * time.Minute))
	a.ask("C1", "4711", contract.AskOK)
}

func TestQuestionsOutOfTime(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	a := h.kiosks["a"]
	for _, shift := range []time.Duration{-2 * time.Minute, 2 * time.Minute, -24 * time.Hour} {
		for range 4 {
			q := a.question("C1", "0000")
			q.Sent, q.Expires = q.Sent.Add(shift), q.Expires.Add(shift)
			if got := a.put(q).Result; got != contract.AskExpired {
				t.Fatalf("sent %v from now: got %s", shift, got)
			}
		}
	}
	q := a.question("C1", "4711")
	q.Sent, q.Expires = q.Sent.Add(-40*time.Second), q.Expires.Add(-40*time.Second)
	if got := a.put(q).Result; got != contract.AskOK {
		t.Errorf("got %s: what came too late was counted, or a slow network is", got)
	}
}

func TestQuestionsThatAreNotAnswered(t *testing.T) {
	silent := newHouse(t, export(t, map[string]string{"borrowers.csv": pinnedCSV, "policy.toml": policyTML}), "a")
	h := newHouse(t, pinned(t, ""), "a", "b", "gone")
	a, b, gone := h.kiosks["a"], h.kiosks["b"], h.kiosks["gone"]
	if err := h.c.RevokeKiosk(h.ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	foreign := b.question("C1", "4711")
	foreign.Kiosk = "a"
	nameless := a.question("C1", "4711")
	nameless.ID = uuid.UUID{}
	for _, c := range []struct {
		name  string
		k     *kiosk
		topic string
		q     contract.Ask
		count string
	}{
		{"a venue that asks for no PIN", silent.kiosks["a"], silent.kiosks["a"].cred.Topics().Ask(), silent.kiosks["a"].question("C1", "4711"), "refused-not-asked"},
		{"sealed for another kiosk", a, a.cred.Topics().Ask(), foreign, "refused-sealed"},
		{"without an id", a, a.cred.Topics().Ask(), nameless, "refused-malformed"},
		{"on another's topic", a, b.cred.Topics().Ask(), a.question("C1", "4711"), "refused-signature"},
		{"where hellos go", a, a.cred.Topics().Hi(), a.question("C1", "4711"), "refused-kind"},
		{"a revoked kiosk", gone, gone.cred.Topics().Ask(), gone.question("C1", "4711"), "refused-revoked"},
	} {
		outs, err := c.k.h.c.Handle(h.ctx, c.topic, c.k.sign(contract.KindAsk, c.q))
		if err == nil || len(outs) != 0 {
			t.Errorf("%s: got %d messages, %v", c.name, len(outs), err)
		} else if strings.Contains(err.Error(), "4711") || strings.Contains(err.Error(), "C1") {
			t.Errorf("%s: the error tells a secret: %v", c.name, err)
		}
		if n := c.k.h.c.Counts()[c.count]; n != 1 {
			t.Errorf("%s: got %v, want %s raised", c.name, c.k.h.c.Counts(), c.count)
		}
	}
}

// Central loses its power while it looks at a PIN: the try is counted, and the
// question is not looked at again.
func TestThePowerGoesUnderAQuestion(t *testing.T) {
	h := newHouse(t, pinned(t, ""), "a")
	a := h.kiosks["a"]
	cut := errors.New("the power is cut")
	for range 3 {
		commits := 0
		h.step = func(name string) error {
			if name == "commit-before" {
				commits++
			}
			if commits == 2 {
				return cut
			}
			return nil
		}
		q := a.question("C1", "4711")
		if _, err := h.c.Handle(h.ctx, a.cred.Topics().Ask(), a.sign(contract.KindAsk, q)); !errors.Is(err, cut) {
			t.Fatalf("got %v", err)
		}
		h.step = nil
		h.c.Close()
		h.open()
		if got := a.put(q).Result; got != contract.AskBusy {
			t.Errorf("again: got %s, want %s", got, contract.AskBusy)
		}
	}
	a.ask("C1", "4711", contract.AskBlocked) // three tries are three tries
	h.clock.set(noon.Add(24 * time.Hour))
	a.ask("C1", "4711", contract.AskOK)
}
