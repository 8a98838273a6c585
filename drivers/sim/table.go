// Package sim plays devices: readers and scanners that speak the real
// protocols through a pseudo-terminal, with the true pace of wire and air and
// with faults by name, so that the ordinary driver is always in the path. It
// refuses to know the drivers it plays against: its frame code is its own.
package sim

import (
	"maps"
	"slices"
	"sync"

	"nightdesk/drivers"
)

// Table is the physical world: tags with their memory, and where they lie.
// Several readers may look at one table, each at its own antenna. It is safe
// for concurrent use.
type Table struct {
	mu      sync.Mutex // guards everything below
	tags    map[drivers.UID]*thing
	moves   uint64
	changed func(uid drivers.UID, was, is drivers.AFI)
}

// thing is a tag somewhere in the world.
type thing struct {
	tag     drivers.Tag // Data in the tag's own order
	antenna string      // "" while it lies on none
	placed  uint64      // which move put it there: a tag that left the field has forgotten its state
	locked  bool
}

// NewTable is an empty world.
func NewTable() *Table { return &Table{tags: map[drivers.UID]*thing{}} }

// Default memory of a tag that does not say: the 28 blocks of four bytes of
// the tags in the live 3M capture.
const (
	blockSize = 4
	blocks    = 28
)

// Put lays a tag on an antenna with exactly this memory, replacing what the
// table knew of that UID. Data is in the tag's own order; no data is an
// empty memory of 28 blocks of four bytes.
func (t *Table) Put(antenna string, tag drivers.Tag) {
	if tag.BlockSize == 0 {
		tag.BlockSize = blockSize
	}
	size := len(tag.Data)
	if size == 0 {
		size = blocks * tag.BlockSize
	}
	data := make([]byte, (size+tag.BlockSize-1)/tag.BlockSize*tag.BlockSize)
	copy(data, tag.Data)
	tag.Data = data

	t.mu.Lock()
	defer t.mu.Unlock()
	t.moves++
	t.tags[tag.UID] = &thing{tag: tag, antenna: antenna, placed: t.moves}
}

// Lay puts a tag that the table knows on an antenna as it now is, and says
// whether it knew one. It is how a lifted book comes back.
func (t *Table) Lay(antenna string, uid drivers.UID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	it, known := t.tags[uid]
	if !known {
		return false
	}
	t.moves++
	it.antenna, it.placed = antenna, t.moves
	return true
}

// Lift takes a tag off its antenna. Its memory stays known.
func (t *Table) Lift(uid drivers.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if it, known := t.tags[uid]; known {
		it.antenna = ""
	}
}

// Lock makes a tag refuse every write from now on, with ISO error 12.
func (t *Table) Lock(uid drivers.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if it, known := t.tags[uid]; known {
		it.locked = true
	}
}

// AFI is what the tag's memory really holds, wherever it lies; zero if unknown.
func (t *Table) AFI(uid drivers.UID) drivers.AFI {
	t.mu.Lock()
	defer t.mu.Unlock()
	if it, known := t.tags[uid]; known {
		return it.tag.AFI
	}
	return 0
}

// Lying is a tag and where it lies; Antenna is "" while it lies on none.
type Lying struct {
	Antenna string
	Tag     drivers.Tag
}

// Tags lists every tag the table has ever known, by UID.
func (t *Table) Tags() []Lying {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []Lying
	for _, it := range t.tags {
		tag := it.tag
		tag.Data = slices.Clone(tag.Data)
		all = append(all, Lying{Antenna: it.antenna, Tag: tag})
	}
	slices.SortFunc(all, func(a, b Lying) int { return slices.Compare(a.Tag.UID[:], b.Tag.UID[:]) })
	return all
}

// OnAFI has f called after each change of an AFI over the air and before the
// reader answers the command, in the order of the changes of one reader.
// Put is not over the air. A new f replaces the old; nil ends it.
func (t *Table) OnAFI(f func(uid drivers.UID, was, is drivers.AFI)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed = f
}

// field is what lies on an antenna: each tag and which move put it there.
func (t *Table) field(antenna string) map[drivers.UID]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := map[drivers.UID]uint64{}
	for uid, it := range t.tags {
		if it.antenna == antenna {
			m[uid] = it.placed
		}
	}
	return m
}

// touch gives f the tag if it lies on the antenna, and says whether it does.
// f must not keep the thing.
func (t *Table) touch(antenna string, uid drivers.UID, f func(*thing)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	it, known := t.tags[uid]
	if !known || it.antenna != antenna {
		return false
	}
	f(it)
	return true
}

// setAFI changes a tag's AFI over the air and tells whoever watches.
func (t *Table) setAFI(antenna string, uid drivers.UID, afi drivers.AFI) {
	var was drivers.AFI
	there := t.touch(antenna, uid, func(it *thing) { was, it.tag.AFI = it.tag.AFI, afi })
	t.mu.Lock()
	changed := t.changed
	t.mu.Unlock()
	if there && was != afi && changed != nil {
		changed(uid, was, afi)
	}
}

// sorted is a field's UIDs in order, so that a reader lists them the same way
// each time.
func sorted(field map[drivers.UID]uint64) []drivers.UID {
	return slices.SortedFunc(maps.Keys(field), func(a, b drivers.UID) int { return slices.Compare(a[:], b[:]) })
}
