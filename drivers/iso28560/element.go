package iso28560

import "bytes"

// Object identifiers of 28560-2 that Nightdesk acts on, relative to the
// library's arc.
const (
	OIDIdentifier = 1
	OIDContent    = 2 // bit map of the elements that follow
	OIDOwner      = 3
	OIDSet        = 4
	OIDUsage      = 5
	OIDILL        = 11 // ILL borrowing institution, an ISIL like the owner
	lastOID       = 31 // 27-31 are reserved
)

// Element is one data element: [precursor][oid-15][pad count][length][data][pad].
type Element struct {
	Offset     int // of the precursor
	OID        int
	Compaction Compaction
	Pad        int // bytes behind the data, there so that whole blocks can be locked
	Data       []byte
	Value      string // unpacked; the ISIL of an owner; "" if it does not unpack
	Fault      error  // why it does not unpack
	oddPad     bool   // the pad is neither zeros nor 80s, the two that are seen
}

// Elements is what a walk over the elements found.
type Elements struct {
	List       []Element
	Terminated bool // a zero byte said that nothing follows
	End        int  // bytes walked over
}

// Walk reads the elements from block 0 on, in natural byte order. Errors:
// ShortError if one runs past the end of the bytes, FieldError if one cannot
// be an element of 28560-2, with the elements before it in both cases.
func Walk(data []byte) (Elements, error) {
	var w Elements
	var seen [lastOID + 1]bool
	for w.End < len(data) {
		switch data[w.End] {
		case 0x00:
			w.Terminated = true
			return w, nil
		case 0x80: // a single byte to skip
			w.End++
			continue
		}
		e, next, err := readElement(data, w.End)
		if err != nil {
			return w, err
		}
		if seen[e.OID] {
			return w, FieldError{Field: "element", Why: "appears twice"}
		}
		seen[e.OID] = true
		w.List = append(w.List, e)
		w.End = next
	}
	return w, nil
}

// readElement reads the element whose precursor is at offset at: bit 7 says
// that a pad count follows, bits 6-4 the compaction, bits 3-0 the OID; OID 15
// says that the next byte is to be added.
func readElement(data []byte, at int) (e Element, next int, err error) {
	precursor := data[at]
	e = Element{Offset: at, OID: int(precursor & 0x0F), Compaction: Compaction(precursor >> 4 & 7)}
	r := byteReader{data: data, at: at + 1}
	if e.OID == 15 {
		e.OID += int(r.take())
	}
	if precursor&0x80 != 0 {
		e.Pad = int(r.take())
	}
	length := r.length()
	switch {
	case r.short > 0:
		return e, 0, ShortError{Need: r.short}
	case e.OID == 0 || e.OID > lastOID:
		return e, 0, FieldError{Field: "element", Why: "has an unknown object identifier"}
	case length < 0:
		return e, 0, FieldError{Field: "element", Why: "has no proper length"}
	}
	end := r.at + length
	if end+e.Pad > len(data) {
		return e, 0, ShortError{Need: end + e.Pad}
	}
	e.Data = data[r.at:end:end]
	pad := data[end : end+e.Pad]
	e.oddPad = len(bytes.Trim(pad, "\x00")) > 0 && bytes.Count(pad, []byte{0x80}) < len(pad)
	e.expand()
	return e, end + e.Pad, nil
}

func (e *Element) expand() {
	if e.Compaction == ApplicationDefined && (e.OID == OIDOwner || e.OID == OIDILL) {
		e.Value = ISIL(e.Data)
		return
	}
	e.Value, e.Fault = Expand(e.Compaction, e.Data)
}

// byteReader takes bytes; where there is none it notes how many were needed.
type byteReader struct {
	data  []byte
	at    int
	short int
}

func (r *byteReader) take() byte {
	if r.at >= len(r.data) {
		r.short = r.at + 1
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

// length reads an extensible bit vector: seven bits a byte, the high bit says
// that more follow. Three bytes (2 MiB) are more than any tag holds; a number
// longer than it need be is no length. Negative: not a length.
func (r *byteReader) length() int {
	n := 0
	for i := range 3 {
		b := r.take()
		if i == 0 && b == 0x80 {
			return -1
		}
		n = n<<7 | int(b&0x7F)
		if b&0x80 == 0 {
			return n
		}
	}
	return -1
}
