package iso15693

import (
	"encoding/binary"

	"nightdesk/drivers"
)

// Mask is the low end of the UIDs that an inventory asks for. The zero mask
// asks for all.
type Mask struct {
	Bits  int    // how many, a multiple of four, 60 at most
	Value uint64 // the bits above are zero
}

// MaxBits is where narrowing stops: the last four bits then choose the slot.
const MaxBits = 60

// Slot is where a tag answers in a round of sixteen, given by the four bits of
// its UID above the mask; not at all if its UID does not end as the mask says.
func (m Mask) Slot(uid drivers.UID) (slot int, fits bool) {
	v := binary.BigEndian.Uint64(uid[:])
	if v&(1<<m.Bits-1) != m.Value {
		return 0, false
	}
	return int(v >> m.Bits & 0xF), true
}

// Narrow is the mask for the tags that collided in a slot. A mask of MaxBits
// cannot be narrowed: that two tags answer there would mean two tags of one UID.
func (m Mask) Narrow(slot int) (Mask, bool) {
	if m.Bits >= MaxBits {
		return m, false
	}
	return Mask{Bits: m.Bits + 4, Value: m.Value | uint64(slot)<<m.Bits}, true
}
