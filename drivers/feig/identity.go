package feig

import (
	"encoding/binary"
	"fmt"
)

// Identity is what a reader says about itself (p. 50).
type Identity struct {
	Firmware    uint16 // major and minor in one byte each; 0 if not told
	Development byte   // revision within it; 0 in released firmware
	Hardware    byte   // options of the hardware
	Type        byte   // kind of reader; see Model
	Tags        uint16 // kinds of tags, one bit each; bit 3 is ISO 15693
	NewOnly     NewOnly
}

// Where each thing stands in the answer to "get software version" (p. 50).
const (
	idFirmware    = 0
	idDevelopment = 2
	idHardware    = 3
	idType        = 4
	idTags        = 5
	idLength      = 7
)

// identity reads the answer to "get software version". A reader that
// does not give it is used all the same.
func identity(r reply) Identity {
	if r.status != statusOK || len(r.data) < idLength {
		return Identity{}
	}
	return Identity{
		Firmware:    binary.BigEndian.Uint16(r.data[idFirmware:]),
		Development: r.data[idDevelopment],
		Hardware:    r.data[idHardware],
		Type:        r.data[idType],
		Tags:        binary.BigEndian.Uint16(r.data[idTags:]),
	}
}

// Model names the kind of reader (annex K), "" if this list does not have it.
func (id Identity) Model() string {
	return map[byte]string{
		40: "ID ISC.LR100", 41: "ID ISC.LR200",
		71: "ID ISC.PRH100-U", 73: "ID ISC.MR100-U", 74: "ID ISC.MR100/PR100",
		75: "ID ISC.MR200", 76: "ID ISC.MR101-A", 78: "ID ISC.MR101-U",
		80: "ID CPR.M02", 81: "ID CPR.02", 87: "ID CPR.04",
		91: "ID ISC.LRU1000",
	}[id.Type]
}

// String is one line for a technician.
func (id Identity) String() string {
	model := id.Model()
	if model == "" {
		model = fmt.Sprintf("reader of type %d", id.Type)
	}
	return fmt.Sprintf("%s, firmware %02X.%02X, reports only new tags: %v",
		model, id.Firmware>>8, id.Firmware&0xFF, id.NewOnly)
}
