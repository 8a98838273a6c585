package iso28560

import (
	"bytes"
	"strconv"
)

// An extension block is [len][id lo][id hi][xor][payload]. len counts the
// whole block, the XOR over it is zero, and len 0 ends the chain.
const (
	extHeader    = 4
	LibraryBlock = 1
	firstPrivate = 100 // ids from here on are not structured by the standard
	oldWideID    = 0xFF
)

// Extension is one extension block.
type Extension struct {
	ID     int
	Name   string
	Fields map[string]string // only those that are there; never nil
	Raw    []byte            // the payload as it stands on the tag
}

// Chain is the sequence of extension blocks behind the basic block.
type Chain struct {
	Blocks []Extension
	Flags  []string
	Need   int  // bytes of chain needed to see the block that was begun; 0 if none is cut
	Open   bool // the bytes end where another block may begin
}

// ParseChain reads extension blocks until the end mark, the end of the bytes,
// or the first block that does not carry its XOR: behind that, lengths cannot
// be trusted.
//
// The Danish model of 2005 puts the XOR last, which no checksum can tell apart.
// It is recognised only where it shows: a length of 1 is a filler byte, and a
// high id byte of FF widens the id.
func ParseChain(data []byte) Chain {
	var c Chain
	for at := 0; at < len(data); {
		n := int(data[at])
		switch {
		case n == 0:
			return c
		case n == 1:
			c.flag("extension filler of the 2005 model")
			at++
			continue
		case n < extHeader:
			c.flag("extension chain damaged")
			return c
		case at+n > len(data):
			c.Need = at + n
			c.flag("extension cut off")
			return c
		case xor(data[at:at+n]) != 0:
			c.flag("extension checksum wrong")
			return c
		}
		c.add(data[at : at+n])
		at += n
	}
	c.Open = true
	return c
}

func (c *Chain) flag(text string) {
	for _, f := range c.Flags {
		if f == text {
			return
		}
	}
	c.Flags = append(c.Flags, text)
}

func (c *Chain) add(block []byte) {
	if block[2] == oldWideID {
		c.flag("extension of the 2005 model")
		c.Blocks = append(c.Blocks, oldExtension(block))
		return
	}
	e := Extension{
		ID:  int(block[1]) | int(block[2])<<8,
		Raw: bytes.Clone(block[extHeader:]),
	}
	e.Name, e.Fields = readPayload(e.ID, e.Raw)
	c.Blocks = append(c.Blocks, e)
}

// oldExtension keeps a wide block of the 2005 model raw:
// [len][id 0-7][FF][id 8-15][id 16-23][payload][xor].
func oldExtension(block []byte) Extension {
	e := Extension{ID: int(block[1]), Name: "private", Fields: map[string]string{}}
	if len(block) < 6 {
		e.ID |= oldWideID << 8 // too short to be wide after all
		e.Raw = bytes.Clone(block[extHeader:])
		return e
	}
	e.ID |= int(block[3])<<8 | int(block[4])<<16
	e.Raw = bytes.Clone(block[5 : len(block)-1])
	return e
}

// readPayload names the fields of a standard block. Strings are NUL
// separated; the last needs no NUL, and empty ones at the end may be missing.
func readPayload(id int, payload []byte) (name string, fields map[string]string) {
	fields = map[string]string{}
	if id == LibraryBlock && len(payload) > 0 {
		// 0 undefined, 1 book, 2 CD or DVD, 3 tape, 4 other, 5 other needing care, 6 very small
		fields["media_format"] = strconv.Itoa(int(payload[0]))
		payload = payload[1:]
	}
	name, keys := blockLayout(id)
	for _, key := range keys {
		text, rest, _ := bytes.Cut(payload, []byte{0})
		if Printable(string(text)) {
			fields[key] = string(text)
		}
		payload = rest
	}
	return name, fields
}

func blockLayout(id int) (name string, keys []string) {
	switch id {
	case LibraryBlock:
		return "library", []string{"alternative_item_id", "alternative_owner"}
	case 2:
		return "acquisition", []string{"supplier", "product_id", "order_no", "supplier_invoice", "gs1", "supply_chain_stage"}
	case 3:
		return "supplement", []string{"shelf_location", "marc_media", "onix_media", "subsidiary"}
	case 4:
		return "title", []string{"title"}
	case 5:
		return "ill", []string{"borrower", "transaction", "alternative_borrower"}
	}
	if id >= firstPrivate {
		return "private", nil
	}
	return "reserved", nil
}

func xor(b []byte) byte {
	var x byte
	for _, c := range b {
		x ^= c
	}
	return x
}
