package bench

import (
	"math"
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

// psst is the pause that the reader wants after each answer (FEIG, PSST). It is
// listed beside the bound: a setting of the reader, and no law of the air.
const psst = 5 * time.Millisecond

// firstRead is how many blocks a tag is read at first.
const firstRead = 8

// bound is the least time that air and cable take for a pile, and how many
// exchanges that is. The gap after each is not in it.
type bound struct {
	listed, secured       time.Duration
	listedAsks, totalAsks int
}

// gaps are the pauses after all but the last of the exchanges.
func (b bound) gaps() time.Duration { return time.Duration(b.totalAsks-1) * psst }

// least adds the formulas up: one inventory at its best; for each tag its
// system information, eight blocks if it was never seen, the AFI, and the
// information again as the read-back; and the bytes of all that on the line.
func least(p pile) bound {
	n := time.Duration(p.tags)
	look, bytes, asks := sim.InfoAir(), sim.InfoBytes(), 1
	if !p.known {
		look, bytes, asks = look+sim.ReadAir(firstRead), bytes+sim.ReadBytes(firstRead), asks+1
	}
	secure := sim.WriteAFIAir(sim.TypicalWrite) + sim.InfoAir()
	b := bound{listedAsks: 1 + p.tags*asks, totalAsks: 1 + p.tags*(asks+2)}
	b.listed = inventoryBest(p.tags) + n*look + sim.SerialTime(sim.InventoryBytes(p.tags, p.tags)+p.tags*bytes, p.baud)
	b.secured = b.listed + n*secure + sim.SerialTime(p.tags*(sim.WriteAFIBytes()+sim.InfoBytes()), p.baud)
	return b
}

// inventoryBest lists tags without a collision as long as there are slots, and
// one tag in the one slot that it needs.
func inventoryBest(n int) time.Duration {
	all := uids(n)
	if n > 1 {
		return sim.InventoryAir(all)
	}
	used := sim.InventoryAir(all) - sim.InventoryAir(nil) // one slot more used, one fewer empty
	return sim.Q(5) + used + emptySlot
}

// emptySlot is t3 at 100 % modulation: 4384 and 2048 periods of 13.56 MHz
// (ISO/IEC 15693-3; the second is the start of a frame that does not come).
const emptySlot = 474336 * time.Nanosecond

// uids are tags that collide as little as tags can: fifteen in slots of their
// own, the rest together in the sixteenth.
func uids(n int) (list []drivers.UID) {
	for i := range n {
		u := drivers.UID{0xE0, 0x04, 0x01, 0, 0, 0, 0, byte(i)}
		if i >= 15 {
			u[7] = byte(i-15)<<4 | 0x0F
		}
		list = append(list, u)
	}
	return list
}

// The table of the reader notes, D4, has no system information in it: without
// that the bound must be its inventory, read, typical write and serial time.
func TestBoundIsTheTablesPlusTheReadBack(t *testing.T) {
	tests := []struct {
		tags, baud int
		want       float64 // ms
	}{
		{1, 38400, 6.18 + 15.85 + 11.31 + 31.8},
		{5, 38400, 30.19 + 79.23 + 56.54 + 142.9},
		{20, 38400, 105.6 + 316.9 + 226.2 + 559.7},
		{20, 115200, 105.6 + 316.9 + 226.2 + 186.6},
	}
	for _, test := range tests {
		info := 2 * time.Duration(test.tags) * (sim.InfoAir() + sim.SerialTime(sim.InfoBytes(), test.baud))
		got := ms(least(pile{tags: test.tags, baud: test.baud}).secured - info)
		if math.Abs(got-test.want) > 0.15 {
			t.Errorf("%d tags at %d: got %.2f ms without information, want %.2f", test.tags, test.baud, got, test.want)
		}
	}
}
