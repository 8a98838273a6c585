package iso28560

import (
	"slices"
	"strconv"
	"strings"
)

// Data is a 28560-2 tag that reads from end to end.
type Data struct {
	PII         string
	Owner       string // ISIL
	Usage       byte   // 0x10 circulation, 0x13 no offline issue …
	UsageTold   bool   // false: the tag does not say
	Parts, Part int    // 1 and 1 if the tag does not say
	Elements    []Element
	Proven      bool // there is a content parameter, and exactly what it lists is there
	Flags       []string
	Need        int // bytes needed to be sure that nothing follows, if more than given; else 0
}

// ParseData reads a 28560-2 tag in natural byte order. The identifier must
// come first, as the standard has it: the format has no checksum, and this and
// the content parameter are all that tells a tag from noise. So a tag is
// unreadable if an element that decides (owner, set, usage) does not unpack, or
// is listed and missing; any other such element is only flagged, if a content
// parameter vouches for the whole. An identifier alone, with no end mark behind
// it, is the beginning of a tag and not a tag.
//
// With an error, Data holds what was read before it; PII is not empty if the
// error lies behind a good identifier.
func ParseData(data []byte) (Data, error) {
	d := Data{Parts: 1, Part: 1}
	walked, walkErr := Walk(data)
	d.Elements = walked.List
	if err := d.readPII(data, walkErr); err != nil {
		return d, err
	}
	for _, e := range d.Elements[1:] {
		if err := d.read(e); err != nil {
			return d, err
		}
	}
	if walkErr != nil {
		return d, walkErr
	}
	if err := d.checkContent(walked.Terminated, len(data)); err != nil {
		return d, err
	}
	if d.Proven {
		return d, nil
	}
	if slices.ContainsFunc(d.Elements, func(e Element) bool { return e.Fault != nil || e.oddPad }) {
		return d, FieldError{Field: "element", Why: "is odd, and no content parameter vouches for it"}
	}
	if walked.Terminated {
		return d, nil
	}
	d.Need = len(data) + 1
	if len(d.Elements) == 1 {
		return d, ShortError{Need: d.Need}
	}
	return d, nil
}

// readPII reads the first element. An application-defined identifier is read
// only where its bytes are plain text.
func (d *Data) readPII(data []byte, walkErr error) error {
	if len(data) == 0 || data[0]&0x0F != OIDIdentifier {
		return FieldError{Field: "identifier", Why: "is not the first element"}
	}
	if len(d.Elements) == 0 { // it is there, and cut off or broken
		return walkErr
	}
	e := d.Elements[0]
	pii := e.Value
	if e.Compaction == ApplicationDefined {
		pii = string(e.Data)
		d.Flags = append(d.Flags, "application-defined identifier")
		if !isASCII(pii) {
			return FieldError{Field: "identifier", Why: "is packed as only its writer knows"}
		}
	}
	if e.Fault != nil {
		return FieldError{Field: "identifier", Why: e.Fault.Error()}
	}
	pii = strings.TrimRight(pii, " ")
	if !Printable(pii) {
		return FieldError{Field: "identifier", Why: "is not printable"}
	}
	d.PII = pii
	return nil
}

func (d *Data) read(e Element) error {
	switch e.OID {
	case OIDContent:
		if e.Compaction != ApplicationDefined {
			return FieldError{Field: "content parameter", Why: "is not a bit map"}
		}
	case OIDOwner:
		if e.Fault != nil || !isASCII(e.Value) || e.Value == "" {
			return FieldError{Field: "owner", Why: "does not unpack"}
		}
		d.Owner = e.Value
	case OIDSet:
		return d.readSet(e)
	case OIDUsage:
		return d.readUsage(e)
	default:
		if e.Fault != nil {
			d.Flags = append(d.Flags, "element "+strconv.Itoa(e.OID)+" does not unpack")
		}
	}
	return nil
}

// readUsage takes one byte as it stands, whether called application-defined
// or octets.
func (d *Data) readUsage(e Element) error {
	raw := e.Compaction == ApplicationDefined || e.Compaction == Octets || e.Compaction == UTF8
	if !raw || len(e.Data) != 1 {
		return FieldError{Field: "usage", Why: "is not one byte"}
	}
	d.Usage, d.UsageTold = e.Data[0], true
	return nil
}

// readSet splits the digits in the middle: 1203 is 12 parts, of which this is
// part 3. An odd number of digits lost a zero in front: 302 is 0302.
func (d *Data) readSet(e Element) error {
	bad := FieldError{Field: "set information", Why: "is not parts and part"}
	digits := e.Value
	if e.Fault != nil || e.Compaction == ApplicationDefined || strings.Trim(digits, "0123456789") != "" {
		return bad
	}
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	half := len(digits) / 2
	parts, err := strconv.ParseUint(digits[:half], 10, 8)
	if err != nil {
		return bad
	}
	part, err := strconv.ParseUint(digits[half:], 10, 8)
	if err != nil || part == 0 || part > parts {
		return bad
	}
	d.Parts, d.Part = int(parts), int(part)
	return nil
}

// checkContent compares the content parameter with what is there. terminated
// says that nothing can follow in the bytes that were not given.
func (d *Data) checkContent(terminated bool, given int) error {
	listed, ok := d.content()
	if !ok {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(listed), d.has)
	if len(missing) > 0 {
		if !terminated {
			return ShortError{Need: given + 1}
		}
		if slices.ContainsFunc(missing, decides) {
			return FieldError{Field: "content parameter", Why: "lists an element that is not there"}
		}
		d.Flags = append(d.Flags, "content parameter lists more than there is")
		return nil
	}
	more := slices.ContainsFunc(d.Elements, func(e Element) bool {
		return e.OID > OIDContent && !slices.Contains(listed, e.OID)
	})
	if more {
		d.Flags = append(d.Flags, "content parameter lists less than there is")
	}
	d.Proven = !more
	return nil
}

func decides(oid int) bool { return oid == OIDOwner || oid == OIDSet || oid == OIDUsage }

func (d *Data) has(oid int) bool {
	return slices.ContainsFunc(d.Elements, func(e Element) bool { return e.OID == oid })
}

// content lists the OIDs that the content parameter promises: a bit each, the
// most significant bit of the first byte is OID 3.
func (d *Data) content() (oids []int, ok bool) {
	i := slices.IndexFunc(d.Elements, func(e Element) bool { return e.OID == OIDContent })
	if i < 0 {
		return nil, false
	}
	r := bitReader{data: d.Elements[i].Data}
	for oid := OIDOwner; ; oid++ {
		bit, more := r.take(1)
		if !more {
			return oids, true
		}
		if bit == 1 {
			oids = append(oids, oid)
		}
	}
}

// OIDName names a 28560-2 element as it appears among a label's extensions.
func OIDName(oid int) string {
	names := [lastOID + 1]string{
		1: "identifier", 2: "content_parameter", 3: "owner", 4: "set_information", 5: "usage",
		6: "shelf_location", 7: "onix_media", 8: "marc_media", 9: "supplier", 10: "order_no",
		11: "ill_borrower", 12: "ill_transaction", 13: "gs1", 14: "alternative_unique_id",
		15: "local_a", 16: "local_b", 17: "title", 18: "product_id", 19: "media_format",
		20: "supply_chain_stage", 21: "supplier_invoice", 22: "alternative_item_id",
		23: "alternative_owner", 24: "subsidiary", 25: "alternative_ill_borrower", 26: "local_c",
	}
	if oid > 0 && oid <= lastOID && names[oid] != "" {
		return names[oid]
	}
	return "reserved"
}
