// Package rfid501 reads library tags in 3M's RFID 501 layout: eight blocks of
// four bytes, no checksum. It refuses whatever is not exactly that layout:
// with no checksum, strictness is all that tells a tag from noise.
//
// The layout is that of two open drivers for 3M pads (Biblio-RFID and
// koha-rfid-3m810-js), the second with a recorded session of a real 3M 810.
package rfid501

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Size is the length of the layout in bytes; blocks beyond it are not its business.
const Size = 32

const (
	mark       = 0x04 // byte 0 of every tag
	barcodeAt  = 4    // 16 bytes, ASCII, NUL padded
	barcodeEnd = 20   // then branch (12 bits) and library (20 bits), big-endian
	customAt   = 24   // signed 32 bits, big-endian
	spareAt    = 28   // zero
	lastType   = 13   // the highest that a source names
	topType    = 15   // more than a digit is no type: the byte is text of some other layout
)

// Tag is what an RFID 501 tag says.
type Tag struct {
	Item, Total int  // this is item Item of Total
	Type        byte // 0 other, 1 book, 2 magazine, 3 bound journal, 4 audio tape, 5 video, 6 CD, 7 diskette …
	Barcode     string
	Branch      int // 12 bits
	Library     int // 20 bits
	Custom      int32
}

// What Parse refuses.
var (
	ErrForeign = errors.New("not an RFID 501 tag")
	ErrSet     = errors.New("item and total make no sense")
	ErrBarcode = errors.New("barcode is not printable and NUL padded")
)

// Parse reads the layout in natural byte order. ErrForeign says that the tag
// is in another layout, ErrSet and ErrBarcode that it is in this one and wrong.
func Parse(data []byte) (Tag, error) {
	if len(data) < Size || data[0] != mark || data[2] != 0 || data[3] > topType {
		return Tag{}, ErrForeign
	}
	if binary.BigEndian.Uint32(data[spareAt:Size]) != 0 {
		return Tag{}, ErrForeign
	}
	owner := binary.BigEndian.Uint32(data[barcodeEnd:])
	t := Tag{
		Item:    int(data[1] >> 4),
		Total:   int(data[1] & 0x0F),
		Type:    data[3],
		Branch:  int(owner >> 20),
		Library: int(owner & 0xFFFFF),
		Custom:  int32(binary.BigEndian.Uint32(data[customAt:])),
	}
	if t.Item == 0 || t.Item > t.Total {
		return Tag{}, ErrSet
	}
	var ok bool
	if t.Barcode, ok = barcode(data[barcodeAt:barcodeEnd]); !ok {
		return Tag{}, ErrBarcode
	}
	return t, nil
}

func barcode(field []byte) (string, bool) {
	text, padding, _ := bytes.Cut(field, []byte{0})
	for _, c := range text {
		if c < 0x20 || c > 0x7E {
			return "", false
		}
	}
	for _, c := range padding {
		if c != 0 {
			return "", false
		}
	}
	text = bytes.TrimRight(text, " ")
	return string(text), len(text) > 0
}

// blank is the filling of a new 3M tag: six blocks of it, then zeros.
const (
	blank     = "\x55"
	blankSize = 24
)

// Blank says whether a tag carries nothing: all zeros, or 3M's filling. Fewer
// than six blocks say nothing about what follows them and are not blank.
func Blank(data []byte) bool {
	if len(data) < blankSize {
		return false
	}
	rest := bytes.TrimLeft(data, blank)
	filled := len(data) - len(rest)
	return (filled == 0 || filled >= blankSize) && len(bytes.Trim(rest, "\x00")) == 0
}

// TypeName is the media type in words.
func TypeName(t byte) string {
	names := [lastType + 1]string{
		"other", "book", "magazine", "bound journal", "audio tape", "video", "CD", "diskette",
		"book and diskette", "book and CD", 13: "book and audio tape",
	}
	if int(t) < len(names) && names[t] != "" {
		return names[t]
	}
	return "unknown"
}
