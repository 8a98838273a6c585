package iso28560

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

type basicVector struct {
	ID, Hex string
	Decode  json.RawMessage
}

type basicDecode struct {
	Usage  byte   `json:"type_of_usage"`
	Parts  int    `json:"parts"`
	Part   int    `json:"part"`
	PII    string `json:"pii"`
	ISIL   string `json:"isil"`
	Stored string `json:"crc_stored"`
	Ext    []struct {
		ID       int    `json:"id"`
		Len      int    `json:"len"`
		Media    int    `json:"media_format"`
		Supplier string `json:"supplier"`
		Product  string `json:"product_id"`
		Invoice  string `json:"supplier_invoice"`
		Payload  string `json:"payload"`
	} `json:"ext"`
}

// vectors whose "decode" is prose
var basicSpecial = map[string]func(*testing.T, []byte){
	"28560-3/blank-zero-34": func(t *testing.T, data []byte) {
		if _, err := ParseBasic(data); !errors.As(err, new(EmptyError)) {
			t.Errorf("got %v, want EmptyError", err)
		}
	},
	"28560-3/blank-no-crc": wantCRCError,
	"28560-3/corrupt":      wantCRCError,
	"28560-3/ambiguous-0x21": func(t *testing.T, data []byte) {
		b, err := ParseBasic(data)
		if err != nil || b.Usage != NotCirculating || b.Version != 1 || b.Flags[0] != FlagNibbles {
			t.Errorf("got %+v, %v, want the safer reading, flagged", b, err)
		}
	},
	"28560-3/crc-check-string": func(t *testing.T, data []byte) {
		if got := CRC(data); got != 0x1AEE {
			t.Errorf("got %04X, want 1AEE", got)
		}
	},
}

func wantCRCError(t *testing.T, data []byte) {
	for _, d := range [][]byte{data, Reverse(data, 4)} {
		if _, err := ParseBasic(d); !errors.As(err, new(CRCError)) {
			t.Errorf("got %v, want CRCError", err)
		}
	}
}

func TestBasicVectors(t *testing.T) {
	var file struct{ Vectors []basicVector }
	load(t, "testdata/iso28560_3.json", &file)
	special := 0
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			data := unhex(t, v.Hex)
			if check := basicSpecial[v.ID]; check != nil {
				special++
				check(t, data)
				return
			}
			var want basicDecode
			if err := json.Unmarshal(v.Decode, &want); err != nil {
				t.Fatal(err)
			}
			checkBasic(t, data, want)
		})
	}
	if special != len(basicSpecial) || len(file.Vectors) <= special {
		t.Errorf("got %d special of %d vectors, want %d", special, len(file.Vectors), len(basicSpecial))
	}
}

func checkBasic(t *testing.T, data []byte, want basicDecode) {
	b, err := ParseBasic(data)
	if err != nil {
		t.Fatal(err)
	}
	if want.Parts == 0 {
		want.Parts, want.Part = 1, 1 // the vector does not say
	}
	if b.Version != 1 || b.Usage != want.Usage || b.Parts != want.Parts || b.Part != want.Part ||
		b.PII != want.PII || b.Owner != want.ISIL {
		t.Errorf("got %+v, want %+v", b, want)
	}
	if crc, _ := strconv.ParseUint(want.Stored, 0, 16); want.Stored != "" && b.CRC != uint16(crc) {
		t.Errorf("got CRC %04X, want %s", b.CRC, want.Stored)
	}
	if len(b.Extensions) != len(want.Ext) || len(b.Flags) != 0 || b.Need != 0 {
		t.Fatalf("got %d extensions, flags %q, need %d, want %d, none, 0", len(b.Extensions), b.Flags, b.Need, len(want.Ext))
	}
	for i, w := range want.Ext {
		e := b.Extensions[i]
		if e.ID != w.ID || len(e.Raw)+extHeader != w.Len || w.Payload != "" && hex.EncodeToString(e.Raw) != w.Payload {
			t.Errorf("got extension %+v, want %+v", e, w)
		}
		if f := e.Fields; f["supplier"] != w.Supplier || f["product_id"] != w.Product || f["supplier_invoice"] != w.Invoice ||
			w.Media != 0 && f["media_format"] != strconv.Itoa(w.Media) {
			t.Errorf("got fields %v, want %+v", f, w)
		}
	}
}

type dataVector struct {
	ID, Hex, Text string
	Compaction    *int
	Length        *int
	Elements      []struct {
		Offset, OID, Compaction, Pad, Length int
		Data, Value                          string
	}
}

func TestDataVectors(t *testing.T) {
	var file struct{ Vectors []dataVector }
	load(t, "testdata/iso28560_2.json", &file)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			data := unhex(t, v.Hex)
			switch {
			case v.Length != nil:
				r := byteReader{data: data}
				if got := r.length(); got != *v.Length || r.at != len(data) {
					t.Errorf("got length %d in %d bytes, want %d in %d", got, r.at, *v.Length, len(data))
				}
			case v.Elements != nil:
				checkElements(t, data, v)
			case v.Compaction != nil:
				if got, err := Expand(Compaction(*v.Compaction), data); err != nil || got != v.Text {
					t.Errorf("got %q, %v, want %q", got, err, v.Text)
				}
			case strings.HasPrefix(v.ID, "isil/"):
				if got := ISIL(data); got != v.Text {
					t.Errorf("got %q, want %q", got, v.Text)
				}
			default:
				t.Error("no check for this vector")
			}
		})
	}
}

func checkElements(t *testing.T, data []byte, v dataVector) {
	w, err := Walk(data)
	if err != nil || len(w.List) != len(v.Elements) {
		t.Fatalf("got %d elements, %v, want %d", len(w.List), err, len(v.Elements))
	}
	for i, want := range v.Elements {
		e := w.List[i]
		if e.Offset != want.Offset || e.OID != want.OID || int(e.Compaction) != want.Compaction || e.Pad != want.Pad ||
			len(e.Data) != want.Length || hex.EncodeToString(e.Data) != want.Data || e.Value != want.Value || e.Fault != nil {
			t.Errorf("got %+v, want %+v", e, want)
		}
	}
}

// Examples that the reference text prints and the vector file does not hold:
// a memory dump of a deployed kiosk (Mikkeli) and ISO 28560-2 Annex D.
func TestDataExamples(t *testing.T) {
	for _, c := range []struct {
		name, hex, pii, owner string
		usage                 byte
		parts, part           int
	}{
		{"mikkeli", "91 01 04 6091CE43 80 02 01 A8 05 01 10 67 02 4241 03 07 3240DE05AB075B 00", "1620168259", "FI-Mamk-M", 0x10, 1, 1},
		{"annex D", "91 00 05 1CBE991A14 02 01 D0 14 02 04B3 46 07 441CB6E2E335D6 83 02 07 ACC09EBAA06F6B 0000", "123456789012", "US-InU-Mu", 0, 12, 3},
	} {
		d, err := ParseData(unhex(t, c.hex))
		if err != nil || d.PII != c.pii || d.Owner != c.owner || d.Usage != c.usage || d.Parts != c.parts || d.Part != c.part || !d.Proven {
			t.Errorf("%s: got %+v, %v", c.name, d, err)
		}
	}
}

func TestCRCCheckValues(t *testing.T) {
	for text, want := range map[string]uint16{"123456789": 0x29B1, "RFID tag data model": 0x1AEE} {
		if got := CRC([]byte(text)); got != want {
			t.Errorf("CRC(%q): got %04X, want %04X", text, got, want)
		}
	}
}
