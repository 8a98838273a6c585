package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

// A technician asks after the events of a kiosk that lends nothing, is told what
// to type, and is told what came of it.
func TestADamagedLedgerIsSalvaged(t *testing.T) {
	dir := t.TempDir()
	if err := enrol(dir); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "kiosk.toml")
	write(t, config, []byte("credential = \""+dir+"/credential.json\"\ndata = \""+dir+"/data\"\n"))
	path := filepath.Join(dir, "data", "ledger.db")
	lendTwo(t, dir, path)
	nightdesk := func(args ...string) (code int, said string) {
		var out bytes.Buffer
		code = run(context.Background(), append(args, "--config", config), strings.NewReader(""), &out, &out)
		return code, strings.ReplaceAll(out.String(), dir, "DIR")
	}
	expect := func(code int, want string, args ...string) {
		t.Helper()
		got, said := nightdesk(args...)
		if got != code || !regexp.MustCompile("^"+want+"$").MatchString(said) {
			t.Errorf("%v: exit %d, %s\nwant exit %d, %s", args, got, said, code, want)
		}
	}
	expect(0, `The ledger is whole. Nothing was changed.\n`, "outbox", "salvage")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, bytes.ReplaceAll(text, []byte(`"item":"30000000000012`), []byte(`"item":"30000000000013`)))

	hint := `nightdesk: hint: .*nightdesk outbox salvage makes a new ledger.*\n`
	expect(1, `nightdesk: error: .*the ledger is damaged: event row 1 .*\n`+hint, "outbox")
	const saved = `1 of 2 events were saved\.
Missing: 1\.
Of these, central has not heard of 1 event\. What was lent or returned then is lost: look at the receipts and the shelves\.
1 event goes to central under new numbers\. .*
2 loans are kept, and 0 tags are still to be confirmed\.
`
	expect(0, saved+`The new ledger is DIR/new\.db\. Nothing was replaced\.\n`, "outbox", "salvage", "--out", dir+"/new.db")
	expect(0, saved+`The new ledger is in its place\. The damaged one is kept as DIR/data/ledger\.db\.damaged-\d+\.\nStart the kiosk: .*\n`, "outbox", "salvage")
	expect(0, `1 .* loan\.issued +30000000000020 +waiting\n1 events, 1 waiting for central, 0 tags to be confirmed\n`, "outbox")
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func lendTwo(t *testing.T, dir, path string) {
	t.Helper()
	cred, err := contract.LoadCredential(filepath.Join(dir, "credential.json"))
	if err == nil {
		err = os.Mkdir(filepath.Dir(path), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), path, ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	yes := func(circ.Moment, circ.Request, circ.Facts) circ.Decision {
		return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: time.Now().AddDate(0, 0, 21)}
	}
	for _, item := range []circ.ItemID{"30000000000012", "30000000000020"} {
		req := circ.Request{Tx: ledger.NewTx(), Kind: circ.Issue, Item: item, Who: circ.Borrower{Card: "20000000000012", Key: circ.CardKey{1}}}
		if _, err := l.Record(t.Context(), circ.Moment{Wall: time.Now(), Quality: circ.Synced}, []circ.Request{req}, circ.Facts{}, yes); err != nil {
			t.Fatal(err)
		}
	}
}
