package paths

import (
	"context"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// What the tags' bytes say.
const (
	loudAFI  drivers.AFI = 0x07
	quietAFI drivers.AFI = 0xC2
	tornAFI  drivers.AFI = 0xC7
)

// tags are the tags of the item, wherever they lie.
type tags struct {
	n    byte
	item circ.ItemID
	afi  [maxTags]drivers.AFI
	at   [maxTags]byte // as in state
}

func uidOf(i byte) drivers.UID { return drivers.UID{0xE0, 0x04, 0x01, 0, 0, 0, 0, i + 1} }

func tagOf(u drivers.UID) byte { return u[7] - 1 }

// memory is a tag's in the layout of ISO 28560-3.
func (t *tags) memory(i byte) []byte {
	data := make([]byte, 112)
	data[0], data[1], data[2] = 0x11, t.n, i+1
	copy(data[3:19], t.item)
	copy(data[21:34], "GBLEI")
	crc := iso28560.BlockCRC([34]byte(data[:34]))
	data[19], data[20] = byte(crc), byte(crc>>8)
	return data
}

// pad is a reader in memory whose tags do as they are told.
type pad struct {
	tags *tags
	k    int
	goes map[byte]how // how the next write, or read after it, of a tag goes
}

var _ drivers.Pad = (*pad)(nil)

func (p *pad) here(u drivers.UID) bool {
	i := tagOf(u)
	return i < p.tags.n && p.tags.at[i] == byte(p.k+1)
}

func (p *pad) Inventory(context.Context) (uids []drivers.UID, err error) {
	for i := range p.tags.n {
		if p.here(uidOf(i)) {
			uids = append(uids, uidOf(i))
		}
	}
	return uids, nil
}

func (p *pad) Info(_ context.Context, u drivers.UID) (drivers.TagInfo, error) {
	i := tagOf(u)
	if !p.here(u) || p.goes[i] == answerLost {
		delete(p.goes, i)
		return drivers.TagInfo{}, drivers.ErrGone
	}
	return drivers.TagInfo{UID: u, AFI: p.tags.afi[i], BlockSize: 4, Blocks: 28}, nil
}

func (p *pad) Read(_ context.Context, u drivers.UID, first, n int) ([]byte, error) {
	if !p.here(u) {
		return nil, drivers.ErrGone
	}
	return p.tags.memory(tagOf(u))[first*4 : (first+n)*4], nil
}

// WriteAFI does as the script says. Of an answer that is lost the read-back
// is lost, too.
func (p *pad) WriteAFI(_ context.Context, u drivers.UID, afi drivers.AFI) error {
	i := tagOf(u)
	if !p.here(u) {
		return drivers.ErrGone
	}
	switch p.goes[i] {
	case notDone:
		return drivers.TagError(0x13)
	case tornWrite:
		p.tags.afi[i] = tornAFI
		return drivers.TagError(0x13)
	case answerLost:
		p.tags.afi[i] = afi
		return drivers.ErrGone
	}
	p.tags.afi[i] = afi
	return nil
}

func (p *pad) Close() error { return nil }
