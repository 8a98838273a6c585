package label

import (
	"encoding/hex"
	"slices"
	"strconv"
	"unicode/utf8"

	"nightdesk/drivers/iso28560"
	"nightdesk/drivers/rfid501"
)

func fromBasic(b iso28560.Basic, order string) finding {
	usage := b.Usage << 4
	l := Label{
		Model: Model3, Kind: kindOf(usage), Item: b.PII, Owner: b.Owner, Usage: usage,
		Parts: b.Parts, Part: b.Part, CRC: CRCOK, Order: order,
		Flags: slices.Clone(b.Flags), Need: b.Need,
	}
	for _, e := range b.Extensions {
		l.Extensions = append(l.Extensions, Extension{ID: e.ID, Name: e.Name, Fields: e.Fields, Raw: hexOf(e.Raw)})
	}
	return bounded(l)
}

// from501 leaves the owner empty: the layout has a branch and a library
// number, which are no ISIL, and nothing that says what the tag is used for.
func from501(t rfid501.Tag, order string) Label {
	more := Extension{Name: "rfid501", Fields: map[string]string{
		"type":    rfid501.TypeName(t.Type),
		"branch":  strconv.Itoa(t.Branch),
		"library": strconv.Itoa(t.Library),
		"custom":  strconv.Itoa(int(t.Custom)),
	}}
	return Label{
		Model: Model501, Kind: KindItem, Item: t.Barcode, Parts: t.Total, Part: t.Item,
		CRC: CRCNone, Order: order, Extensions: []Extension{more},
	}
}

// bounded refuses identifiers and owners that no catalogue has.
func bounded(l Label) finding {
	switch {
	case utf8.RuneCountInString(l.Item) > maxIdentifier:
		return tooLong(l, "identifier is longer than 32 characters")
	case len(l.Owner) > maxOwner:
		return tooLong(l, "owner is longer than an ISIL")
	}
	return finding{label: l}
}

func tooLong(l Label, what string) finding {
	return finding{Label{Model: l.Model, CRC: l.CRC}, ErrCorrupt{What: l.Model + " " + what}}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
