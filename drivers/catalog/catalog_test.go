package catalog

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"nightdesk/drivers"
	"nightdesk/drivers/feig"
	"nightdesk/drivers/wire"
)

// byHeart are questions and answers in hexadecimal; the first are vectors of
// feig.json, the rest are composed as in drivers/feig/testdata/kiosk.txt.
func byHeart() map[string]string {
	return map[string]string{
		"06FF52000F6E":   "06005200FCA8",
		"05FF65E5CB":     "0D006500030500004C000873B7",
		"06FF80052955":   "140080000200000000000000000000010000" + "9F5B",
		"05FF698901":     "06006900F6FA",
		"07FFB001001C56": "1100B000010300E01680FF080050248075",
	}
}

func plugIn(t *testing.T, speed uint32) (path string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { // ends when the last descriptor of the slave is closed
		defer close(served)
		serve(master, speed)
	}()
	t.Cleanup(func() {
		_ = slave.Close()
		<-served
		_ = master.Close()
	})
	return slave.Name()
}

// serve is a FEIG reader that knows five commands by heart, and hears them only at
// its own speed, given as the kernel writes it in c_cflag.
func serve(master *os.File, speed uint32) {
	var buf []byte
	chunk := make([]byte, 64)
	for {
		n, err := master.Read(chunk)
		if err != nil {
			return
		}
		buf = append(buf, chunk[:n]...)
		whole, _ := feig.Split(buf)
		if whole == 0 {
			continue
		}
		answer := byHeart()[strings.ToUpper(hex.EncodeToString(buf[:whole]))]
		buf = buf[whole:]
		mode, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS) // the other end's settings
		if err != nil || mode.Cflag&unix.CBAUD != speed {
			continue // at another speed it hears nothing that makes sense
		}
		b, _ := hex.DecodeString(answer) // "" answers nothing
		if _, err := master.Write(b); err != nil {
			return
		}
	}
}

func TestFEIGFindsTheSpeed(t *testing.T) {
	for _, test := range []struct {
		name  string
		speed uint32
		baud  int
		want  string
	}{
		{"the factory's", unix.B38400, 0, "38400 8E1"},
		{"the configured", unix.B9600, 9600, "9600 8E1"},
		{"another than the configured", unix.B115200, 9600, "115200 8E1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := plugIn(t, test.speed)
			var sent int
			pad, err := Pads()["feig"].Open(t.Context(), Line{
				Path: path, Baud: test.baud,
				Response: 300 * time.Millisecond, // a busy machine may not run the device sooner
				Wrap: func(p wire.Port) wire.Port {
					return wire.Trace(p, func(dir wire.Direction, _ []byte, _ time.Time) {
						if dir == wire.Sent {
							sent++
						}
					})
				},
			})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			defer func() { _ = pad.Close() }()
			if got, want := pad.Set(), path+" at "+test.want; got != want {
				t.Errorf("set: got %q, want %q", got, want)
			}
			if got := pad.String(); !strings.Contains(got, "MR101-A") || !strings.HasSuffix(got, pad.Set()) {
				t.Errorf("got %q, want the model and the line", got)
			}
			uids, err := pad.Inventory(t.Context())
			if err != nil || len(uids) != 1 {
				t.Errorf("inventory: got %v and %v, want one tag", uids, err)
			}
			if sent < 5 {
				t.Errorf("the trace saw %d commands, want 5 at least", sent)
			}
		})
	}
}

func TestFEIGIsNotThere(t *testing.T) {
	path := plugIn(t, unix.B4800) // a speed that is not tried
	_, err := Pads()["feig"].Open(t.Context(), Line{Path: path, Response: time.Millisecond})
	if !errors.Is(err, drivers.ErrSilent) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want %v and the path", err, drivers.ErrSilent)
	}
	missing := filepath.Join(t.TempDir(), "pad")
	if _, err := Pads()["feig"].Open(t.Context(), Line{Path: missing}); !errors.Is(err, wire.ErrMissing) {
		t.Errorf("got %v, want %v", err, wire.ErrMissing)
	}
	if _, err := Pads()["feig"].Open(t.Context(), Line{Path: path, Parity: "mark"}); err == nil {
		t.Error("parity mark: got no error, want one")
	}
}

func TestBauds(t *testing.T) {
	for _, configured := range []int{0, 38400, 9600, 4800} {
		got := bauds(configured)
		if configured != 0 && got[0] != configured {
			t.Errorf("%d: got %d first", configured, got[0])
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(got))); len(sorted) != len(got) || len(got) > 7 {
			t.Errorf("%d: got %d, want each once", configured, got)
		}
	}
}

func TestSerialScanner(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = slave.Close(), master.Close() }()
	s, err := OpenScanner(t.Context(), "serial", Line{Path: slave.Name()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if got, want := s.Set(), slave.Name()+" at 9600 8N1"; got != want {
		t.Errorf("set: got %q, want %q", got, want)
	}
	if _, err := master.WriteString("1620154429\r"); err != nil {
		t.Fatal(err)
	}
	if scan, err := s.Scan(t.Context()); err != nil || scan.Text != "1620154429" {
		t.Errorf("got %+v and %v, want 1620154429", scan, err)
	}
}

func TestUnknownDriversAreNamed(t *testing.T) {
	_, padErr := OpenPad(t.Context(), "fieg", Line{})
	_, scannerErr := OpenScanner(t.Context(), "usb", Line{})
	for want, err := range map[string]error{
		`no pad driver "fieg"; there is feig`:      padErr,
		`no scanner driver "usb"; there is serial`: scannerErr,
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
