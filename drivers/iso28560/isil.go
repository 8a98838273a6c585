package iso28560

// The three tables in which a 28560-2 owner is written, bit by bit (ISO
// 28560-2, ISIL encoding). Each code is a character or a switch to another table.
type table int

const (
	upper table = iota
	lower
	numeric
)

// Hyphenate puts back the hyphen that 28560-3 leaves out of an ISIL, after the
// two letters of the country: DK718500 is DK-718500. An owner that has its
// hyphen, or begins otherwise, stays as it is.
func Hyphenate(raw string) string {
	if len(raw) < 3 || !isLetter(raw[0]) || !isLetter(raw[1]) || raw[2] == '-' {
		return raw
	}
	return raw[:2] + "-" + raw[2:]
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

// ISIL decodes the owner as 28560-2 packs it: upper-case and lower-case codes
// of five bits, numeric ones of four, beginning in the upper-case table. A
// latch stays in its table, a shift lasts one character. Unused bits are ones,
// which are a shift with nothing behind it; a code cut off at the end is padding.
func ISIL(data []byte) string {
	var out []byte
	r := bitReader{data: data}
	stay, now := upper, upper
	for {
		code, ok := r.take(width(now))
		if !ok {
			return string(out)
		}
		if c := char(now, code); c != 0 {
			out = append(out, c)
			now = stay
			continue
		}
		to, latch := turn(now, code)
		now = to
		if latch {
			stay = to
		}
	}
}

func width(t table) int {
	if t == numeric {
		return 4
	}
	return 5
}

// char is the character a code stands for, or 0 if it is a switch.
func char(t table, code byte) byte {
	switch {
	case t == numeric && code < 10:
		return '0' + code
	case t == numeric && code == 10, t != numeric && code == 0:
		return '-'
	case t == numeric && code == 11, t == upper && code == 27:
		return ':'
	case t == lower && code == 27:
		return '/'
	case t == upper && code < 27:
		return 'A' + code - 1
	case t == lower && code < 27:
		return 'a' + code - 1
	}
	return 0
}

// turn is the table a switching code leads to. In each table the four highest
// codes are latch and shift to the one neighbour, latch and shift to the other.
func turn(t table, code byte) (to table, latch bool) {
	first, second, base := lower, numeric, byte(28)
	switch t {
	case lower:
		first = upper
	case numeric:
		first, second, base = upper, lower, 12
	}
	if code < base+2 {
		return first, code == base
	}
	return second, code == base+2
}

// bitReader hands out bits, most significant first.
type bitReader struct {
	data []byte
	at   int // bits taken
}

func (r *bitReader) left() int { return 8*len(r.data) - r.at }

// take returns the next n bits, n <= 8; false if fewer are left.
func (r *bitReader) take(n int) (byte, bool) {
	if r.left() < n {
		return 0, false
	}
	var v byte
	for range n {
		v = v<<1 | r.data[r.at/8]>>(7-r.at%8)&1
		r.at++
	}
	return v, true
}
