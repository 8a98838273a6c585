package pads_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// slow is a pad on which one exchange with a tag takes a while.
type slow struct {
	*reader
	pass func()
}

func (s slow) Info(ctx context.Context, u drivers.UID) (drivers.TagInfo, error) {
	s.pass()
	return s.reader.Info(ctx, u)
}

// TestAPileThatTakesLongIsNotLifted reads twenty tags for 60 ms each, as at
// 38400, and then secures them: both rounds are longer than Gone. Another
// pad, on which nothing lies, goes on looking meanwhile.
func TestAPileThatTakesLongIsNotLifted(t *testing.T) {
	b := newBench(t)
	other := b.all.Watch("other", &reader{tags: map[drivers.UID]*drivers.Tag{}})
	b.watch = b.all.Watch("pad", slow{b.pad, func() {
		b.mono += 60 * time.Millisecond
		if err := other.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}})
	var want []string
	for n := range byte(20) {
		b.put(n, "a", loud)
		b.want(n, circ.Quiet)
		want = append(want, "placed a found")
	}
	b.rounds(5)
	b.expect(append(want, "settled")...)
	if len(b.pad.writes) != 20 {
		t.Errorf("writes %v, want one a tag", b.pad.writes)
	}
}

func TestABookThatMovesToAnotherPadIsThatPads(t *testing.T) {
	b := newBench(t)
	there := &reader{tags: map[drivers.UID]*drivers.Tag{}}
	other := b.all.Watch("other", there)
	step := func(n int) {
		t.Helper()
		for range n {
			b.rounds(1)
			if err := other.Round(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.put(1, "a", loud)
	step(3)
	there.tags[uidOf(1)] = b.pad.tags[uidOf(1)]
	step(1) // between the two
	delete(b.pad.tags, uidOf(1))
	b.want(1, circ.Quiet)
	step(8)
	b.expect("placed a found", "settled")
	if !slices.Equal(there.writes, []string{"1=C2"}) || len(b.pad.writes) != 0 {
		t.Errorf("writes there %v, here %v, want one there", there.writes, b.pad.writes)
	}
}

func TestTagsOfAPadThatIsGoneAreLiftedByAnother(t *testing.T) {
	b := newBench(t)
	other := b.all.Watch("other", &reader{tags: map[drivers.UID]*drivers.Tag{}})
	b.put(1, "a", loud)
	b.rounds(2)
	b.pad.down = drivers.ErrUnplugged
	if err := b.rounds(1); err == nil {
		t.Fatal("round: no error, want one")
	}
	for range 8 {
		b.mono += 100 * time.Millisecond
		if err := other.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	b.expect("placed a found", "lifted 1")
}
