package devices

import (
	"encoding/binary"
	"slices"
	"time"

	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
)

// Commands of the reader, as the FEIG manual H60301-3e numbers them.
const (
	cmdDetect  = 0x52
	cmdVersion = 0x65
	cmdReset   = 0x69
	cmdConfig  = 0x80
	cmdISO     = 0xB0

	isoInventory = 0x01
	isoRead      = 0x23
	isoWriteAFI  = 0x27
	isoInfo      = 0x2B

	statusOK     = 0x00
	statusNoTag  = 0x01
	statusMore   = 0x94
	statusRefuse = 0x95 // the tag itself refuses; its code follows

	tagNoBlock = 0x10 // ISO/IEC 15693-3, table 12
	tagLocked  = 0x12
)

// tag is a tag in this reader's field, and where it does not tell the truth.
type tag struct {
	drivers.Tag
	seen  func(look int) bool                                       // false: this look does not find it
	info  func(drivers.TagInfo) drivers.TagInfo                     // what it says of itself
	read  func(first, n int, honest []byte) (status byte, _ []byte) // the data of its answer to a read
	write func(t *tag, afi drivers.AFI) (status byte)               // what it does with a write; 0x95 is "locked"
	deaf  bool                                                      // it is listed, and answers nothing that it is asked
}

// reader is a FEIG reader in memory that can be made to say anything. The
// simulator behind a pty plays a reader that is honest; this one need not be.
type reader struct {
	field  []*tag
	looks  int
	wrote  map[drivers.UID]int // write commands that reached a tag
	rest   []*tag              // tags of this look that are not listed yet
	before func(iso byte, uid drivers.UID)
}

func newReader(tags ...*tag) *reader { return &reader{field: tags, wrote: map[drivers.UID]int{}} }

// answer carries one command out and gives the whole frame of its answer; nil
// if the command is no frame.
func (r *reader) answer(cmd []byte) []byte {
	if len(cmd) < 5 || int(cmd[0]) != len(cmd) || checksum(cmd) != 0 {
		return nil
	}
	code, data := cmd[2], cmd[3:len(cmd)-2]
	switch code {
	case cmdDetect, cmdReset:
		return frame(code, statusOK)
	case cmdVersion:
		return frame(code, statusOK, 4, 5, 0, 0, 76, 0, 8)
	case cmdConfig:
		return frame(code, append([]byte{statusOK}, make([]byte, 14)...)...)
	case cmdISO:
		return frame(code, r.iso(data)...)
	}
	return frame(code, 0x80)
}

func (r *reader) iso(data []byte) []byte {
	if data[0] == isoInventory {
		return r.inventory(data[1]&0x80 != 0)
	}
	uid := drivers.UID(data[2:10])
	if r.before != nil {
		r.before(data[0], uid)
	}
	i := slices.IndexFunc(r.field, func(t *tag) bool { return t.UID == uid })
	if i < 0 || r.field[i].deaf {
		return []byte{statusNoTag}
	}
	t, args := r.field[i], data[10:]
	switch data[0] {
	case isoRead:
		return t.answerRead(int(args[0]), int(args[1]))
	case isoWriteAFI:
		r.wrote[uid]++
		return t.answerWrite(drivers.AFI(args[0]))
	case isoInfo:
		return t.answerInfo()
	}
	return []byte{0x80}
}

const perFrame = 24 // tags in one answer

func (r *reader) inventory(more bool) []byte {
	if !more {
		r.looks++
		r.rest = slices.DeleteFunc(slices.Clone(r.field), func(t *tag) bool { return t.seen != nil && !t.seen(r.looks) })
	}
	if len(r.rest) == 0 {
		return []byte{statusNoTag}
	}
	n := min(len(r.rest), perFrame)
	out := []byte{statusOK, byte(n)}
	for _, t := range r.rest[:n] {
		out = append(append(out, 0x03, t.DSFID), t.UID[:]...)
	}
	if r.rest = r.rest[n:]; len(r.rest) > 0 {
		out[0] = statusMore
	}
	return out
}

