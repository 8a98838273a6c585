package feig

import (
	"bytes"

	"nightdesk/drivers"
)

// anyReader is the address that every reader answers to (CPR30, p. 15).
const anyReader = 0xFF

// op is one thing that is asked of a reader.
type op int

const (
	opDetect op = iota
	opVersion
	opConfig
	opRFReset
	opInventory
	opRead
	opWriteAFI
	opInfo
)

// command is how an op is asked: the command byte, what always follows it,
// and what to call it when it fails.
type command struct {
	code  byte
	fixed []byte
	name  string
}

// command looks up the table of everything this driver ever sends.
func (o op) command() command {
	return [...]command{
		// [0x52] Baud Rate Detection, p. 48: any answer means the right speed and parity.
		opDetect: {0x52, []byte{0x00}, "look for the reader"},
		// [0x65] Get Software Version, p. 50.
		opVersion: {0x65, nil, "ask for the firmware"},
		// [0x80] Read Configuration, p. 44: block 5, from RAM, for that is what
		// the reader goes by (bit 7 of the address would be the EEPROM).
		opConfig: {0x80, []byte{0x05}, "read configuration block 5"},
		// [0x69] RF Reset, p. 53: the field goes off for 15 ms; answered when it is over.
		opRFReset: {0x69, nil, "reset the field"},
		// [0xB0] [0x01] Inventory, p. 59; the mode follows.
		opInventory: {0xB0, []byte{0x01}, "look for tags"},
		// [0xB0] [0x23] Read Multiple Blocks, p. 63; UID, first block, how many.
		opRead: {0xB0, []byte{0x23, addressed}, "read"},
		// [0xB0] [0x27] Write AFI, p. 69; UID, AFI.
		opWriteAFI: {0xB0, []byte{0x27, addressed}, "write the AFI"},
		// [0xB0] [0x2B] Get System Information, p. 73; UID.
		opInfo: {0xB0, []byte{0x2B, addressed}, "ask the tag what it is"},
	}[o]
}

const (
	addressed = 0x01 // MODE, bits 2-0: the UID follows (p. 63)
	fresh     = 0x00 // MODE of inventory: a new one (p. 59)
	more      = 0x80 // MODE of inventory, bit 7: what did not fit (p. 60)
)

// request is the frame that asks for o.
func request(o op, args ...byte) []byte {
	c := o.command()
	return frame{addr: anyReader, code: c.code, body: bytes.Join([][]byte{c.fixed, args}, nil)}.bytes()
}

// to puts the UID before the arguments of an addressed command, E0 first.
func to(uid drivers.UID, args ...byte) []byte { return append(uid[:], args...) }

// names tells whether reply answers cmd: it names the command, and an answer
// has a status.
func names(cmd, reply []byte) bool {
	asked, err := parse(cmd)
	if err != nil {
		return false
	}
	got, err := parse(reply)
	return err == nil && got.code == asked.code && len(got.body) > 0
}
