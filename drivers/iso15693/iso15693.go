// Package iso15693 builds and reads the frames that pass between a reader and
// a tag over the air (ISO/IEC 15693-3): the bytes between start and end of
// frame, their CRC, and the mask with which sixteen slots tell tags apart.
// It refuses a frame whose CRC is wrong, and it reaches no device.
package iso15693

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"nightdesk/drivers"
)

// Request flags (ISO/IEC 15693-3, request format).
const (
	HighRate  = 0x02 // 26.48 kbit/s
	inventory = 0x04
	withAFI   = 0x10 // in an inventory
	oneSlot   = 0x20 // in an inventory
	addressed = 0x20 // in any other request
	Option    = 0x40 // some tags then answer a write only after a further end of frame
)

// Command codes (ISO/IEC 15693-3, clause 10).
const (
	CmdInventory  = 0x01
	CmdStayQuiet  = 0x02
	CmdReadOne    = 0x20
	CmdWriteOne   = 0x21
	CmdReadMany   = 0x23
	CmdSelect     = 0x25
	CmdReset      = 0x26
	CmdWriteAFI   = 0x27
	CmdWriteDSFID = 0x29
	CmdInfo       = 0x2B
)

// ErrCRC says that a frame did not arrive whole.
var ErrCRC = errors.New("the frame's CRC is wrong")

// ErrShort says that an answer ends before the fields that it announces.
var ErrShort = errors.New("the answer is too short")

// CRC is the checksum of ISO/IEC 13239 that the standard prescribes (annex C):
// polynomial 0x1021 reflected, start 0xFFFF, complemented at the end.
func CRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0x8408
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

// Seal appends the CRC, low byte first.
func Seal(body []byte) []byte { return binary.LittleEndian.AppendUint16(body, CRC(body)) }

// Open takes the CRC off, or answers ErrCRC.
func Open(frame []byte) ([]byte, error) {
	n := len(frame) - 2
	if n < 1 || binary.LittleEndian.Uint16(frame[n:]) != CRC(frame[:n]) {
		return nil, ErrCRC
	}
	return frame[:n], nil
}

// Request is a command to the tag named, at the high data rate: flags, command,
// UID low byte first, parameters, CRC. More flags may be added, such as Option.
func Request(cmd byte, uid drivers.UID, flags byte, params ...byte) []byte {
	b := append([]byte{HighRate | addressed | flags, cmd}, turned(uid)...)
	return Seal(append(b, params...))
}

// Custom is a manufacturer's command to the tag named: like Request, with the
// manufacturer's code (0x04 NXP) before the UID.
func Custom(cmd, maker byte, uid drivers.UID, params ...byte) []byte {
	b := append([]byte{HighRate | addressed, cmd, maker}, turned(uid)...)
	return Seal(append(b, params...))
}

// Inventory asks every tag that fits the mask, and the AFI if one is given, for
// its UID, in one slot or in sixteen (ISO/IEC 15693-3, 10.3.1).
func Inventory(sixteen bool, afi *drivers.AFI, m Mask) []byte {
	flags := byte(HighRate | inventory)
	if !sixteen {
		flags |= oneSlot
	}
	if afi != nil {
		flags |= withAFI
	}
	b := []byte{flags, CmdInventory}
	if afi != nil {
		b = append(b, byte(*afi))
	}
	b = append(b, byte(m.Bits))
	value := binary.LittleEndian.AppendUint64(nil, m.Value)
	return Seal(append(b, value[:(m.Bits+7)/8]...))
}

// Answer takes a tag's answer apart: what follows its flags. A tag that
// refuses gives a drivers.TagError.
func Answer(frame []byte) ([]byte, error) {
	body, err := Open(frame)
	if err != nil {
		return nil, err
	}
	if body[0]&0x01 == 0 {
		return body[1:], nil
	}
	if len(body) < 2 {
		return nil, ErrShort
	}
	return nil, drivers.TagError(body[1])
}

// Found reads the answer to an inventory: the DSFID and the UID.
func Found(frame []byte) (uid drivers.UID, dsfid byte, err error) {
	data, err := Answer(frame)
	if err != nil {
		return uid, 0, err
	}
	if len(data) != 9 {
		return uid, 0, ErrShort
	}
	return unturned(data[1:]), data[0], nil
}

// Info reads the answer to CmdInfo, whose second byte says which fields follow
// (ISO/IEC 15693-3, 10.4.12).
func Info(frame []byte) (drivers.TagInfo, error) {
	var info drivers.TagInfo
	data, err := Answer(frame)
	if err != nil {
		return info, err
	}
	if len(data) < 9 {
		return info, ErrShort
	}
	has, rest := data[0], data[9:]
	info.UID = unturned(data[1:9])
	for _, field := range []struct {
		flag byte
		size int
		take func(b []byte)
	}{
		{0x01, 1, func(b []byte) { info.DSFID = b[0] }},
		{0x02, 1, func(b []byte) { info.AFI = drivers.AFI(b[0]) }},
		{0x04, 2, func(b []byte) { info.Blocks, info.BlockSize = int(b[0])+1, int(b[1]&0x1F)+1 }},
		{0x08, 1, func(b []byte) { info.ICRef = b[0] }},
	} {
		if has&field.flag == 0 {
			continue
		}
		if len(rest) < field.size {
			return info, fmt.Errorf("system information: %w", ErrShort)
		}
		field.take(rest)
		rest = rest[field.size:]
	}
	return info, nil
}

func turned(uid drivers.UID) []byte {
	slices.Reverse(uid[:])
	return uid[:]
}

func unturned(b []byte) drivers.UID {
	uid := drivers.UID(b)
	slices.Reverse(uid[:])
	return uid
}
