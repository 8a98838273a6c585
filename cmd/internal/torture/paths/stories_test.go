package paths

import (
	"errors"
	"path/filepath"
	"testing"

	"nightdesk/cmd/internal/torture"
)

// Paths that once came to a bad end in reality, and one that chance seldom finds.
func TestStoriesThatEndedBadly(t *testing.T) {
	lendAndLift := []move{{do: put, tags: 1}, {do: showCard}, {do: lift, tags: 1}}
	both := []move{{do: put, tags: 3}, {do: bring, how: cutAfter}, {do: boot}}
	for _, c := range []struct {
		name  string
		place place
		path  []move
	}{
		{"lent and lifted, taken back by staff, and put down again when central has said so",
			place{model{tags: 1, staff: true}, issue, wide},
			append(lendAndLift, move{do: staffReturns}, move{do: put, tags: 1}, move{do: speak}, move{do: finish})},
		{"an issue too old to go on, and the item lies there and is asked for",
			place{model{tags: 1}, issue, wide},
			[]move{{do: put, tags: 1}, {do: showCard, how: cutAfter}, {do: lift, tags: 1}, {do: wait}, {do: boot}, {do: speak},
				{do: put, tags: 1}, {do: showCard}, {do: finish}}},
		{"a return cut off, lent on by staff, and brought back to the same kiosk",
			place{model{tags: 2, staff: true}, issue, wide},
			append(both[:2:2], move{do: lift, tags: 3}, both[2], move{do: staffLends}, move{do: put, tags: 3}, move{do: bring},
				move{do: write}, move{do: write, tags: 1}, move{do: settle}, move{do: finish})},
		{"a return begins, and ends only after staff have had the item and lent it on",
			place{model{tags: 1, staff: true}, giveBack, wide},
			[]move{{do: put, tags: 1}, {do: bring}, {do: lift, tags: 1}, {do: staffReturns}, {do: staffLends}, {do: put, tags: 1},
				{do: write}, {do: settle}, {do: finish}, {do: speak}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var worlds grounds
			if err := worlds.of(t, c.place).replay(t, filepath.Join(torture.Memory(t), "world"), c.place, c.path); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is compared must be able to differ: a real kiosk with a wrong order in
// it must part from the model.
func TestWrongOrdersPartFromTheModel(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong wrong
		path  []move
	}{
		{"the tag is quieted before the loan is recorded", unlockFirst,
			[]move{{do: put, tags: 1}, {do: showCard, how: cutBefore}}},
		{"PUBACK is taken for an acknowledgement", puback,
			[]move{{do: put, tags: 1}, {do: showCard}, {do: speak, how: publishLost}, {do: crash}}},
		{"central acknowledges before it stores", ackBeforeStore,
			[]move{{do: put, tags: 1}, {do: showCard}, {do: speak}, {do: crash}}},
		{"news is not heard in the visit", deafInVisit, []move{{do: put, tags: 1}, {do: showCard}, {do: lift, tags: 1},
			{do: staffReturns}, {do: put, tags: 1}, {do: speak}, {do: crash}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var worlds grounds
			p := place{model{tags: 1, staff: true}, issue, wide}
			for _, wrong := range []wrong{right, c.wrong} {
				w := worlds.of(t, p).world(t, filepath.Join(torture.Memory(t), "world"), p.model)
				w.wrong = wrong
				err := (&replay{m: p.model, w: w, s: p.begin()}).run(c.path)
				w.end()
				if wrong == right && err != nil {
					t.Errorf("in the right order: %v", err)
				}
				if wrong != right && !errors.Is(err, errApart) {
					t.Errorf("in the wrong order they did not part: %v", err)
				}
				t.Log(err)
			}
		})
	}
}
