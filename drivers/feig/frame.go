// Package feig drives readers that speak the FEIG OBID host protocol: the
// i-scan mid-range family (MR, PR, PRH), the classic-pro family (CPR) and the
// many pads sold with one of them inside. It refuses to believe an answer that does not name the command, and it
// never changes the reader's configuration.
//
// Pages are those of the FEIG manual H60301-3e-ID-B (ID ISC.MR/PR/PRH101)
// unless another is named; CPR30 is H01114-0e-ID-B.
package feig

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	stx = 0x02 // begins an advanced frame (CPR30, p. 15); no standard frame is 2 bytes long

	shortest         = 5 // LEN ADR CMD CRC CRC: a request without data
	shortestAdvanced = 7 // STX ALEN ALEN ADR CMD CRC CRC
	longestStandard  = 255

	// longest is what we are ready to wait for, far more than a reader's
	// buffer. An advanced frame could say 65535.
	longest = 2048
)

var (
	errLength   = errors.New("no frame has this length")
	errChecksum = errors.New("the checksum is wrong")
)

// frame is one message either way. The body of an answer begins with the status.
type frame struct {
	advanced bool // framed with STX and two length bytes
	addr     byte // FF asks any reader; an answer carries the reader's own
	code     byte // the command, also in its answer
	body     []byte
}

// crc is CRC-16 with the polynomial 0x8408 (reflected), start 0xFFFF, no final
// XOR (CPR30, p. 15-16). Over a frame with its own CRC it is 0.
func crc(b []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			carry := sum & 1
			sum >>= 1
			if carry != 0 {
				sum ^= 0x8408
			}
		}
	}
	return sum
}

// bytes writes the frame; it is advanced if it must be.
func (f frame) bytes() []byte {
	n := shortest + len(f.body)
	var b []byte
	if f.advanced || n > longestStandard {
		b = append(b, stx)
		b = binary.BigEndian.AppendUint16(b, uint16(n+shortestAdvanced-shortest))
	} else {
		b = append(b, byte(n))
	}
	b = append(b, f.addr, f.code)
	b = append(b, f.body...)
	return binary.LittleEndian.AppendUint16(b, crc(b))
}

// Split finds a whole frame, standard or advanced, with a right checksum; it
// is a wire.Split.
func Split(buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	n, least := int(buf[0]), shortest
	if buf[0] == stx {
		if len(buf) < 3 {
			return 0, nil
		}
		n, least = int(binary.BigEndian.Uint16(buf[1:])), shortestAdvanced
	}
	if n < least || n > longest {
		return 0, fmt.Errorf("%w: %d", errLength, n)
	}
	if len(buf) < n {
		return 0, nil
	}
	if crc(buf[:n]) != 0 {
		return 0, errChecksum
	}
	return n, nil
}

// parse takes a frame apart that is exactly b.
func parse(b []byte) (frame, error) {
	n, err := Split(b)
	if err != nil {
		return frame{}, err
	}
	if n == 0 || n != len(b) {
		return frame{}, fmt.Errorf("%w: %d", errLength, len(b))
	}
	f := frame{advanced: b[0] == stx}
	head := 1
	if f.advanced {
		head = 3
	}
	f.addr, f.code, f.body = b[head], b[head+1], b[head+2:n-2]
	return f, nil
}
