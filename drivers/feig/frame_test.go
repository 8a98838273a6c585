package feig

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"nightdesk/drivers"
)

// vector is one frame of testdata/feig.json, which names each one's origin.
type vector struct {
	ID      string `json:"id"`
	Hex     string `json:"hex"`
	CRCok   bool   `json:"crc_ok"`
	Meaning string `json:"meaning"`
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	b, err := os.ReadFile("testdata/feig.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]vector{}
	for _, v := range file.Vectors {
		all[strings.TrimPrefix(v.ID, "feig/")] = v
	}
	if len(all) < 31 {
		t.Fatalf("got %d vectors, want 31", len(all))
	}
	return all
}

func TestEveryVectorIsAFrame(t *testing.T) {
	for id, v := range vectors(t) {
		b := unhex(t, v.Hex)
		n, err := Split(b)
		if !v.CRCok {
			if !errors.Is(err, errChecksum) {
				t.Errorf("%s: got length %d and %v, want %v", id, n, err, errChecksum)
			}
			continue
		}
		if n != len(b) || err != nil {
			t.Errorf("%s: got length %d and %v, want %d", id, n, err, len(b))
			continue
		}
		f, err := parse(b)
		if err != nil || !bytes.Equal(f.bytes(), b) {
			t.Errorf("%s: got %X and %v when written again, want %X", id, f.bytes(), err, b)
		}
		for i := range b {
			if n, err := Split(b[:i]); n != 0 || err != nil {
				t.Errorf("%s: %d bytes of it: got length %d and %v, want 0", id, i, n, err)
			}
		}
		if n, err := Split(append(b, 0xFF, 0xFF)); n != len(b) || err != nil {
			t.Errorf("%s with more behind it: got length %d and %v, want %d", id, n, err, len(b))
		}
	}
}

// The check value of the catalogue of parametrised CRC algorithms for
// CRC-16/MCRF4XX, which this one is.
func TestCRC(t *testing.T) {
	if got := crc([]byte("123456789")); got != 0x6F91 {
		t.Errorf("got %04X, want 6F91", got)
	}
}

func TestRequests(t *testing.T) {
	all := vectors(t)
	book := drivers.UID{0xE0, 0x04, 0x01, 0x00, 0x31, 0x26, 0x91, 0x17}
	for _, test := range []struct {
		got  []byte
		want string // a vector's name, or the bytes
	}{
		{request(opDetect), "baud-detect"},
		{request(opVersion), "sw-version"},
		{request(opRFReset), "rf-reset"},
		{request(opInventory, fresh), "inv-req"},
		{request(opInventory, more), "inv-more"},
		{request(opRead, to(book, 0, 8)...), "read8"},
		// Computed from the layouts in the manual, as the vectors file does.
		{request(opWriteAFI, to(book, 0x07)...), "10 FF B0 27 01 E0 04 01 00 31 26 91 17 07 50 39"},
		{request(opWriteAFI, to(book, 0xC2)...), "10 FF B0 27 01 E0 04 01 00 31 26 91 17 C2 F1 A8"},
		{request(opConfig), withCRC("06 FF 80 05")},
		{request(opInfo, to(book)...), withCRC("0F FF B0 2B 01 E0 04 01 00 31 26 91 17")},
		{frame{advanced: true, addr: 0xFF, code: 0xB0, body: []byte{1, 0}}.bytes(), "adv-inv"},
	} {
		want := test.want
		if v, ok := all[want]; ok {
			want = v.Hex
		}
		if !bytes.Equal(test.got, unhex(t, want)) {
			t.Errorf("%s: got % X, want %s", test.want, test.got, want)
		}
	}
}

// withCRC adds the checksum to bytes that no vector covers.
func withCRC(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	sum := crc(b)
	return hex.EncodeToString(append(b, byte(sum), byte(sum>>8)))
}

func TestAnswers(t *testing.T) {
	all := vectors(t)
	answer := func(id string) reply {
		r, err := parseReply(unhex(t, all[id].Hex))
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		return r
	}
	for id, want := range map[string]byte{
		"inv-none": 0x01, "inv-81": 0x81, "inv-1": 0x00, "inv-1b": 0x00, "cpu-reset-ok": 0x00,
		"baud-ok": 0x00, "read8-resp": 0x00, "write-ok": 0x00, "write-iso-err": 0x95,
	} {
		if got := answer(id).status; got != want {
			t.Errorf("%s: got status %02X, want %02X", id, got, want)
		}
	}
	for id, want := range map[string]string{"inv-1": "E01680FF08005024", "inv-1b": "E01680FF08004FBC"} {
		got, err := parseInventory(answer(id).data)
		if err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: got %v and %v, want %s", id, got, err, want)
		}
	}
	// The captured 3M 501 book of the tag vectors, each block turned round.
	want := unhex(t, "01001104 32303331 39393930 00003939 00000000 00000000 00000000 00000000")
	got, err := parseBlocks(answer("read8-resp").data, 8)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read8-resp: got % X and %v, want % X", got, err, want)
	}
	var refused drivers.TagError
	if err := answer("write-iso-err").tagErr(); !errors.As(err, &refused) || refused != 0x12 {
		t.Errorf("write-iso-err: got %v, want tag error 12", err)
	}
}

