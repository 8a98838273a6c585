package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"nightdesk/cmd/internal/wrong"
)

// built is the program under test.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "nightdesk-demo-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = filepath.Join(dir, "nightdesk-demo")
	build := exec.Command("go", "build", "-tags", "sqlite_omit_load_extension", "-o", built, ".")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// demo runs the program to its end and gives what it printed and its status.
func demo(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, built, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	t.Logf("nightdesk-demo %s\n%s%s", strings.Join(args, " "), stdout.String(), stderr.String())
	return stdout.String(), cmd.ProcessState.ExitCode()
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// summary is what a script that ends well says last.
var summary = regexp.MustCompile(`^[1-9]\d* events acknowledged, 0 lost, 0 doubled, 2\d\d tags agree with the ledger$`)

// Two demonstrations at once do not get in each other's way: the first is a
// run with everything at its default, the second one of another venue.
func TestTheScriptComesToAGoodEnd(t *testing.T) {
	t.Parallel()
	out, status := demo(t, "--script")
	if status != 0 || !summary.MatchString(lastLine(out)) {
		t.Errorf("status %d, last line %q", status, lastLine(out))
	}
	for _, want := range []string{"network   cut", "network   restored", "power     cut", "puts it back", "with no name and four digits of the card", "all 10 events"} {
		if !strings.Contains(out, want) {
			t.Errorf("the timeline does not say %q", want)
		}
	}
}

func TestASecondDemonstrationRunsBesideIt(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	out, status := demo(t, "--script", "--seed", "7", "--venue", "Oadby", "--data", dir)
	if status != 0 || !summary.MatchString(lastLine(out)) {
		t.Errorf("status %d, last line %q", status, lastLine(out))
	}
	for _, kept := range []string{"kiosk/ledger.db", "central/central.db", "tags.json"} {
		if !exists(filepath.Join(dir, kept)) {
			t.Errorf("%s was not kept", kept)
		}
	}
	if _, status := demo(t, "--script", "--data", dir); status != 1 {
		t.Errorf("a script on a used directory: status %d, want 1", status)
	}
}

func TestTagsUnlockedTooEarlyAreFound(t *testing.T) {
	t.Parallel()
	out, status := demo(t, "--script", "--break", wrong.UnlockFirst)
	if status != 1 || !strings.Contains(out, "it passes the gate and nobody has borrowed it") {
		t.Errorf("status %d, and the harm is not named", status)
	}
	if !strings.Contains(lastLine(out), " 0 lost, 0 doubled, 227 of 228 tags agree with the ledger") {
		t.Errorf("last line %q", lastLine(out))
	}
}

func TestEventsAcknowledgedTooEarlyAreFound(t *testing.T) {
	t.Parallel()
	out, status := demo(t, "--script", "--break", wrong.AckEarly)
	if status != 1 || !strings.Contains(out, "was acknowledged and central does not have it") {
		t.Errorf("status %d, and the harm is not named", status)
	}
	if !strings.HasPrefix(lastLine(out), "5 events acknowledged, 5 lost, 0 doubled") {
		t.Errorf("last line %q", lastLine(out))
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{
		{"--script", "--break", "everything"}, {"--break", wrong.AckEarly}, {"--pin", "--script"}, {"--venue", "Leicester", "--script"}, {"play"},
	} {
		if out, status := demo(t, args...); status != 1 || out != "" {
			t.Errorf("%v: status %d, %q", args, status, out)
		}
	}
}

// The table's page is there, and leads to the borrower's screen; a second run
// on the same directory goes on with the same kiosk.
func TestTheTableIsServed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	for range 2 {
		page, _, stop := host(t, "--data", dir)
		for path, want := range map[string]string{
			"": "Central’s record", "stock.json": "Pride and Prejudice", "state.json": `"power":true`, "check.json": `"ok":true`,
			"screen": "<main", "gallery/emergency": "Leave the building now", // through the redirects and the cookies
			"gallery": "/gallery/borrow-parts",
		} {
			if got := fetch(t, page+path); !strings.Contains(got, want) {
				t.Errorf("%s: got %.200q, want %q in it", path, got, want)
			}
		}
		stop()
	}
}

func TestALibraryThatAsksForPINs(t *testing.T) {
	t.Parallel()
	page, said, stop := host(t, "--pin")
	defer stop()
	if !regexp.MustCompile(`PIN \d{4}  Amira`).MatchString(said) || !strings.Contains(said, "nobody has reviewed") {
		t.Errorf("the program says\n%s", said)
	}
	if got := fetch(t, page+"stock.json"); !strings.Contains(got, `"pin":"`) {
		t.Errorf("the table does not know the PINs: %.300q", got)
	}
}

// host runs the program until stop is called, and gives the page's address and
// all that the program has said.
func host(t *testing.T, args ...string) (page, said string, stop func()) {
	t.Helper()
	cmd := exec.Command(built, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("Ctrl-C: %v", err)
		}
	}
	table := regexp.MustCompile(`the table\s+(http://\S+)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said += lines.Text() + "\n"
		if m := table.FindStringSubmatch(lines.Text()); m != nil {
			page = m[1]
		}
		if strings.Contains(lines.Text(), "Ctrl-C ends it") {
			return page, said, stop
		}
	}
	stop()
	t.Fatal("the program ended without a word of its page")
	return "", "", nil
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Jar: jar, Timeout: 20 * time.Second}
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheBrokerKeepsAKioskToItsOwnTopics(t *testing.T) {
	r := rules([]login{{user: "central", password: "c"},
		{user: "k1", password: "k", read: []string{"nd/1/demo/k/k1/dn/#", "nd/1/demo/b/all/#"}, write: []string{"nd/1/demo/k/k1/up/#"}}})
	for _, c := range []struct {
		user, topic string
		write, want bool
	}{
		{"k1", "nd/1/demo/k/k1/up/ev", true, true},
		{"k1", "nd/1/demo/k/k1/dn/#", false, true},
		{"k1", "nd/1/demo/b/all/#", false, true},
		{"k1", "nd/1/demo/k/k1/dn/ak", true, false},
		{"k1", "nd/1/demo/k/k2/up/ev", true, false},
		{"k1", "nd/1/demo/k/k2/dn/#", false, false},
		{"k1", "#", false, false},
		{"central", "nd/1/demo/k/+/up/+", false, true},
		{"central", "nd/1/demo/k/k1/dn/ak", true, true},
	} {
		cl := &mqtt.Client{}
		cl.Properties.Username = []byte(c.user)
		if _, got := r.ACLOk(cl, c.topic, c.write); got != c.want {
			t.Errorf("%s, %s, write %v: got %v, want %v", c.user, c.topic, c.write, got, c.want)
		}
	}
}
