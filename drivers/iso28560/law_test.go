package iso28560

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// printBasic is the other direction of ParseBasic, for the laws only.
func printBasic(b Basic, size int) []byte {
	var block [LongBlock]byte
	block[0] = b.Version<<4 | b.Usage
	block[1], block[2] = byte(b.Parts), byte(b.Part)
	if b.Long {
		block[piiAt] = longMark
	} else {
		copy(block[piiAt:crcAt], b.PII)
	}
	copy(block[ownerAt:size], b.RawOwner)
	binary.LittleEndian.PutUint16(block[crcAt:], BlockCRC(block))
	out := block[:size]
	if size < LongBlock {
		return out
	}
	for _, e := range b.Extensions {
		out = append(out, printExtension(e.ID, e.Raw)...)
	}
	return append(out, 0)
}

func printExtension(id int, payload []byte) []byte {
	e := append([]byte{byte(4 + len(payload)), byte(id), byte(id >> 8), 0}, payload...)
	e[3] = xor(e)
	return e
}

func genPayload(id int) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		_, keys := blockLayout(id)
		if keys == nil {
			return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "raw")
		}
		var fields []string
		for range keys {
			fields = append(fields, rapid.StringMatching(`[A-Za-z0-9åé/. -]{0,12}`).Draw(t, "field"))
		}
		payload := []byte(strings.TrimRight(strings.Join(fields, "\x00"), "\x00"))
		if id == LibraryBlock {
			payload = append([]byte{rapid.Byte().Draw(t, "media")}, payload...)
		}
		return payload
	})
}

func genExtension() *rapid.Generator[Extension] {
	return rapid.Custom(func(t *rapid.T) Extension {
		e := Extension{ID: rapid.OneOf(rapid.IntRange(1, 6), rapid.IntRange(100, 0xFEFF)).Draw(t, "id")}
		e.Raw = genPayload(e.ID).Draw(t, "payload")
		e.Name, e.Fields = readPayload(e.ID, e.Raw)
		return e
	})
}

func genBasic(size int) *rapid.Generator[Basic] {
	return rapid.Custom(func(t *rapid.T) Basic {
		b := Basic{
			Version:  1,
			Usage:    byte(rapid.IntRange(0, 15).Draw(t, "usage")),
			Parts:    rapid.IntRange(1, 255).Draw(t, "parts"),
			PII:      rapid.StringMatching(`[!-~]{1,16}`).Draw(t, "pii"),
			RawOwner: rapid.StringMatching(`([A-Z]{2}[A-Za-z0-9:/-]{0,8})?`).Draw(t, "owner"),
		}
		b.Part = rapid.IntRange(1, b.Parts).Draw(t, "part")
		b.Owner = Hyphenate(b.RawOwner)
		if size == LongBlock {
			b.Extensions = rapid.SliceOfN(genExtension(), 0, 3).Draw(t, "extensions")
		}
		return b
	})
}

func TestBasicPrintsAndParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{ShortBlock, LongBlock}).Draw(t, "size")
		want := genBasic(size).Draw(t, "basic")
		image := printBasic(want, size)
		got, err := ParseBasic(image)
		if err != nil {
			t.Fatal(err)
		}
		want.CRC = got.CRC
		if len(want.Extensions) == 0 {
			want.Extensions = nil
		}
		opt := cmp.Transformer("nil", func(b []byte) string { return string(b) })
		if d := cmp.Diff(want, got, opt); d != "" {
			t.Fatal(d)
		}
		if again := printBasic(got, size); string(again) != string(image) {
			t.Fatalf("got % x, want % x", again, image)
		}
		turned := rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "block")
		if back := Reverse(Reverse(image, turned), turned); string(back) != string(image) {
			t.Fatalf("reversing twice by %d changes the image", turned)
		}
	})
}

