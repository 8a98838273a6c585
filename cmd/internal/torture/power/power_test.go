package power

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/torture"
)

const (
	acts       = 40   // in one evening: some 1500 operations of the disk
	perEvening = 2000 // cuts
	repeated   = 1.4  // cuts a cut leads to, with those in which the power goes again
)

// TestPowerCutAtEveryWrite lives through some evenings, and cuts the power of
// each after every operation of its disk.
func TestPowerCutAtEveryWrite(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm:   "the power goes between any two writes to the disk, of kiosk, central or both, and again while they start",
		Unit:   "cuts",
		Target: "what was acknowledged is there, nothing is half, no row is damaged, and work goes on",
		Short:  20_000, Long: 100_000, Seed: 91103,
	})
	evenings := max(1, run.Count/perEvening)
	var cuts, harms atomic.Int64
	t.Run("evenings", func(t *testing.T) {
		for n := range evenings {
			t.Run(fmt.Sprint(n+1), func(t *testing.T) {
				t.Parallel()
				c := live(t, run.Stream(uint64(n+1)), "", func(*cutter) {})
				c.cutEverywhere(run.Stream(uint64(1000+n)), 1, run.Count/evenings)
				cuts.Add(int64(c.cuts))
				harms.Add(int64(len(c.harms)))
				c.report(t)
			})
		}
	})
	run.Done(int(cuts.Load()))
	run.Reached("%d evenings, %d harms", evenings, harms.Load())
}

// live lives an evening, and gets ready to cut it.
func live(t *testing.T, chance *rand.Rand, control string, change func(*cutter)) *cutter {
	t.Helper()
	e := newEvening(t, chance, control)
	e.live(acts)
	c := newCutter(t, e, e.end())
	change(c)
	return c
}

// cutEverywhere makes about so many cuts, from one operation on after each as
// often as after every other.
func (c *cutter) cutEverywhere(chance *rand.Rand, from, cuts int) {
	often := float64(cuts) / repeated / float64(len(c.log))
	for k := from; k <= len(c.log) && len(c.harms) < 20; k++ {
		n := int(often)
		if chance.Float64() < often-float64(n) {
			n++
		}
		for range n {
			c.cut(k, chance)
		}
	}
}

func (c *cutter) report(t *testing.T) {
	for i, h := range c.harms {
		if i == 5 {
			t.Errorf("… and %d more", len(c.harms)-i)
			break
		}
		t.Error(h)
	}
}

// TestThePowerRigCanFail has things wrong that the rig must find: a disk or a
// setting that does not keep what was promised, a promise that comes too early,
// a tag that is quiet too early.
func TestThePowerRigCanFail(t *testing.T) {
	const lost, liable = "not what it held after", "nobody has borrowed it"
	for i, control := range []struct {
		name, sql string
		change    func(*cutter)
		want      string
	}{
		{"synchronous=NORMAL", "PRAGMA synchronous = NORMAL", func(*cutter) {}, lost},
		{"synchronous=OFF", "PRAGMA synchronous = OFF", func(*cutter) {}, lost},
		{"a disk that says it has synced", "", func(c *cutter) { c.replay.Lies = true }, ""},
		{"a receipt before it is stored", "", func(c *cutter) { c.hasty(theLedger) }, lost},
		{"a feed's version told before it is stored", "", func(c *cutter) { c.hasty(theCache) }, lost},
		{"an acknowledgement before it is stored", "", func(c *cutter) { c.hasty(theCentral) }, lost},
		{"a tag quiet before the loan is stored", "", (*cutter).quietFirst, liable},
	} {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			c := live(t, rand.New(rand.NewPCG(uint64(i), 4)), control.sql, control.change)
			c.unwitnessed()
			begun := c.history.rooms[theCache][0].to + 1
			c.cutEverywhere(rand.New(rand.NewPCG(uint64(i), 5)), begun, perEvening)
			for _, h := range c.harms {
				if strings.Contains(h, control.want) {
					t.Logf("found after %d cuts: %s", c.cuts, h)
					return
				}
			}
			t.Fatalf("%d cuts found %q, and nothing that says %q", c.cuts, c.harms, control.want)
		})
	}
}

// hasty has a room answer before it does anything.
func (c *cutter) hasty(r room) {
	for i, m := range c.history.rooms[r] {
		c.history.rooms[r][i].to = m.from
	}
}

// quietFirst has every tag made quiet before the loan is recorded.
func (c *cutter) quietFirst() {
	for i, s := range c.history.said {
		if s.says != circ.Quiet {
			continue
		}
		for _, m := range c.history.rooms[theLedger] {
			if m.to <= s.op && m.what == "record issue" {
				c.history.said[i].from, c.history.said[i].op = m.from, m.from
			}
		}
	}
}

// unwitnessed takes the file away that a ledger keeps beside it, so that it is
// the rig that finds what is lost.
func (c *cutter) unwitnessed() {
	for r := range c.history.rooms {
		for i := range c.history.rooms[r] {
			c.history.rooms[r][i].witness = nil
		}
	}
}
