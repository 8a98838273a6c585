package iso15693_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"nightdesk/drivers"
	"nightdesk/drivers/iso15693"
)

type vector struct {
	ID    string              `json:"id"`
	Hex   string              `json:"hex"`
	CRCOK bool                `json:"crc_ok"`
	Text  string              `json:"text"`
	CRC   string              `json:"crc_iso15693"`
	UIDs  []drivers.UID       `json:"uids"`
	Slots map[string][]string `json:"slot_by_low_nibble"`
}

// vectors are the frames of testdata/iso15693.json, each with its own origin.
func vectors(t testing.TB) map[string]vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/iso15693.json")
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

var (
	book  = drivers.UID{0xE0, 0x04, 0x01, 0x00, 0x31, 0x26, 0x91, 0x17}
	loud  = drivers.AFI(0x07)
	quiet = drivers.AFI(0xC2)
)

func TestEveryFrameHasItsCRC(t *testing.T) {
	for id, v := range vectors(t) {
		if v.Hex == "" {
			continue
		}
		frame := unhex(t, v.Hex)
		body, err := iso15693.Open(frame)
		if (err == nil) != v.CRCOK {
			t.Errorf("%s: got %v, want CRC ok %v", id, err, v.CRCOK)
			continue
		}
		if got := iso15693.Seal(bytes.Clone(body)); !bytes.Equal(got, frame) {
			t.Errorf("%s: got % X, want % X", id, got, frame)
		}
		frame[0] ^= 0x40
		if _, err := iso15693.Open(frame); !errors.Is(err, iso15693.ErrCRC) {
			t.Errorf("%s with a turned bit: got %v, want %v", id, err, iso15693.ErrCRC)
		}
	}
}

func TestCheckValue(t *testing.T) {
	v := vectors(t)["crc/check"]
	if got := fmt.Sprintf("0x%04X", iso15693.CRC([]byte(v.Text))); got != v.CRC {
		t.Errorf("got %v, want %v", got, v.CRC)
	}
}

