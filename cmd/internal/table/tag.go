package table

import (
	"encoding/binary"
	"strings"

	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// What the demonstration's gate listens for. They are the defaults of a
// kiosk's configuration.
const (
	loud  drivers.AFI = 0x07 // in stock
	quiet drivers.AFI = 0xC2 // on loan
)

// owner is the ISIL on every tag; it is nobody's.
const owner = "GB-Demo"

const (
	blockSize = 4  // bytes
	blocks    = 28 // of a common library tag
)

// memory is a tag in the layout of ISO 28560-3: usage, parts, identifier, CRC
// and owner, the owner without its hyphen.
func memory(b Book, part int) []byte {
	var basic [iso28560.LongBlock]byte
	basic[0] = 1<<4 | iso28560.Circulation
	basic[1], basic[2] = byte(len(b.Tags)), byte(part)
	copy(basic[3:19], b.ID)
	copy(basic[21:], strings.Replace(owner, "-", "", 1))
	binary.LittleEndian.PutUint16(basic[19:], iso28560.BlockCRC(basic))
	data := make([]byte, blocks*blockSize)
	copy(data, basic[:])
	return data
}

func newTag(b Book, part int, afi drivers.AFI) drivers.Tag {
	return drivers.Tag{UID: b.Tags[part-1], AFI: afi, DSFID: 0x3E, BlockSize: blockSize, Data: memory(b, part)}
}
