package label

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type vector struct {
	ID, Hex  string
	Elements []json.RawMessage
}

func vectors(t testing.TB, file string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Vectors []vector }
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, v := range v.Vectors {
		out[v.ID] = unhex(t, v.Hex)
	}
	return out
}

// item is what most labels are.
func item(model, id, owner string, usage byte) Label {
	l := Label{Model: model, Kind: KindItem, Item: id, Owner: owner, Usage: usage, Parts: 1, Part: 1, CRC: CRCNone}
	if model == Model3 {
		l.CRC = CRCOK
	}
	return l
}

func of(l Label, change func(*Label)) Label {
	change(&l)
	return l
}

// What the desk sees of every tag among the vectors.
var wantVectors = map[string]Label{
	"28560-3/annexB1":             item(Model3, "1000000056", "DK-718500", 0x10),
	"28560-3/annexB2":             item(Model3, "1000000136", "DK-718500", 0x10),
	"28560-3/lainuri-mv":          item(Model3, "1620154429", "FI-Mamk-M", 0x10),
	"28560-3/libdanrfid-32B":      item(Model3, "11223344", "DE-705", 0x10),
	"28560-3/set-2of3":            of(item(Model3, "30234000517861", "FI-Jns", 0x10), func(l *Label) { l.Parts, l.Part = 3, 2 }),
	"28560-3/reference-only-32B":  item(Model3, "0012345678", "DE-1", 0x20),
	"28560-3/patron-card":         of(item(Model3, "23529000035676", "FI-Jns", 0x80), func(l *Label) { l.Kind = KindCard }),
	"28560-3/ambiguous-0x21":      of(item(Model3, "1000000056", "DK-718500", 0x20), func(l *Label) { l.Flags = []string{"possibly swapped nibbles"} }),
	"15962/annexP-as-transcribed": of(item(Model2, "12345678912345678", "", 0), func(l *Label) { l.Need = 44 }),
	"28560-2/computed-1":          item(Model2, "30234000517861", "DK-718500", 0x10),
	"28560-2/computed-2":          of(item(Model2, "0012345", "", 0x20), func(l *Label) { l.Parts, l.Part = 3, 2 }),
	"28560-2/computed-3":          of(item(Model2, "Ž-12", "", 0), func(l *Label) { l.Need = 16 }),
	"501/book":                    item(Model501, "1302099999", "", 0),
	"501/patron":                  item(Model501, "200000000042", "", 0),
}

var wantErrors = map[string]error{
	"28560-3/blank-zero-34": ErrBlank,
	"28560-3/blank-no-crc":  ErrBlank,
	"501/blank-3m":          ErrBlank,
	"28560-3/corrupt":       ErrCorrupt{What: "28560-3 CRC is A498 on the tag but B1FE over its bytes, in either byte order"},
}

func TestVectors(t *testing.T) {
	seen := 0
	for _, file := range []string{"iso28560_3.json", "iso28560_2.json", "rfid501_3m.json"} {
		for id, data := range vectors(t, file) {
			want, label := wantVectors[id]
			wantErr, bad := wantErrors[id]
			if !label && !bad {
				continue // a piece of a tag: its format's own test has it
			}
			seen++
			for order, data := range map[string][]byte{Forward: data, Reversed: iso28560.Reverse(data, 4)} {
				got, err := Decode(drivers.Tag{BlockSize: 4, Data: data}, Options{})
				if bad {
					if !errors.Is(err, wantErr) {
						t.Errorf("%s %s: got %v, want %v", id, order, err, wantErr)
					}
					continue
				}
				want.Order, got.Extensions = order, nil
				if d := cmp.Diff(want, got); d != "" || err != nil {
					t.Errorf("%s %s: %v\n%s", id, order, err, d)
				}
			}
		}
	}
	if seen != len(wantVectors)+len(wantErrors) {
		t.Errorf("got %d vectors, want %d", seen, len(wantVectors)+len(wantErrors))
	}
}

