package house

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Mosquitto is where Debian's package puts the broker.
const Mosquitto = "/usr/sbin/mosquitto"

// programs is where Main has built the programs: once for all tests of a package.
var programs string

// Main builds the programs and runs the tests of a package. Their TestMain is
// func TestMain(m *testing.M) { house.Main(m) }.
func Main(m *testing.M) {
	played, err := play(os.Args)
	code := 0
	if !played {
		code, err = buildAndRun(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if programs, err = os.MkdirTemp("", "nightdesk-house"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(programs)
	if err := BuildPrograms(programs, "."); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// BuildPrograms builds kiosk and central from the source around dir.
func BuildPrograms(into, dir string) error {
	build := exec.Command("go", "build", "-tags", "sqlite_omit_load_extension", "-o", filepath.Clean(into)+"/",
		"nightdesk/cmd/nightdesk", "nightdesk/cmd/nightdesk-central")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// NeedBroker is for tests that need a real broker. Where it may be missing, the
// test is skipped; under CI=true it may not.
func NeedBroker(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(Mosquitto); err == nil {
		return
	}
	const say = "this test needs a real broker; run: apt-get install mosquitto"
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// Pause waits, unless stop comes first.
func Pause(stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}
