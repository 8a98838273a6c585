package pads

import (
	"context"
	"errors"
	"fmt"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// Watch is one pad while it is open. It belongs to the goroutine that opened
// the pad.
type Watch struct {
	name   string
	pad    drivers.Pad
	all    *Presence
	rounds int
	eager  bool // the last round met a new tag: what follows from it should not wait
}

// Eager says that the next round should follow at once, because a tag has
// just come: it has still to be seen again, or the desk is deciding about it.
func (w *Watch) Eager() bool { return w.eager }

// Watch begins to watch a pad that has just been opened.
func (p *Presence) Watch(name string, pad drivers.Pad) *Watch {
	return &Watch{name: name, pad: pad, all: p}
}

// Round looks once: it lists the tags, reads new ones, makes tags agree with
// the ledger, and tells what happened. An error means that the reader did not
// do its part; the caller closes it and opens it again.
func (w *Watch) Round(ctx context.Context) error {
	err := w.round(ctx)
	if err != nil {
		w.all.blind(w.name, w.all.cfg.Now())
	}
	w.all.sweep(w.all.cfg.Now())
	return err
}

func (w *Watch) round(ctx context.Context) error {
	at := w.all.cfg.Now()
	uids, err := w.pad.Inventory(ctx)
	if err != nil {
		return fmt.Errorf("list the tags on pad %s: %w", w.name, err)
	}
	mine := w.all.see(w.name, uids, at, w.rounds == 0)
	w.rounds, w.eager = w.rounds+1, false
	if err := w.readNew(ctx, at, uids, mine); err != nil {
		return err
	}
	return w.agree(ctx, mine)
}

// readNew reads every tag that has not been read in this placement, and tells
// of those that have been seen often enough.
func (w *Watch) readNew(ctx context.Context, at circ.Moment, uids []drivers.UID, mine map[drivers.UID]*placement) error {
	for _, u := range uids {
		t := mine[u]
		if t == nil || t.told {
			continue
		}
		t.rounds++
		w.eager = true
		if !t.read {
			if err := w.readTag(ctx, at, u, t); err != nil {
				return err
			}
		}
		if t.read && t.rounds >= roundsSeen {
			t.told = true
			w.all.cfg.Emit(Placed{Read: t.first, Pad: w.name, UID: u, AFI: t.afi, Label: t.label, Err: t.err, Found: t.found})
		}
	}
	return nil
}

// readTag fills in a placement, from memory if that may decide, else from the
// tag. A tag that does not answer is asked again in the next round.
func (w *Watch) readTag(ctx context.Context, at circ.Moment, u drivers.UID, t *placement) error {
	info, err := w.pad.Info(ctx, u)
	if err == nil {
		t.afi = info.AFI
		t.label, t.err, err = w.identify(ctx, at, u, info)
	}
	if err == nil {
		t.read = true
		return nil
	}
	if !aboutTag(err) {
		return fmt.Errorf("read tag %s on pad %s: %w", u, w.name, err)
	}
	if errors.Is(err, drivers.ErrGone) {
		return nil
	}
	if t.bad++; t.bad >= tries {
		t.read, t.err = true, err
	}
	return nil
}

// identify says what a tag is. unusable tells why the label may not be used.
func (w *Watch) identify(ctx context.Context, at circ.Moment, u drivers.UID, info drivers.TagInfo) (l label.Label, unusable, err error) {
	if l, ok, err := w.all.memory.Recall(ctx, at, u); err != nil || ok {
		return l, nil, err
	}
	data, err := w.readAll(ctx, u, info)
	if err != nil {
		return l, nil, err
	}
	l, unusable = label.Decode(tagOf(u, info, data), w.all.cfg.Label)
	if unusable == nil {
		err = w.all.memory.Learn(ctx, at, u, l, data)
	}
	return l, unusable, err
}

// readAll reads eight blocks, and more as long as the label needs more: never
// fewer bytes than its checksum covers, never more than the tag says it has.
func (w *Watch) readAll(ctx context.Context, u drivers.UID, info drivers.TagInfo) ([]byte, error) {
	size := info.BlockSize
	if size <= 0 {
		size = 4
	}
	var data []byte
	want := firstBlocks
	for {
		if info.Blocks > 0 {
			want = min(want, info.Blocks)
		}
		have := len(data) / size
		if want <= have || len(data) >= maxBytes {
			return data, nil
		}
		more, err := w.pad.Read(ctx, u, have, want-have)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return data, nil
		}
		data = append(data, more...)
		need := label.Enough(tagOf(u, info, data))
		want = (min(need, maxBytes) + size - 1) / size
	}
}