func TestExtensions(t *testing.T) {
	for _, c := range []struct {
		file, id string
		want     []Extension
	}{
		{"iso28560_3.json", "28560-3/annexB2", []Extension{
			{1, "library", map[string]string{"media_format": "1"}, "01"},
			{2, "acquisition", map[string]string{"supplier": "Bogvognen", "product_id": "1234567890", "supplier_invoice": "a789656c"},
				"426f67766f676e656e003132333435363738393000006137383936353663"},
		}},
		{"iso28560_3.json", "28560-3/lainuri-mv", []Extension{{101, "private", map[string]string{}, "7461"}}},
		{"iso28560_2.json", "28560-2/computed-2", []Extension{{8, "marc_media", map[string]string{"value": "AM"}, "414d"}}},
		{"rfid501_3m.json", "501/book", []Extension{
			{0, "rfid501", map[string]string{"type": "book", "branch": "0", "library": "0", "custom": "0"}, ""}}},
	} {
		got, err := Decode(drivers.Tag{Data: vectors(t, c.file)[c.id]}, Options{})
		if d := cmp.Diff(c.want, got.Extensions); d != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.id, err, d)
		}
	}
}

// padded fills an image up to a whole tag.
func padded(image []byte, size int) []byte {
	return append(image, make([]byte, max(0, size-len(image)))...)
}

func TestKinds(t *testing.T) {
	const pii3 = "01 01 3132333435363738 0000000000000000 0000 4445373035 0000000000000000"
	const pii2 = "21 04 12345678 02 01 20 05 01"
	for _, c := range []struct {
		name, hex string
		usage     byte
		kind      string
	}{
		{"acquisition", "10" + pii3, 0x00, KindOther},
		{"circulation", "11" + pii3, 0x10, KindItem},
		{"not for loan", "12" + pii3, 0x20, KindItem},
		{"local", "13" + pii3, 0x30, KindItem},
		{"not told", "16" + pii3, 0x60, KindItem},
		{"discarded", "17" + pii3, 0x70, KindOther},
		{"borrower", "18" + pii3, 0x80, KindCard},
		{"equipment", "19" + pii3, 0x90, KindOther},
		{"not assigned", "1A" + pii3, 0xA0, KindOther},
		{"borrower, swapped", "81" + pii3, 0x80, KindCard},
		{"acquisition", pii2 + "01 00", 0x01, KindOther},
		{"no offline issue", pii2 + "13 00", 0x13, KindItem},
		{"no offline return", pii2 + "14 00", 0x14, KindItem},
		{"sold", pii2 + "72 00", 0x72, KindOther},
		{"borrower", pii2 + "80 00", 0x80, KindCard},
		{"child", pii2 + "83 00", 0x83, KindCard},
		{"projector", pii2 + "92 00", 0x92, KindOther},
		{"not told", "21 04 12345678 00", 0x00, KindItem},
	} {
		data := padded(unhex(t, c.hex), 36)
		if data[1] == 1 {
			sign(data)
		}
		for _, data := range [][]byte{data, iso28560.Reverse(data, 4)} {
			l, err := Decode(drivers.Tag{Data: data}, Options{})
			if err != nil || l.Kind != c.kind || l.Usage != c.usage || l.Item != "12345678" {
				t.Errorf("%s: got %#v usage %02X, %v, want %s %02X", c.name, l, l.Usage, err, c.kind, c.usage)
			}
		}
	}
}

// sign puts the right CRC into a 28560-3 image.
func sign(data []byte) []byte {
	var block [iso28560.LongBlock]byte
	copy(block[:], data)
	crc := iso28560.BlockCRC(block)
	data[19], data[20] = byte(crc), byte(crc>>8)
	return data
}

func TestCards501(t *testing.T) {
	o := Options{Cards501: []*regexp.Regexp{regexp.MustCompile(`^2000`)}}
	all := vectors(t, "rfid501_3m.json")
	for id, want := range map[string]string{"501/patron": KindCard, "501/book": KindItem} {
		l, err := Decode(drivers.Tag{Data: all[id]}, o)
		if err != nil || l.Kind != want {
			t.Errorf("%s: got %#v, %v, want %s", id, l, err, want)
		}
	}
}

