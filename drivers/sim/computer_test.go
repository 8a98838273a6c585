package sim_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

// book is the tag of the live 3M capture (testdata/feig.json, feig/read8-resp).
func book() drivers.Tag {
	data := make([]byte, 28*4)
	copy(data, "\x04\x11\x00\x011302099999")
	return drivers.Tag{UID: drivers.UID{0xE0, 0x04, 0x01, 0x00, 0x31, 0x26, 0x91, 0x17}, AFI: 0x07, DSFID: 0x06, Data: data}
}

func tagOf(t *testing.T, uid string) drivers.Tag {
	t.Helper()
	u, err := drivers.ParseUID(uid)
	if err != nil {
		t.Fatal(err)
	}
	return drivers.Tag{UID: u, AFI: 0x07}
}

// computer is a host that speaks in raw bytes, without any driver.
type computer struct {
	t *testing.T
	f *os.File
}

func open(t *testing.T, path string) computer {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // a pulled line has nothing to close properly
	return computer{t, f}
}

func (c computer) send(hex string) {
	c.t.Helper()
	if _, err := c.f.Write(unhex(c.t, hex)); err != nil {
		c.t.Fatal(err)
	}
}

// hears wants these bytes and no fewer.
func (c computer) hears(want string) {
	c.t.Helper()
	w := unhex(c.t, want)
	if got := c.read(len(w), 5*time.Second); !bytes.Equal(got, w) {
		c.t.Fatalf("got % X, want % X", got, w)
	}
}

func (c computer) read(n int, wait time.Duration) []byte {
	c.t.Helper()
	if err := c.f.SetReadDeadline(time.Now().Add(wait)); err != nil {
		c.t.Fatal(err)
	}
	var got []byte
	for len(got) < n {
		buf := make([]byte, n-len(got))
		m, err := c.f.Read(buf)
		if err != nil {
			break
		}
		got = append(got, buf[:m]...)
	}
	return got
}

func (c computer) silence() {
	c.t.Helper()
	if got := c.read(1, 40*time.Millisecond); len(got) != 0 {
		c.t.Fatalf("got % X, want silence", got)
	}
}

// ask sends a command in short form, B0 01 00, with its frame made here.
func (c computer) ask(command string) { c.t.Helper(); c.send(framed(c.t, "FF"+command)) }

// told wants an answer from address 00 in short form.
func (c computer) told(answer string) { c.t.Helper(); c.hears(framed(c.t, "00"+answer)) }

// framed puts length and checksum around a body, in hexadecimal.
func framed(t *testing.T, body string) string {
	t.Helper()
	b := unhex(t, body)
	return checked(append([]byte{byte(len(b) + 3)}, b...))
}

// advanced does the same in the other kind of frame.
func advanced(t *testing.T, body string) string {
	t.Helper()
	b := unhex(t, body)
	return checked(append([]byte{2, 0, byte(len(b) + 5)}, b...))
}

func checked(b []byte) string {
	sum := uint16(0xFFFF)
	for _, x := range b {
		sum ^= uint16(x)
		for range 8 {
			if sum&1 == 1 {
				sum = sum>>1 ^ 0x8408
			} else {
				sum >>= 1
			}
		}
	}
	return hex.EncodeToString(append(b, byte(sum), byte(sum>>8)))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func frames(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/feig.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []struct{ ID, Hex string } }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, v := range file.Vectors {
		m[strings.TrimPrefix(v.ID, "feig/")] = v.Hex
	}
	return m
}

func reader(t *testing.T, table *sim.Table, o sim.Options) (*sim.Reader, computer) {
	t.Helper()
	r, err := sim.NewReader(table, "pad", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, open(t, r.Path())
}

func arm(t *testing.T, r *sim.Reader, f sim.Fault) {
	t.Helper()
	if err := r.Fault(f); err != nil {
		t.Fatal(err)
	}
}
