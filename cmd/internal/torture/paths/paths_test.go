package paths

import (
	"fmt"
	"sync"
	"testing"

	"nightdesk/cmd/internal/torture"
)

// Every path of an issue and of a return, with one, two and three tags, up to
// two crashes at any point, alone and with others acting on the item in between.
func TestAllPaths(t *testing.T) {
	all := places(torture.Long())
	run := torture.Start(t, torture.Rig{
		Harm:   "every path of the intent journal's model: up to two crashes, three tags, a second kiosk or staff in between",
		Unit:   "states",
		Target: "no tag passes the gate unless somebody is durably liable; the screen never says done too early; nothing lost or doubled",
		Short:  len(all), Long: len(all),
	})
	all = all[:min(run.Count, len(all))]
	states, paths := 0, 0.0
	for i, f := range searchAll(all) {
		states, paths = states+f.states, paths+f.paths
		t.Logf("%-24s %9d states, %9.3g paths", all[i], f.states, f.paths)
		if f.bad != "" {
			story, why := all[i].shortest(all[i].begin())
			t.Errorf("%s: %s%s", all[i], why, tell(story))
		}
	}
	run.Done(states)
	run.Reached("%.2g paths through %.1f million states, 0 against a law", paths, float64(states)/1e6)
}

// searchAll searches two places at a time, each of which needs a processor.
func searchAll(all []place) []found {
	out := make([]found, len(all))
	todo := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := range todo {
				out[i] = all[i].search(all[i].begin())
			}
		})
	}
	for i := range all {
		todo <- len(all) - 1 - i // the large ones first
	}
	close(todo)
	workers.Wait()
	return out
}

// Laws that nothing can break prove nothing: each wrong order must break one,
// and the shortest way there is told.
func TestWrongOrdersAreFound(t *testing.T) {
	few := budget{crashes: 1, troubles: 2, visits: 2, others: 1, waits: 1}
	for _, c := range []struct {
		name  string
		wrong wrong
		place place
	}{
		{"the tag is quieted before the loan is recorded", unlockFirst, place{model{tags: 1}, issue, few}},
		{"the loan is closed before the tag is armed", checkInFirst, place{model{tags: 1}, giveBack, few}},
		{"an unfinished issue is reversed without arming the tag", reverseUnlocked, place{model{tags: 1}, issue, few}},
		{"central acknowledges before it stores", ackBeforeStore, place{model{tags: 1}, issue, few}},
		{"PUBACK is taken for an acknowledgement", puback, place{model{tags: 1}, issue, few}},
		{"an old quiet wish is drained", oldWish, place{model{tags: 1, staff: true}, issue, few}},
		{"news of an item is not heard in the visit that lends it", deafInVisit, place{model{tags: 1, staff: true}, issue, few}},
		{"a return goes on in another visit", oneReturn, place{model{tags: 2, staff: true}, issue, few}},
		{"a loan is taken back with a part of the set away", undoInPart, place{model{tags: 2}, issue, budget{troubles: 4, visits: 1}}},
		{"the intent is retired before the last tag is armed", retireEarly, place{model{tags: 2}, giveBack, few}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if story, why := c.place.shortest(c.place.begin()); story != nil {
				t.Fatalf("in the right order: %s%s", why, tell(story))
			}
			c.place.wrong = c.wrong
			story, why := c.place.shortest(c.place.begin())
			if story == nil {
				t.Fatal("nobody noticed")
			}
			fmt.Printf("%s: found after %d moves\n", c.name, len(story))
			t.Logf("%s%s", why, tell(story))
		})
	}
}
