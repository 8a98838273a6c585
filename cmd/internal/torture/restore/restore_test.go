package restore

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
)

// harm is one way of putting disks back.
type harm struct {
	name    string
	do      func(*evening)
	excused []circ.Reason // cases in which the record may say either of two things
}

var harms = []harm{
	{name: "kiosk", do: kioskBack},
	{name: "copy", do: copied, excused: []circ.Reason{record.OpenLoan, record.Late, record.Twin}},
	{name: "central", do: centralBack},
	{name: "both", do: bothBack},
}

// kioskBack puts the kiosk's disk back, once or more often, and lends on
// without central before the two meet again.
func kioskBack(e *evening) {
	k := e.kiosks[0]
	e.acts(2+e.chance.IntN(5), true, e.kiosks...)
	images := []string{e.image()}
	for range 1 + e.chance.IntN(3) {
		e.acts(1+e.chance.IntN(6), true, e.kiosks...)
		e.putBack(images[e.chance.IntN(len(images))])
		e.acts(e.chance.IntN(6), false, k)
		if e.chance.IntN(2) == 0 {
			e.talk(k)
		}
		images = append(images, e.image())
	}
}

// copied sets a copy of the kiosk to work beside it.
func copied(e *evening) {
	e.acts(1+e.chance.IntN(5), true, e.kiosks...)
	twin := e.kiosks[0].Twin()
	e.kiosks = append(e.kiosks, twin)
	e.note("a copy of syston-1 is set to work")
	e.acts(2+e.chance.IntN(6), false, e.kiosks[0], twin)
	e.acts(2+e.chance.IntN(6), true, e.kiosks...)
}

// centralBack puts central back to an older copy.
func centralBack(e *evening) {
	e.acts(e.chance.IntN(6), true, e.kiosks...)
	for range 1 + e.chance.IntN(2) {
		copy := e.backup()
		e.acts(1+e.chance.IntN(8), true, e.kiosks...)
		if e.chance.IntN(3) == 0 {
			e.Import()
		}
		e.PutCentralBack(copy)
		e.note("central is put back")
		e.acts(e.chance.IntN(4), true, e.kiosks...)
	}
}

// bothBack puts both back, the one after the other or at once.
func bothBack(e *evening) {
	e.acts(1+e.chance.IntN(4), true, e.kiosks...)
	first, copy := e.image(), e.backup()
	e.acts(1+e.chance.IntN(4), true, e.kiosks...)
	if e.chance.IntN(2) == 0 {
		e.putBack(first) // a new epoch, which the backup has not heard of
		e.acts(1+e.chance.IntN(4), true, e.kiosks...)
	}
	second := e.image()
	e.acts(e.chance.IntN(4), true, e.kiosks...)
	e.PutCentralBack(copy)
	e.note("central is put back")
	if e.chance.IntN(2) == 0 {
		e.putBack(second)
	}
	e.gone()
	e.acts(e.chance.IntN(5), e.chance.IntN(2) == 0, e.kiosks...)
}

// Nothing acknowledged vanishes, nothing is doubled, and the record is what
// happened, whatever disk was put back.
func TestRestore(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "a kiosk's disk put back, a kiosk copied, central put back, and both", Unit: "evenings",
		Target: "nothing acknowledged lost, nothing doubled, no act taken for another; copies are named to staff", Short: 120, Long: 20_000,
	})
	var mu sync.Mutex // guards the sums
	acked, stops, lost, done := 0, 0, 0, map[string]int{}
	t.Run("evenings", func(t *testing.T) {
		for n := range run.Count {
			h := harms[n%len(harms)]
			t.Run(fmt.Sprintf("%s %d", h.name, n), func(t *testing.T) {
				t.Parallel()
				e := open(t, run.Stream(uint64(n)))
				defer e.close()
				v, wrong := e.spend(h)
				if len(wrong) > 0 {
					t.Fatalf("%s\n%s\n%s", v, strings.Join(wrong, "\n"), strings.Join(e.story, "\n"))
				}
				mu.Lock()
				defer mu.Unlock()
				acked, stops, lost = acked+v.Acked, stops+e.stops, lost+e.lost
				done[h.name]++
			})
		}
	})
	run.Reached("%d events acknowledged, 0 lost, 0 doubled; disks put back %d times, %d kiosks copied, central put back %d times, both %d times; staff let a kiosk go on %d times; %d acts were younger than both copies",
		acked, done["kiosk"], done["copy"], done["central"], done["both"], stops, lost)
}

// spend is an evening with a harm, and what was found to be wrong in the end.
func (e *evening) spend(h harm) (v check.Verdict, wrong []string) {
	e.T.Helper()
	h.do(e)
	v = e.judge(h.excused...)
	for _, x := range v.Harms {
		wrong = append(wrong, x.String())
	}
	name, cases := e.kiosks[0].Name, e.cases()
	if h.name == "copy" && !cases["old-epoch "+name] && !cases["rolled-back "+name] {
		wrong = append(wrong, "a copy of "+name+" is at work, and nobody was told")
	}
	return v, append(wrong, e.cached()...)
}