func TestRequests(t *testing.T) {
	v := vectors(t)
	for id, got := range map[string][]byte{
		"15693/inv1":         iso15693.Inventory(false, nil, iso15693.Mask{}),
		"15693/inv16-afi07":  iso15693.Inventory(true, &loud, iso15693.Mask{}),
		"15693/inv1-afiC2":   iso15693.Inventory(false, &quiet, iso15693.Mask{}),
		"15693/inv16-mask4":  iso15693.Inventory(true, nil, iso15693.Mask{Bits: 4, Value: 7}),
		"15693/inv16-mask12": iso15693.Inventory(true, nil, iso15693.Mask{Bits: 12, Value: 0x117}),
		"15693/quiet":        iso15693.Request(iso15693.CmdStayQuiet, book, 0),
		"15693/read1":        iso15693.Request(iso15693.CmdReadOne, book, 0, 0),
		"15693/write1":       iso15693.Request(iso15693.CmdWriteOne, book, 0, 0, 0x11, 1, 1, 0x31),
		"15693/write1-ti":    iso15693.Request(iso15693.CmdWriteOne, book, iso15693.Option, 0, 0x11, 1, 1, 0x31),
		"15693/afi07":        iso15693.Request(iso15693.CmdWriteAFI, book, 0, 0x07),
		"15693/afiC2":        iso15693.Request(iso15693.CmdWriteAFI, book, 0, 0xC2),
		"15693/dsfid06":      iso15693.Request(iso15693.CmdWriteDSFID, book, 0, 0x06),
		"15693/sysinfo":      iso15693.Request(iso15693.CmdInfo, book, 0),
		"15693/select":       iso15693.Request(iso15693.CmdSelect, book, 0),
		"15693/eas-set":      iso15693.Custom(0xA2, 0x04, book),
		"15693/eas-reset":    iso15693.Custom(0xA3, 0x04, book),
		"15693/set-password": iso15693.Custom(0xB3, 0x04, book, 0x10, 0x12, 0x34, 0x12, 0x34),
	} {
		if want := unhex(t, v[id].Hex); !bytes.Equal(got, want) {
			t.Errorf("%s: got % X, want % X", id, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	v := vectors(t)
	uid, dsfid, err := iso15693.Found(unhex(t, v["15693/inv-resp"].Hex))
	if uid != book || dsfid != 0 || err != nil {
		t.Errorf("inventory: got %v, %02X and %v, want %v, 00 and no error", uid, dsfid, err, book)
	}
	data, err := iso15693.Answer(unhex(t, v["15693/read1-resp"].Hex))
	if want := []byte{0x04, 0x11, 0x00, 0x01}; !bytes.Equal(data, want) || err != nil {
		t.Errorf("read: got % X and %v, want % X", data, err, want)
	}
	if _, err := iso15693.Answer(unhex(t, v["15693/ok"].Hex)); err != nil {
		t.Errorf("ok: got %v, want no error", err)
	}
	if _, err := iso15693.Answer(unhex(t, v["15693/err12"].Hex)); !errors.Is(err, drivers.TagError(0x12)) {
		t.Errorf("locked: got %v, want %v", err, drivers.TagError(0x12))
	}
}

func TestInfo(t *testing.T) {
	v := vectors(t)
	ti := drivers.UID{0xE0, 0x07, 0, 0, 0x06, 0xD6, 0xAD, 0x6E}
	for id, want := range map[string]drivers.TagInfo{
		"15693/sysinfo-resp-ti":   {UID: ti, BlockSize: 4, Blocks: 64, ICRef: 0x88},
		"15693/sysinfo-resp-slix": {UID: book, DSFID: 0x06, AFI: 0x07, BlockSize: 4, Blocks: 28, ICRef: 0x01},
	} {
		if got, err := iso15693.Info(unhex(t, v[id].Hex)); got != want || err != nil {
			t.Errorf("%s: got %+v and %v, want %+v", id, got, err, want)
		}
	}
	short := iso15693.Seal(append([]byte{0x00, 0x0F}, make([]byte, 10)...))
	if got, err := iso15693.Info(short); !errors.Is(err, iso15693.ErrShort) {
		t.Errorf("fields missing: got %+v and %v, want %v", got, err, iso15693.ErrShort)
	}
}

func TestSlots(t *testing.T) {
	v := vectors(t)["15693/slots"]
	got := map[string][]string{}
	for _, uid := range v.UIDs {
		slot, _ := iso15693.Mask{}.Slot(uid)
		name := fmt.Sprintf("%X", slot)
		got[name] = append(got[name], uid.String())
	}
	if fmt.Sprint(got) != fmt.Sprint(v.Slots) {
		t.Errorf("got %v, want %v", got, v.Slots)
	}
}

// Following a tag's own slots must name its whole UID and nothing else.
func FuzzNarrowing(f *testing.F) {
	f.Add(book[:], byte(3))
	f.Add([]byte{0xE0, 4, 0, 0, 0, 0, 0, 0}, byte(15))
	f.Fuzz(func(t *testing.T, raw []byte, at byte) {
		if len(raw) != 8 {
			return
		}
		uid, other := drivers.UID(raw), drivers.UID(raw)
		other[7-at%16/2] ^= 1 << (at % 2 * 4) // differs in nibble at
		var m iso15693.Mask
		for range 15 {
			slot, fits := m.Slot(uid)
			if !fits {
				t.Fatalf("mask %+v: %v does not fit its own mask", m, uid)
			}
			m, _ = m.Narrow(slot)
		}
		if _, more := m.Narrow(0); more || m.Bits != iso15693.MaxBits {
			t.Errorf("got a mask of %d bits that narrows further (%v), want %d and an end", m.Bits, more, iso15693.MaxBits)
		}
		one, _ := m.Slot(uid)
		two, fits := m.Slot(other)
		if fits && one == two {
			t.Errorf("%v and %v share a slot under %+v", uid, other, m)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 300 {
			return
		}
		frame := iso15693.Seal(bytes.Clone(body))
		_, _ = iso15693.Info(frame)
		_, _, _ = iso15693.Found(frame)
		if data, err := iso15693.Answer(frame); err == nil && len(data) != len(body)-1 {
			t.Errorf("got %d bytes of answer from %d", len(data), len(body))
		}
	})
}