func TestLongIdentifier(t *testing.T) {
	b := Basic{Version: 1, Usage: 1, Parts: 1, Part: 1, Long: true, RawOwner: "FIJns"}
	for _, pii := range []string{"12345678901234567", strings.Repeat("x", 32)} {
		b.Extensions = []Extension{{ID: 4, Raw: []byte("a title")}, {ID: 1, Raw: []byte("\x01" + pii + "\x00DE-1")}}
		image := printBasic(b, LongBlock)
		got, err := ParseBasic(image)
		if err != nil || got.PII != pii || !got.Long || got.Extensions[1].Fields["alternative_owner"] != "DE-1" {
			t.Errorf("got %+v, %v, want %s", got, err, pii)
		}
		for n := ShortBlock; n < len(image)-1; n++ {
			_, err := ParseBasic(image[:n])
			if short, ok := err.(ShortError); !ok || short.Need <= n || short.Need > len(image) {
				t.Errorf("of %d bytes: got %v, want ShortError above that", n, err)
			}
		}
	}
	b.Extensions = b.Extensions[:1]
	if _, err := ParseBasic(printBasic(b, LongBlock)); err == nil {
		t.Error("got no error for a long identifier without its block")
	}
}

// pack is the other direction of Expand.
func pack(c Compaction, s string) []byte {
	switch c {
	case Integer:
		n, _ := new(big.Int).SetString(s, 10)
		return n.Bytes()
	case NumericString:
		if len(s)%2 == 1 {
			s += "f"
		}
		var out []byte
		for i := 0; i < len(s); i += 2 {
			v, _ := strconv.ParseUint(s[i:i+2], 16, 8)
			out = append(out, byte(v))
		}
		return out
	case FiveBit:
		return packBits(s, 5, 0x00)
	case SixBit:
		return packBits(s, 6, 0x20)
	case SevenBit:
		return packBits(s, 7, 0x7F)
	case Octets:
		var out []byte
		for _, r := range s {
			out = append(out, byte(r))
		}
		return out
	}
	return []byte(s)
}

func packBits(s string, size int, fill byte) []byte {
	var w bitWriter
	for i := range len(s) {
		w.put(s[i], size)
	}
	for i := size - 1; w.n%8 != 0; i-- {
		w.put(fill>>max(i, 0)&1, 1)
	}
	return w.out
}

type bitWriter struct {
	out []byte
	n   int
}

func (w *bitWriter) put(v byte, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= v >> i & 1 << (7 - w.n%8)
		w.n++
	}
}

// compactible is text that each compaction can hold.
var compactible = map[Compaction]string{
	Integer:       `[1-9][0-9]{1,18}`,
	NumericString: `[0-9]{1,32}`,
	FiveBit:       `[A-Z\[\]^_]{1,32}`,
	SixBit:        `[ -_]{0,31}[!-_]`,
	SevenBit:      `[ -~]{1,32}`,
	Octets:        `[ -~å-ÿ]{1,32}`,
	UTF8:          `[ -~А-я]{1,32}`,
}