func (t *tag) answerInfo() []byte {
	i := drivers.TagInfo{UID: t.UID, AFI: t.AFI, DSFID: t.DSFID, BlockSize: t.BlockSize, Blocks: len(t.Data) / t.BlockSize}
	if t.info != nil {
		i = t.info(i)
	}
	out := append([]byte{statusOK, i.DSFID}, i.UID[:]...)
	return append(out, byte(i.AFI), byte(i.BlockSize), byte(i.Blocks), 1)
}

func (t *tag) answerRead(first, n int) []byte {
	var honest []byte
	status, end := byte(statusOK), (first+n)*t.BlockSize
	if end > len(t.Data) || n*t.BlockSize > 128 {
		status, honest = statusRefuse, []byte{tagNoBlock}
	} else {
		honest = []byte{byte(n), byte(t.BlockSize)}
		for b := range slices.Chunk(t.Data[first*t.BlockSize:end], t.BlockSize) {
			b = slices.Clone(b)
			slices.Reverse(b) // as FEIG sends a block
			honest = append(append(honest, 0), b...)
		}
	}
	if t.read != nil {
		status, honest = t.read(first, n, honest)
	}
	return append([]byte{status}, honest...)
}

func (t *tag) answerWrite(afi drivers.AFI) []byte {
	if t.write == nil {
		t.AFI = afi
		return []byte{statusOK}
	}
	if status := t.write(t, afi); status == statusRefuse {
		return []byte{status, tagLocked}
	} else {
		return []byte{status}
	}
}

// frame is an answer of the reader, from its address 0.
func frame(code byte, body ...byte) []byte {
	b := append([]byte{byte(5 + len(body)), 0, code}, body...)
	return binary.LittleEndian.AppendUint16(b, checksum(b))
}

// checksum is the protocol's CRC (H60301-3e, 2.2); over a whole frame it is 0.
func checksum(b []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			if sum&1 == 1 {
				sum = sum>>1 ^ 0x8408
			} else {
				sum >>= 1
			}
		}
	}
	return sum
}

// delivery is bytes on their way to the computer.
type delivery struct {
	at   time.Time
	data []byte
}

// cable is the line to a reader, as a driver's port. What it delivers, it
// delivers in order, as every wire does.
type cable struct {
	reader *reader
	// spoil says what the line makes of an answer, and when it comes; nil: it
	// comes at once and as it is.
	spoil func(cmd, answer []byte) []delivery
	// speaks gives what comes unasked; nil: nothing does.
	speaks func() []byte

	coming []delivery
}

const moment = 5 * time.Millisecond // how long an empty read waits

func (c *cable) Read(b []byte) (int, error) {
	if n := c.take(b); n > 0 {
		return n, nil
	}
	time.Sleep(moment)
	return c.take(b), nil
}

func (c *cable) take(b []byte) int {
	if c.speaks != nil {
		if noise := c.speaks(); len(noise) > 0 {
			c.coming = append(c.coming, delivery{time.Now(), noise})
		}
	}
	n := 0
	for len(c.coming) > 0 && n < len(b) && !c.coming[0].at.After(time.Now()) {
		d := &c.coming[0]
		m := copy(b[n:], d.data)
		n += m
		if d.data = d.data[m:]; len(d.data) == 0 {
			c.coming = c.coming[1:]
		}
	}
	return n
}

func (c *cable) Write(b []byte) (int, error) {
	answer := c.reader.answer(b)
	switch {
	case c.spoil != nil:
		c.coming = append(c.coming, c.spoil(b, answer)...)
	case answer != nil:
		c.coming = append(c.coming, delivery{time.Now(), answer})
	}
	return len(b), nil
}

func (c *cable) Close() error { return nil }

// book is an honest tag on a single item, in stock.
func book(n uint32) *tag { return &tag{Tag: desk.Tag(n, items[n].ID, 1, 1)} }
