package sim

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

type vector struct {
	ID    string `json:"id"`
	Hex   string `json:"hex"`
	CRCOK bool   `json:"crc_ok"`
}

// vectors are the frames of testdata/feig.json, each with its own origin.
func vectors(t testing.TB) map[string]vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/feig.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	m := map[string]vector{}
	for _, v := range file.Vectors {
		m[v.ID] = v
	}
	return m
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesBothWays(t *testing.T) {
	for id, v := range vectors(t) {
		b := unhex(t, v.Hex)
		f, ok := parse(b)
		if ok != v.CRCOK {
			t.Errorf("%s: got a frame %v, want %v", id, ok, v.CRCOK)
		}
		if !ok {
			continue
		}
		if got := f.bytes(); !bytes.Equal(got, b) {
			t.Errorf("%s: got % X, want % X", id, got, b)
		}
		for n := range b {
			if l := length(b[:n]); l != 0 && l != len(b) {
				t.Errorf("%s: %d bytes of it say length %d, want %d", id, n, l, len(b))
			}
			if _, ok := parse(b[:n]); ok {
				t.Errorf("%s: %d bytes of it pass for a frame", id, n)
			}
		}
	}
}

func TestLongAnswerIsAdvanced(t *testing.T) {
	b := frame{command: 0xB0, data: make([]byte, 251)}.bytes()
	if b[0] != advMark || len(b) != 251+advAround {
		t.Errorf("got %d bytes beginning with %02X, want %d beginning with 02", len(b), b[0], 251+advAround)
	}
	if _, ok := parse(b); !ok {
		t.Error("it is no frame")
	}
	if b = (frame{data: make([]byte, 250)}).bytes(); b[0] != 0xFF {
		t.Errorf("got a first byte %02X for 255 bytes, want FF", b[0])
	}
}

// What parses is printed as it was; what is printed parses.
func FuzzFrame(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := parse(b); ok {
			if !bytes.Equal(got.bytes(), b) {
				t.Errorf("got % X, want % X", got.bytes(), b)
			}
		}
		if len(b) > 900 {
			return
		}
		made := frame{address: 1, command: 2, data: b}.bytes()
		got, ok := parse(made)
		if !ok || !bytes.Equal(got.data, b) {
			t.Errorf("data % X came back as % X, %v", b, got.data, ok)
		}
	})
}
