package proxy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
)

// Kinds of MQTT packets (MQTT 3.1.1, 2.2.1), as far as they are treated apart.
const (
	publish = 3
	puback  = 4
	suback  = 9
)

// largest is more than any message between kiosk and central.
const largest = 1 << 20

var errPacket = errors.New("not an MQTT packet")

// packet is one MQTT packet, all its bytes.
type packet struct {
	raw  []byte
	body int // where its variable header begins
}

// readPacket reads a whole packet. What came of one that broke off is beside
// the error.
func readPacket(r *bufio.Reader) (packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return packet{}, err
	}
	p := packet{raw: []byte{first}}
	length := 0
	for shift := 0; ; shift += 7 { // seven bits a byte, the least significant first (2.2.3)
		b, err := r.ReadByte()
		if err != nil {
			return p, err
		}
		p.raw = append(p.raw, b)
		length |= int(b&0x7f) << shift
		if length > largest || shift > 21 {
			return p, errPacket
		}
		if b < 0x80 {
			break
		}
	}
	p.body = len(p.raw)
	p.raw = append(p.raw, make([]byte, length)...)
	n, err := io.ReadFull(r, p.raw[p.body:])
	p.raw = p.raw[:p.body+n]
	return p, err
}

func (p packet) kind() byte { return p.raw[0] >> 4 }
func (p packet) qos() byte  { return p.raw[0] >> 1 & 3 }

// split says where a PUBLISH has its identifier and its payload; false if it is
// not a whole one.
func (p packet) split() (id, payload int, ok bool) {
	rest := p.raw[p.body:]
	if len(rest) < 2 {
		return 0, 0, false
	}
	id = p.body + 2 + int(binary.BigEndian.Uint16(rest))
	payload = id
	if p.qos() > 0 {
		payload += 2
	}
	return id, payload, payload <= len(p.raw)
}

// topic is a PUBLISH's.
func (p packet) topic() string {
	id, _, ok := p.split()
	if !ok {
		return ""
	}
	return string(p.raw[p.body+2 : id])
}

// acknowledgement is the PUBACK that a broker would answer, and false where
// none is due.
func (p packet) acknowledgement() ([]byte, bool) {
	id, _, ok := p.split()
	if p.kind() != publish || !ok || p.qos() != 1 {
		return nil, false
	}
	return []byte{puback << 4, 2, p.raw[id], p.raw[id+1]}, true
}

// flipped is a copy with one bit of the payload turned; false if there is none.
func (p packet) flipped(rng *rand.Rand) (packet, bool) {
	_, payload, ok := p.split()
	if !ok || payload == len(p.raw) {
		return p, false
	}
	raw := append([]byte(nil), p.raw...)
	raw[payload+rng.IntN(len(raw)-payload)] ^= 1 << rng.IntN(8)
	return packet{raw: raw, body: p.body}, true
}
