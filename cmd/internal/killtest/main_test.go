// Package killtest is the test with real programs: the kiosk, central and a
// Mosquitto as child processes, a pad and a scanner on pseudo-terminals, and a
// scripted borrower at the screen, while one of the three is killed with
// SIGKILL again and again. In the end tags, ledger and central must agree with
// each other and with what the borrowers were told.
package killtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// mosquitto is where Debian's package puts the broker.
const mosquitto = "/usr/sbin/mosquitto"

// programs is where TestMain has built the programs.
var programs string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if programs, err = os.MkdirTemp("", "nightdesk-killtest"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(programs)
	build := exec.Command("go", "build", "-tags", "sqlite_omit_load_extension", "-o", programs+"/",
		"nightdesk/cmd/nightdesk", "nightdesk/cmd/nightdesk-central")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func program(name string) string { return filepath.Join(programs, name) }

// number reads a setting from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// pause waits, unless stop comes first.
func pause(stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}
