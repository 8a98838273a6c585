package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
)

// nd runs one command and gives what it printed.
func nd(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	var out, log bytes.Buffer
	err := run(t.Context(), append(args, "--dir", dir), &out, &log)
	return out.String(), err
}

func must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := nd(t, dir, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

// What an operator does on the first day, and what staff see on the second.
func TestFirstDays(t *testing.T) {
	dir, exports := filepath.Join(t.TempDir(), "central"), t.TempDir()
	write(t, filepath.Join(exports, "items.csv"), "item,title,class\n390001,Emma,book\n")
	write(t, filepath.Join(exports, "borrowers.csv"), "card,category,mail\n2900012345678,adult,yes\n")
	write(t, filepath.Join(exports, "policy.toml"), "[default]\ntimezone = \"Europe/London\"\nmailer = true\nclasses.book.days = 21\n")
	file := filepath.Join(t.TempDir(), "a.json")

	must(t, dir, "init", "--authority", "leics")
	if _, err := nd(t, dir, "init", "--authority", "leics"); err == nil {
		t.Error("init again: got no error")
	}
	if out := must(t, dir, "import", "--from", exports); !strings.Contains(out, "items      1     1        0") {
		t.Errorf("got %q", out)
	}
	must(t, dir, "kiosk", "add", "a", "--venue", "syston", "--out", file)
	for _, path := range []string{file, filepath.Join(dir, "sign.key"), filepath.Join(dir, "seal.key"), filepath.Join(dir, "central.db")} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, %v, want 0600", path, info.Mode(), err)
		}
	}
	lend(t, dir, file, "390001", "2900012345678")

	if out := must(t, dir, "loans"); !strings.Contains(out, "390001") || !strings.Contains(out, "••••5678") || strings.Contains(out, "2900012345678") {
		t.Errorf("got %q, want the card masked", out)
	}
	if out := must(t, dir, "loans", "--show-cards"); !strings.Contains(out, "2900012345678") {
		t.Errorf("got %q, want the card", out)
	}
	var events []eventView
	if err := json.Unmarshal([]byte(must(t, dir, "events", "--json")), &events); err != nil || len(events) != 3 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	if e := events[0]; e.Outcome != "accepted" || e.Item != "390001" || e.Type != contract.LoanIssued {
		t.Errorf("got %+v", e)
	}
	if out := must(t, dir, "cases"); !strings.Contains(out, "unknown-type") || !strings.Contains(out, "parked") {
		t.Errorf("got %q", out)
	}
	must(t, dir, "cases", "close", "1", "--note", "central is updated")
	if out := must(t, dir, "cases"); strings.Contains(out, "unknown-type") {
		t.Errorf("got %q, want the case closed", out)
	}
	if out := must(t, dir, "kiosks"); !strings.Contains(out, "a      syston  all    offline") {
		t.Errorf("got %q", out)
	}
	if out := must(t, dir, "receipts"); !strings.Contains(out, "••••5678") || !strings.Contains(out, "issue 390001") {
		t.Errorf("got %q", out)
	}
	must(t, dir, "receipts", "sent", "1")
	if out := must(t, dir, "receipts", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("got %q, want the receipt forgotten", out)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, dir, "backup", copied)
	must(t, dir, "kiosk", "revoke", "a")
	if out := must(t, dir, "kiosks"); !strings.Contains(out, "revoked") {
		t.Errorf("got %q", out)
	}
	must(t, dir, "restore-generation")
}

// lend plays a kiosk's first batch: a loan, its receipt by e-mail, and
// something from the future.
func lend(t *testing.T, dir, file string, item circ.ItemID, card circ.Card) {
	t.Helper()
	cred, err := contract.LoadCredential(file)
	if err != nil {
		t.Fatal(err)
	}
	tx := uuid.New()
	who, err := contract.Seal(cred.SealKey, "a", tx, contract.LoanIssued, card)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(contract.Loan{Item: item, Who: who, Due: time.Now().AddDate(0, 0, 21)})
	if err != nil {
		t.Fatal(err)
	}
	if who, err = contract.Seal(cred.SealKey, "a", tx, contract.ReceiptWanted, card); err != nil {
		t.Fatal(err)
	}
	receipt, err := json.Marshal(contract.ReceiptAsked{Who: who, Lines: []contract.ReceiptLine{{Item: item, Kind: circ.Issue}}})
	if err != nil {
		t.Fatal(err)
	}
	b := contract.Batch{V: 1, Kiosk: "a", Epoch: uuid.New(), From: 1, To: 3}
	for _, e := range []contract.Event{
		{N: 1, Type: contract.LoanIssued, Tx: tx, At: time.Now(), Clock: circ.Synced, Data: data},
		{N: 2, Type: contract.ReceiptWanted, Tx: tx, At: time.Now(), Clock: circ.Synced, Data: receipt},
		{N: 3, Type: "door.opened", Tx: tx, At: time.Now(), Clock: circ.Synced, Data: []byte("{}")},
	} {
		body, err := contract.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Events = append(b.Events, body)
	}
	msg, err := contract.Encode(contract.KindBatch, b, cred.Key())
	if err != nil {
		t.Fatal(err)
	}
	c, err := central.Open(t.Context(), dir, central.Options{Now: time.Now, Serving: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Handle(context.Background(), cred.Topics().Ev(), msg); err != nil {
		t.Fatal(err)
	}
}

// Every error says what to do next.
func TestErrorsHelp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "central")
	must(t, dir, "init", "--authority", "leics")
	bad := filepath.Join(t.TempDir(), "items.csv")
	write(t, bad, "item,title,age\n1,Emma,old\n")
	for _, c := range []struct {
		dir  string
		args []string
		want string
	}{
		{t.TempDir(), []string{"loans"}, "nightdesk-central init"},
		{dir, []string{"import", bad}, `items.csv:2: age: "old" is not a number of years`},
		{dir, []string{"import"}, "name files"},
		{dir, []string{"import", "--from", t.TempDir()}, "name the directory that does"},
		{dir, []string{"kiosk", "add", "Big Kiosk", "--venue", "v"}, "a-z, 0-9"},
		{dir, []string{"kiosk", "add", "nightdesk-central", "--venue", "v"}, "choose another"},
		{dir, []string{"kiosk", "revoke", "x"}, "nightdesk-central kiosks"},
		{dir, []string{"cases", "close", "7", "--note", "n"}, "nightdesk-central cases"},
		{dir, []string{"receipts", "sent", "7"}, "nightdesk-central receipts"},
		{dir, []string{"run", "--broker", "tcp://x:1"}, "mqtt://host:port"},
	} {
		if _, err := nd(t, c.dir, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want it to say %q", c.args, err, c.want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
