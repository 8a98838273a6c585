package central_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// TestConflicts plays the scripts of testdata/conflicts.txt, which says how to
// read them.
func TestConflicts(t *testing.T) {
	text, err := os.ReadFile("testdata/conflicts.txt")
	if err != nil {
		t.Fatal(err)
	}
	scripts := strings.Split(string(text), "\n== ")[1:]
	if len(scripts) < 35 {
		t.Errorf("got %d scripts: is the file whole?", len(scripts))
	}
	for _, script := range scripts {
		name, lines, _ := strings.Cut(script, "\n")
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, smallLibrary(t), "a", "b")
			for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
				playOrCheck(t, h, line)
			}
		})
	}
}

func playOrCheck(t *testing.T, h *house, line string) {
	t.Helper()
	what, want, _ := strings.Cut(line, " ")
	switch what {
	case "loans":
		if got := openLoans(t, h); got != want {
			t.Errorf("got loans %q, want %q", got, want)
		}
	case "cases":
		if got := openCases(t, h); got != want {
			t.Errorf("got cases %q, want %q", got, want)
		}
	default:
		play(t, h, line)
	}
}

// play does one line and checks its outcome.
func play(t *testing.T, h *house, line string) {
	t.Helper()
	act, want, _ := strings.Cut(line, " = ")
	words := append(strings.Fields(act), "", "")
	k := h.kiosks[words[0]]
	at, quality := moment(t, words[1])
	do(k, words[2], circ.ItemID(words[3]), circ.Card(words[4]), at, quality)
	k.send()
	events, err := h.c.Events(h.ctx, words[0], 1)
	if err != nil || len(events) != 1 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	got := strings.TrimSpace(fmt.Sprintf("%s %s", events[0].Out, events[0].Reason))
	if got != want {
		t.Errorf("%s: got %q, want %q", act, got, want)
	}
	if (events[0].Case != 0) != strings.HasPrefix(want, "case") {
		t.Errorf("%s: got case %d", act, events[0].Case)
	}
}

// moment reads "[?][Nd]HH:MM"; the question mark is a doubtful clock.
func moment(t *testing.T, s string) (time.Time, circ.ClockQuality) {
	quality := circ.Synced
	if rest, ok := strings.CutPrefix(s, "?"); ok {
		s, quality = rest, circ.Restored
	}
	days := 0
	if d, rest, ok := strings.Cut(s, "d"); ok {
		if _, err := fmt.Sscan(d, &days); err != nil {
			t.Fatal(err)
		}
		s = rest
	}
	clock, err := time.Parse("15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return noon.Truncate(24*time.Hour).AddDate(0, 0, days).Add(clock.Sub(clock.Truncate(24 * time.Hour))), quality
}

func do(k *kiosk, act string, item circ.ItemID, card circ.Card, at time.Time, q circ.ClockQuality) {
	if item == "-" {
		item = ""
	}
	tx := uuid.New()
	loan := func(typ contract.EventType) contract.Loan {
		return contract.Loan{Item: item, Who: k.seal(tx, typ, card), Due: at.AddDate(0, 0, 21)}
	}
	note := contract.TagNote{Item: item, Tags: []contract.TagRef{{UID: drivers.UID{0xE0, 4}}}, Why: "blank"}
	switch act {
	case "issue":
		k.did(contract.LoanIssued, tx, at, q, loan(contract.LoanIssued))
	case "renew":
		k.did(contract.LoanRenewed, tx, at, q, loan(contract.LoanRenewed))
	case "cancel":
		l := loan(contract.LoanCancelled)
		l.Of = lastTx(k)
		k.did(contract.LoanCancelled, tx, at, q, l)
	case "return":
		k.did(contract.LoanReturned, tx, at, q, contract.Returned{Item: item, Began: at, Shelf: circ.Bin})
	case "incomplete":
		k.did(contract.ReturnIncomplete, tx, at, q, contract.Returned{Item: item, Began: at})
	case "unverified":
		k.did(contract.TagUnverified, tx, at, q, note)
	case "verified":
		k.did(contract.TagVerified, tx, at, q, note)
	case "fault":
		k.did(contract.TagFault, tx, at, q, note)
	case "moved":
		k.did(contract.TagChanged, tx, at, q, note)
	case "renew-all":
		k.did(contract.RenewAsked, tx, at, q, contract.RenewAll{Who: k.seal(tx, contract.RenewAsked, card)})
	case "told":
		k.did(contract.BorrowerTold, tx, at, q, contract.Told{Who: k.seal(tx, contract.BorrowerTold, card), Codes: []string{contract.MsgLoanChanged}})
	case "receipt":
		k.did(contract.ReceiptWanted, tx, at, q, contract.ReceiptAsked{Who: k.seal(tx, contract.ReceiptWanted, card),
			Lines: []contract.ReceiptLine{{Item: item, Kind: circ.Issue, Due: at}}})
	case "sealed-elsewhere":
		k.did(contract.RenewAsked, tx, at, q, contract.RenewAll{Who: k.seal(uuid.New(), contract.RenewAsked, card)})
	case "again":
		repeat(k)
	default:
		why, notice := strings.CutPrefix(act, "notice:")
		if !notice {
			k.h.t.Fatalf("no such act: %s", act)
		}
		k.did(contract.StaffNotice, tx, at, q, contract.Notice{Why: contract.NoticeWhy(why), Items: []circ.ItemID{item}})
	}
}

func openLoans(t *testing.T, h *house) string {
	t.Helper()
	loans, err := h.c.Loans(h.ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, l := range loans {
		x := fmt.Sprintf("%s:%s", l.Item, string(l.Card))
		if l.Renewals > 0 {
			x += fmt.Sprintf("+%d", l.Renewals)
		}
		if !l.Paused.IsZero() {
			x += " paused"
		}
		s = append(s, x)
	}
	return strings.Join(s, " ")
}

// openCases lists the reasons of open cases; parked ones with a mark.
func openCases(t *testing.T, h *house) string {
	t.Helper()
	cases, err := h.c.Cases(h.ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, c := range cases {
		if !c.Closed.IsZero() {
			continue
		}
		var reasons []string
		for _, r := range c.Reasons {
			reasons = append(reasons, string(r))
		}
		x := strings.Join(reasons, ",")
		if c.Parked {
			x += "!"
		}
		s = append(s, x)
	}
	return strings.Join(s, " ")
}
