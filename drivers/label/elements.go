package label

import (
	"errors"
	"slices"

	"nightdesk/drivers/iso28560"
)

// rank is how far one byte order reads as a model without a checksum.
type rank int

const (
	unread    rank = iota
	cut            // good so far, and runs past the end of the bytes
	plausible      // reads from end to end
	proven         // … and the content parameter lists exactly what is there
)

// candidate is one byte order read as 28560-2.
type candidate struct {
	rank rank
	data iso28560.Data
	need int // bytes, if cut
	err  error
	view image
}

// lookData reads both orders as 28560-2, which has no checksum, and takes the
// better one: a proven order beats all; an order that is cut off behind a good
// identifier makes one that is merely plausible wait, since its rest may prove
// it; of two that rank equal, the one with more elements. Two equals that say different things are
// an error rather than a guess.
func lookData(views [2]image) (finding, rank) {
	a, b := readData(views[0]), readData(views[1])
	if b.better(a) {
		a, b = b, a
	}
	switch {
	case a.rank == plausible && b.rank == cut && b.data.PII != "":
		return short(Model2, b.need), cut
	case a.rank >= plausible && a.rank == b.rank && !a.better(b) && !same(a.data, b.data):
		return corrupt2("reads as two different tags, one in each byte order"), a.rank
	case a.rank >= plausible:
		return fromData(a.data, a.view.order), a.rank
	case a.rank == cut:
		return short(Model2, a.need), cut
	}
	return a.fault(), unread
}

// better puts the candidates in order. Among those that are not read, one
// with a good identifier tells more about what is wrong.
func (c candidate) better(d candidate) bool {
	switch {
	case c.rank != d.rank:
		return c.rank > d.rank
	case c.rank == cut:
		return c.need < d.need
	case c.rank == unread:
		return c.data.PII != "" && d.data.PII == ""
	}
	return len(c.data.Elements) > len(d.data.Elements)
}

func same(a, b iso28560.Data) bool {
	return a.PII == b.PII && a.Owner == b.Owner && a.Usage == b.Usage && a.UsageTold == b.UsageTold &&
		a.Parts == b.Parts && a.Part == b.Part
}

func readData(v image) candidate {
	d, err := iso28560.ParseData(v.data)
	c := candidate{data: d, err: err, view: v}
	var s iso28560.ShortError
	switch {
	case err == nil && d.Proven:
		c.rank = proven
	case err == nil:
		c.rank = plausible
	case errors.As(err, &s) && len(v.data) < maxRead && s.Need <= maxRead:
		c.rank, c.need = cut, s.Need
	}
	return c
}

func (c candidate) fault() finding {
	f := corrupt2(c.err.Error())
	var s iso28560.ShortError
	if errors.As(c.err, &s) {
		f = corrupt2("runs on past every bound")
	}
	f.label.Item = c.data.PII // tells look how far it came; it goes no further
	return f
}

func corrupt2(what string) finding {
	return finding{Label{Model: Model2, CRC: CRCNone}, ErrCorrupt{What: "28560-2 " + what}}
}

func fromData(d iso28560.Data, order string) finding {
	l := Label{
		Model: Model2, Kind: KindItem, Item: d.PII, Owner: d.Owner, Usage: d.Usage,
		Parts: d.Parts, Part: d.Part, CRC: CRCNone, Order: order,
		Flags: slices.Clone(d.Flags), Need: d.Need,
	}
	if d.UsageTold {
		l.Kind = kindOf(d.Usage)
	}
	for _, e := range d.Elements {
		if e.OID > iso28560.OIDUsage {
			l.Extensions = append(l.Extensions, fromElement(e))
		}
	}
	return bounded(l)
}

func fromElement(e iso28560.Element) Extension {
	x := Extension{ID: e.OID, Name: iso28560.OIDName(e.OID), Raw: hexOf(e.Data)}
	if iso28560.Printable(e.Value) {
		x.Fields = map[string]string{"value": e.Value}
	}
	return x
}
