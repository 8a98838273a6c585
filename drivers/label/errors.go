package label

import (
	"errors"
	"fmt"
)

// What a caller branches on.
var (
	// ErrBlank says that the tag carries nothing yet.
	ErrBlank = errors.New("the tag is blank")
	// ErrUnknownModel says that the tag carries something else than the three
	// models. Such a tag is never written.
	ErrUnknownModel = errors.New("the tag is in no data model known here")
)

// ErrCorrupt says that the tag is in a known model and not to be believed.
// What never repeats the tag's content, which may be a card number.
type ErrCorrupt struct {
	What string
}

func (e ErrCorrupt) Error() string { return "the tag is corrupt: " + e.What }

// ErrShort says that the bytes given end too early to decide.
type ErrShort struct {
	Need int // bytes from block 0 on
}

func (e ErrShort) Error() string {
	return fmt.Sprintf("the tag's bytes are too short to decide: at least %d needed", e.Need)
}
