package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
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
	"nightdesk/drivers/sim"
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
// credential.json from a real central, and commands of its own.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil && os.Getenv("CI") == "true" {
		t.Fatal("espeak-ng is not installed") // otherwise the scripts that need it skip
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[printers{}] = map[string]*sim.Printer{}
			env.Values[held{}] = new(*sql.Tx)
			return enrol(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lend": lend, "get": get, "await": await, "shows": shows, "printer": printer, "scanner": scanner,
			"hold": hold, "letgo": letGo,
		},
	})
}

// printers is where a script keeps its printers, by their links.
type printers struct{}

// printer LINK [FAULT…] plugs a printer in, or mends the one that is; then
// these faults are what is wrong with it.
func printer(ts *testscript.TestScript, _ bool, args []string) {
	all := ts.Value(printers{}).(map[string]*sim.Printer)
	p := all[args[0]]
	if p == nil {
		var err error
		p, err = sim.NewPrinter(sim.PrinterOptions{Link: ts.MkAbs(args[0])})
		ts.Check(err)
		ts.Defer(func() { p.Close() })
		all[args[0]] = p
	}
	p.Mend()
	for _, fault := range args[1:] {
		ts.Check(p.Fault(fault))
	}
}

// scanner LINK plugs a barcode scanner in.
func scanner(ts *testscript.TestScript, _ bool, args []string) {
	s, err := sim.NewScanner(sim.ScannerOptions{Suffix: "\r", Link: ts.MkAbs(args[0])})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
}

// held is where a script keeps what it holds.
type held struct{}

// hold LEDGER is another program that writes a ledger and does not come to an
// end; letgo is its end.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite3", "file:"+ts.MkAbs(args[0])+"?_txlock=immediate")
	ts.Check(err)
	tx, err := db.Begin()
	ts.Check(err)
	ts.Defer(func() { db.Close() })
	*ts.Value(held{}).(**sql.Tx) = tx
}

func letGo(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check((*ts.Value(held{}).(**sql.Tx)).Rollback())
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
const patience = 20 * time.Second

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

// shows FILE SCREEN waits until the screen whose address is in a file is this one.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	client, start, base := browser(ts, args[0])
	read(ts, client, start) // lets the browser in
	var last string
	defer func() { ts.Logf("the screen says %s", last) }()
	until(ts, "the screen "+args[1], func() bool {
		_, body := read(ts, client, base+"/state.json")
		last = string(body)
		var v struct{ Screen string }
		return json.Unmarshal(body, &v) == nil && v.Screen == args[1]
	})
}

// get FILE PATH… opens the screen whose address a kiosk has written into a
// file, as its browser does, and prints what is at each path.
func get(ts *testscript.TestScript, _ bool, args []string) {
	client, start, base := browser(ts, args[0])
	for _, address := range append([]string{start}, args[1:]...) {
		if strings.HasPrefix(address, "/") {
			address = base + address
		}
		code, body := read(ts, client, address)
		_, err := ts.Stdout().Write([]byte(strconv.Itoa(code) + " " + string(body) + "\n"))
		ts.Check(err)
	}
}

// browser is one that is let in by the first address, start.
func browser(ts *testscript.TestScript, file string) (client *http.Client, start, base string) {
	await(ts, false, []string{file, "?token="})
	start = strings.TrimSpace(strings.TrimPrefix(ts.ReadFile(file), "screen "))
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	base, _, _ = strings.Cut(start, "/?")
	return &http.Client{Jar: jar, Timeout: patience}, start, base
}

func read(ts *testscript.TestScript, client *http.Client, address string) (code int, body []byte) {
	resp, err := client.Get(address)
	ts.Check(err)
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	ts.Check(err)
	return resp.StatusCode, body
}
