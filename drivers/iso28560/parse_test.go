package iso28560

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestBasicOddities(t *testing.T) {
	plain := Basic{Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "1000000056", RawOwner: "DK718500"}
	with := func(change func(*Basic)) []byte {
		b := plain
		change(&b)
		return printBasic(b, LongBlock)
	}
	for _, c := range []struct {
		name        string
		data        []byte
		usage       byte
		parts, part int
		owner       string
		flag        string
	}{
		{"as it should be", printBasic(plain, LongBlock), 1, 1, 1, "DK-718500", ""},
		{"ordinal first", with(func(b *Basic) { b.Parts, b.Part = 2, 3 }), 1, 3, 2, "DK-718500", FlagParts},
		{"discarded, nibbles swapped", with(func(b *Basic) { b.Version, b.Usage = 7, 1 }), 7, 1, 1, "DK-718500", FlagNibbles},
		{"card, nibbles swapped", with(func(b *Basic) { b.Version, b.Usage = 8, 1 }), 8, 1, 1, "DK-718500", FlagNibbles},
		{"version 0", with(func(b *Basic) { b.Version, b.Usage = 0, 1 }), 0, 1, 1, "DK-718500", FlagNibbles},
		{"version 3", with(func(b *Basic) { b.Version, b.Usage = 3, 2 }), 2, 1, 1, "DK-718500", "unknown content parameter"},
		{"card without parts", with(func(b *Basic) { b.Usage, b.Parts, b.Part = 8, 0, 0 }), 8, 1, 1, "DK-718500", ""},
		{"hyphen kept", with(func(b *Basic) { b.RawOwner = "DE-705" }), 1, 1, 1, "DE-705", ""},
		{"no country", with(func(b *Basic) { b.RawOwner = "7185" }), 1, 1, 1, "7185", ""},
		{"no owner", with(func(b *Basic) { b.RawOwner = "" }), 1, 1, 1, "", ""},
		{"spaces behind", with(func(b *Basic) { b.PII, b.RawOwner = "1000000056  ", "DK718500 " }), 1, 1, 1, "DK-718500", ""},
		{"old bytes behind", with(func(b *Basic) { b.PII = "1000000056\x00abc" }), 1, 1, 1, "DK-718500", "bytes after the identifier"},
		{"old bytes behind owner", with(func(b *Basic) { b.RawOwner = "DK718500\x00ab" }), 1, 1, 1, "DK-718500", "bytes after the owner"},
	} {
		b, err := ParseBasic(c.data)
		if err != nil || b.PII != "1000000056" || b.Usage != c.usage || b.Parts != c.parts || b.Part != c.part || b.Owner != c.owner {
			t.Errorf("%s: got %+v, %v", c.name, b, err)
		}
		if c.flag == "" && len(b.Flags) > 0 || c.flag != "" && !slices.Contains(b.Flags, c.flag) {
			t.Errorf("%s: got flags %q, want %q", c.name, b.Flags, c.flag)
		}
	}
}

func TestBasicRefuses(t *testing.T) {
	for name, b := range map[string]Basic{
		"no parts":          {Version: 1, Usage: 1, Parts: 0, Part: 0, PII: "1"},
		"part 0":            {Version: 1, Usage: 1, Parts: 3, Part: 0, PII: "1"},
		"control character": {Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "12\x1b4"},
		"not UTF-8":         {Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "12\xff4"},
		"owner in binary":   {Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "124", RawOwner: "DK\x01\x02"},
		"spaces only":       {Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "   "},
	} {
		if _, err := ParseBasic(printBasic(b, LongBlock)); !errors.As(err, new(FieldError)) {
			t.Errorf("%s: got %v, want FieldError", name, err)
		}
	}
}

func TestBasicNeed(t *testing.T) {
	full := Basic{Version: 1, Usage: 1, Parts: 1, Part: 1, PII: "1", RawOwner: "DKabcdefghi"}
	if b, err := ParseBasic(printBasic(full, ShortBlock)); err != nil || b.Need != LongBlock {
		t.Errorf("a full owner: got need %d, %v, want 34", b.Need, err)
	}
	full.RawOwner += "jk"
	image := printBasic(full, LongBlock)
	var bad CRCError
	if _, err := ParseBasic(image[:ShortBlock]); !errors.As(err, &bad) || !bad.Full {
		t.Errorf("a cut owner: got %v, want CRCError with a full owner", err)
	}
	if b, err := ParseBasic(image); err != nil || b.Owner != "DK-abcdefghijk" {
		t.Errorf("got %+v, %v", b, err)
	}
}

