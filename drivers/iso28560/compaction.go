package iso28560

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Compaction says how an element's text was packed (ISO/IEC 15962, bits 6-4
// of the precursor).
type Compaction byte

// All eight.
const (
	ApplicationDefined Compaction = iota // content parameter, ISIL, usage byte
	Integer                              // big-endian, 2 to 19 digits, no leading zero
	NumericString                        // BCD, F fills the last nibble
	FiveBit                              // 0x41-0x5F, zero bits fill
	SixBit                               // 0x20-0x5F, the beginning of 100000 fills
	SevenBit                             // ASCII, one bits fill
	Octets                               // ISO 8859-1
	UTF8
)

var (
	errInteger = errors.New("is not an integer of 2 to 19 digits")
	errDigits  = errors.New("is not a numeric string")
	errPacked  = errors.New("does not unpack in its compaction")
	errUTF8    = errors.New("is not UTF-8")
)

// Expand unpacks an element's data. Application-defined data comes as
// lower-case hexadecimal digits: only its reader knows what it is.
func Expand(c Compaction, data []byte) (string, error) {
	switch c {
	case Integer:
		return expandInteger(data)
	case NumericString:
		return expandDigits(data)
	case FiveBit:
		return expandBits(data, 5)
	case SixBit:
		return expandBits(data, 6)
	case SevenBit:
		return expandBits(data, 7)
	case Octets:
		return expandLatin1(data), nil
	case UTF8:
		if !utf8.Valid(data) {
			return "", errUTF8
		}
		return string(data), nil
	}
	return hex.EncodeToString(data), nil
}

// expandInteger tolerates zero bytes in front: an example of the standard,
// as transcribed by an open reader, has one.
func expandInteger(data []byte) (string, error) {
	for len(data) > 0 && data[0] == 0 {
		data = data[1:]
	}
	if len(data) > 8 {
		return "", errInteger
	}
	var wide [8]byte
	copy(wide[8-len(data):], data)
	text := strconv.FormatUint(binary.BigEndian.Uint64(wide[:]), 10)
	if len(text) < 2 || len(text) > 19 {
		return "", errInteger
	}
	return text, nil
}

func expandDigits(data []byte) (string, error) {
	text := hex.EncodeToString(data)
	text = strings.TrimSuffix(text, "f")
	if text == "" || strings.ContainsAny(text, "abcdef") {
		return "", errDigits
	}
	return text, nil
}

func expandLatin1(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// expandBits unpacks codes of five, six or seven bits. What is left over at
// the end, less than a byte, must be the filling of its compaction (or zeros,
// which sloppy writers use); a whole code of filling is dropped.
func expandBits(data []byte, size int) (string, error) {
	r := bitReader{data: data}
	out := make([]byte, 0, 8*len(data)/size)
	for r.left() >= size {
		code, _ := r.take(size)
		if code == filling(size) && r.left()+size < 8 {
			break
		}
		c, ok := unpack(code, size)
		if !ok {
			return "", errPacked
		}
		out = append(out, c)
	}
	n := r.left()
	rest, _ := r.take(n)
	if rest != 0 && rest != filling(size)>>(size-n) || len(out) == 0 {
		return "", errPacked
	}
	return string(out), nil
}

// filling is the code that the unused bits at the end are the beginning of.
func filling(size int) byte {
	switch size {
	case 6:
		return 0x20
	case 7:
		return 0x7F
	}
	return 0
}

func unpack(code byte, size int) (byte, bool) {
	switch {
	case size == 5:
		return 0x40 | code, code != 0
	case size == 6 && code < 0x20:
		return 0x40 | code, true
	}
	return code, true
}
