package crashdisk

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Replay goes through a log from its beginning and knows at every operation
// what is surely on the disk and what is only on its way there.
type Replay struct {
	// Lies makes a disk of it that says it has synced and has not.
	Lies bool
	// Forgets makes the disk lose what it had when a sync failed, whatever is
	// synced later, as Linux does: the pages count as clean from then on.
	Forgets *rand.Rand

	log   []Op
	done  int
	files map[string]*file // as programs see them
	disk  map[string]*file // as they are surely found again
	moves []move           // creations and deletions on their way, in order
}

// file is one file's content, whatever it is called by now.
type file struct {
	sure    []byte
	pending []change
}

// change is a write or a truncation that has not been synced.
type change struct {
	at   int64
	data []byte // nil: a truncation to at
}

// move is a file that appears, or one that goes if there is none.
type move struct {
	name string
	file *file
}

// Replay begins at what was there when the watch began.
func (d *Disk) Replay(log []Op) *Replay {
	r := &Replay{log: log, files: map[string]*file{}, disk: map[string]*file{}}
	for name, content := range d.start {
		f := &file{sure: slices.Clone(content)}
		r.files[name], r.disk[name] = f, f
	}
	return r
}

// To goes on until k operations are done. It goes forward only.
func (r *Replay) To(k int) {
	for ; r.done < k; r.done++ {
		r.step(r.log[r.done])
	}
}

func (r *Replay) step(o Op) {
	f := r.files[o.File]
	if f == nil { // created, or there and empty when the watch began
		f = &file{}
		r.files[o.File] = f
		r.moves = append(r.moves, move{o.File, f})
	}
	switch o.Kind {
	case Write:
		f.pending = append(f.pending, change{o.At, o.Data})
	case Truncate:
		f.pending = append(f.pending, change{at: o.At})
	case Delete:
		delete(r.files, o.File)
		r.moves = append(r.moves, move{name: o.File})
	case SyncFailed:
		r.forget(f)
	case Sync:
		if !r.Lies {
			f.settle()
		}
	}
	if o.Folder && !r.Lies {
		r.settleFolder()
	}
}

func (f *file) settle() {
	for _, c := range f.pending {
		f.sure = c.apply(f.sure)
	}
	f.pending = nil
}

func (r *Replay) settleFolder() {
	for _, m := range r.moves {
		m.apply(r.disk)
	}
	r.moves = nil
}

// forget keeps some of what was on its way and drops the rest for good.
func (r *Replay) forget(f *file) {
	if r.Forgets != nil {
		f.sure = survive(f.sure, f.pending, r.Forgets)
		f.pending = nil
	}
}

func (m move) apply(folder map[string]*file) {
	if m.file == nil {
		delete(folder, m.name)
		return
	}
	folder[m.name] = m.file
}

func (c change) apply(to []byte) []byte {
	if c.data == nil {
		return resize(to, c.at)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(to)) {
		to = resize(to, end)
	}
	copy(to[c.at:], c.data)
	return to
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	n := len(b)
	b = slices.Grow(b, int(size)-n)[:size]
	clear(b[n:]) // a file that was cut and grows again holds zeros
	return b
}

// Unsure names the files that have something on its way, in order.
func (r *Replay) Unsure() []string {
	names := map[string]bool{}
	for name, f := range r.files {
		names[name] = len(f.pending) > 0
	}
	for _, m := range r.moves {
		names[m.name] = true
	}
	maps.DeleteFunc(names, func(_ string, unsure bool) bool { return !unsure })
	return slices.Sorted(maps.Keys(names))
}

// Now is every file as programs see it, as if the power stayed on.
func (r *Replay) Now() map[string][]byte {
	out := map[string][]byte{}
	for name, f := range r.files {
		b := slices.Clone(f.sure)
		for _, c := range f.pending {
			b = c.apply(b)
		}
		out[name] = b
	}
	return out
}

// Cut is every file as it may be found after the power went here. What was
// synced is there. Of the rest each file keeps everything, nothing, the
// beginning up to a torn write, some writes in any order, or some sectors of
// them; the folder keeps its changes up to a point.
func (r *Replay) Cut(chance *rand.Rand) map[string][]byte {
	folder := maps.Clone(r.disk)
	for _, m := range r.moves[:chance.IntN(len(r.moves)+1)] {
		m.apply(folder)
	}
	out := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(folder)) {
		f := folder[name]
		out[name] = survive(slices.Clone(f.sure), f.pending, chance)
	}
	return out
}

// survive applies what is left of some changes.
func survive(to []byte, pending []change, chance *rand.Rand) []byte {
	for _, c := range left(pending, chance) {
		to = c.apply(to)
	}
	return to
}

func left(pending []change, chance *rand.Rand) []change {
	switch chance.IntN(6) {
	case 0:
		return nil
	case 1:
		return pending
	case 2:
		n := chance.IntN(len(pending) + 1)
		if n == len(pending) {
			return pending
		}
		return append(pending[:n:n], pending[n].torn(chance)...)
	case 3:
		return some(pending, chance)
	case 4:
		kept := some(pending, chance)
		chance.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		return kept
	default:
		var parts []change
		for _, c := range pending {
			parts = append(parts, c.sectors()...)
		}
		kept := some(parts, chance)
		chance.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		return kept
	}
}

// some keeps each change as likely as not; sometimes nearly all, or nearly none.
func some(pending []change, chance *rand.Rand) (kept []change) {
	likely := []float64{0.5, 0.5, 0.9, 0.1}[chance.IntN(4)]
	for _, c := range pending {
		if chance.Float64() < likely {
			kept = append(kept, c)
		}
	}
	return kept
}

// torn is the first sectors of a write.
func (c change) torn(chance *rand.Rand) []change {
	parts := c.sectors()
	return parts[:chance.IntN(len(parts)+1)]
}

// sectors takes a write apart where the disk's sectors meet.
func (c change) sectors() []change {
	if c.data == nil {
		return []change{c}
	}
	var parts []change
	for at, rest := c.at, c.data; len(rest) > 0; {
		n := min(int(sector-at%sector), len(rest))
		parts = append(parts, change{at, rest[:n]})
		at, rest = at+int64(n), rest[n:]
	}
	return parts
}