func TestCompactionPrintsAndParses(t *testing.T) {
	for c, pattern := range compactible {
		rapid.Check(t, func(t *rapid.T) {
			want := rapid.StringMatching(pattern).Draw(t, "text")
			data := pack(c, want)
			got, err := Expand(c, data)
			if err != nil || got != want {
				t.Fatalf("compaction %d: % x: got %q, %v, want %q", c, data, got, err, want)
			}
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Compaction
		hex  string
	}{
		{"one digit", Integer, "09"},
		{"twenty digits", Integer, "FFFFFFFFFFFFFFFF"},
		{"nine bytes", Integer, "010000000000000000"},
		{"nothing", Integer, ""},
		{"letter in BCD", NumericString, "4A"},
		{"filling in front", NumericString, "F1"},
		{"two fillings", NumericString, "1FFF"},
		{"zero code", FiveBit, "00"},
		{"wrong filling", FiveBit, "541D"},
		{"wrong filling", SixBit, "042C726199"},
		{"wrong filling", SevenBit, "830A"},
		{"not UTF-8", UTF8, "C3"},
		{"nothing", SixBit, ""},
	} {
		if got, err := Expand(c.c, unhex(t, c.hex)); err == nil {
			t.Errorf("%s, compaction %d: got %q, want an error", c.name, c.c, got)
		}
	}
}

// packISIL packs a plain way: in the upper-case table it shifts for single
// lower-case letters and latches to digits; other writers choose otherwise.
func packISIL(s string, latch bool) []byte {
	var w bitWriter
	now := upper
	for i := range len(s) {
		t, code := codeOf(s[i], now)
		if t != now {
			now = w.turn(now, t, latch)
		}
		w.put(code, width(t))
	}
	for w.n%8 != 0 {
		w.put(1, 1)
	}
	return w.out
}

func codeOf(c byte, now table) (table, byte) {
	for _, t := range []table{now, upper, lower, numeric} {
		for code := range byte(28) {
			if (t != numeric || code < 12) && char(t, code) == c {
				return t, code
			}
		}
	}
	panic("no code for " + string(c))
}

// turn writes the switch from one table to another and says which table then holds.
func (w *bitWriter) turn(from, to table, latch bool) table {
	for code := range byte(1 << width(from)) {
		if char(from, code) != 0 {
			continue
		}
		if t, stays := turn(from, code); t == to && stays == latch {
			w.put(code, width(from))
			break
		}
	}
	if latch {
		return to
	}
	return from
}

func TestISILPrintsAndParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`[A-Z]{2}-[A-Za-z0-9:/-]{1,11}`).Draw(t, "isil")
		latch := rapid.Bool().Draw(t, "latch")
		if got := ISIL(packISIL(want, latch)); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func printElement(oid int, c Compaction, data []byte, pad int) []byte {
	var out []byte
	precursor := byte(c) << 4
	if pad > 0 {
		precursor |= 0x80
	}
	if oid < 15 {
		out = append(out, precursor|byte(oid))
	} else {
		out = append(out, precursor|15, byte(oid-15))
	}
	if pad > 0 {
		out = append(out, byte(pad))
	}
	if n := len(data); n >= 128 {
		out = append(out, 0x80|byte(n>>7))
	}
	out = append(out, byte(len(data)&0x7F))
	out = append(out, data...)
	return append(out, make([]byte, pad)...)
}

func TestDataPrintsAndParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Compaction(rapid.IntRange(1, 7).Draw(t, "compaction"))
		pii := strings.TrimSpace(rapid.StringMatching(compactible[c]).Draw(t, "pii"))
		if pii == "" {
			pii = "12"
		}
		owner := rapid.StringMatching(`[A-Z]{2}-[A-Za-z0-9]{1,11}`).Draw(t, "owner")
		parts := rapid.IntRange(1, 255).Draw(t, "parts")
		part := rapid.IntRange(1, parts).Draw(t, "part")
		usage := rapid.Byte().Draw(t, "usage")
		title := rapid.StringMatching(`[ -~]{0,200}`).Draw(t, "title")
		pad := rapid.IntRange(0, 5).Draw(t, "pad")
		set := pack(NumericString, printSet(parts, part))

		data := printElement(1, c, pack(c, pii), pad)
		data = append(data, printElement(2, 0, []byte{0xE0, 0x02}, 0)...)
		data = append(data, printElement(3, 0, packISIL(owner, true), 0)...)
		data = append(data, printElement(4, NumericString, set, pad)...)
		data = append(data, printElement(5, 0, []byte{usage}, 0)...)
		data = append(data, printElement(17, UTF8, []byte(title), 0)...)
		d, err := ParseData(append(data, 0))
		if err != nil || d.PII != pii || d.Owner != owner || d.Parts != parts || d.Part != part || d.Usage != usage || !d.UsageTold || !d.Proven {
			t.Fatalf("got %+v, %v", d, err)
		}
		if got := d.Elements[len(d.Elements)-1].Value; got != title {
			t.Fatalf("got title %q, want %q", got, title)
		}
		var again []byte
		for _, e := range d.Elements {
			again = append(again, printElement(e.OID, e.Compaction, e.Data, e.Pad)...)
		}
		if string(again) != string(data) {
			t.Fatalf("got % x, want % x", again, data)
		}
	})
}

func printSet(parts, part int) string {
	width := 1
	if parts > 9 {
		width = 2
	}
	if parts > 99 {
		width = 3
	}
	digits := func(n int) string {
		s := strconv.Itoa(n)
		return strings.Repeat("0", width-len(s)) + s
	}
	return digits(parts) + digits(part)
}
