package soak

import (
	"context"
	"slices"
	"sync"

	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
)

// shelf is a pad in memory, and all the tags of the house.
type shelf struct {
	mu   sync.Mutex // guards what follows
	tags map[drivers.UID]*drivers.Tag
	here []drivers.UID
}

var _ drivers.Pad = (*shelf)(nil)

func (s *shelf) tag(n uint32) drivers.Tag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.know(n)
}

func (s *shelf) know(n uint32) *drivers.Tag {
	t := s.tags[desk.UID(n)]
	if t == nil {
		made := desk.Tag(n, item(n), 1, 1)
		t = &made
		s.tags[t.UID] = t
	}
	return t
}

func (s *shelf) lay(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.here = append(s.here, s.know(n).UID)
}

func (s *shelf) lift(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.here = slices.DeleteFunc(s.here, func(u drivers.UID) bool { return u == desk.UID(n) })
}

// find is a tag that lies there; nil if it does not.
func (s *shelf) find(uid drivers.UID) *drivers.Tag {
	if !slices.Contains(s.here, uid) {
		return nil
	}
	return s.tags[uid]
}

func (s *shelf) Inventory(context.Context) ([]drivers.UID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.here), nil
}

func (s *shelf) Info(_ context.Context, uid drivers.UID) (drivers.TagInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(uid)
	if t == nil {
		return drivers.TagInfo{}, drivers.ErrGone
	}
	return drivers.TagInfo{UID: uid, AFI: t.AFI, BlockSize: t.BlockSize, Blocks: len(t.Data) / t.BlockSize}, nil
}

func (s *shelf) Read(_ context.Context, uid drivers.UID, first, n int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(uid)
	if t == nil {
		return nil, drivers.ErrGone
	}
	return slices.Clone(t.Data[first*t.BlockSize : (first+n)*t.BlockSize]), nil
}

func (s *shelf) WriteAFI(_ context.Context, uid drivers.UID, afi drivers.AFI) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(uid)
	if t == nil {
		return drivers.ErrGone
	}
	t.AFI = afi
	return nil
}

func (s *shelf) Close() error { return nil }