// A card number must not get out by way of a format verb, a log or an error.
func TestCardNumberStaysIn(t *testing.T) {
	data := slices.Clone(vectors(t, "iso28560_3.json")["28560-3/patron-card"])
	l, err := Decode(drivers.Tag{Data: data}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	data[5] ^= 1
	_, bad := Decode(drivers.Tag{Data: data}, Options{})
	for _, s := range []string{fmt.Sprint(l), fmt.Sprintf("%+v %#v %s", l, l, l), l.LogValue().String(), bad.Error()} {
		if strings.Contains(s, "3529000035676") {
			t.Errorf("got %q", s)
		}
	}
}

func TestErrors(t *testing.T) {
	long33 := "61 21" + strings.Repeat("41", 33) + "00"
	zeros := strings.Repeat("00", 32)
	for _, c := range []struct {
		name, hex string
		dsfid     byte
		want      error
	}{
		{"nothing", "", 0, ErrShort{32}},
		{"four zeros", "00000000", 0, ErrShort{32}},
		{"block cut off", "110101313030303030303035360000000000000098A4444B373138", 0, ErrShort{32}},
		{"noise", "D5A21C7740019B3EE8F00D5A6C2B1F9044A7B3C2D1E0F00112233445566778899AABBCCD", 0, ErrUnknownModel},
		{"noise of a short tag", "D5A21C7740019B3EE8F00D5A6C2B1F9044A7B3C2D1E0F0011223344556677889", 0, ErrUnknownModel},
		{"noise that says it is 28560-2", "D5A21C77" + zeros, 6, ErrCorrupt{"28560-2 identifier is not the first element"}},
		{"RFID 501 without a barcode", "04110001" + zeros, 0, ErrCorrupt{"RFID 501 barcode is not printable and NUL padded"}},
		{"33 characters", long33, 0, ErrCorrupt{"28560-2 identifier is longer than 32 characters"}},
		{"element cut off", "21041234567805011046 07 441C" + "000000", 0, ErrShort{20}},
		{"set of nothing", "21041234567814010A00" + zeros, 0, ErrCorrupt{"28560-2 set information is not parts and part"}},
		{"owner of 17 characters", "2104123456786311" + strings.Repeat("41", 17) + "050110" + "00" + zeros, 0, ErrCorrupt{"28560-2 owner is longer than an ISIL"}},
	} {
		l, err := Decode(drivers.Tag{DSFID: c.dsfid, Data: unhex(t, c.hex)}, Options{})
		if !errors.Is(err, c.want) || l.Item != "" {
			t.Errorf("%s: got %+v, %v, want %v", c.name, l, err, c.want)
		}
	}
}

// A tag that reads equally well in both orders is read only if both say the same.
func TestTwoReadings(t *testing.T) {
	for _, c := range []struct {
		name, hex, item string
	}{
		{"the same", "21 02 02 21 00 00 00 00", "0221"},
		{"only one ends well", "21 02 02 21 00 00 00 12", "0221"},
		{"different identifiers", "21 03 03 21 10 00 00 20", ""},
		{"different usage", "21 02 02 21 05 01 01 05 10 00 00 80", ""},
		{"one says more", "21 02 02 21 05 01 01 00 13 00 00 00", "0221"},
	} {
		data := padded(unhex(t, c.hex), 36)
		var corrupt ErrCorrupt
		for _, data := range [][]byte{data, iso28560.Reverse(data, 4)} {
			l, err := Decode(drivers.Tag{Data: data}, Options{})
			if l.Item != c.item || errors.As(err, &corrupt) != (c.item == "") {
				t.Errorf("%s: got %v, %v, want %q", c.name, l, err, c.item)
			}
		}
	}
}

func TestBlockSizes(t *testing.T) {
	data := padded(vectors(t, "iso28560_3.json")["28560-3/annexB2"], 96)
	for _, size := range []int{1, 2, 4, 8, 16, 32} {
		turned := iso28560.Reverse(data, size)
		byTag, err1 := Decode(drivers.Tag{BlockSize: size, Data: turned}, Options{})
		byOption, err2 := Decode(drivers.Tag{Data: turned}, Options{DefaultBlockSize: size})
		if err1 != nil || err2 != nil || byTag.Item != "1000000136" || byOption.Item != "1000000136" {
			t.Errorf("blocks of %d: got %v, %v, %v, %v", size, byTag, err1, byOption, err2)
		}
	}
	for _, size := range []int{-1, 0, 33, 1 << 40} {
		if l, err := Decode(drivers.Tag{BlockSize: size, Data: iso28560.Reverse(data, 4)}, Options{}); err != nil {
			t.Errorf("a block size of %d: got %v, %v, want blocks of 4", size, l, err)
		}
	}
}
