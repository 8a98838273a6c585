package catalog

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nightdesk/drivers"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

func TestESCPOS(t *testing.T) {
	papers := make(chan sim.Paper, 4)
	played, err := sim.NewPrinter(sim.PrinterOptions{Width: 384, OnPaper: func(p sim.Paper) { papers <- p }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = played.Close() }()
	var sent int
	p, err := OpenPrinter(t.Context(), "escpos", PrinterLine{Line: Line{
		Path: played.Path(), Baud: 115200, Response: 300 * time.Millisecond,
		Wrap: func(p wire.Port) wire.Port {
			return wire.Trace(p, func(dir wire.Direction, b []byte, _ time.Time) {
				if dir == wire.Sent {
					sent += len(b)
				}
			})
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if got, want := p.Set(), played.Path()+" at 115200 8N1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if sent != 0 {
		t.Errorf("opening sent %d bytes, want none", sent)
	}
	if s, err := p.Status(t.Context()); err != nil || !s.Online {
		t.Errorf("got %+v and %v, want online", s, err)
	}
	if err := p.Print(t.Context(), drivers.Sheet{Width: 384, Rows: []drivers.SheetRow{{Text: "Syston"}}}); err != nil {
		t.Fatal(err)
	}
	if got := (<-papers).Text[0]; got != "Syston" || sent == 0 {
		t.Errorf("got %q, and %d bytes traced", got, sent)
	}
}

// A USB printer's device file is no serial line and, here, never answers.
func TestESCPOSOnAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lp0")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPrinter(t.Context(), "escpos", PrinterLine{Line: Line{Path: path}, OneWay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if p.Set() != path {
		t.Errorf("got %q, want the path alone", p.Set())
	}
	if err := p.Print(t.Context(), drivers.Sheet{Width: 576, Rows: []drivers.SheetRow{{Text: "Syston"}}}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got := make([]byte, 4096)
	if n, err := f.Read(got); err != nil || !bytes.Contains(got[:n], []byte("Syston\n\x1Bd\x02\x1DVB\x00")) {
		t.Errorf("got %q and %v, want the sheet in it", got[:n], err)
	}
}

func TestESCPOSIsNotThere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "lp0")
	for want, line := range map[string]PrinterLine{
		wire.ErrMissing.Error():                          {Line: Line{Path: missing}},
		`parity "mark" is not none, even or odd`:         {Line: Line{Path: missing, Parity: "mark"}},
		`flow control "dtr" is not xonxoff, cts or none`: {Line: Line{Path: missing}, Flow: "dtr"},
	} {
		_, err := OpenPrinter(t.Context(), "escpos", line)
		if err == nil || err.Error() != want && !errors.Is(err, wire.ErrMissing) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := OpenPrinter(t.Context(), "star", PrinterLine{})
	if want := `no printer driver "star"; there is escpos`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
