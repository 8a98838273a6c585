package sim_test

import (
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/drivertest"
	"nightdesk/drivers/feig"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

// The ordinary driver and the simulated reader, neither of which knows the
// other, must make a pad together, however the reader is built.
func TestConformance(t *testing.T) {
	for name, o := range map[string]sim.Options{
		"a reader that lists every tag": {},
		"four tags a frame, only new ones, not to be hurried": {
			TagsPerFrame: 4, ONT: true, LessOne: true, Quiet: 5 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drivertest.Suite(t, bench(t, o))
		})
	}
}

func bench(t *testing.T, o sim.Options) drivertest.Bench {
	t.Helper()
	table := sim.NewTable()
	r, err := sim.NewReader(table, "pad", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return drivertest.Bench{
		Open: func(t *testing.T) drivers.Pad {
			t.Helper()
			if err := r.Plug(); err != nil {
				t.Fatal(err)
			}
			port, err := wire.Open(r.Path(), wire.Mode{Baud: 38400, Parity: wire.Even})
			if err != nil {
				t.Fatal(err)
			}
			// Long enough for a simulated reader on a busy machine, which may
			// not get a processor for a quarter of a second.
			pad, err := feig.Open(t.Context(), port, feig.Options{Response: 250 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			return pad
		},
		Put:  func(tag drivers.Tag) { table.Put("pad", tag) },
		Lift: table.Lift,
		AFI:  table.AFI,
		Fault: func(name string, uid drivers.UID) {
			t.Helper()
			if err := r.Fault(sim.Fault{Name: name, UID: uid}); err != nil {
				t.Fatal(err)
			}
		},
		Pull: r.Unplug,
	}
}
