package disk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
)

const (
	sector = 512
	page   = 4096
)

// harm is the same files with one place of them not as it was written, and
// what was done.
func (f files) harm(r *rand.Rand) (files, string) {
	for {
		part := f.anyPart(r)
		b := slices.Clone(f[part])
		what := change(r, b, place(r, b))
		if bytes.Equal(b, f[part]) {
			continue
		}
		out := files{}
		for name, whole := range f {
			out[name] = whole
		}
		out[part] = b
		return out, fmt.Sprintf("of the file %q: %s", part, what)
	}
}

// anyPart takes the file or its log; now and then what lies beside them.
func (f files) anyPart(r *rand.Rand) string {
	if r.IntN(40) == 0 && f["-last"] != nil {
		return "-last"
	}
	if f["-wal"] != nil && r.IntN(2) == 0 {
		return "-wal"
	}
	return ""
}

// place is anywhere; half of the time in a page that is no leaf of events or
// items: these are few, and hold what the others hang on.
func place(r *rand.Rand, b []byte) int {
	at := r.IntN(len(b))
	for try := 0; try < 200 && len(b)%page == 0 && r.IntN(2) == 0; try++ {
		start := at / page * page
		if start == 0 || b[start] == 0x02 || b[start] == 0x05 || b[start] == 0x0A {
			break
		}
		at = r.IntN(len(b))
	}
	return at
}

// change does what disks do: bits flip, a sector is empty, a sector is another's.
func change(r *rand.Rand, b []byte, at int) string {
	start := at / sector * sector
	end := min(start+sector, len(b))
	switch r.IntN(8) {
	case 0:
		clear(b[start:end])
		return fmt.Sprintf("the sector at %d is empty", start)
	case 1:
		from := r.IntN(max(1, len(b)/sector)) * sector
		copy(b[start:end], b[from:min(from+sector, len(b))])
		return fmt.Sprintf("the sector at %d is the one at %d", start, from)
	case 2:
		b[at] ^= 1 << r.IntN(8)
		return fmt.Sprintf("a bit of byte %d", at)
	}
	n := 1 + r.IntN(8)
	for i := range n {
		b[(at+i*r.IntN(40))%len(b)] = byte(r.IntN(256))
	}
	return fmt.Sprintf("%d bytes near %d", n, at)
}