func TestChain(t *testing.T) {
	book := "05 01 00 05 01"
	for _, c := range []struct {
		name, hex string
		ids       []int
		flag      string
		need      int
	}{
		{"ends with a zero", book + "00 FF FF", []int{1}, "", 0},
		{"ends with the bytes", book, []int{1}, "", 0},
		{"no blocks", "00", nil, "", 0},
		{"wrong checksum", book + "05 01 00 05 02", []int{1}, "extension checksum wrong", 0},
		{"too short to be a block", book + "03 01 00", []int{1}, "extension chain damaged", 0},
		{"cut off", book + "22 02 00", []int{1}, "extension cut off", 5 + 0x22},
		{"lies about its size", "FF 01", nil, "extension cut off", 255},
		{"filler of 2005", "01 01" + book, []int{1}, "extension filler of the 2005 model", 0},
		{"wide id of 2005", "07 02 FF 01 00 41 BA", []int{0x102}, "extension of the 2005 model", 0},
		{"reserved", "04 09 00 0D", []int{9}, "", 0},
	} {
		got := ParseChain(unhex(t, c.hex))
		var ids []int
		for _, e := range got.Blocks {
			ids = append(ids, e.ID)
		}
		if !slices.Equal(ids, c.ids) || strings.Join(got.Flags, "") != c.flag || got.Need != c.need {
			t.Errorf("%s: got %v, %q, need %d, want %v, %q, %d", c.name, ids, got.Flags, got.Need, c.ids, c.flag, c.need)
		}
	}
}

func TestData(t *testing.T) {
	const pii = "21 03 00 12 3F"
	for _, c := range []struct {
		name, hex   string
		parts, part int
		usage       byte
		flag        string
	}{
		{"alone", pii + "00", 1, 1, 0, ""},
		{"skipped bytes between", pii + "80 80 05 01 13 00", 1, 1, 0x13, ""},
		{"no content parameter, no end", pii + "05 01 13", 1, 1, 0x13, ""},
		{"usage as octets", pii + "65 01 15 00", 1, 1, 0x15, ""},
		{"one of one", pii + "14 01 0B 00", 1, 1, 0, ""},
		{"odd digits", pii + "24 02 30 2F 00", 3, 2, 0, ""},
		{"three digits each", pii + "24 03 12 00 03 00", 120, 3, 0, ""},
		{"set as text", pii + "64 04 31 32 30 33 00", 12, 3, 0, ""},
		{"listed title missing", pii + "02 02 20 02 05 01 10 00", 1, 1, 0x10, "content parameter lists more than there is"},
		{"title not listed", pii + "02 01 20 05 01 10 7F 02 01 41 00", 1, 1, 0x10, "content parameter lists less than there is"},
		{"shelf does not unpack", pii + "02 01 10 36 01 00 00", 1, 1, 0, "element 6 does not unpack"},
		{"padded with 80", "A1 02 03 00 12 3F 80 80 00", 1, 1, 0, ""},
		{"odd padding, but vouched for", "A1 02 03 00 12 3F 80 12 02 01 20 05 01 10 00", 1, 1, 0x10, ""},
		{"plain text identifier", "01 05 30 30 31 32 33 00", 1, 1, 0, "application-defined identifier"},
	} {
		d, err := ParseData(unhex(t, c.hex))
		if err != nil || d.PII != "00123" || d.Parts != c.parts || d.Part != c.part || d.Usage != c.usage {
			t.Errorf("%s: got %+v, %v", c.name, d, err)
		}
		if strings.Join(d.Flags, "") != c.flag {
			t.Errorf("%s: got flags %q, want %q", c.name, d.Flags, c.flag)
		}
	}
}

