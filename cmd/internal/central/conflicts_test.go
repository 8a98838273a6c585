package central_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// The rows of the conflict table. A line is what a kiosk did, and what became
// of it: KIOSK [day+]HH:MM ACT ITEM [CARD] = OUTCOME [REASON]. Lines are sent
// in this order, whatever their times. At the end these loans are open, and
// these cases.
func TestConflicts(t *testing.T) {
	for _, c := range []struct{ name, script, loans, cases string }{
		{"plain", `
			a 10:00 issue B1 C1 = accepted
			a 10:30 issue B2 C2 = accepted
			a 11:00 return B1 = accepted`, "B2:C2", ""},
		{"1 on loan to another and came back unseen", `
			a 09:00 issue B1 C1 = accepted
			b 10:00 issue B1 C2 = case open-loan`, "B1:C2", "open-loan"},
		{"1 within one kiosk the numbers order, not the clock", `
			a 10:00 issue B1 C1 = accepted
			a 09:00 issue B1 C2 = case open-loan`, "B1:C2", "open-loan"},
		{"2 the other loan began later", `
			a 11:00 issue B1 C1 = accepted
			b 10:00 issue B1 C2 = case late`, "B1:C1", "late"},
		{"3 on loan to the same card, soon after", `
			a 10:00 issue B1 C1 = accepted
			a 10:05 issue B1 C1 = changed item-already-yours`, "B1:C1", ""},
		{"3 on loan to the same card, later: a renewal", `
			a -5d10:00 issue B1 C1 = accepted
			b 10:00 issue B1 C1 = changed item-already-yours`, "B1:C1+1", ""},
		{"4 unknown item", `
			a 10:00 issue NEW C1 = case item-unknown
			a 11:00 return NEW = case item-unknown`, "", "item-unknown"},
		{"5 no item number", `
			a 10:00 issue - C1 = case bad-id`, "", "bad-id!"},
		{"6 expired", `a 10:00 issue B1 OLD = case borrower-expired`, "B1:OLD", "borrower-expired"},
		{"7 blocked", `a 10:00 issue B1 BAD = case borrower-blocked`, "B1:BAD", "borrower-blocked"},
		{"8 unknown borrower", `
			a 10:00 issue B1 WHO = case borrower-unknown
			a 10:01 issue B2 WHO = case borrower-unknown`, "B1:WHO B2:WHO", "borrower-unknown"},
		{"11 limit", `
			a 10:00 issue B1 C1 = accepted
			a 10:00 issue B2 C1 = accepted
			b 10:00 issue B3 C1 = accepted
			b 10:01 issue B4 C1 = case item-limit`, "B1:C1 B2:C1 B3:C1 B4:C1", "item-limit"},
		{"12 held for another", `a 10:00 issue HELD C2 = case hold-taken`, "HELD:C2", "hold-taken"},
		{"13 held for this card; then the next in the queue waits", `
			a 10:00 issue HELD C1 = accepted
			a 11:00 return HELD = case hold-waiting`, "", "hold-waiting"},
		{"13 a hold comes back when the issue is taken back", `
			a 10:00 issue HELD C1 = accepted
			a 10:01 cancel HELD C1 = accepted
			a 10:02 issue HELD C1 = accepted`, "HELD:C1", ""},
		{"15 not for loan", `a 10:00 issue REF C1 = case item-reference`, "REF:C1", "item-reference"},
		{"16 too young", `a 10:00 issue FILM KID = case item-age`, "FILM:KID", "item-age"},
		{"22 not on loan", `a 10:00 return B1 = accepted item-not-on-loan`, "", ""},
		{"24 the return came first", `
			b 11:00 return B1 = accepted item-not-on-loan
			a 10:00 issue B1 C1 = changed returned-since`, "", ""},
		{"24 but not of the same kiosk", `
			a 11:00 return B1 = accepted item-not-on-loan
			a 10:00 issue B1 C1 = accepted`, "B1:C1", ""},
		{"25 the return that nobody saw arrives", `
			a 09:00 issue B1 C1 = accepted
			b 11:00 issue B1 C2 = case open-loan
			a 10:00 return B1 = changed late`, "B1:C2", ""},
		{"25 a late return of nothing", `
			a 11:00 issue B1 C1 = accepted
			b 10:00 return B1 = changed late`, "B1:C1", ""},
		{"26 return of an unknown item", `a 10:00 return NEW = case item-unknown`, "", "item-unknown"},
		{"29 renewed though reserved", `
			a 09:00 issue HELD C2 = case hold-taken
			a 10:00 renew HELD C2 = case renew-hold`, "HELD:C2+1", "hold-taken renew-hold"},
		{"29 renewed once too often", `
			a -3d09:00 issue B1 C1 = accepted
			a -2d09:00 renew B1 C1 = accepted
			a -1d09:00 renew B1 C1 = case renew-limit`, "B1:C1+2", "renew-limit"},
		{"30 renewed what is not there", `
			a 10:00 renew B1 C1 = case renew-no-loan`, "", "renew-no-loan!"},
		{"30 renewed what another has", `
			a 10:00 issue B1 C2 = accepted
			a 10:00 renew B1 C1 = case renew-no-loan`, "B1:C2", "renew-no-loan!"},
		{"31 renewed twice on a day", `
			a -3d09:00 issue B1 C1 = accepted
			a 09:00 renew B1 C1 = accepted
			b 10:00 renew B1 C1 = changed ok`, "B1:C1+1", ""},
		{"32 twins", `
			a 10:00 issue B1 C1 = accepted
			b 10:01 issue B1 C2 = case twin`, "B1:C2", "twin,open-loan"},
		{"34 the same act again", `
			a 10:00 issue B1 C1 = accepted
			a 10:00 again = accepted duplicate`, "B1:C1", ""},
		{"36 a clock that is not to be trusted, once for its run", `
			a ?10:00 issue B1 C1 = case clock
			a ?10:01 issue B2 C1 = case clock`, "B1:C1 B2:C1", "clock"},
		{"36 a clock ahead of us", `a 5d10:00 issue B1 C1 = case clock`, "B1:C1", "clock"},
		{"37 a month late", `a -40d10:00 issue B1 C1 = case stale`, "B1:C1", "stale"},
		{"incomplete return, then a whole one", `
			a 09:00 issue B1 C1 = accepted
			a 10:00 incomplete B1 = case return-incomplete
			a 11:00 return B1 = accepted`, "", ""},
		{"incomplete return: the loan stays", `
			a 09:00 issue B1 C1 = accepted
			a 10:00 incomplete B1 = case return-incomplete`, "B1:C1 paused", "return-incomplete"},
		{"taken back", `
			a 10:00 issue B1 C1 = accepted
			a 10:01 cancel B1 C1 = accepted`, "", ""},
		{"taken back without an issue", `a 10:00 cancel B1 C1 = case cancel-no-loan`, "", "cancel-no-loan"},
		{"tag silent, then confirmed", `
			a 10:00 issue B1 C1 = accepted
			a 10:00 unverified B1 = case tag-unverified
			a 10:05 verified B1 = accepted`, "B1:C1", ""},
		{"tag bad, all day long", `
			a 10:00 fault B1 = case tag-fault
			a 10:05 fault B1 = case tag-fault
			a 10:05 moved B1 = case tag-changed`, "", "tag-fault tag-changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, smallLibrary(t), "a", "b")
			for line := range strings.SplitSeq(strings.TrimSpace(c.script), "\n") {
				play(t, h, strings.TrimSpace(line))
			}
			if got := openLoans(t, h); got != c.loans {
				t.Errorf("got loans %q, want %q", got, c.loans)
			}
			if got := openCases(t, h); got != c.cases {
				t.Errorf("got cases %q, want %q", got, c.cases)
			}
		})
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
	case "again":
		repeat(k)
	default:
		k.h.t.Fatalf("no such act: %s", act)
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
