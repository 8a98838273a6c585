package drivers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Sheet is one receipt: rows from top to bottom.
type Sheet struct {
	Rows  []SheetRow
	Width int // dots across: 384 on 58 mm paper, 576 on 80 mm
}

// SheetRow is either text or a picture: Image wins if both are there. Text is
// one line; what is wider than the paper goes on in the next line.
type SheetRow struct {
	Text   string
	Bold   bool
	Large  bool // twice as high and twice as wide
	Centre bool
	Image  *Bitmap
}

// Bitmap is a black and white picture, 1 bit a dot and 1 = black. The leftmost
// dot of a byte is its most significant bit; rows are padded to whole bytes.
type Bitmap struct {
	Width, Height int // dots
	Bits          []byte
}

// Stride is how many bytes one row of dots takes.
func (b *Bitmap) Stride() int { return (b.Width + 7) / 8 }

// Black reports whether the dot x from the left, y from the top is black;
// outside the picture all is white.
func (b *Bitmap) Black(x, y int) bool {
	i := y*b.Stride() + x/8
	if x < 0 || y < 0 || x >= b.Width || y >= b.Height || i >= len(b.Bits) {
		return false
	}
	return b.Bits[i]&(0x80>>(x%8)) != 0
}

// PrinterStatus is what a printer says of itself. The zero value is a printer
// that is offline and does not say why.
type PrinterStatus struct {
	Online      bool
	PaperOut    bool
	PaperLow    bool // the roll nears its end; it still prints
	CoverOpen   bool
	CutterFault bool
}

// Printer prints receipts. It is used and closed by one goroutine.
type Printer interface {
	// Print prints one sheet and cuts it off. Nil: the printer says that it has
	// printed it or, if it is one that never answers, it took all bytes.
	// A sheet that fails is thrown away where it stands and never goes on when
	// paper comes: the next borrower would get it. ErrNotText if a row cannot
	// be printed as text, a PrinterError if the printer says why it does not
	// print, ErrSilent if a printer that must answer does not.
	Print(ctx context.Context, s Sheet) error

	// Status asks the printer how it is. ErrSilent if it never answers.
	Status(ctx context.Context) (PrinterStatus, error)

	io.Closer
}

// What callers of a printer branch on.
var (
	ErrPaperOut  = errors.New("the printer has no paper")
	ErrCoverOpen = errors.New("the printer's cover is open")
	// ErrOffline says that the printer does not print and names no other cause.
	ErrOffline = errors.New("the printer is offline")
	// ErrNotText says that a row holds letters which no page of the printer
	// has: draw it and send the picture.
	ErrNotText = errors.New("the printer has no such letters")
)

// PrinterError is a printer's own word that it does not print.
// errors.Is finds ErrPaperOut, ErrCoverOpen and ErrOffline in it.
type PrinterError struct{ Status PrinterStatus }

func (e PrinterError) Error() string {
	var why []string
	for _, cause := range e.Unwrap() {
		why = append(why, cause.Error())
	}
	if e.Status.CutterFault {
		why = append(why, "its cutter is stuck")
	}
	return strings.Join(why, ", ")
}

// Unwrap gives every cause that the status names, the plainest last.
func (e PrinterError) Unwrap() []error {
	var causes []error
	if e.Status.PaperOut {
		causes = append(causes, ErrPaperOut)
	}
	if e.Status.CoverOpen {
		causes = append(causes, ErrCoverOpen)
	}
	if len(causes) == 0 {
		causes = append(causes, ErrOffline)
	}
	return causes
}

// RowError says which row of a sheet cannot be printed as text. It does not
// repeat the row: what a borrower reads belongs into no log.
type RowError struct{ Row int } // from 0

func (e RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, ErrNotText) }

// Is makes errors.Is(err, ErrNotText) true.
func (e RowError) Is(target error) bool { return target == ErrNotText }
