package feig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"

	"nightdesk/drivers"
	"nightdesk/drivers/drivertest"
	"nightdesk/drivers/wire"
)

// book is the tag of the vectors.
func book() drivers.UID { return drivers.UID{0xE0, 0x04, 0x01, 0x00, 0x31, 0x26, 0x91, 0x17} }

func TestAVisitPlayedBack(t *testing.T) {
	text, err := os.ReadFile("testdata/kiosk.txt")
	if err != nil {
		t.Fatal(err)
	}
	line, err := drivertest.Play(string(text))
	if err != nil {
		t.Fatal(err)
	}
	pad, err := Open(t.Context(), line, Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if got, want := pad.String(), "FEIG ID ISC.MR101-A, firmware 03.05, reports only new tags: on"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{"[E01680FF08005024]", "[]"} {
		if uids, err := pad.Inventory(t.Context()); err != nil || fmt.Sprint(uids) != want {
			t.Errorf("inventory: got %v and %v, want %s", uids, err, want)
		}
	}
	data, err := pad.Read(t.Context(), book(), 0, 8)
	if err != nil || !bytes.HasPrefix(data, []byte{0x01, 0x00, 0x11, 0x04, '2', '0', '3', '1'}) {
		t.Errorf("read: got % X and %v, want each block turned round", data, err)
	}
	if err := pad.WriteAFI(t.Context(), book(), 0x07); err != nil {
		t.Errorf("write AFI 07: got %v", err)
	}
	var refused drivers.TagError
	if err := pad.WriteAFI(t.Context(), book(), 0xC2); !errors.As(err, &refused) || refused != 0x12 {
		t.Errorf("write AFI C2: got %v, want the tag's refusal 12", err)
	}
	if err := pad.Close(); err != nil {
		t.Error(err)
	}
}

// open opens a pad on r in no time: the tests that need time have a bubble.
func open(t *testing.T, r wire.Port) *Pad {
	t.Helper()
	pad, err := Open(t.Context(), r, Options{Gap: -1})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return pad
}

func (r *reader) heardCodes() (codes string) {
	for _, b := range r.heard {
		codes += fmt.Sprintf("%02X ", b[2])
	}
	return strings.TrimSpace(codes)
}

func TestONT(t *testing.T) {
	off := make([]byte, 14)
	cpr := slices.Clone(off)
	cpr[11] = 0x0C // anticollision on, abort condition; not ONT
	for _, test := range []struct {
		name   string
		config []byte
		want   NewOnly
		heard  string
	}{
		{"on, as the factory has it", ontConfig(), NewOnlyOn, "52 65 80 69 B0 69 B0"},
		{"off", off, NewOnlyOff, "52 65 80 B0 B0"},
		{"off, with other bits of a CPR", cpr, NewOnlyOff, "52 65 80 B0 B0"},
		{"a block of another length", off[:12], NewOnlyUnknown, "52 65 80 69 B0 69 B0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReader()
			r.config = test.config
			pad := open(t, r)
			if got := pad.Identity().NewOnly; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			for range 2 {
				if _, err := pad.Inventory(t.Context()); err != nil {
					t.Errorf("inventory: %v", err)
				}
			}
			if got := r.heardCodes(); got != test.heard {
				t.Errorf("the reader heard %s, want %s", got, test.heard)
			}
		})
	}
}

// dribble gives a port's bytes one at a time.
type dribble struct{ wire.Port }

func (d dribble) Read(b []byte) (int, error) { return d.Port.Read(b[:1]) }

func TestSingleBytes(t *testing.T) {
	r := newReader()
	for s := byte(1); s <= 9; s++ {
		r.tags[drivers.UID{0xE0, 7: s}] = &drivers.Tag{}
	}
	pad := open(t, dribble{r})
	if got, err := pad.Inventory(t.Context()); err != nil || len(got) != 9 {
		t.Errorf("got %v and %v, want 9 tags", got, err)
	}
}

// deaf never answers, and remembers whether it was closed.
type deaf struct {
	reader
	closed bool
}

func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) Close() error                { d.closed = true; return nil }

func TestNoReaderThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &deaf{}
		began := time.Now()
		_, err := Open(t.Context(), d, Options{})
		if !errors.Is(err, drivers.ErrSilent) || !strings.Contains(err.Error(), "look for the reader") {
			t.Errorf("got %v, want %v while looking for the reader", err, drivers.ErrSilent)
		}
		if took := time.Since(began); took < time.Second || took > 1200*time.Millisecond {
			t.Errorf("it took %v, want the response time", took)
		}
		if !d.closed {
			t.Error("the line was left open")
		}
	})
}

// The order of two AFI writes to the same tag: the first one's late
// acceptance must not be taken for the second's, which the tag refuses.
func TestLateAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		r.tags[book()] = &drivers.Tag{UID: book(), AFI: 0x07}
		pad, err := Open(t.Context(), r, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.fault, r.faultUID = drivertest.Late, book()
		if err := pad.WriteAFI(t.Context(), book(), 0xC2); !errors.Is(err, drivers.ErrSilent) {
			t.Errorf("got %v, want %v", err, drivers.ErrSilent)
		}
		r.lift(book())
		if err := pad.WriteAFI(t.Context(), book(), 0x07); !errors.Is(err, drivers.ErrGone) {
			t.Errorf("got %v, want %v", err, drivers.ErrGone)
		}
	})
}

// Through a real serial driver: a reader behind a pseudo-terminal.
func TestThroughAPty(t *testing.T) {
	device, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	port, err := wire.Open(slave.Name(), wire.Mode{Baud: 38400, Parity: wire.Even})
	if err != nil {
		t.Fatal(err)
	}
	r := newReader()
	r.tags[book()] = &drivers.Tag{UID: book(), AFI: 0x07, DSFID: 0x06, Data: make([]byte, 28*4)}
	served := make(chan struct{})
	go func() { // ends when the last of our ends is closed
		defer close(served)
		serve(device, r)
	}()
	defer func() {
		_, _ = port.Close(), slave.Close()
		<-served
		_ = device.Close()
	}()

	pad, err := Open(t.Context(), port, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if uids, err := pad.Inventory(t.Context()); err != nil || !slices.Equal(uids, []drivers.UID{book()}) {
		t.Errorf("inventory: got %v and %v, want the book", uids, err)
	}
	if err := pad.WriteAFI(t.Context(), book(), 0xC2); err != nil {
		t.Errorf("write AFI: %v", err)
	}
	if info, err := pad.Info(t.Context(), book()); err != nil || info.AFI != 0xC2 {
		t.Errorf("info: got %+v and %v, want AFI C2", info, err)
	}
}

// serve carries frames between a pseudo-terminal and the reader in memory.
func serve(device io.ReadWriter, r *reader) {
	var buf []byte
	chunk := make([]byte, 64)
	for {
		n, err := device.Read(chunk)
		if err != nil {
			return
		}
		buf = append(buf, chunk[:n]...)
		if whole, _ := Split(buf); whole > 0 {
			_, _ = r.Write(buf[:whole]) // the reader in memory takes all
			buf = buf[whole:]
			if _, err := device.Write(r.out); err != nil {
				return
			}
			r.out = nil
		}
	}
}

func TestADoneContextSendsNothing(t *testing.T) {
	r := newReader()
	pad := open(t, r)
	r.heard = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pad.Inventory(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if len(r.heard) > 0 {
		t.Errorf("the reader heard %s, want nothing", r.heardCodes())
	}
}
