package scanner_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/scanner"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

// port plays back what a line delivers: each string is one read, "" is a read
// of 20 ms in which nothing came. After the last, nothing comes any more.
type port struct {
	reads  []string
	sent   bytes.Buffer
	closed int
}

func (p *port) Read(b []byte) (int, error) {
	if len(p.reads) == 0 {
		time.Sleep(20 * time.Millisecond) // in a synctest bubble
		return 0, nil
	}
	next := p.reads[0]
	if next == "" {
		p.reads = p.reads[1:]
		time.Sleep(20 * time.Millisecond)
		return 0, nil
	}
	n := copy(b, next)
	p.reads[0] = next[n:]
	if p.reads[0] == "" {
		p.reads = p.reads[1:]
	}
	return n, nil
}

func (p *port) Write(b []byte) (int, error) { return p.sent.Write(b) }
func (p *port) Close() error                { p.closed++; return nil }

// scans is everything that comes, each barcode with its quotes, until the
// line has been silent for ten seconds.
func scans(t *testing.T, reads ...string) (got []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := scanner.New(&port{reads: reads}, scanner.Options{})
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			scan, err := s.Scan(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				return
			}
			got = append(got, word(scan, err))
		}
	})
	return got
}

func word(scan drivers.Scan, err error) string {
	switch {
	case errors.Is(err, scanner.ErrTooLong):
		return "too long"
	case errors.Is(err, scanner.ErrControl):
		return "control"
	case err != nil:
		return err.Error()
	case scan.Symbology != 0:
		return fmt.Sprintf("%c%c %q", scan.Symbology, scan.Modifier, scan.Text)
	}
	return fmt.Sprintf("%q", scan.Text)
}

