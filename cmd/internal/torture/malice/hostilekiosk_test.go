package malice

import (
	"slices"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// hostileBroker lets a hostile broker have the kiosk's line while somebody
// borrows, and then gives the real one back.
func hostileBroker(t *testing.T, a *attacked, b *house.Borrower) {
	r := torture.Start(t, torture.Rig{
		Harm: "a hostile MQTT broker while somebody borrows", Unit: "connections",
		Target: "lending goes on, never above 128 MB, everything sent in the end", Short: 3, Long: 40,
	})
	all := slices.Concat(heavyTricks(), lightTricks())
	var tricks []trick
	for range r.Count {
		tricks = append(tricks, all[r.Rand.IntN(len(all))])
	}
	a.line.turn(tricks, r.Stream)
	visits := b.Visits
	for first := true; first || a.line.left() > 0; first = false {
		if err := b.Borrow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := b.GiveBack(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	here := a.said("syston-1/up/hi")
	if err := a.await(t.Context(), here-1, "syston-1/up/hi"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := a.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, err := peak(a.Kiosk.PID())
	if err != nil {
		t.Error(err)
	}
	r.Reached("%d visits meanwhile, %s at most, everything sent %.0f s after it had gone", b.Visits-visits, mb(took), time.Since(began).Seconds())
}
