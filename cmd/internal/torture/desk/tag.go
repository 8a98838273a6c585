package desk

import (
	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// UID is the tag with this serial number.
func UID(n uint32) drivers.UID {
	return drivers.UID{0xE0, 0x04, 0x01, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// Memory is a tag's memory in the layout of ISO 28560-3: 28 blocks of four
// bytes with a part of an item on it.
func Memory(item circ.ItemID, part, of byte) []byte {
	data := make([]byte, 112)
	data[0], data[1], data[2] = 1<<4|iso28560.Circulation, of, part
	copy(data[3:19], item)
	copy(data[21:34], "GBLEI")
	crc := iso28560.BlockCRC([iso28560.LongBlock]byte(data))
	data[19], data[20] = byte(crc), byte(crc>>8)
	return data
}

// Tag is such a tag, in stock.
func Tag(n uint32, item circ.ItemID, part, of byte) drivers.Tag {
	return drivers.Tag{UID: UID(n), AFI: Loud, BlockSize: 4, Data: Memory(item, part, of)}
}

// Says is what an AFI says to the gate.
func Says(afi drivers.AFI) circ.Security {
	switch afi {
	case Loud:
		return circ.Loud
	case Quiet:
		return circ.Quiet
	}
	return ""
}

// Witness is a tag as the check wants it.
func Witness(t drivers.Tag, item circ.ItemID, part, of int) check.Tag {
	return check.Tag{UID: t.UID, Item: item, Part: part, Of: of, AFI: t.AFI, Says: Says(t.AFI)}
}
