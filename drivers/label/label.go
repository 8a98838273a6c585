// Package label tells what a tag says, whatever data model it is in: item or
// borrower card, which part of how many, whose, for what use. It refuses to
// guess: a tag that reads equally well as two different items is unreadable,
// and a tag that its own checksum does not vouch for is corrupt.
//
// The model is found by content, not by DSFID (many tags in the field carry 0
// there): a right CRC makes it 28560-3; else elements that read from end to
// end make it 28560-2; else the 3M layout makes it RFID 501. Each is tried as
// delivered and with every block turned round.
package label

import (
	"errors"
	"log/slog"
	"regexp"

	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// Tag data models.
const (
	Model3       = "28560-3"
	Model2       = "28560-2"
	Model501     = "501"
	ModelBlank   = "blank"
	ModelUnknown = "unknown"
)

// What a tag is on.
const (
	KindItem  = "item"
	KindCard  = "card"  // a borrower card: never an item
	KindBlank = "blank" // nothing yet
	KindOther = "other" // in acquisition, discarded, library equipment, or of a use the standard does not know: see Usage
)

// What a label's CRC is.
const (
	CRCOK   = "ok"
	CRCBad  = "bad"
	CRCNone = "none" // the model has none
)

// Byte orders.
const (
	Forward  = "forward"
	Reversed = "reversed" // every block turned round, as the FEIG host protocol delivers it
)

// Label is what a tag says.
type Label struct {
	Model string // one of the models above
	Kind  string // one of the kinds above; "" if the tag is not readable
	Item  string // primary item identifier, or the card number when Kind is "card"
	Owner string // ISIL with its hyphen; "" if the tag does not say (RFID 501 has none)

	// Usage is the 28560-2 usage byte: class in the high nibble (0 acquisition,
	// 1 circulation, 2 not for loan, 3-4 local, 6 not told, 7 discarded, 8
	// borrower, 9 equipment), detail in the low one (0x13 no offline issue,
	// 0x14 no offline return, 0x15 neither). A 28560-3 nibble n is n<<4. A tag
	// that says nothing of its use (RFID 501, or 28560-2 without the element)
	// has 0x00 and is of kind "item"; one in acquisition has 0x00 and is "other".
	Usage byte

	Parts, Part int // 1 and 1 for single items, and for tags that do not say
	CRC         string
	Order       string
	Extensions  []Extension // the rest of what the tag says, in the order it says it
	Flags       []string    // what is odd about the tag, in words for staff
	Need        int         // bytes from block 0 on needed to be sure, if more than given; else 0
}

// Extension is something a tag says beyond what a desk decides by.
type Extension struct {
	ID     int               `json:"id"`               // 28560-3: block id; 28560-2: object identifier; 501: 0
	Name   string            `json:"name"`             // "library", "title", "media_format" …, "private" if only its writer knows
	Fields map[string]string `json:"fields,omitempty"` // by name, those that are there and can be shown
	Raw    string            `json:"raw,omitempty"`    // as it stands on the tag, hexadecimal
}

// String masks a borrower's card number, so that no %v can spill it.
func (l Label) String() string {
	if l.Kind == KindItem {
		return l.Model + " " + l.Kind + " " + l.Item
	}
	return l.Model + " " + l.Kind
}

// GoString masks a borrower's card number, so that no %#v can spill it.
func (l Label) GoString() string { return l.String() }

// LogValue keeps identifiers out of logs altogether.
func (l Label) LogValue() slog.Value { return slog.StringValue(l.Model + " " + l.Kind) }

// Options is what a site knows about its tags.
type Options struct {
	// Cards501 match the RFID 501 identifiers that are borrower cards: the
	// layout has no field that says so, and the AFI is the same.
	Cards501 []*regexp.Regexp

	// DefaultBlockSize is used for a tag whose block size the reader did not
	// tell, in bytes; 0 is 4.
	DefaultBlockSize int
}

// Limits of what is believed.
const (
	firstRead     = 32  // bytes: eight blocks of four, and the least that a 28560-3 CRC covers
	maxRead       = 256 // bytes after which nothing more is asked for
	maxIdentifier = 32  // characters
	maxOwner      = 16  // characters of an ISIL (ISO 15511)
	maxBlockSize  = 32  // bytes (ISO/IEC 15693-3)
)

// Decode tells what a tag says. Errors: ErrBlank, ErrCorrupt, ErrUnknownModel,
// ErrShort. With an error the label still says Model, CRC and Need as far as
// they are known.
//
// A nil error with Need above 0 means that the label is complete as far as the
// bytes go, and that more bytes could change it: read them if the tag has them.
func Decode(tag drivers.Tag, o Options) (Label, error) {
	size := blockSize(tag, o)
	l, err := look(images(tag.Data, size), tag.DSFID)
	l.Need = wanted(l.Need, len(tag.Data), size)
	var short ErrShort
	if errors.As(err, &short) {
		return l, bound(short, l.Need)
	}
	if err == nil && l.Model == Model501 && matches(o.Cards501, l.Item) {
		l.Kind = KindCard
	}
	return l, err
}

// bound ends the wish for more bytes where no more may be asked for.
func bound(short ErrShort, need int) error {
	if need == 0 {
		return ErrCorrupt{What: "its contents run on past every bound"}
	}
	return ErrShort{Need: need}
}

// Enough says how many bytes from block 0 on a reader must have in all before
// the tag is decided, or 0 if what it has is enough. Eight blocks are read
// first; more are wanted while no reading of them is sure: the CRC fails, the
// owner fills its 32-byte form, an extension block or an element runs past the
// end, or a long identifier stands in an extension block not yet read.
//
// It is 0, or more than was given and a whole number of blocks, and never more
// than 256, so that a loop over it ends whatever the tag says. A tag may have
// fewer bytes than wanted: then what it has must do.
func Enough(tag drivers.Tag) (need int) {
	if len(tag.Data) < firstRead {
		return firstRead
	}
	l, _ := Decode(tag, Options{})
	return l.Need
}

// wanted rounds need up to whole blocks; 0 if it is given already or if no
// more may be asked for.
func wanted(need, given, size int) int {
	if need <= given || given >= maxRead {
		return 0
	}
	return min((need+size-1)/size*size, maxRead)
}

func blockSize(tag drivers.Tag, o Options) int {
	for _, size := range []int{tag.BlockSize, o.DefaultBlockSize} {
		if size > 0 && size <= maxBlockSize {
			return size
		}
	}
	return 4
}

// image is a tag's memory in one of the two orders.
type image struct {
	data  []byte
	order string
}

func images(data []byte, size int) [2]image {
	return [2]image{{data, Forward}, {iso28560.Reverse(data, size), Reversed}}
}

func matches(patterns []*regexp.Regexp, s string) bool {
	for _, p := range patterns {
		if p.MatchString(s) {
			return true
		}
	}
	return false
}

// kindOf is what a usage byte's class makes of a tag. Classes 10 up are not
// assigned: nothing is lent on a code that nobody knows.
func kindOf(usage byte) string {
	switch class := usage >> 4; {
	case class == iso28560.Patron:
		return KindCard
	case class == iso28560.Acquisition, class == iso28560.Discarded, class >= iso28560.Equipment:
		return KindOther
	}
	return KindItem
}
