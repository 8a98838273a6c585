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

// answers is a reader whose every answer is written down: body by body, for
// the commands that come after opening.
type answers struct {
	*reader
	bodies [][]byte
}

func (a *answers) Write(b []byte) (int, error) {
	f, err := parse(b)
	if err != nil || len(a.bodies) == 0 || f.code != 0xB0 {
		return a.reader.Write(b)
	}
	a.heard = append(a.heard, slices.Clone(b))
	a.out = append(a.out, frame{code: f.code, body: a.bodies[0]}.bytes()...)
	a.bodies = a.bodies[1:]
	return len(b), nil
}

func scripted(bodies ...[]byte) *answers {
	r := newReader()
	r.config = make([]byte, 14)
	return &answers{r, bodies}
}

// sets is the body of an inventory's answer.
func sets(status byte, serials ...byte) []byte {
	body := []byte{status, byte(len(serials))}
	for _, s := range serials {
		body = append(body, 0x03, 0x00, 0xE0, 4, 1, 0, 0, 0, 0, s)
	}
	return body
}

func TestInventory(t *testing.T) {
	foreign := []byte{0x00, 2, 0x04, 0xAA, 1, 2, 3, 4, 0x03, 0x00, 0xE0, 4, 1, 0, 0, 0, 0, 7}
	regular := append(sets(0x00, 1), 0x06, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	regular[1] = 2
	for _, test := range []struct {
		name   string
		bodies [][]byte
		want   string // the serial numbers' last bytes, or what the error says
	}{
		{"no tag", [][]byte{{0x01}}, ""},
		{"two tags", [][]byte{sets(0, 1, 2)}, "1 2"},
		{"more tags", [][]byte{sets(0x94, 1, 2), sets(0x94, 3), sets(0, 4)}, "1 2 3 4"},
		{"more, but then none", [][]byte{sets(0x94, 1, 2), {0x01}}, "1 2"},
		{"the same tag twice", [][]byte{sets(0x94, 1, 2), sets(0, 2, 1, 3)}, "1 2 3"},
		{"noise, then well", [][]byte{{0x83}, {0x02}, sets(0, 1)}, "1"},
		{"noise beside a tag", [][]byte{sets(0x83, 1)}, "1"},
		{"noise and an empty count, then none", [][]byte{sets(0x83), {0x01}}, ""},
		{"nothing but noise", [][]byte{{0x83}, {0x83}, {0x83}}, "look for tags: reader status 83: radio noise"},
		{"scan mode", [][]byte{{0x82}}, "reader status 82: not while the reader scans"},
		{"a count without sets", [][]byte{{0x00, 2}}, "garbled"},
		{"no count", [][]byte{{0x00}}, "garbled"},
		{"sets without a count", [][]byte{append(sets(0, 1), 9)}, "garbled"},
		{"another kind of tag of the same length", [][]byte{regular}, "1"},
		{"another kind of tag of unknown length", [][]byte{foreign}, ""},
		{"more without end", slices.Repeat([][]byte{sets(0x94, 1)}, 200), "still more tags after 128 answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pad := open(t, scripted(test.bodies...))
			uids, err := pad.Inventory(t.Context())
			got := ""
			for _, u := range uids {
				got += fmt.Sprintf("%d ", u[7])
			}
			if got = strings.TrimSpace(got); err != nil {
				got = err.Error()
			}
			if err == nil && got != test.want || err != nil && (test.want == "" || !strings.Contains(got, test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Long reads are split where 128 bytes end, once the block size is known.
func TestReadIsSplit(t *testing.T) {
	r := newReader()
	data := make([]byte, 80*4)
	for i := range data {
		data[i] = byte(i)
	}
	r.tags[book()] = &drivers.Tag{UID: book(), Data: data}
	pad := open(t, r)
	r.heard = nil
	got, err := pad.Read(t.Context(), book(), 2, 70)
	if err != nil || len(got) != 280 || got[0] != data[11] || got[279] != data[72*4-4] {
		t.Errorf("got %d bytes and %v, want 280 from block 2 on, turned round", len(got), err)
	}
	asked := ""
	for _, b := range r.heard {
		asked += fmt.Sprintf("%d+%d ", b[13], b[14])
	}
	if want := "2+16 18+32 50+22 "; asked != want {
		t.Errorf("asked for blocks %s, want %s", asked, want)
	}
}

func TestWhatAStatusMeansForATag(t *testing.T) {
	for _, test := range []struct {
		body []byte
		want error
	}{
		{[]byte{0x01}, drivers.ErrGone},
		{[]byte{0x02}, drivers.ErrGone},
		{[]byte{0x83, 0x00}, drivers.ErrGone},
		{[]byte{0x95, 0x10}, drivers.TagError(0x10)},
		{[]byte{0x95}, drivers.ErrGarbled},
		{[]byte{0x03, 0x00}, StatusError(0x03)},
		{[]byte{0x11}, StatusError(0x11)},
		{[]byte{0x77}, StatusError(0x77)},
	} {
		pad := open(t, scripted(test.body))
		err := pad.WriteAFI(t.Context(), book(), 0x07)
		if !errors.Is(err, test.want) || !strings.HasPrefix(err.Error(), "write the AFI, E004010031269117: ") {
			t.Errorf("status %02X: got %v, want %v", test.body[0], err, test.want)
		}
	}
}

func TestInfo(t *testing.T) {
	info := func(size, count byte) []byte {
		b := append([]byte{0x00, 0x06}, unhexUID()...)
		return append(b, 0xC2, size, count, 0x01)
	}
	other := info(3, 27)
	other[9]++ // another tag's answer
	for _, test := range []struct {
		name         string
		body         []byte
		size, blocks int
		want         error
	}{
		{"one less, as the tag sends it", info(3, 27), 4, 28, nil},
		{"as the manual has it", info(4, 28), 4, 28, nil},
		{"blocks of eight", info(7, 31), 8, 32, nil},
		{"256 blocks", info(3, 255), 4, 256, nil},
		{"not told", info(0, 0), 4, 0, nil},
		{"in another's name", other, 0, 0, drivers.ErrGarbled},
		{"short", info(3, 27)[:12], 0, 0, drivers.ErrGarbled},
		{"lifted", []byte{0x01}, 0, 0, drivers.ErrGone},
	} {
		got, err := open(t, scripted(test.body)).Info(t.Context(), book())
		if !errors.Is(err, test.want) || got.BlockSize != test.size || got.Blocks != test.blocks {
			t.Errorf("%s: got %+v and %v, want %d blocks of %d and %v", test.name, got, err, test.blocks, test.size, test.want)
		}
		if err == nil && (got.AFI != 0xC2 || got.DSFID != 0x06 || got.UID != book() || got.ICRef != 0x01) {
			t.Errorf("%s: got %+v, want AFI C2, DSFID 06, IC 01", test.name, got)
		}
	}
}

func unhexUID() []byte { u := book(); return u[:] }

func TestBlocksThatDoNotFit(t *testing.T) {
	good := []byte{0, 2, 4, 0, 1, 2, 3, 4, 0, 5, 6, 7, 8}
	for name, body := range map[string][]byte{
		"one block less than asked": append([]byte{0, 1}, good[2:8]...),
		"short":                     good[:12],
		"long":                      append(slices.Clone(good), 9),
		"no size":                   {0, 2},
		"size nought":               {0, 2, 0, 0, 0},
	} {
		pad := open(t, scripted(body))
		if got, err := pad.Read(t.Context(), book(), 0, 2); !errors.Is(err, drivers.ErrGarbled) {
			t.Errorf("%s: got % X and %v, want %v", name, got, err, drivers.ErrGarbled)
		}
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
