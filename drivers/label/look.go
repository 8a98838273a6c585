package label

import (
	"errors"

	"nightdesk/drivers/iso28560"
	"nightdesk/drivers/rfid501"
)

// DSFIDs that tags of these models are made with. They only choose the words
// for a tag that cannot be read.
const (
	dsfid2 = 0x06 // ISO 28560-2
	dsfid3 = 0x3E // ISO 28560-3; seen in one deployed kiosk
)

// finding is what one model makes of the bytes.
type finding struct {
	label Label // Need is in bytes, not yet whole blocks
	err   error
}

// look tries the models in turn.
func look(views [2]image, dsfid byte) (Label, error) {
	if rfid501.Blank(views[0].data) {
		return Label{Model: ModelBlank, Kind: KindBlank, CRC: CRCNone, Order: Forward}, ErrBlank
	}
	basic, sure := lookBasic(views)
	if sure {
		return basic.label, basic.err
	}
	data, rank := lookData(views)
	switch {
	case rank == proven:
		return data.label, data.err
	case looksBasic(views):
		return basic.label, basic.err
	case rank > unread:
		return data.label, data.err
	}
	old, rank501 := look501(views)
	if rank501 > unread {
		return old.label, old.err
	}
	f := noModel(len(views[0].data), basic, data, old, dsfid)
	f.label.Need = max(f.label.Need, basic.label.Need) // a CRC that covers more bytes may yet be right
	return f.label, f.err
}

// noModel says why nothing fits, in the words of the model that came closest.
func noModel(given int, basic, data, old finding, dsfid byte) finding {
	switch {
	case given < firstRead:
		return short(ModelUnknown, firstRead)
	case basic.label.CRC == CRCOK, dsfid == dsfid3:
		return basic
	case data.err != nil && (data.label.Item != "" || dsfid == dsfid2):
		data.label.Item = ""
		return data
	case old.err != nil:
		return old
	}
	return finding{Label{Model: ModelUnknown, CRC: CRCNone}, ErrUnknownModel}
}

func short(model string, need int) finding {
	return finding{Label{Model: model, CRC: CRCNone, Need: need}, ErrShort{Need: need}}
}

// lookBasic tries 28560-3 in both orders. It is sure if a CRC is right over
// something that makes sense, or over an empty block. A right CRC over
// nonsense is more likely a coincidence, one in 65536: the other models come first.
func lookBasic(views [2]image) (f finding, sure bool) {
	var crc *iso28560.CRCError
	var odd *iso28560.FieldError
	for _, v := range views {
		b, err := iso28560.ParseBasic(v.data)
		if f, sure := sureBasic(b, err, v); sure {
			return f, true
		}
		var c iso28560.CRCError
		if errors.As(err, &c) && (crc == nil || iso28560.LooksBasic(v.data)) {
			crc = &c
		}
		var o iso28560.FieldError
		if errors.As(err, &o) {
			odd = &o
		}
	}
	switch {
	case odd != nil:
		return finding{Label{Model: Model3, CRC: CRCOK}, ErrCorrupt{What: "28560-3 " + odd.Error()}}, false
	case crc != nil:
		return badCRC(*crc), false
	}
	return short(ModelUnknown, firstRead), false
}

func sureBasic(b iso28560.Basic, err error, v image) (f finding, sure bool) {
	var cut iso28560.ShortError
	var empty iso28560.EmptyError
	switch {
	case err == nil:
		return fromBasic(b, v.order), true
	case errors.As(err, &empty):
		return finding{Label{Model: ModelBlank, Kind: KindBlank, CRC: CRCOK, Order: v.order}, ErrBlank}, true
	case errors.As(err, &cut) && cut.Need > firstRead: // a long identifier, not all of it here
		f := short(Model3, cut.Need)
		f.label.CRC = CRCOK
		return f, true
	}
	return finding{}, false
}

// badCRC asks for the two bytes that a 34-byte block has more. If the owner
// does not end before them the CRC may yet be right; else it cannot be.
func badCRC(crc iso28560.CRCError) finding {
	l := Label{Model: Model3, CRC: CRCBad, Need: iso28560.LongBlock}
	if crc.Full {
		return finding{l, ErrShort{Need: iso28560.LongBlock}}
	}
	return finding{l, ErrCorrupt{What: crc.Error() + ", in either byte order"}}
}

func looksBasic(views [2]image) bool {
	return iso28560.LooksBasic(views[0].data) || iso28560.LooksBasic(views[1].data)
}

// look501 tries RFID 501 in both orders. No tag fits in both.
func look501(views [2]image) (finding, rank) {
	var odd finding
	for _, v := range views {
		t, err := rfid501.Parse(v.data)
		switch {
		case err == nil:
			return finding{label: from501(t, v.order)}, plausible
		case !errors.Is(err, rfid501.ErrForeign):
			odd = finding{Label{Model: Model501, CRC: CRCNone}, ErrCorrupt{What: "RFID 501 " + err.Error()}}
		}
	}
	return odd, unread
}
