package sim

import "encoding/binary"

// frame is a frame of the FEIG host protocol (H60301-3e, 2.1), taken apart.
// In an answer the first byte of data is the status.
type frame struct {
	advanced bool // 02, two bytes of length, instead of one byte of length
	address  byte
	command  byte
	data     []byte
}

const (
	shortest   = 5    // LEN ADR CMD CRC CRC
	advMark    = 0x02 // cannot be a LEN, for the shortest frame has five bytes
	advAround  = 7    // 02 LEN LEN ADR CMD CRC CRC
	longest    = 1024 // longer than any command
	anyAddress = 0xFF
)

// crc is the protocol's checksum (H60301-3e, 2.2): polynomial 8408 reflected,
// start FFFF, nothing at the end, low byte first on the line.
func crc(b []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			carry := sum & 1
			sum >>= 1
			if carry == 1 {
				sum ^= 0x8408
			}
		}
	}
	return sum
}

// length says how long the frame is that begins here: 0 if that is not yet
// known, -1 if no frame begins so.
func length(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] >= shortest:
		return int(b[0])
	case b[0] != advMark:
		return -1
	case len(b) < 3:
		return 0
	}
	n := int(binary.BigEndian.Uint16(b[1:]))
	if n < advAround || n > longest {
		return -1
	}
	return n
}

// parse takes a whole frame apart and says whether it is one.
func parse(b []byte) (frame, bool) {
	if length(b) != len(b) || crc(b) != 0 {
		return frame{}, false
	}
	head := 1
	if b[0] == advMark {
		head = 3
	}
	body := b[head : len(b)-2]
	return frame{advanced: head == 3, address: body[0], command: body[1], data: body[2:]}, true
}

// bytes puts the frame together; one too long for a single byte of length
// becomes an advanced one.
func (f frame) bytes() []byte {
	n := shortest + len(f.data)
	var b []byte
	if f.advanced || n > 0xFF {
		b = binary.BigEndian.AppendUint16([]byte{advMark}, uint16(n+advAround-shortest))
	} else {
		b = []byte{byte(n)}
	}
	b = append(b, f.address, f.command)
	b = append(b, f.data...)
	return binary.LittleEndian.AppendUint16(b, crc(b))
}
