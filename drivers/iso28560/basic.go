package iso28560

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The basic block (ISO 28560-3; DS-INF 163-1): usage, parts, identifier, CRC
// and owner. A 32-byte tag holds the first 32 bytes and is zero-extended.
const (
	ShortBlock = 32 // bytes
	LongBlock  = 34 // bytes; the extension blocks begin here

	partsAt = 1
	partAt  = 2
	piiAt   = 3  // 16 bytes, NUL padded
	crcAt   = 19 // least significant byte first
	ownerAt = 21 // 13 bytes, NUL padded; 11 on a 32-byte tag

	// longMark at byte 3 says that the identifier is longer than 16 bytes and
	// stands in extension block 1 (official clarification of DS-INF 163-1).
	longMark = 0x01
)

// Types of usage (low nibble of byte 0, and the class of a 28560-2 usage byte).
const (
	Acquisition    = 0
	Circulation    = 1
	NotCirculating = 2
	NoUsage        = 6 // the tag does not say
	Discarded      = 7
	Patron         = 8
	Equipment      = 9
)

// Basic is a 28560-3 tag whose CRC is right.
type Basic struct {
	Version     byte // content parameter, high nibble of byte 0; 1 today
	Usage       byte // type of usage, 0 to 15
	Parts, Part int  // how many parts the item has, and which this is
	PII         string
	Long        bool   // the identifier stands in extension block 1
	Owner       string // ISIL with its hyphen
	RawOwner    string // as it stands on the tag, without its NULs
	CRC         uint16
	Extensions  []Extension
	Flags       []string // what is odd about it, in words for staff
	Need        int      // bytes needed to see all that was begun, if more than given; else 0
}

// Flags of Basic that others compare with.
const (
	FlagNibbles = "possibly swapped nibbles"
	FlagParts   = "parts swapped"
)

// ParseBasic reads a basic block in natural byte order and the extension
// blocks behind it. Errors: ShortError, CRCError, EmptyError (a right CRC and
// no identifier), FieldError (a right CRC over something that makes no sense).
func ParseBasic(data []byte) (Basic, error) {
	if len(data) < ShortBlock {
		return Basic{}, ShortError{Need: ShortBlock}
	}
	var block [LongBlock]byte
	copy(block[:], data)
	if err := checkCRC(block, len(data)); err != nil {
		return Basic{}, err
	}
	if allZero(block[piiAt:crcAt]) {
		return Basic{}, EmptyError{}
	}
	b := Basic{CRC: binary.LittleEndian.Uint16(block[crcAt:])}
	b.readUsage(block[0])
	if err := b.readParts(int(block[partsAt]), int(block[partAt])); err != nil {
		return Basic{}, err
	}
	if err := b.readOwner(block[ownerAt:], len(data)); err != nil {
		return Basic{}, err
	}
	b.readChain(data)
	return b, b.readPII(block[piiAt:crcAt], data)
}

func checkCRC(block [LongBlock]byte, given int) error {
	stored := binary.LittleEndian.Uint16(block[crcAt:])
	computed := BlockCRC(block)
	if stored == computed {
		return nil
	}
	full := given < LongBlock && ownerFull(block)
	return CRCError{Stored: stored, Computed: computed, Full: full}
}

// ownerFull says whether the owner fills the 11 bytes that a 32-byte tag has
// for it, so that two more may follow.
func ownerFull(block [LongBlock]byte) bool {
	return !bytes.Contains(block[ownerAt:ShortBlock], []byte{0})
}

// readUsage splits byte 0. Some Bibliotheca tags carry the nibbles the other
// way round (libdanrfid). Then the strict reading would be "for circulation"
// and the other one something that is never more permissive: act on that.
func (b *Basic) readUsage(first byte) {
	b.Version, b.Usage = first>>4, first&0x0F
	if b.Version == 1 {
		return
	}
	if b.Usage != Circulation {
		b.Flags = append(b.Flags, "unknown content parameter")
		return
	}
	b.Version, b.Usage = b.Usage, b.Version
	b.Flags = append(b.Flags, FlagNibbles)
}

