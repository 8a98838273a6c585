package central_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Without a mailer nobody is offered an e-mail; with one, central keeps the
// list until the mailer has taken it.
func TestReceiptsByEMail(t *testing.T) {
	dir := smallLibrary(t)
	if err := os.WriteFile(filepath.Join(dir, "borrowers.csv"), []byte("card,category,mail\nC1,adult,yes\nC2,adult,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, dir, "a")
	a := newReal(h.kiosks["a"])
	if a.facts("C1").Borrower.Mail {
		t.Error("an e-mail is offered, and nobody sends any")
	}
	imports(h, "policy.toml", strings.Replace(policyTML, "[default]\n", "[default]\nmailer = true\n", 1))
	if !a.facts("C1").Borrower.Mail || a.facts("C2").Borrower.Mail {
		t.Error("got no e-mail for C1, or one for C2, who has no address")
	}
	visit := uuid.New()
	lines := []contract.ReceiptLine{{Item: "B1", Kind: circ.Issue, Due: noon.AddDate(0, 0, 21)}, {Item: "B2", Kind: circ.Return}}
	for _, card := range []circ.Card{"C1", "C2"} {
		if err := a.AskReceipt(h.ctx, a.now, visit, a.who(card), lines); err != nil {
			t.Fatal(err)
		}
		visit = uuid.New()
	}
	a.sync()
	list, err := h.c.Receipts(h.ctx)
	if err != nil || len(list) != 1 || list[0].Card != "C1" || list[0].Kiosk != "a" || len(list[0].Lines) != 2 || list[0].Lines[0].Title != "The Hobbit" {
		t.Fatalf("got %+v, %v, want the one for C1", list, err)
	}
	if err := h.c.ReceiptSent(h.ctx, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := h.c.ReceiptSent(h.ctx, list[0].ID); err == nil {
		t.Error("sent twice: got no error")
	}
	if list, err := h.c.Receipts(h.ctx); err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v, want nothing kept", list, err)
	}
}

// A notice is a case with plain words, and no borrower is in it.
func TestStaffNotices(t *testing.T) {
	h := newHouse(t, smallLibrary(t), "a")
	a := newReal(h.kiosks["a"])
	for _, n := range []contract.Notice{
		{Why: contract.NoticeLeftBehind, Items: []circ.ItemID{"B1", "B2"}}, {Why: contract.NoticeHelp},
		{Why: contract.NoticeDevice, Device: "left"}, {Why: contract.NoticeLargeLoan, Items: make([]circ.ItemID, 30)},
	} {
		if err := a.Notice(h.ctx, a.now, uuid.New(), n); err != nil {
			t.Fatal(err)
		}
	}
	a.sync()
	cases, err := h.c.Cases(h.ctx, false)
	if err != nil || len(cases) != 4 {
		t.Fatalf("got %d cases, %v, want 4", len(cases), err)
	}
	var got []string
	for _, c := range cases {
		if c.Card != "" || c.Parked {
			t.Errorf("got %+v", c)
		}
		got = append(got, fmt.Sprintf("%s %v: %s", c.Reasons[0], c.Urgent, c.Note))
	}
	want := []string{
		"help-wanted true: somebody pressed the help button at a",
		"left-behind false: 2 items lay on the shelf of a for five minutes and nobody came: B1, B2. Fetch them, and look whose they are",
		"device false: left at a has been out of reach for long; look at its cable, then run nightdesk doctor there",
		"large-loan false: 30 items went out in one visit at a, more than is usual there; look whether that is right",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Rules for sets and hours reach the kiosk as they were written.
func TestSetsAndHoursReachTheKiosk(t *testing.T) {
	dir := smallLibrary(t)
	for name, text := range map[string]string{
		"items.csv":     "item,title,class,parts,tagged\nFILM,Alien,dvd,disc 1;disc 2;booklet,2\n",
		"policy.toml":   policyTML + "[default.classes.game]\ndays = 7\nsets = \"refuse\"\n",
		"calendar.toml": "[default]\nweekly.monday = {open_from = \"08:00\", open_to = \"24:00\", staffed_from = \"09:30\", staffed_to = \"17:00\"}\ndays.2026-12-24 = {open_to = \"12:00\"}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := newHouse(t, dir, "a")
	f := newReal(h.kiosks["a"]).facts("C1", "FILM")
	if i := f.Items["FILM"]; i.Tagged != 2 || len(i.Parts) != 3 {
		t.Errorf("got %+v", i)
	}
	if f.Rules.Classes["game"].Sets != circ.SetsRefuse {
		t.Errorf("got %+v", f.Rules.Classes)
	}
	got, err := json.Marshal([]any{f.Calendar.Weekly[time.Monday], f.Calendar.Days})
	want := `[{"open_from":"08:00","open_to":"24:00","staffed_from":"09:30","staffed_to":"17:00"},{"2026-12-24":{"open_to":"12:00"}}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
