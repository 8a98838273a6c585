package label

import (
	"slices"
	"testing"

	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// readOn is the reader's loop: it reads what is wanted as far as the tag has it.
func readOn(t testing.TB, memory []byte, blockSize int) (tag drivers.Tag, rounds int) {
	t.Helper()
	tag = drivers.Tag{BlockSize: blockSize}
	for need := firstRead; need > 0; rounds++ {
		if rounds > maxRead {
			t.Fatalf("got no end after %d rounds", rounds)
		}
		have := min(need, len(memory))
		if have <= len(tag.Data) {
			break
		}
		tag.Data = memory[:have]
		need = Enough(tag)
		if need != 0 && need <= have || need > maxRead || need%blockSize != 0 {
			t.Fatalf("got need %d of %d in blocks of %d", need, have, blockSize)
		}
	}
	return tag, rounds
}

func TestEnough(t *testing.T) {
	basic3 := func(pii, owner, more string) []byte {
		data := make([]byte, iso28560.LongBlock, 128)
		data[0], data[1], data[2] = 0x11, 1, 1
		copy(data[3:19], pii)
		copy(data[21:], owner)
		return padded(append(sign(data), more...), 112)
	}
	block := func(id byte, payload string) string {
		e := append([]byte{byte(4 + len(payload)), id, 0, 0}, payload...)
		for _, c := range slices.Delete(slices.Clone(e), 3, 4) {
			e[3] ^= c
		}
		return string(e)
	}
	long := basic3("\x01", "FIJns", block(4, "a title of some length")+block(1, "\x01an identifier of 27 letters\x00"))
	wrong := basic3("1000000056", "DK718500", "")
	wrong[4] ^= 1
	all3, all2, all501 := vectors(t, "iso28560_3.json"), vectors(t, "iso28560_2.json"), vectors(t, "rfid501_3m.json")
	for _, c := range []struct {
		name   string
		memory []byte
		read   int
		item   string
	}{
		{"an ordinary tag", padded(all3["28560-3/annexB1"], 112), 32, "1000000056"},
		{"its extensions decide nothing", padded(all3["28560-3/annexB2"], 112), 32, "1000000136"},
		{"an owner of eleven letters", basic3("1000000056", "DKabcdefghi", ""), 36, "1000000056"},
		{"an owner of thirteen", basic3("1000000056", "DKabcdefghijk", ""), 36, "1000000056"},
		{"with an extension after it", basic3("1000000056", "DKabcdefghijk", block(4, "a title of some length")), 60, "1000000056"},
		{"a long identifier", long, 96, "an identifier of 27 letters"},
		{"a wrong CRC", wrong, 36, ""},
		{"a short tag with a wrong CRC", wrong[:32], 32, ""},
		{"a blank tag", make([]byte, 112), 32, ""},
		{"28560-2", padded(all2["28560-2/computed-1"], 112), 32, "30234000517861"},
		{"28560-2 of 45 bytes", padded(unhex(t, "91 00 05 1CBE991A14 02 01 D0 14 02 04B3 46 07 441CB6E2E335D6 83 02 07 ACC09EBAA06F6B 0000"), 112), 36, "123456789012"},
		{"28560-2 without an end mark on a full tag", append(unhex(t, "21 04 12345678 7F 02 17"), "the end of the memory!!"...), 32, "12345678"},
		{"501", padded(all501["501/book"], 112), 32, "1302099999"},
		{"noise", unhex(t, "D5A21C7740019B3EE8F00D5A6C2B1F9044A7B3C2D1E0F00112233445566778899AABBCCD"), 36, ""},
		{"a lying length", padded(unhex(t, "21 04 12345678 7F 02 FF 7F"), 300), 36, ""},
		{"a lying extension", basic3("1000000056", "DKabcdefghijk", "\xFF\x04\x00"), 112, "1000000056"},
	} {
		for _, memory := range [][]byte{c.memory, iso28560.Reverse(c.memory, 4)} {
			tag, _ := readOn(t, memory, 4)
			l, err := Decode(tag, Options{})
			if len(tag.Data) != c.read || l.Item != c.item || (err == nil) != (c.item != "") {
				t.Errorf("%s: got %d bytes read, %v, %v, want %d, %q", c.name, len(tag.Data), l, err, c.read, c.item)
			}
		}
	}
}

// Whatever one or two flipped bits do to a 28560-3 tag, in either order, it is
// never taken for another one: CRC-16 sees every such error, and no other model
// may step in. The blocks vouch for nothing beyond the CRC.
func TestFlippedBits(t *testing.T) {
	for id, data := range vectors(t, "iso28560_3.json") {
		want, ok := wantVectors[id]
		if !ok {
			continue
		}
		data = data[:min(len(data), iso28560.LongBlock)]
		bits := 8 * len(data)
		for i := range bits {
			for j := i; j < bits; j += 3 {
				bad := append([]byte(nil), data...)
				bad[i/8] ^= 1 << (i % 8)
				if j > i {
					bad[j/8] ^= 1 << (j % 8)
				}
				if l, err := Decode(drivers.Tag{Data: padded(bad, 64)}, Options{}); err == nil {
					t.Fatalf("%s with bits %d and %d flipped: got %v, want an error or %v", id, i, j, l, want)
				}
			}
		}
	}
}

// lawOfOrders: a block-reversed image of a tag is the same tag. Where both orders have
// a right CRC, forward wins by rule and nothing follows.
func lawOfOrders(t testing.TB, data []byte) {
	turned := iso28560.Reverse(data, 4)
	_, crc1 := iso28560.ParseBasic(data)
	_, crc2 := iso28560.ParseBasic(turned)
	a, errA := Decode(drivers.Tag{Data: data}, Options{})
	b, errB := Decode(drivers.Tag{Data: turned}, Options{})
	if a.Model != Model3 && b.Model != Model3 || crc1 == nil && crc2 == nil || errA != nil {
		return
	}
	if a.Order == b.Order {
		t.Errorf("got %s twice for % x", a.Order, data)
	}
	b.Order = a.Order
	if errB != nil || !same3(a, b) {
		t.Errorf("got %+v\nand %+v, %v", a, b, errB)
	}
}

func same3(a, b Label) bool {
	return a.Model == b.Model && a.Kind == b.Kind && a.Item == b.Item && a.Owner == b.Owner && a.Usage == b.Usage &&
		a.Parts == b.Parts && a.Part == b.Part && a.CRC == b.CRC && len(a.Extensions) == len(b.Extensions) &&
		len(a.Flags) == len(b.Flags) && a.Need == b.Need
}

func FuzzDecode(f *testing.F) {
	for _, file := range []string{"iso28560_3.json", "iso28560_2.json", "rfid501_3m.json"} {
		for _, data := range vectors(f, file) {
			f.Add(data, false)
			f.Add(iso28560.Reverse(data, 4), true)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, signed bool) {
		if signed && len(data) >= iso28560.LongBlock {
			sign(data)
		}
		l, err := Decode(drivers.Tag{Data: data}, Options{})
		if err == nil && (!iso28560.Printable(l.Item) || len([]rune(l.Item)) > maxIdentifier || l.Part < 1 || l.Part > l.Parts || l.Kind == "") {
			t.Errorf("got %+v", l)
		}
		if err != nil && l.Item != "" {
			t.Errorf("got item %q with %v", l.Item, err)
		}
		readOn(t, data, 4)
		lawOfOrders(t, data)
	})
}
