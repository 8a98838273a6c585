package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nightdesk": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}})
}

// TestScripts runs the command as a technician does. A script has a
// credential.json from a real central, and three commands of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return enrol(env.WorkDir) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lend": lend, "get": get, "await": await,
		},
	})
}

// enrol writes what a kiosk gets from central.
func enrol(dir string) error {
	ctx := context.Background()
	if err := central.Create(ctx, filepath.Join(dir, "central"), "leics", time.Now()); err != nil {
		return err
	}
	c, err := central.Open(ctx, filepath.Join(dir, "central"), central.Options{Now: time.Now})
	if err != nil {
		return err
	}
	defer c.Close()
	cred, err := c.AddKiosk(ctx, central.Enrolment{Name: "syston-1", Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1"})
	if err != nil {
		return err
	}
	return cred.Save(filepath.Join(dir, "credential.json"))
}

// lend LEDGER ITEM… writes loans into a ledger, as a kiosk would.
func lend(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	cred, err := contract.LoadCredential(ts.MkAbs("credential.json"))
	ts.Check(err)
	l, err := ledger.Open(ctx, ts.MkAbs(args[0]), ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey})
	ts.Check(err)
	defer l.Close()
	yes := func(circ.Moment, circ.Request, circ.Facts) circ.Decision {
		return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: time.Now().AddDate(0, 0, 21)}
	}
	card := circ.Card("20000000000012")
	who := circ.Borrower{Card: card, Key: contract.CardKey(cred.CardKey, card)}
	for _, item := range args[1:] {
		req := circ.Request{Tx: ledger.NewTx(), Kind: circ.Issue, Who: who, Item: circ.ItemID(item)}
		_, err := l.Record(ctx, circ.Moment{Wall: time.Now(), Quality: circ.Synced}, []circ.Request{req}, circ.Facts{}, yes)
		ts.Check(err)
	}
}

// patience is the longest that a script waits for anything.
const patience = 10 * time.Second

// until polls until something has come true.
func until(ts *testscript.TestScript, what string, true func() bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !true() {
		select {
		case <-ctx.Done():
			ts.Fatalf("waited %s in vain for %s", patience, what)
		case <-tick.C:
		}
	}
}

// await FILE TEXT waits until a file has a text in it.
func await(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, args[1]+" in "+args[0], func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(text), args[1])
	})
}

// get FILE PATH… opens the screen whose address a kiosk has written into a
// file, as its browser does, and prints what is at each path.
func get(ts *testscript.TestScript, _ bool, args []string) {
	await(ts, false, []string{args[0], "?token="})
	start := strings.TrimSpace(strings.TrimPrefix(ts.ReadFile(args[0]), "screen "))
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	client := &http.Client{Jar: jar, Timeout: patience}
	base, _, _ := strings.Cut(start, "/?")
	for _, address := range append([]string{start}, args[1:]...) {
		if strings.HasPrefix(address, "/") {
			address = base + address
		}
		resp, err := client.Get(address)
		ts.Check(err)
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		resp.Body.Close()
		ts.Check(err)
		_, err = ts.Stdout().Write([]byte(strconv.Itoa(resp.StatusCode) + " " + string(body) + "\n"))
		ts.Check(err)
	}
}