func tagOf(u drivers.UID, info drivers.TagInfo, data []byte) drivers.Tag {
	return drivers.Tag{UID: u, AFI: info.AFI, DSFID: info.DSFID, BlockSize: info.BlockSize, Data: data}
}

// aboutTag tells trouble with one tag from trouble with the reader or a file.
func aboutTag(err error) bool {
	var refused drivers.TagError
	return errors.Is(err, drivers.ErrGone) || errors.Is(err, drivers.ErrNonsense) || errors.As(err, &refused)
}

// agree makes this pad's tags what the ledger says they must become.
func (w *Watch) agree(ctx context.Context, mine map[drivers.UID]*placement) error {
	var told []drivers.UID
	for u, t := range mine {
		if t.told {
			told = append(told, u)
		}
	}
	wishes, err := w.all.ledger.Wanted(ctx, w.all.cfg.Visit(), told)
	if err != nil {
		return err
	}
	var done []circ.Wish
	for _, x := range wishes {
		ok, err := w.try(ctx, x, mine[x.UID])
		if err != nil {
			return errors.Join(err, w.settle(ctx, done))
		}
		if ok {
			done = append(done, x)
		}
	}
	return w.settle(ctx, done)
}

// settle crosses off what has been read back.
func (w *Watch) settle(ctx context.Context, done []circ.Wish) error {
	if len(done) == 0 {
		return nil
	}
	receipts, err := w.all.ledger.Settle(ctx, w.all.cfg.Now(), done...)
	if err != nil {
		return err
	}
	w.all.cfg.Emit(Settled{Receipts: receipts})
	return nil
}

// unknownAFI stands for "not read since the last write". It is no venue's loud
// or quiet value (ISO 28560-1 leaves 00 to tags without a family).
const unknownAFI drivers.AFI = 0

// try makes one tag agree, once. It counts as a try only if the tag was there
// to be written and did not come out right.
func (w *Watch) try(ctx context.Context, x circ.Wish, t *placement) (ok bool, err error) {
	if t.failed[x.Tx] >= tries {
		return false, nil
	}
	afi := w.all.cfg.Security.afi(x.Want)
	ok, err = w.write(ctx, x.UID, afi, t.afi)
	if err != nil && !aboutTag(err) {
		return false, fmt.Errorf("set tag %s on pad %s to %s: %w", x.UID, w.name, afi, err)
	}
	if ok {
		t.afi = afi
		return true, nil
	}
	t.afi = unknownAFI // whatever it holds now, it is written again
	if t.failed[x.Tx]++; t.failed[x.Tx] == tries {
		w.all.cfg.Emit(Stuck{Wish: x, Err: err})
	}
	return false, nil
}

// write sets the AFI unless it was right when last read, and believes only
// what the tag itself then says.
func (w *Watch) write(ctx context.Context, u drivers.UID, afi, was drivers.AFI) (bool, error) {
	var wrote error
	if was != afi {
		wrote = w.pad.WriteAFI(ctx, u, afi)
	}
	if wrote != nil && !aboutTag(wrote) {
		return false, wrote
	}
	info, err := w.pad.Info(ctx, u)
	if err != nil {
		return false, err
	}
	return info.UID == u && info.AFI == afi, wrote
}