func TestNames(t *testing.T) {
	all := vectors(t)
	for _, test := range []struct {
		cmd, reply string
		want       bool
	}{
		{"inv-req", "inv-none", true},
		{"read8", "read8-resp", true},
		{"baud-detect", "inv-none", false},
		{"inv-req", "baud-ok", false},
		{"inv-req", "bad-crc", false},
		{"sw-version", "sw-version", false}, // an echo has no status
	} {
		if got := names(unhex(t, all[test.cmd].Hex), unhex(t, all[test.reply].Hex)); got != test.want {
			t.Errorf("%s answers %s: got %v, want %v", test.reply, test.cmd, got, test.want)
		}
	}
}

func TestNoSuchFrame(t *testing.T) {
	for _, s := range []string{"00", "01", "03 FF 00", "04 FF 00 00", "02 00 06", "02 FF FF"} {
		if n, err := Split(unhex(t, s)); !errors.Is(err, errLength) {
			t.Errorf("%s: got length %d and %v, want %v", s, n, err, errLength)
		}
	}
}

func TestLongFramesAreAdvanced(t *testing.T) {
	for body, want := range map[int]byte{250: 255, 251: stx} {
		b := frame{code: 0xB0, body: make([]byte, body)}.bytes()
		if b[0] != want {
			t.Errorf("body of %d bytes: got %02X first, want %02X", body, b[0], want)
		}
		if f, err := parse(b); err != nil || len(f.body) != body {
			t.Errorf("body of %d bytes: got %d and %v when read again", body, len(f.body), err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Split(b)
		if n < 0 || n > len(b) || err != nil && n != 0 {
			t.Fatalf("got length %d of %d and %v", n, len(b), err)
		}
		if n == 0 {
			return
		}
		got, err := parse(b[:n])
		if err != nil {
			t.Fatalf("a frame of Split is none for parse: %v", err)
		}
		if again := got.bytes(); !bytes.Equal(again, b[:n]) {
			t.Errorf("got % X when written again, want % X", again, b[:n])
		}
	})
}

// Whatever a reader answers, what comes out of it is bounded by what went in.
func FuzzAnswers(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if uids, err := parseInventory(b); err == nil && len(uids) > len(b)/setLength {
			t.Errorf("got %d tags out of %d bytes", len(uids), len(b))
		}
		for _, n := range []int{1, 8, 32} {
			if data, err := parseBlocks(b, n); err == nil && (len(data) > mostBytes || len(data)%n != 0) {
				t.Errorf("got %d bytes for %d blocks", len(data), n)
			}
		}
		if info, err := parseInfo(b); err == nil && (info.BlockSize < 1 || info.BlockSize > 256) {
			t.Errorf("got blocks of %d bytes", info.BlockSize)
		}
		if r, err := parseReply(b); err == nil {
			_, _ = identity(r).String(), newOnly(r)
			_, _ = r.err(), r.tagErr()
		}
	})
}
