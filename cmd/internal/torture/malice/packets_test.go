package malice

import (
	"encoding/binary"
	"math/rand/v2"
)

// Packet types of MQTT 3.1.1, section 2.2.1, in the high half of the first byte.
const (
	connack  byte = 0x20
	pub      byte = 0x30
	puback   byte = 0x40
	pubrec   byte = 0x50
	pubrel   byte = 0x62
	pubcomp  byte = 0x70
	suback   byte = 0x90
	unsuback byte = 0xb0
	pingresp byte = 0xd0
)

// length is a remaining length: seven bits a byte, the lowest first (2.2.3).
func length(n int) (b []byte) {
	for {
		digit := byte(n & 0x7f)
		if n >>= 7; n == 0 {
			return append(b, digit)
		}
		b = append(b, digit|0x80)
	}
}

func packet(first byte, body ...byte) []byte {
	return append(append([]byte{first}, length(len(body))...), body...)
}

// message is a PUBLISH; id is left out at QoS 0.
func message(topic string, qos byte, id uint16, payload []byte) []byte {
	body := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic...)
	if qos > 0 {
		body = binary.BigEndian.AppendUint16(body, id)
	}
	return packet(pub|qos<<1, append(body, payload...)...)
}

func id(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

func bytesOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