func TestDataRefuses(t *testing.T) {
	const pii = "21 03 00 12 3F"
	for name, hex := range map[string]string{
		"nothing":                    "",
		"end mark first":             "00" + pii,
		"content parameter first":    "02 01 20" + pii + "05 01 10 00",
		"identifier empty":           "61 00 00",
		"identifier unprintable":     "61 02 31 07 00",
		"identifier undecodable":     "11 01 05 00",
		"identifier twice":           pii + pii + "00",
		"OID 0":                      pii + "10 01 31 00",
		"OID beyond the reserved":    pii + "7F 20 01 31 00",
		"length not shortest":        pii + "05 80 01 10 00",
		"part above parts":           pii + "14 01 0C 00",
		"part 0":                     pii + "14 01 0A 00",
		"300 parts":                  pii + "24 03 30 00 01 00",
		"set in a private packing":   pii + "04 02 0C 03 00",
		"usage of two bytes":         pii + "05 02 10 10 00",
		"usage as a number":          pii + "15 01 10 00",
		"listed usage missing":       pii + "02 01 A0 03 04 21 7D 4E 0B 00",
		"content parameter as text":  pii + "62 01 20 05 01 10 00",
		"unvouched, does not unpack": pii + "36 01 00 00",
		"unvouched, odd padding":     "A1 02 03 00 12 3F 80 12 00",
		"owner does not unpack":      pii + "33 01 00 00",
	} {
		if d, err := ParseData(unhex(t, hex)); !errors.As(err, new(FieldError)) {
			t.Errorf("%s: got %+v, %v, want FieldError", name, d, err)
		}
	}
}

func TestDataNeed(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		need      int
	}{
		{"identifier only", "21 03 00 12 3F", 6},
		{"in the identifier", "21 03 00 12", 5},
		{"in its padding", "A1 02 03 00 12 3F 00", 8},
		{"in a length", "21 03 00 12 3F 7F 02 81", 9},
		{"listed usage to come", "21 03 00 12 3F 02 01 20", 9},
		{"far beyond", "21 FF 7F 00", 16383 + 3},
	} {
		var short ShortError
		_, err := ParseData(unhex(t, c.hex))
		if !errors.As(err, &short) || short.Need != c.need {
			t.Errorf("%s: got %v, want %d bytes needed", c.name, err, c.need)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	f.Add(unhex(f, "11010131303030303030303536000000000000 98A4 444B37313835303000000000000501000501"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBasic(data)
		if err != nil {
			return
		}
		if !Printable(b.PII) || b.Parts < 1 || b.Part < 1 || b.Part > b.Parts || len(b.Extensions) > len(data)/4 {
			t.Errorf("got %+v", b)
		}
	})
}

// FuzzBlock gives every block a right CRC, so that what lies behind it is reached.
func FuzzBlock(f *testing.F) {
	f.Add(unhex(f, "110101313030303030303035360000000000000000444B37313835303000000000000501000501"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < LongBlock {
			return
		}
		block := [LongBlock]byte(data)
		crc := BlockCRC(block)
		data[crcAt], data[crcAt+1] = byte(crc), byte(crc>>8)
		b, err := ParseBasic(data)
		if errors.As(err, new(CRCError)) {
			t.Error("the right CRC is refused")
		}
		if err == nil && (!Printable(b.PII) || b.Part < 1 || b.Part > b.Parts || b.Need != 0 && b.Need <= len(data)) {
			t.Errorf("got %+v", b)
		}
	})
}

func FuzzParseData(f *testing.F) {
	f.Add(unhex(f, "91010460 91CE4380 0201A805 01106702 42410307 3240DE05 AB075B00"))
	f.Add(unhex(f, "A10104001234 5F80 0201641402012E0501206802414D"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseData(data)
		var short ShortError
		if errors.As(err, &short) && short.Need <= len(data) {
			t.Errorf("got need %d of %d", short.Need, len(data))
		}
		if err == nil && (!Printable(d.PII) || d.Part < 1 || d.Part > d.Parts || len(d.Elements) > lastOID) {
			t.Errorf("got %+v", d)
		}
	})
}

func FuzzExpand(f *testing.F) {
	f.Add(byte(4), unhex(f, "0420F1CB3D35DA"))
	f.Fuzz(func(t *testing.T, c byte, data []byte) {
		text, err := Expand(Compaction(c&7), data)
		if len(text) > 2*len(data)+3 {
			t.Errorf("got %d bytes of %d, %v", len(text), len(data), err)
		}
		if isil := ISIL(data); len(isil) > 2*len(data) {
			t.Errorf("got %d characters of ISIL in %d bytes", len(isil), len(data))
		}
	})
}
