package feig

import (
	"fmt"

	"nightdesk/drivers"
)

// The statuses that this driver acts upon (annex D, p. 121).
const (
	statusOK     = 0x00
	statusNoTag  = 0x01 // no tag answers, or not any more
	statusFalse  = 0x02 // what the tag sent has a wrong checksum
	statusRF     = 0x83 // communication with the tag failed
	statusMore   = 0x94 // more tags than fit in one answer
	statusTagErr = 0x95 // the tag itself refuses; its error byte follows
)

// StatusError is a status other than "done" that is about the reader or the
// command, not about a tag that is gone.
type StatusError byte

// Error says it in plain words (annex D, p. 121).
func (e StatusError) Error() string {
	words, ok := map[StatusError]string{
		0x02: "what the tag sent was damaged",
		0x03: "the write did not succeed",
		0x04: "the tag has no such address",
		0x05: "the tag does not know this command",
		0x08: "the tag wants authentication",
		0x0E: "general error of the tag",
		0x10: "the reader's configuration memory is damaged",
		0x11: "a parameter is out of range",
		0x13: "the reader wants a login",
		0x15: "the reader has no such configuration block",
		0x80: "the reader does not know this command",
		0x81: "the command has the wrong length",
		0x82: "not while the reader scans by itself: it must be set to host mode",
		0x83: "radio noise",
		0x93: "the answer does not fit in the reader's buffer",
	}[e]
	if !ok {
		words = "unexpected"
	}
	return fmt.Sprintf("reader status %02X: %s", byte(e), words)
}

// reply is an answer without its frame.
type reply struct {
	status byte
	data   []byte
}

// err is what the status means for a command to the reader itself.
func (r reply) err() error {
	switch r.status {
	case statusOK:
		return nil
	case statusTagErr:
		if len(r.data) == 0 {
			return fmt.Errorf("%w: a tag error without its code", drivers.ErrNonsense)
		}
		return drivers.TagError(r.data[0])
	}
	return StatusError(r.status)
}

// tagErr is what the status means for a command that names a tag. A tag
// at the edge of the field answers with noise before it does not answer at
// all; for the caller both mean that it must be laid down properly.
func (r reply) tagErr() error {
	switch r.status {
	case statusNoTag, statusFalse, statusRF:
		return drivers.ErrGone
	}
	if code, ok := tagRefusal(r.status); ok {
		return code
	}
	return r.err()
}

// tagRefusal is what the reader found out about one tag, as the code with which
// the tag itself says so (ISO/IEC 15693-3, table 12). It must not be taken for
// trouble with the reader: one bad tag would put a whole pad out of order.
func tagRefusal(status byte) (drivers.TagError, bool) {
	code, ok := map[byte]drivers.TagError{
		0x03: 0x13, // write error: not programmed
		0x04: 0x10, // no such address: no such block
		0x05: 0x01, // the tag does not know this command: not supported
		0x08: 0x12, // wants authentication: locked
		0x0E: 0x0F, // general error: unknown
	}[status]
	return code, ok
}
