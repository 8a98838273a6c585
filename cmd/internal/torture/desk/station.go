package desk

import (
	"context"
	"errors"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/pads"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// badRounds is after how many bad looks in a row a pad is opened anew, as a
// kiosk has it.
const badRounds = 3

// Station is a pad as a kiosk keeps it: opened, looked at again and again, and
// opened anew after serious trouble. It belongs to the kiosk's goroutine.
type Station struct {
	Open  func(context.Context) (drivers.Pad, error)
	Opens int // how often it was opened well
	Bad   int // looks that failed, in all

	k     *Kiosk
	pad   drivers.Pad
	watch *pads.Watch
	row   int // looks that failed in a row
}

// Station puts a pad beside the kiosk.
func (k *Kiosk) Station(open func(context.Context) (drivers.Pad, error)) *Station {
	return &Station{Open: open, k: k}
}

// Works says whether the pad is open.
func (s *Station) Works() bool { return s.pad != nil }

// Look looks once, or opens the pad, and says what the pad's trouble is. What
// was seen waits for Carry.
func (s *Station) Look(ctx context.Context) error {
	if s.pad == nil {
		pad, err := s.Open(ctx)
		if err != nil {
			return err
		}
		s.pad, s.watch, s.row = pad, s.k.Pads.Watch("pad", pad), 0
		s.Opens++
	}
	err := s.watch.Round(ctx)
	if err == nil {
		s.row = 0
		return nil
	}
	s.Bad++
	s.row++
	if s.row >= badRounds || !errors.Is(err, drivers.ErrSilent) && !errors.Is(err, drivers.ErrGarbled) {
		s.Close()
	}
	return err
}

// Step is a look, and everything that follows from it at the desk. The error
// is the desk's; the pad's own is passed to trouble, which may be nil.
func (s *Station) Step(ctx context.Context, trouble func(error)) error {
	if err := s.Look(ctx); err != nil && trouble != nil {
		trouble(err)
	}
	return s.k.Carry(ctx)
}

// Carry brings what the pads have seen to its end.
func (k *Kiosk) Carry(ctx context.Context) error {
	events := k.seen
	k.seen = nil
	for _, e := range events {
		if k.Saw != nil {
			k.Saw(e)
		}
		if err := k.Desk.Pad(ctx, e, visit.RoleBoth); err != nil {
			return err
		}
	}
	return k.Tick()
}

// Close closes the pad, if it is open.
func (s *Station) Close() {
	if s.pad != nil {
		_ = s.pad.Close() // a line that is gone cannot be closed better
		s.pad, s.watch = nil, nil
	}
}

// memory is the cache as the pads see it, with the kiosk's own rules: only
// items are kept, and only for as long as they may decide.
type memory struct{ cache *cache.Cache }

func (m memory) Recall(ctx context.Context, at circ.Moment, uid drivers.UID) (label.Label, bool, error) {
	s, known, err := m.cache.Recall(ctx, uid)
	if err != nil || !known || !s.Usable(at.Wall) {
		return label.Label{}, false, err
	}
	return label.Label{Model: s.Model, Kind: label.KindItem, Item: string(s.Item), Owner: s.Owner, Usage: s.Usage,
		Parts: s.Of, Part: s.Part}, true, nil
}

func (m memory) Learn(ctx context.Context, at circ.Moment, uid drivers.UID, l label.Label, data []byte) error {
	if l.Kind != label.KindItem {
		return nil
	}
	_, _, err := m.cache.Learn(ctx, cache.Seen{UID: uid, Item: circ.ItemID(l.Item), Part: l.Part, Of: l.Parts,
		Digest: cache.Digest(data), Usage: l.Usage, Owner: l.Owner, Model: l.Model, ReadAt: at.Wall})
	return err
}