func TestFraming(t *testing.T) {
	long := strings.Repeat("9", 4096)
	full := strings.Repeat("7", scanner.Longest)
	for _, test := range []struct {
		name  string
		reads []string
		want  []string
	}{
		{"CR", []string{"30234000517861\r"}, []string{`"30234000517861"`}},
		{"LF", []string{"30234000517861\n"}, []string{`"30234000517861"`}},
		{"CR LF", []string{"1\r\n2\r\n"}, []string{`"1"`, `"2"`}},
		{"CR and LF in two reads", []string{"1\r", "", "\n2\r"}, []string{`"1"`, `"2"`}},
		{"no suffix", []string{"1", "", "", "", "", "", "", "2"}, []string{`"1"`, `"2"`}},
		{"no suffix, in drops", []string{"3023", "", "4000", "", "517861"}, []string{`"30234000517861"`}},
		{"in drops over less than the quiet gap", []string{"3", "", "", "", "0", "", "", "", "2\r"}, []string{`"302"`}},
		{"three in one read", []string{"1\r2\r3\r"}, []string{`"1"`, `"2"`, `"3"`}},
		{"the same twice", []string{"1\r1\r"}, []string{`"1"`, `"1"`}},
		{"terminators alone", []string{"\r\n\r\n\n"}, nil},
		{"AIM", []string{"]F030234000517861\r]C0FI1620154429\r"}, []string{`F0 "30234000517861"`, `C0 "FI1620154429"`}},
		{"AIM and nothing", []string{"]F0\r1\r"}, []string{`"1"`}},
		{"not quite AIM", []string{"]F\r]1x\r]F-2\r"}, []string{`"]F"`, `"]1x"`, `"]F-2"`}},
		{"as long as may be", []string{full + "\r"}, []string{`"` + full + `"`}},
		{"one longer", []string{full + "8\r1\r"}, []string{"too long", `"1"`}},
		{"a blob", []string{long + "\r1\r"}, []string{"too long", `"1"`}},
		{"a blob without end", []string{long, "", "", "", "", "", "", "1\r"}, []string{"too long", `"1"`}},
		{"a blob of zeros", []string{strings.Repeat("\x00", 4096) + "\r1\r"}, []string{"too long", `"1"`}},
		{"a zero", []string{"302\x0034\r1\r"}, []string{"control", `"1"`}},
		{"GS1 separator", []string{"]C10101\x1d21\r"}, []string{"control"}},
		{"not ASCII", []string{"M\xc3\xbcller\r1\r"}, []string{"control", `"1"`}},
		{"what a menu command answers", []string{"SUFBK2990D\x06.\r1\r"}, []string{"control", `"1"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := scans(t, test.reads...); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestContextKeepsWhatHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &port{reads: []string{"3023"}}
		s := scanner.New(p, scanner.Options{Quiet: time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		from := time.Now()
		if scan, err := s.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v and %v, want %v", scan, err, context.DeadlineExceeded)
		}
		if late := time.Since(from) - 500*time.Millisecond; late > 20*time.Millisecond {
			t.Errorf("got an answer %v after the context ended, want at most one read, 20ms", late)
		}
		p.reads = []string{"4000517861\r"}
		if scan, err := s.Scan(t.Context()); scan.Text != "30234000517861" || err != nil {
			t.Errorf("got %v and %v, want the whole barcode", scan, err)
		}
	})
}

// endless sends digits for ever.
type endless struct{ port }

func (e *endless) Read(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	for i := range b {
		b[i] = '1'
	}
	return len(b), nil
}

// A megabyte without a terminator: the context still ends it, and what it
// costs does not grow with what comes.
func TestStreamWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scanner.New(&endless{}, scanner.Options{})
		allocs := testing.AllocsPerRun(1, func() {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if scan, err := s.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v and %v, want %v", scan, err, context.DeadlineExceeded)
			}
		})
		if allocs > 100 {
			t.Errorf("got %v allocations for 5000 reads, want a handful", allocs)
		}
	})
}

type broken struct{ port }

func (broken) Read([]byte) (int, error) { return 0, drivers.ErrUnplugged }

func TestErrorsOfTheLine(t *testing.T) {
	s := scanner.New(&broken{}, scanner.Options{})
	if _, err := s.Scan(t.Context()); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("got %v, want %v", err, drivers.ErrUnplugged)
	}
	p := &port{}
	s = scanner.New(p, scanner.Options{})
	if err := errors.Join(s.Close(), s.Close()); err != nil || p.closed != 1 {
		t.Errorf("close twice: got %v and %d closings, want no error and one", err, p.closed)
	}
	if _, err := s.Scan(t.Context()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("scan when closed: got %v, want %v", err, io.ErrClosedPipe)
	}
	if err := s.Send(t.Context(), scanner.HoneywellTrigger); err == nil || p.sent.Len() != 0 {
		t.Errorf("send when closed: got %v and %d bytes sent, want an error and none", err, p.sent.Len())
	}
}

type vector struct {
	ID, Hex, Symbology, Modifier, Data string
}

// vectors are those of testdata/barcode.json, each with its own origin.
func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/barcode.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesOfVectors(t *testing.T) {
	seen := 0
	for _, v := range vectors(t) {
		if !strings.HasPrefix(v.ID, "aim/") {
			continue
		}
		seen++
		want := fmt.Sprintf("%s%s %q", v.Symbology, v.Modifier, v.Data)
		if got := scans(t, string(unhex(t, v.Hex))); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %v, want %v", v.ID, got, want)
		}
	}
	if seen != 11 {
		t.Errorf("got %d barcodes with an AIM identifier, want 11", seen)
	}
}

func TestCommandsOfVectors(t *testing.T) {
	commands := map[string]scanner.Command{
		"cmd/16540D":       scanner.HoneywellTrigger,
		"cmd/16550D":       scanner.HoneywellStop,
		"cmd/164D0D535546": scanner.HoneywellMenu("SUFBK2990D"),
		"cmd/7E0130303030": scanner.Newland("SCAND"),
		"cmd/7E0008010002": scanner.GM65Trigger,
	}
	for _, v := range vectors(t) {
		if !strings.HasPrefix(v.ID, "cmd/") {
			continue
		}
		p := &port{}
		if err := scanner.New(p, scanner.Options{}).Send(t.Context(), commands[v.ID]); err != nil {
			t.Error(err)
		}
		if want := unhex(t, v.Hex); !bytes.Equal(p.sent.Bytes(), want) {
			t.Errorf("%s: got % X, want % X", v.ID, p.sent.Bytes(), want)
		}
	}
}

// The simulated scanner on a real line: the ordinary port in between.
func TestOnALine(t *testing.T) {
	for _, suffix := range []string{"\r", "\n", "\r\n", ""} {
		played, err := sim.NewScanner(sim.ScannerOptions{Suffix: suffix, AIM: true})
		if err != nil {
			t.Fatal(err)
		}
		line, err := wire.Open(played.Path(), wire.Mode{Baud: 9600, Poll: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		s := scanner.New(line, scanner.Options{})
		for range 2 {
			if err := played.Show('F', '0', "30234000517861"); err != nil {
				t.Fatal(err)
			}
			want := drivers.Scan{Symbology: 'F', Modifier: '0', Text: "30234000517861"}
			if got, err := s.Scan(t.Context()); got != want || err != nil {
				t.Errorf("suffix %q: got %v and %v, want %v", suffix, got, err, want)
			}
		}
		if err := played.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.Scan(t.Context()); !errors.Is(err, drivers.ErrUnplugged) {
			t.Errorf("suffix %q, pulled: got %v, want %v", suffix, err, drivers.ErrUnplugged)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// However a stream is cut into reads, the same barcodes come out; and what is
// sent after a terminator comes out as if nothing had been before it.
func FuzzCutting(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex), uint64(1))
	}
	f.Add([]byte("1\r\n\n2\x00\r"+strings.Repeat("x", 300)+"\r3"), uint64(2))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		if len(stream) > 2000 {
			return
		}
		whole := scans(t, string(stream))
		random := rand.New(rand.NewPCG(seed, 0))
		var cut []string
		for rest := string(stream); rest != ""; {
			n := 1 + random.IntN(len(rest))
			cut, rest = append(cut, rest[:n]), rest[n:]
		}
		if got := scans(t, cut...); !slices.Equal(got, whole) {
			t.Errorf("%q cut into %q: got %v, want %v", stream, cut, got, whole)
		}
		for _, s := range whole {
			if len(s) > 2*scanner.Longest+10 {
				t.Errorf("got a barcode of %d bytes", len(s))
			}
		}
		after := scans(t, string(stream)+"\r]F021221012345671\r")
		if want := append(whole, `F0 "21221012345671"`); !slices.Equal(after, want) {
			t.Errorf("%q and one barcode more: got %v, want %v", stream, after, want)
		}
	})
}
