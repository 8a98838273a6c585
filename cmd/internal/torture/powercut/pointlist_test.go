package powercut

import (
	"nightdesk/agent/contract"
	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

const writeAFI = "serial write B0 27"

// one is what the tag of an item with one tag says.
func one(afi drivers.AFI) []drivers.AFI { return []drivers.AFI{afi} }

// unfinished are the ends of an issue whose tag was still to be quieted: only
// the borrower's own card, soon, lets it be written.
func unfinished(tag drivers.AFI, writes int) map[string]end {
	return map[string]end{
		"the card is shown again": lent(writes, true, quiet),
		"nobody comes":            lent(0, false, tag).with(contract.TagUnverified),
		"it is gone":              lent(0, false, tag).with(contract.TagUnverified),
	}
}

// finished are the ends of an issue that had come through.
func finished() map[string]end {
	return map[string]end{
		"nobody comes":            lent(0, false, quiet),
		"it is gone":              lent(0, false, quiet),
		"the card is shown again": lent(0, false, quiet),
	}
}

func issuePoints() []point {
	nothing := end{tags: one(loud), events: map[contract.EventType]int{}}
	i2 := unfinished(loud, 1)
	i2["the card is shown too late"] = lent(0, false, loud).with(contract.TagUnverified)
	i2["another card is shown"] = lent(0, false, loud).with(contract.TagUnverified)
	partly := func(tags ...drivers.AFI) end { return lent(0, false, tags...).with(contract.TagUnverified) }
	points := []point{
		{name: "I0", says: "the loan was not durable: nothing ever happened, and the borrower starts again", cut: power{name: "ledger before record"},
			tags: one(loud), ends: map[string]end{"nobody comes": nothing, "it is gone": nothing, "the card is shown again": nothing,
				"it is borrowed anew": lent(1, true, quiet)}},
		{name: "I1", says: "the loan was durable and nobody had heard", cut: power{name: "ledger after record"},
			open: true, want: 1, tags: one(loud), ends: unfinished(loud, 1)},
		{name: "I2", says: "the loan was durable and the tag not yet written", cut: power{name: writeAFI},
			open: true, want: 1, tags: one(loud), ends: i2},
		{name: "I3", says: "the write was sent and the tag did not carry it out", fault: sim.Silent, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(loud), ends: unfinished(loud, 1)},
		{name: "I4", says: "the tag was written and its answer lost: it is read, not written again", fault: sim.LostReply, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(quiet), ends: unfinished(quiet, 0)},
		{name: "I5", says: "the write was torn", fault: sim.TornAFI, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(torn), ends: unfinished(torn, 1)},
		{name: "I6", says: "one part of a set was written and the other not", item: set, cut: power{name: writeAFI, nth: 2},
			open: true, want: 2, tags: []drivers.AFI{quiet, loud}, ends: map[string]end{
				"the card is shown again": lent(1, true, quiet, quiet),
				"nobody comes":            partly(quiet, loud), "it is gone": partly(quiet, loud)}},
		{name: "I7", says: "the tag was read back and that was not durable", cut: power{name: "ledger before settle"},
			open: true, want: 1, tags: one(quiet), ends: unfinished(quiet, 0)},
		{name: "I8", says: "all was durable and the screen had not said so", cut: power{name: "ledger after settle"},
			open: true, tags: one(quiet), ends: finished()},
		{name: "I9", says: "the broker acknowledged the publish and lost it", loses: 1,
			open: true, tags: one(quiet), told: true, ends: finished()},
		{name: "I10", says: "central stored it and its acknowledgement was lost", mutes: 1,
			stored: 1, open: true, tags: one(quiet), told: true, ends: finished()},
		{name: "I11", says: "the acknowledgement came and was not durable", cut: power{after: "publish ev", name: "ledger before acked"},
			stored: 1, open: true, tags: one(quiet), told: true, ends: finished()},
	}
	for i := range points {
		points[i].visit = issueOne
	}
	return points
}

// begun are the ends of a return that had begun: on the pad it goes on by
// itself, and without the item there is no credit.
func begun(tag drivers.AFI, writes int) map[string]end {
	return map[string]end{
		"it stays":   back(writes),
		"it is gone": lent(0, false, tag).with(contract.ReturnIncomplete),
	}
}

func returnPoints() []point {
	still := lent(0, false, quiet)
	credited := map[string]end{"it stays": back(0), "it is gone": back(0)}
	both := back(1)
	both.tags = []drivers.AFI{loud, loud}
	points := []point{
		{name: "R0", says: "the intent was not durable: nothing ever happened", cut: power{after: "serial write B0 01", name: "ledger before record"},
			open: true, tags: one(quiet), ends: map[string]end{"it stays": still, "it is gone": still}},
		{name: "R1", says: "the intent was durable and the tag not yet written", cut: power{name: writeAFI},
			open: true, want: 1, tags: one(quiet), ends: begun(quiet, 1)},
		{name: "R2", says: "the write was sent and the tag did not carry it out", fault: sim.Silent, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(quiet), ends: begun(quiet, 1)},
		{name: "R3", says: "the tag was written and its answer lost: it is read, not written again", fault: sim.LostReply, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(loud), ends: begun(loud, 0)},
		{name: "R4", says: "the write was torn", fault: sim.TornAFI, cut: power{after: writeAFI},
			open: true, want: 1, tags: one(torn), ends: begun(torn, 1)},
		{name: "R5", says: "one part of a set was written and the other not", item: set, cut: power{name: writeAFI, nth: 2},
			open: true, want: 2, tags: []drivers.AFI{loud, quiet}, ends: map[string]end{"it stays": both,
				"it is gone": lent(0, false, loud, quiet).with(contract.ReturnIncomplete)}},
		{name: "R6", says: "the tag was read back and that was not durable", cut: power{name: "ledger before settle"},
			open: true, want: 1, tags: one(loud), ends: begun(loud, 0)},
		{name: "R7", says: "all was durable and the screen had not said so", cut: power{name: "ledger after settle"},
			tags: one(loud), ends: credited},
		{name: "R8", says: "the broker acknowledged the publish and lost it", loses: 1, tags: one(loud), told: true, ends: credited},
		{name: "R9", says: "central stored it and its acknowledgement was lost", mutes: 1, stored: 1, tags: one(loud), told: true, ends: credited},
		{name: "R10", says: "the acknowledgement came and was not durable", cut: power{after: "publish ev", name: "ledger before acked"},
			stored: 1, tags: one(loud), told: true, ends: credited},
	}
	for i := range points {
		points[i].visit = returnOne
	}
	return points
}

// pointNamed finds a point for the controls.
func pointNamed(name string) point {
	for _, p := range append(issuePoints(), returnPoints()...) {
		if p.name == name {
			return p
		}
	}
	panic("no crash point " + name)
}
