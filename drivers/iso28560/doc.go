// Package iso28560 reads library tags as ISO 28560-3 (one fixed block, a CRC,
// extension blocks) and ISO 28560-2 (data elements over ISO/IEC 15962) lay
// them out. It refuses to guess: a field that is not what the standard says is
// an error or a flag, and which of the two formats a tag is in, and in which
// byte order, is for the caller to find out by trying.
//
// Clause numbers are not cited: the layouts were taken from published
// examples, from DS-INF 163-1, and from open readers that agree with each
// other on them.
package iso28560

import "fmt"

// CRCError says that a 28560-3 basic block does not carry its own checksum.
type CRCError struct {
	Stored   uint16 // bytes 19 and 20
	Computed uint16 // over bytes 0-18 and 21-33
	Full     bool   // fewer than 34 bytes were given and bytes 21-31 are full: the owner runs on in bytes 32 and 33
}

func (e CRCError) Error() string {
	return fmt.Sprintf("28560-3 CRC is %04X on the tag but %04X over its bytes", e.Stored, e.Computed)
}

// ShortError says that the bytes end inside something that was begun.
type ShortError struct {
	Need int // bytes from block 0 on, at least
}

func (e ShortError) Error() string { return fmt.Sprintf("%d bytes needed", e.Need) }

// FieldError says that a field does not hold what the standard lets it hold.
// It never repeats the field's content: that may be a card number.
type FieldError struct {
	Field string
	Why   string
}

func (e FieldError) Error() string { return e.Field + " " + e.Why }

// EmptyError says that the block is well formed and names nothing.
type EmptyError struct{}

func (EmptyError) Error() string { return "the block carries no identifier" }
