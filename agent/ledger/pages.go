package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// pages is a ledger's file and log, read without SQLite, which gives up a
// whole table where one page of it is damaged.
type pages struct {
	now  map[uint32][]byte // by number, as the last commit in the log left them
	all  [][]byte          // every page that ever was, so far as it is still there
	free map[uint32]bool   // given back: what they hold is over
}

func readPages(path string) (pages, error) {
	p := pages{now: map[uint32][]byte{}, free: map[uint32]bool{}}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	for n := uint32(1); len(text) > 0; n++ {
		page := make([]byte, pageSize) // the last one may be cut off
		text = text[copy(page, text):]
		p.now[n] = page
		p.all = append(p.all, page)
	}
	l, err := readLog(path + "-wal")
	if err != nil {
		return p, err
	}
	for _, f := range committed(l.frames) {
		p.now[f.page] = f.body
		p.all = append(p.all, f.body)
	}
	for _, f := range committed(l.past) {
		p.all = append(p.all, f.body)
	}
	p.findFree()
	return p, nil
}

// findFree follows the list of free pages from the file's header.
func (p pages) findFree() {
	first, ok := p.now[1]
	if !ok {
		return
	}
	for trunk := binary.BigEndian.Uint32(first[32:]); trunk > 1 && !p.free[trunk]; {
		page, ok := p.now[trunk]
		if !ok {
			return
		}
		p.free[trunk] = true
		for i := range min(binary.BigEndian.Uint32(page[4:]), (pageSize-8)/4) {
			p.free[binary.BigEndian.Uint32(page[8+4*i:])] = true
		}
		trunk = binary.BigEndian.Uint32(page)
	}
}

// Kinds of page (sqlite.org/fileformat2.html#b_tree_pages).
const (
	innerIndex = 0x02
	leafIndex  = 0x0A
	leafTable  = 0x0D
)

// rows hands out every record of the pages in use, one after the other.
func (p pages) rows(do func(carved)) {
	for n, page := range p.now {
		if p.free[n] {
			continue
		}
		start, first := 0, 8
		if n == 1 {
			start = 100
		}
		kind := page[start]
		if kind == innerIndex {
			first = 12
		}
		if kind != innerIndex && kind != leafIndex && kind != leafTable {
			continue
		}
		for i := range int(binary.BigEndian.Uint16(page[start+3:])) {
			if start+first+2*i+2 > pageSize {
				break
			}
			at := int(binary.BigEndian.Uint16(page[start+first+2*i:]))
			if kind == innerIndex {
				at += 4
			}
			if r, ok := p.record(page, at, kind == leafTable); ok {
				do(r)
			}
		}
	}
}

// everywhere tries every byte of every page there ever was as the beginning of
// a table's record. What it finds is proved by its checksum or not believed.
func (p pages) everywhere(columns int, do func(carved)) {
	for _, page := range p.all {
		for at := range pageSize - columns {
			if r, ok := p.record(page, at, true); ok && len(r) >= columns-1 && len(r) <= columns {
				do(r)
			}
		}
	}
}

// How much of a record is in its page before the rest goes to others.
const (
	mostInTable = pageSize - 35
	mostInIndex = (pageSize-12)*64/255 - 23
	leastInPage = (pageSize-12)*32/255 - 23
	mostRecord  = 64 << 10 // no row of a ledger comes near it
)

// record reads the record that begins at a byte of a page.
func (p pages) record(page []byte, at int, table bool) (carved, bool) {
	if at <= 0 || at >= pageSize {
		return nil, false
	}
	rest := page[at:]
	size, rest, ok := varint(rest)
	if ok && table {
		_, rest, ok = varint(rest)
	}
	if !ok || size < 2 || size > mostRecord {
		return nil, false
	}
	local, most := int(size), mostInIndex
	if table {
		most = mostInTable
	}
	if local > most {
		if local = leastInPage + (int(size)-leastInPage)%(pageSize-4); local > most {
			local = leastInPage
		}
	}
	if len(rest) < local || local < int(size) && len(rest) < local+4 {
		return nil, false
	}
	body := rest[:local:local]
	if local < int(size) {
		if !plausible(body) {
			return nil, false
		}
		body = p.overflow(body, binary.BigEndian.Uint32(rest[local:]), int(size))
	}
	return values(body, int(size))
}

// plausible spares the way through other pages for what is no record at all.
func plausible(body []byte) bool {
	head, _, ok := varint(body)
	return ok && head >= 7 && head < 64
}

// overflow adds the pages behind a record until it is whole.
func (p pages) overflow(body []byte, next uint32, size int) []byte {
	for len(body) < size {
		page, ok := p.now[next]
		if !ok {
			return nil
		}
		body = append(body, page[4:4+min(pageSize-4, size-len(body))]...)
		next = binary.BigEndian.Uint32(page)
	}
	return body
}

// varint reads SQLite's number of one to nine bytes.
func varint(b []byte) (n uint64, rest []byte, ok bool) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return n<<8 | uint64(b[i]), b[9:], true
		}
		n = n<<7 | uint64(b[i]&0x7F)
		if b[i] < 0x80 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// carved is a record's values: int64, string, []byte or nil.
type carved []any

// values takes a record apart (sqlite.org/fileformat2.html#record_format).
func values(record []byte, size int) (carved, bool) {
	head, kinds, ok := varint(record)
	used := len(record) - len(kinds)
	if !ok || len(record) != size || head < uint64(used) || head > uint64(size) || head > 64 {
		return nil, false
	}
	kinds = kinds[:int(head)-used]
	data := record[head:]
	var out carved
	for len(kinds) > 0 {
		var kind uint64
		if kind, kinds, ok = varint(kinds); !ok {
			return nil, false
		}
		var v any
		if v, data, ok = value(kind, data); !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, len(data) == 0
}

func value(kind uint64, data []byte) (v any, rest []byte, ok bool) {
	switch {
	case kind == 0:
		return nil, data, true
	case kind == 8, kind == 9:
		return int64(kind - 8), data, true
	case kind >= 12:
		n := (kind - 12) / 2
		if n > uint64(len(data)) {
			return nil, nil, false
		}
		if kind%2 == 1 {
			return string(data[:n]), data[n:], true
		}
		return data[:n:n], data[n:], true
	case kind <= 6:
		n := []int{0, 1, 2, 3, 4, 6, 8}[kind]
		if n > len(data) {
			return nil, nil, false
		}
		x := int64(int8(data[0]))
		for _, b := range data[1:n] {
			x = x<<8 | int64(b)
		}
		return x, data[n:], true
	}
	return nil, nil, false
}

// Scan gives the values as a database's row does. Columns that were added
// after the row was written are nil.
func (c carved) Scan(dst ...any) error {
	for i, d := range dst {
		var v any
		if i < len(c) {
			v = c[i]
		}
		if !assign(d, v) {
			return fmt.Errorf("column %d is %T", i, v)
		}
	}
	return nil
}

func assign(dst, v any) bool {
	n, isNumber := v.(int64)
	switch d := dst.(type) {
	case *[]byte:
		b, ok := v.([]byte)
		*d = b
		return ok || v == nil
	case *string:
		s, ok := v.(string)
		*d = s
		return ok
	case *int:
		*d = int(n)
	case *int64:
		*d = n
	case *uint64:
		*d = uint64(n)
	case *bool:
		*d = n != 0
	default:
		return false
	}
	return isNumber
}