// readParts takes byte 1 as the number of parts. Two open readers take it as
// the ordinal; where only that can be meant, it is read so and flagged.
func (b *Basic) readParts(parts, part int) error {
	switch {
	case parts == 0 || part == 0:
		if b.Usage != Patron {
			return FieldError{Field: "set information", Why: "names part or parts 0"}
		}
		parts, part = 1, 1 // a card has no parts: nothing rests on it
	case part > parts:
		parts, part = part, parts
		b.Flags = append(b.Flags, FlagParts)
	}
	b.Parts, b.Part = parts, part
	return nil
}

func (b *Basic) readOwner(field []byte, given int) error {
	raw, clean := upToNUL(field)
	if !isASCII(raw) {
		return FieldError{Field: "owner", Why: "is not printable"}
	}
	if !clean {
		b.Flags = append(b.Flags, "bytes after the owner")
	}
	b.RawOwner, b.Owner = raw, Hyphenate(strings.TrimRight(raw, " "))
	if given < LongBlock && len(raw) >= ShortBlock-ownerAt {
		b.Need = LongBlock
	}
	return nil
}

func (b *Basic) readChain(data []byte) {
	if len(data) <= LongBlock {
		return
	}
	chain := ParseChain(data[LongBlock:])
	b.Extensions = chain.Blocks
	b.Flags = append(b.Flags, chain.Flags...)
	if chain.Need > 0 {
		b.Need = LongBlock + chain.Need
	}
}

func (b *Basic) readPII(field, data []byte) error {
	if field[0] == longMark {
		return b.readLongPII(data)
	}
	text, clean := upToNUL(field)
	if !clean {
		b.Flags = append(b.Flags, "bytes after the identifier")
	}
	b.PII = strings.TrimRight(text, " ")
	if !Printable(b.PII) {
		return FieldError{Field: "identifier", Why: "is not printable"}
	}
	return nil
}

func (b *Basic) readLongPII(data []byte) error {
	b.Long = true
	if len(data) < LongBlock+extHeader {
		return ShortError{Need: LongBlock + extHeader}
	}
	for _, e := range b.Extensions {
		if e.ID != LibraryBlock {
			continue
		}
		b.PII = e.Fields["alternative_item_id"]
		if !Printable(b.PII) {
			return FieldError{Field: "long identifier", Why: "is not printable in extension block 1"}
		}
		return nil
	}
	if end := ParseChain(data[LongBlock:]); end.Need > 0 || end.Open {
		return ShortError{Need: max(LongBlock+end.Need, len(data)+1)}
	}
	return FieldError{Field: "long identifier", Why: "is announced but extension block 1 is missing or damaged"}
}

// LooksBasic says whether data has the face of a basic block, whatever its
// CRC: usage, parts, an identifier and an owner where they belong, at most one
// byte out of place. Such a tag with a wrong CRC is a damaged 28560-3 tag, and
// must not be taken for something else that its bytes happen to spell.
func LooksBasic(data []byte) bool {
	if len(data) < ShortBlock {
		return false
	}
	bad := 0
	for _, odd := range []bool{
		data[0]>>4 != 1 && data[0]&0x0F != 1,
		data[partsAt] == 0 || data[partsAt] >= ' ',
		data[partAt] == 0 || data[partAt] >= ' ',
		!isLetter(data[ownerAt]),
		!isLetter(data[ownerAt+1]),
	} {
		if odd {
			bad++
		}
	}
	pii, badPII := faceOf(data[piiAt:crcAt])
	owner, badOwner := faceOf(data[ownerAt:ShortBlock])
	return pii >= 1 && owner >= 3 && bad+badPII+badOwner <= 1
}

// faceOf counts the printable bytes before the first NUL, and the bytes that
// are neither those nor padding.
func faceOf(field []byte) (text, bad int) {
	padding := false
	for _, c := range field {
		switch {
		case c == 0:
			padding = true
		case padding || c < 0x20 || c == 0x7F:
			bad++
		default:
			text++
		}
	}
	return text, bad
}

// Printable says whether s is non-empty UTF-8 that can be shown on a screen
// and compared with a catalogue: no control or format characters.
func Printable(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E })
}

// upToNUL cuts a NUL-padded field; clean is false if the padding is not all NUL.
func upToNUL(field []byte) (text string, clean bool) {
	head, tail, _ := bytes.Cut(field, []byte{0})
	return string(head), allZero(tail)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
