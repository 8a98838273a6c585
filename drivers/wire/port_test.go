package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"nightdesk/drivers"
)

// ends opens a pseudo-terminal: the device's end, and the path of ours. The
// slave is kept open, or our close would hang the device up.
func ends(t *testing.T) (device, slave *os.File) {
	t.Helper()
	device, slave, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pty: %v", err)
	}
	t.Cleanup(func() { _, _ = device.Close(), slave.Close() })
	return device, slave
}

func open(t *testing.T, path string) *Serial {
	t.Helper()
	s, err := Open(path, Mode{Baud: 38400, Parity: Even})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestThroughAPty(t *testing.T) {
	device, slave := ends(t)
	s := open(t, slave.Name())
	if got := Describe(s); got != "38400 8E1" {
		t.Errorf("describe: got %q, want 38400 8E1", got)
	}
	var seen strings.Builder
	c := New(Trace(s, func(dir Direction, b []byte, _ time.Time) {
		fmt.Fprintf(&seen, "%v%s ", dir, b[1:])
	}), Options{Split: testSplit, Match: testMatch})
	answered := make(chan error, 1)
	go func() { // ends with its one answer, or when the pty is closed
		buf := make([]byte, 16)
		if _, err := device.Read(buf); err != nil {
			answered <- err
			return
		}
		_, err := device.Write(say("a1"))
		answered <- err
	}()
	do(t, c, "A1", "a1")
	if err := <-answered; err != nil {
		t.Errorf("device: %v", err)
	}
	if got := strings.TrimSpace(seen.String()); got != ">A1 <a1" {
		t.Errorf("trace: got %q, want >A1 <a1", got)
	}
}

func TestEmptyReadIsShort(t *testing.T) {
	_, slave := ends(t)
	s := open(t, slave.Name())
	began := time.Now()
	n, err := s.Read(make([]byte, 8))
	if n != 0 || err != nil {
		t.Errorf("got %d and %v, want 0 and no error", n, err)
	}
	if took := time.Since(began); took < poll || took > time.Second {
		t.Errorf("it took %v, want about %v", took, poll)
	}
}

// The serial library itself would write 4 bytes into the file that has got the
// descriptor meanwhile.
func TestWriteAfterCloseTouchesNothing(t *testing.T) {
	_, slave := ends(t)
	s := open(t, slave.Name())
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	victim, err := os.Create(filepath.Join(t.TempDir(), "victim"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Close() }()
	if _, err := s.Write([]byte("oops")); !errors.Is(err, ErrClosed) {
		t.Errorf("write: got %v, want %v", err, ErrClosed)
	}
	if _, err := s.Read(make([]byte, 4)); !errors.Is(err, ErrClosed) {
		t.Errorf("read: got %v, want %v", err, ErrClosed)
	}
	if err := s.SetDTR(true); !errors.Is(err, ErrClosed) {
		t.Errorf("set DTR: got %v, want %v", err, ErrClosed)
	}
	if info, err := victim.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the next file has %d bytes (%v), want 0", info.Size(), err)
	}
}

func TestUnplug(t *testing.T) {
	device, slave := ends(t)
	s := open(t, slave.Name())
	if err := errors.Join(slave.Close(), device.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 8)); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("read: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if _, err := s.Write([]byte{1}); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("write: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close of what is gone: got %v, want no error", err)
	}
}

func TestModemLinesOfAPtyAreNotSupported(t *testing.T) {
	_, slave := ends(t)
	s := open(t, slave.Name())
	for name, set := range map[string]func(bool) error{"DTR": s.SetDTR, "RTS": s.SetRTS} {
		if err := set(true); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: got %v, want %v", name, err, ErrNotSupported)
		}
	}
}

func TestOpenSaysWhy(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(t.TempDir(), "ttyUSB9"): ErrMissing,
		plain:                                 ErrNotSerial,
	} {
		if _, err := Open(path, Mode{Baud: 9600}); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("open %s: got %v, want %v and the path", path, err, want)
		}
	}
}

// Not every cause can be had on a machine that runs tests, not as root.
func TestOpenErrorsAreSorted(t *testing.T) {
	for cause, want := range map[error]error{
		syscall.EACCES: ErrPermission, syscall.EBUSY: ErrBusy, syscall.ENOTTY: ErrNotSerial,
		syscall.ENOENT: ErrMissing, syscall.ENXIO: ErrMissing, fs.ErrPermission: ErrPermission,
		syscall.ENOMEM: syscall.ENOMEM,
	} {
		if got := openError(cause); got != want {
			t.Errorf("%v: got %v, want %v", cause, got, want)
		}
	}
}

func TestUseErrorsAreSorted(t *testing.T) {
	for cause, want := range map[error]error{
		syscall.EIO: drivers.ErrUnplugged, syscall.ENXIO: drivers.ErrUnplugged,
		syscall.ENODEV: drivers.ErrUnplugged, syscall.EBADF: drivers.ErrUnplugged,
		syscall.ENOTTY: ErrNotSupported, syscall.ENOMEM: syscall.ENOMEM,
	} {
		if got := useError(cause); !errors.Is(got, want) {
			t.Errorf("%v: got %v, want %v", cause, got, want)
		}
	}
}

func TestParity(t *testing.T) {
	for text, want := range map[string]string{"": "9600 8N1", "none": "9600 8N1", "even": "9600 8E1", "odd": "9600 8O1"} {
		p, err := ParseParity(text)
		if got := (Mode{Baud: 9600, Parity: p}).String(); err != nil || got != want {
			t.Errorf("parity %q: got %s and %v, want %s", text, got, err, want)
		}
	}
	if _, err := ParseParity("mark"); err == nil {
		t.Error("parity mark: got no error, want one")
	}
}

// cut is a tap that cuts the power at one step.
type cut struct{ at, step int }

var errCut = errors.New("the power is cut")

func (c *cut) count() error {
	if c.step++; c.step == c.at {
		return errCut
	}
	return nil
}

func (c *cut) BeforeWrite([]byte) error { return c.count() }
func (c *cut) AfterRead([]byte) error   { return c.count() }

func TestTap(t *testing.T) {
	for _, test := range []struct {
		name string
		at   int
		sent string
	}{
		{"before the command is sent", 1, ""},
		{"before the answer is read", 2, "A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLine(obedient)
			c := New(Tapped(l, &cut{at: test.at}), Options{Split: testSplit, Match: testMatch})
			fails(t, c, "A1", errCut)
			if got := sentNames(l); got != test.sent {
				t.Errorf("sent: got %q, want %q", got, test.sent)
			}
		})
	}
}
