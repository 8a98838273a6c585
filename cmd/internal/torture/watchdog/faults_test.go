package watchdog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"nightdesk/agent"
	"nightdesk/cmd/internal/torture/house"
)

// stalled is a disk that no longer answers: every write to the ledger's log takes a
// minute, in the kernel's own calls. It is strace that holds them up, and it
// holds up nothing else. As with a real disk, a thread that hangs there keeps
// the dead process from being buried until the disk answers.
func stalled(t *testing.T, h *house.House) (answers func()) {
	t.Helper()
	needStrace(t)
	cmd := exec.Command("strace", "-f", "-qq", "-o", filepath.Join(h.Dir, "strace.log"), "-p", strconv.Itoa(h.Kiosk.PID()),
		"-P", agent.LedgerPath(h.Config)+"-wal", "-e", "signal=none", "-e", "trace=pwrite64,fsync,fdatasync", "-e", "inject=pwrite64,fsync,fdatasync:delay_enter=60000000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	answers = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // an error says that it has gone already
		<-ended
	})
	t.Cleanup(answers)
	if err := until(t.Context(), patience, func() error { return traced(h.Kiosk.PID()) }); err != nil {
		t.Fatal(err)
	}
	return answers
}

// dead says whether a process has ended, buried or not.
func dead(pid int) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return says("the process", string(text), "State:\tZ")
}

// traced says whether every thread of a process has a tracer.
func traced(pid int) error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		return fmt.Errorf("process %d has no threads: %w", pid, errors.Join(err))
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if says("", string(text), "TracerPid:\t0\n") == nil {
			return fmt.Errorf("%s: nobody traces it", path)
		}
	}
	return nil
}

// needStrace is for tests that need strace. Where it may be missing they are
// skipped; under CI=true it may not.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err == nil {
		return
	}
	const say = "this test needs strace; run: apt-get install strace"
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// fullLine is a line whose other end takes nothing: the reader hangs, and holds
// the wire that says "wait".
type fullLine struct{ far, near *os.File }

func newFullLine(t *testing.T) *fullLine {
	t.Helper()
	far, near, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return &fullLine{far, near}
}

// fill puts in as much as the kernel takes, and goes on until stop is closed,
// for whoever opens a line throws away what he finds there.
func (l *fullLine) fill(t *testing.T, stop <-chan struct{}) {
	t.Helper()
	fd := int(l.near.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	full := func() {
		for {
			if _, err := unix.Write(fd, make([]byte, 512)); err != nil {
				return
			}
		}
	}
	full()
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				full()
				house.Pause(stop, time.Millisecond)
			}
		}
	}()
}

// empty lets the far end read again.
func (l *fullLine) empty() {
	go func() { _, _ = io.Copy(io.Discard, l.far) }() // ends when the line is closed
}

// manager is a service manager that listens.
type manager struct {
	path string
	fd   int
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(m.fd) })
	if err := unix.Bind(m.fd, &unix.SockaddrUnix{Name: m.path}); err != nil {
		t.Fatal(err)
	}
	return m
}

// environment starts a program as that service manager does.
func (m *manager) environment(p *house.Program) []string {
	if p.Name != "kiosk" {
		return p.Args
	}
	return append([]string{"env", "NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=2000000"}, p.Args...)
}

// heard is what has been said since it was last asked.
func (m *manager) heard() (all []string) {
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(m.fd, buf)
		if err != nil {
			return all
		}
		all = append(all, string(buf[:n]))
	}
}

// service says the technician's word.
func service(ctx context.Context, h *house.House) error {
	out, err := h.KioskCommand(ctx, "mode", "service")
	if err != nil {
		return fmt.Errorf("nightdesk mode service: %w: %s", err, out)
	}
	return nil
}
