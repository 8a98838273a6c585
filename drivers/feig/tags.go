package feig

import (
	"context"
	"fmt"
	"slices"

	"nightdesk/drivers"
)

const (
	// frames bounds one inventory. A classic-pro reader may give as few as one tag
	// in a frame; no pad reads more than this many at once.
	frames = 128
	// looks is how often an inventory that ends in radio noise is tried.
	looks = 3

	tagISO15693 = 0x03 // TR-TYPE (p. 60 and annex A)
	setLength   = 10   // TR-TYPE, DSFID, UID (p. 59)

	mostBytes = 128 // what one read may ask for (CPR30, p. 66)
	// firstRead is how many blocks are asked for before the block size is
	// known: 128 bytes if they have 8 bytes, the largest in use.
	firstRead = mostBytes / 8
	blocks    = 256 // block numbers are one byte (p. 63)

	infoLength = 13 // DSFID, UID, AFI, MEM-SIZE (2), IC-REF (p. 73)
)

// Inventory lists the tags in the field. A reader that reports only new tags, or
// does not say, has its field reset first, so that all tags are new.
//
// Radio noise without a tag in the answer is looked at again, three times in all, and
// then is a StatusError. Tags of other kinds than ISO 15693 are passed over; one whose length is not
// known hides the rest of its frame.
func (p *Pad) Inventory(ctx context.Context) ([]drivers.UID, error) {
	var found []drivers.UID
	var noise error
	for range looks {
		err := p.refresh(ctx)
		if err == nil {
			found, noise, err = p.look(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", opInventory.command().name, err)
		}
		if noise == nil || len(found) > 0 {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", opInventory.command().name, noise)
}

// refresh makes every tag in the field new, if that is necessary.
func (p *Pad) refresh(ctx context.Context) error {
	if p.id.NewOnly == NewOnlyOff {
		return nil // the reader does it by itself (p. 31)
	}
	r, err := p.ask(ctx, opRFReset)
	if err != nil {
		return err
	}
	return r.err()
}

// look is one inventory, in as many frames as the reader needs. Noise is not
// err: what was found beside it counts.
func (p *Pad) look(ctx context.Context) (found []drivers.UID, noise, err error) {
	mode := byte(fresh)
	for range frames {
		r, err := p.ask(ctx, opInventory, mode)
		if err != nil {
			return nil, nil, err
		}
		switch r.status {
		case statusNoTag:
			return found, nil, nil
		case statusOK, statusMore:
		case statusFalse, statusRF:
			noise = r.err()
		default:
			return nil, nil, r.err()
		}
		// Only these statuses have data (p. 58); noise may come without.
		if r.status != statusFalse && (noise == nil || len(r.data) > 0) {
			uids, err := parseInventory(r.data)
			if err != nil {
				return nil, nil, err
			}
			found = merge(found, uids)
		}
		if r.status != statusMore {
			return found, noise, nil
		}
		mode = more
	}
	return nil, nil, fmt.Errorf("%w: still more tags after %d answers", drivers.ErrGarbled, frames)
}

// merge adds what is not in found yet.
func merge(found, uids []drivers.UID) []drivers.UID {
	for _, uid := range uids {
		if !slices.Contains(found, uid) {
			found = append(found, uid)
		}
	}
	return found
}

// parseInventory reads the data sets of an inventory (p. 59-60).
func parseInventory(data []byte) ([]drivers.UID, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: an inventory without a count", drivers.ErrGarbled)
	}
	n, sets := int(data[0]), data[1:]
	regular := len(sets) == n*setLength
	var uids []drivers.UID
	for ; n > 0; n-- {
		switch {
		case len(sets) > 0 && sets[0] != tagISO15693 && !regular:
			return uids, nil // sets of unknown length follow
		case len(sets) < setLength:
			return nil, fmt.Errorf("%w: an inventory shorter than its count", drivers.ErrGarbled)
		case sets[0] == tagISO15693:
			uids = append(uids, drivers.UID(sets[2:setLength]))
		}
		sets = sets[setLength:]
	}
	if len(sets) > 0 {
		return nil, fmt.Errorf("%w: an inventory longer than its count", drivers.ErrGarbled)
	}
	return uids, nil
}

// Read returns n blocks from the block first on, most significant byte of
// each block first, as the reader delivers them. What does not fit in one
// answer is read in several.
func (p *Pad) Read(ctx context.Context, uid drivers.UID, first, n int) ([]byte, error) {
	if first < 0 || n < 1 || first+n > blocks {
		return nil, fmt.Errorf("read %v: no tag has %d blocks from %d on", uid, n, first)
	}
	var data []byte
	size, most := 0, firstRead
	for end := first + n; first < end; {
		ask := min(most, end-first)
		r, err := p.askTag(ctx, opRead, uid, byte(first), byte(ask))
		if err != nil {
			return nil, err
		}
		part, err := parseBlocks(r.data, ask)
		if err == nil && size != 0 && len(part)/ask != size {
			err = fmt.Errorf("%w: the block size changed", drivers.ErrNonsense)
		}
		if err != nil {
			return nil, fmt.Errorf("read %v: %w", uid, err)
		}
		size = len(part) / ask
		most = mostBytes / size
		data = append(data, part...)
		first += ask
	}
	return data, nil
}

// parseBlocks takes n blocks out of an answer to a read (p. 63): how many,
// their size, then for each its security status and its bytes.
func parseBlocks(data []byte, n int) ([]byte, error) {
	if len(data) < 2 || int(data[0]) != n {
		return nil, fmt.Errorf("%w: not the %d blocks asked for", drivers.ErrNonsense, n)
	}
	size, rest := int(data[1]), data[2:]
	if size < 1 || n*size > mostBytes || len(rest) != n*(1+size) {
		return nil, fmt.Errorf("%w: %d bytes for %d blocks of %d", drivers.ErrNonsense, len(rest), n, size)
	}
	blocks := make([]byte, 0, n*size)
	for ; len(rest) > 0; rest = rest[1+size:] {
		blocks = append(blocks, rest[1:1+size]...)
	}
	return blocks, nil
}

// parseInfo reads the answer to get system information (p. 73). MEM-SIZE is
// the block size and how many there are; the manual does not say whether they
// are as the tag sends them, one less (ISO/IEC 15693-3, 10.4.12). No block
// has an odd size, so an odd size says that both are. The count is
// still only a claim: read the last block before trusting it.
func parseInfo(data []byte) (drivers.TagInfo, error) {
	if len(data) != infoLength {
		return drivers.TagInfo{}, fmt.Errorf("%w: %d bytes of system information", drivers.ErrNonsense, len(data))
	}
	info := drivers.TagInfo{
		DSFID:     data[0],
		UID:       drivers.UID(data[1:9]),
		AFI:       drivers.AFI(data[9]),
		BlockSize: int(data[10]),
		Blocks:    int(data[11]),
		ICRef:     data[12],
	}
	// The manual gives no order, and the air has the count first: a size that
	// no library tag has, beside a count that is one, is the other way round.
	if !usualSize(data[10]) && usualSize(data[11]) {
		info.BlockSize, info.Blocks = info.Blocks, info.BlockSize
	}
	switch {
	case info.BlockSize == 0: // a tag that does not tell; nearly all have 4
		info.BlockSize, info.Blocks = 4, 0
	case info.BlockSize%2 == 1:
		info.BlockSize++
		info.Blocks++
	}
	return info, nil
}

// usualSize says whether a byte can be a block's size: four or eight bytes,
// or one less, as the tag itself sends it.
func usualSize(b byte) bool { return b == 3 || b == 4 || b == 7 || b == 8 }
