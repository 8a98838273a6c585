package rfid501

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/rfid501_3m.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID, Hex string
			Decode  json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, v := range file.Vectors {
		var want struct {
			Item, Total int
			Type        byte
			Content     string
		}
		switch {
		case v.Hex == "": // a list of tags without their memory
		case json.Unmarshal(v.Decode, &want) != nil: // prose: blank
			if !Blank(unhex(t, v.Hex)) {
				t.Errorf("%s: got not blank", v.ID)
			}
		default:
			got, err := Parse(unhex(t, v.Hex))
			if err != nil || got.Item != want.Item || got.Total != want.Total || got.Type != want.Type || got.Barcode != want.Content {
				t.Errorf("%s: got %+v, %v, want %+v", v.ID, got, err, want)
			}
			read++
		}
	}
	if read < 2 {
		t.Errorf("got %d tags read, want 2", read)
	}
}

// From the test suite of koha-rfid-go, as the reference text quotes it.
func TestNumbers(t *testing.T) {
	data := unhex(t, "04110000"+hex.EncodeToString([]byte("200901010123"))+"00000000 FFFFFFFF 7FFFFFFF 00000000")
	got, err := Parse(data)
	want := Tag{Item: 1, Total: 1, Barcode: "200901010123", Branch: 0xFFF, Library: 0xFFFFF, Custom: 0x7FFFFFFF}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestParseRefuses(t *testing.T) {
	good := "04230006 31333032303939393939000000000000 00000000 00000000 00000000"
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"good", good, nil},
		{"short", good[:60], ErrForeign},
		{"other mark", "05" + good[2:], ErrForeign},
		{"text for a type", "04230031" + good[8:], ErrForeign},
		{"byte 2", "04230106" + good[8:], ErrForeign},
		{"spare block", good[:len(good)-1] + "1", ErrForeign},
		{"item 3 of 2", "04320006" + good[8:], ErrSet},
		{"item 0", "04010006" + good[8:], ErrSet},
		{"no barcode", "04110001" + strings.Repeat("00", 28), ErrBarcode},
		{"control character", strings.Replace(good, "3939", "3907", 1), ErrBarcode},
		{"text after NUL", strings.Replace(good, "0000 0000", "0031 0000", 1), ErrBarcode},
		{"high bit", strings.Replace(good, "3939", "39B9", 1), ErrBarcode},
	} {
		if _, err := Parse(unhex(t, c.hex)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestBlank(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      bool
	}{
		{"zeros", strings.Repeat("00", 32), true},
		{"3M's filling", strings.Repeat("55", 24) + strings.Repeat("00", 8), true},
		{"filling throughout", strings.Repeat("55", 32), true},
		{"one block", "55555555", false},
		{"five blocks of filling", strings.Repeat("55", 20) + strings.Repeat("00", 12), false},
		{"a bit set", strings.Repeat("00", 31) + "01", false},
		{"nothing", "", false},
	} {
		if got := Blank(unhex(t, c.hex)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTypeName(t *testing.T) {
	for code, want := range map[byte]string{0: "other", 1: "book", 6: "CD", 10: "unknown", 13: "book and audio tape", 15: "unknown"} {
		if got := TypeName(code); got != want {
			t.Errorf("type %d: got %q, want %q", code, got, want)
		}
	}
}

// printTag is the other direction of Parse, for the law only.
func printTag(t Tag) []byte {
	out := make([]byte, Size)
	out[0], out[1], out[3] = mark, byte(t.Item<<4|t.Total), t.Type
	copy(out[barcodeAt:barcodeEnd], t.Barcode)
	binary.BigEndian.PutUint32(out[barcodeEnd:], uint32(t.Branch<<20|t.Library))
	binary.BigEndian.PutUint32(out[customAt:], uint32(t.Custom))
	return out
}

func TestPrintsAndParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Tag{
			Total:   rapid.IntRange(1, 15).Draw(t, "total"),
			Type:    byte(rapid.IntRange(0, 15).Draw(t, "type")),
			Barcode: rapid.StringMatching(`[!-~]{1,16}`).Draw(t, "barcode"),
			Branch:  rapid.IntRange(0, 0xFFF).Draw(t, "branch"),
			Library: rapid.IntRange(0, 0xFFFFF).Draw(t, "library"),
			Custom:  rapid.Int32().Draw(t, "custom"),
		}
		want.Item = rapid.IntRange(1, want.Total).Draw(t, "item")
		image := printTag(want)
		got, err := Parse(image)
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
		if again := printTag(got); string(again) != string(image) {
			t.Fatalf("got % x, want % x", again, image)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(unhex(f, "04110001 31333032 30393939 39390000 00000000 00000000 00000000 00000000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tag, err := Parse(data)
		if err == nil && (tag.Barcode == "" || tag.Item < 1 || tag.Item > tag.Total) {
			t.Errorf("got %+v", tag)
		}
		if err == nil && Blank(data) {
			t.Error("got both a tag and a blank one")
		}
	})
}
