// Package drivers says what a pad, a scanner and a printer are to the rest of Nightdesk.
// It holds the nouns and the few errors; every device family is a package
// below it, and nothing below it knows what a library is for.
package drivers

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// UID is the unique identifier of an ISO/IEC 15693 tag, most significant byte
// first: E0, the manufacturer, then the serial number (ISO/IEC 15693-3, 4.1).
type UID [8]byte

// String gives the sixteen upper-case hexadecimal digits of the UID.
func (u UID) String() string { return strings.ToUpper(hex.EncodeToString(u[:])) }

// ParseUID reads sixteen hexadecimal digits, with or without spaces.
func ParseUID(s string) (UID, error) {
	var u UID
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil || len(b) != len(u) {
		return u, fmt.Errorf("UID %q is not 16 hexadecimal digits", s)
	}
	copy(u[:], b)
	return u, nil
}

// MarshalText writes the UID as String does, so that it can stand in JSON.
func (u UID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (u *UID) UnmarshalText(b []byte) error {
	v, err := ParseUID(string(b))
	if err == nil {
		*u = v
	}
	return err
}

// AFI is the application family identifier, the byte that library gates look
// at. Which value is loud and which is quiet is the venue's configuration.
type AFI byte

// String gives the two upper-case hexadecimal digits of the AFI.
func (a AFI) String() string { return fmt.Sprintf("%02X", byte(a)) }

// TagInfo is a tag's answer to "get system information" (ISO/IEC 15693-3, 10.4.12).
type TagInfo struct {
	UID       UID  // the tag that answered; a caller believes nothing said in another's name
	DSFID     byte // data storage format
	AFI       AFI
	BlockSize int  // bytes in a block
	Blocks    int  // how many blocks; 0 if the tag does not say
	ICRef     byte // manufacturer's chip reference
}

// Tag is a tag's memory as the reader delivered it. The reader may have
// turned every block round (FEIG host protocol does); the format finds out.
type Tag struct {
	UID       UID
	AFI       AFI
	DSFID     byte
	BlockSize int    // bytes in a block
	Data      []byte // from block 0 on
}

// Pad is a reader with an antenna on which items are put down. It is used and
// closed by one goroutine. Drivers do not log, retry, reconnect or start
// goroutines: an error goes to the caller, who closes and opens again.
type Pad interface {
	// Inventory lists every tag in the field, in no particular order,
	// each once. An empty field is an empty list and no error.
	Inventory(ctx context.Context) ([]UID, error)

	// Info asks one tag who it is and what its AFI is. This is the read-back
	// after WriteAFI. The answer names the UID, and is an error if it names
	// another. ErrGone if the tag does not answer.
	Info(ctx context.Context, uid UID) (TagInfo, error)

	// Read returns n blocks from the block first on. ErrGone if the tag does
	// not answer, a TagError if it answers with an error.
	Read(ctx context.Context, uid UID, first, n int) ([]byte, error)

	// WriteAFI sets the tag's AFI. A nil error says only that the reader
	// accepted it: ask Info to be sure. ErrGone if the tag does not answer.
	WriteAFI(ctx context.Context, uid UID, afi AFI) error

	io.Closer
}

// Symbology is the AIM code letter of a barcode, 'F' for Codabar, 'A' for
// Code 39, 'C' for Code 128, 'E' for EAN; 0 if the scanner does not tell.
type Symbology byte

// Scan is one barcode as the scanner sent it, cleaned of its framing and of
// its AIM identifier.
type Scan struct {
	Symbology Symbology
	Modifier  byte // the AIM modifier character; 0 if not told
	Text      string
}

// Scanner reads barcodes. It is used and closed by one goroutine.
type Scanner interface {
	// Scan waits for the next barcode. It returns when ctx is done.
	Scan(ctx context.Context) (Scan, error)

	io.Closer
}

// What callers of a driver branch on.
var (
	// ErrGone says that the tag does not answer: it was lifted, or lies badly.
	ErrGone = errors.New("the tag does not answer")
	// ErrSilent says that the device did not answer in its own response time.
	ErrSilent = errors.New("the device does not answer")
	// ErrUnplugged says that the device is gone from this computer.
	ErrUnplugged = errors.New("the device is unplugged")
	// ErrGarbled says that what came was not a frame, or answered another question.
	ErrGarbled = errors.New("the device's answer is garbled")
	// ErrNonsense is an ErrGarbled that one tag is to blame for: the reader has
	// answered this question, in a whole frame, and what it was told by the tag
	// makes no sense. The pad works, and so do the tags beside it.
	ErrNonsense = fmt.Errorf("what the tag says makes no sense: %w", ErrGarbled)
)

// TagError is an ISO/IEC 15693 error byte that the tag itself answered with
// (ISO/IEC 15693-3, table 12): 0x10 no such block, 0x12 locked, 0x13 not written.
type TagError byte

func (e TagError) Error() string { return fmt.Sprintf("the tag refuses with code %02X", byte(e)) }
