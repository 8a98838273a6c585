package wire

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nightdesk/drivers"
)

func openFile(t *testing.T, path string, mode Mode, flow Flow) *File {
	t.Helper()
	f, err := OpenFile(path, mode, flow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// fifo is what a USB printer's device file is, as far as it can be had without one:
// no serial line, and it takes only so much.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lp0")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileIsSetUp(t *testing.T) {
	device, slave := ends(t)
	f := openFile(t, slave.Name(), Mode{Baud: 19200, Parity: Even}, XonXoff)
	if got := Describe(f); got != "19200 8E1" {
		t.Errorf("got %q, want 19200 8E1", got)
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for rest, end := all, time.Now().Add(10*time.Second); len(rest) > 0; {
		n, err := f.Write(rest)
		if err != nil && (!errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(end)) {
			t.Fatalf("%d bytes are not taken: %v", len(rest)-n, err)
		}
		rest = rest[n:]
	}
	got := make([]byte, 0, 256)
	for len(got) < 256 {
		buf := make([]byte, 256)
		n, err := device.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, all) {
		t.Error("not every byte passes as it is")
	}
	set, err := unix.IoctlGetTermios(int(device.Fd()), unix.TCGETS2)
	if err != nil || set.Ospeed != 19200 || set.Iflag&unix.IXON == 0 {
		t.Errorf("got %d baud, flags %x and %v, want 19200 and XON/XOFF", set.Ospeed, set.Iflag, err)
	}
}

// XOFF stops the line, XON lets it go on; meanwhile Write does not wait long.
// Discard lets it go on too: a stopped printer can still be asked why.
func TestFileStops(t *testing.T) {
	device, slave := ends(t)
	f := openFile(t, slave.Name(), Mode{Baud: 9600}, XonXoff)
	tell := func(b byte) {
		if _, err := device.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	until := func(want error) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); ; {
			from := time.Now()
			_, err := f.Write([]byte("x"))
			if took := time.Since(from); took > time.Second {
				t.Fatalf("a write took %v", took)
			}
			if errors.Is(err, want) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("got %v, want %v", err, want)
			}
		}
	}
	tell(0x13)
	until(os.ErrDeadlineExceeded)
	tell(0x11)
	until(nil)
	tell(0x13)
	until(os.ErrDeadlineExceeded)
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	until(nil)
}

func TestFileThatIsNoLine(t *testing.T) {
	f := openFile(t, fifo(t), Mode{}, CTS)
	if got := Describe(f); got != "" {
		t.Errorf("got %q, want nothing to say", got)
	}
	full := make([]byte, 1<<20)
	from := time.Now()
	n, err := f.Write(full)
	if took := time.Since(from); n == 0 || n == len(full) || !errors.Is(err, os.ErrDeadlineExceeded) || took > time.Second {
		t.Errorf("got %d, %v after %v; want a part, %v, soon", n, err, took, os.ErrDeadlineExceeded)
	}
	pending, err := f.Pending()
	if err := errors.Join(err, f.Discard()); err != nil || pending != 0 {
		t.Errorf("got %d pending and %v, want 0: nobody knows", pending, err)
	}
}

func TestFileUnplugged(t *testing.T) {
	device, slave := ends(t)
	f := openFile(t, slave.Name(), Mode{Baud: 9600}, XonXoff)
	if n, err := f.Read(make([]byte, 4)); n != 0 || err != nil {
		t.Errorf("an empty line: got %d and %v, want 0 and no error", n, err)
	}
	_ = device.Close()
	if _, err := f.Read(make([]byte, 4)); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("read: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("write: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Errorf("close twice: got %v", err)
	}
	for what, err := range map[string]error{
		"read":    second(f.Read(nil)),
		"write":   second(f.Write(nil)),
		"pending": second(f.Pending()),
		"discard": f.Discard(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: got %v, want %v", what, err, ErrClosed)
		}
	}
}

func second(_ int, err error) error { return err }

func TestOpenFileSaysWhy(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "none"): ErrMissing,
		dir:                        ErrNotDevice,
		plain:                      ErrNotDevice,
	} {
		if _, err := OpenFile(path, Mode{Baud: 9600}, NoFlow); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

func TestParseFlow(t *testing.T) {
	for s, want := range map[string]Flow{"": XonXoff, "xonxoff": XonXoff, "cts": CTS, "none": NoFlow} {
		if got, err := ParseFlow(s); got != want || err != nil {
			t.Errorf("%q: got %v and %v, want %v", s, got, err, want)
		}
	}
	if _, err := ParseFlow("dtr"); err == nil {
		t.Error("dtr: got no error, want one")
	}
}
