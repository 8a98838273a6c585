package barcode

import "strings"

// Check is a way to compute the last character of a number from the others.
type Check string

// The check digits that library numbers have.
const (
	None   Check = ""
	Luhn14 Check = "luhn14" // the usual one of 14-digit Codabar numbers: Luhn
	Mod43  Check = "mod43"  // Code 39 (ISO/IEC 16388, annex A)
	// Mod11 is that of the University of Bristol: one digit that does not
	// count, eight that do, a check digit of which X is 10.
	Mod11 Check = "mod11"
	EAN13 Check = "ean13" // ISO/IEC 15420
)

func (c Check) known() bool {
	switch c {
	case None, Luhn14, Mod43, Mod11, EAN13:
		return true
	}
	return false
}

// Of is the character that must follow data; false if data is nothing such a
// number can be made of.
func (c Check) Of(data string) (byte, bool) {
	switch c {
	case Luhn14:
		return luhn(data)
	case Mod43:
		return mod43(data)
	case Mod11:
		return mod11(data)
	case EAN13:
		return ean13(data)
	}
	return 0, false
}

// holds says whether the last character of text is the right one.
func (c Check) holds(text string) bool {
	if c == None {
		return true
	}
	n := len(text) - 1
	if n < 1 {
		return false
	}
	want, ok := c.Of(text[:n])
	return ok && text[n] == want
}

func luhn(data string) (byte, bool) {
	if len(data) != 13 || !digits(data) {
		return 0, false
	}
	sum := 0
	for i := range len(data) {
		d := int(data[i] - '0')
		if i%2 == 0 { // every other one, from the last but one on
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return tens(sum), true
}

func ean13(data string) (byte, bool) {
	if len(data) != 12 || !digits(data) {
		return 0, false
	}
	sum := 0
	for i := range len(data) {
		d := int(data[i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return tens(sum), true
}

// tens is what is missing to the next ten.
func tens(sum int) byte { return byte('0' + (10-sum%10)%10) }

func mod43(data string) (byte, bool) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
	sum := 0
	for i := range len(data) {
		v := strings.IndexByte(alphabet, data[i])
		if v < 0 {
			return 0, false
		}
		sum += v
	}
	return alphabet[sum%len(alphabet)], true
}

func mod11(data string) (byte, bool) {
	weights := [...]int{7, 8, 4, 6, 3, 5, 2, 1}
	if len(data) != 1+len(weights) || !digits(data) {
		return 0, false
	}
	sum := 0
	for i, w := range weights {
		sum += w * int(data[1+i]-'0')
	}
	return "0123456789X"[(11-sum%11)%11], true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
