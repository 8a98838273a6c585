package sim

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"nightdesk/drivers"
)

type timing struct {
	Params map[string]float64
	PerOp  map[string]float64 `json:"per_op_ms"`
	Air    []struct {
		N        int
		Best     float64 `json:"inv_best"`
		Expected float64 `json:"inv_expected_16slot"`
		Read     float64 `json:"read"`
		Min      float64 `json:"afi_min"`
		Typical  float64 `json:"afi_575"`
		Max      float64 `json:"afi_max"`
	}
	Serial []struct {
		Link     string
		PerFrame int     `json:"tags_per_frame"`
		N        int     `json:"N"`
		InvBytes int     `json:"inv_bytes"`
		Read     int     `json:"read_bytes"`
		AFI      int     `json:"afi_bytes"`
		Total    float64 `json:"serial_total_ms"`
	} `json:"feig_serial"`
}

func timings(t *testing.T) (v timing) {
	t.Helper()
	raw, err := os.ReadFile("testdata/timing.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// near compares with a figure that was rounded to the digit of eps.
func near(t *testing.T, what string, got time.Duration, want float64, unit time.Duration, eps float64) {
	t.Helper()
	if g := float64(got) / float64(unit); math.Abs(g-want) > eps {
		t.Errorf("%s: got %v, want %v (units of %v)", what, g, want, unit)
	}
}

func TestBasicTimes(t *testing.T) {
	v := timings(t)
	for name, got := range map[string]time.Duration{
		"t1_us":            cycles(pauseT1),
		"t1_max_us":        cycles(pauseT1Max),
		"t2_min_us":        cycles(pauseT2),
		"t3_min_100pct_us": cycles(emptySlot),
		"vcd_sof":          cycles(askSOF),
		"vcd_byte_1of4":    cycles(askByte),
		"vcd_eof":          cycles(askEOF),
		"vicc_sof_high":    cycles(answerSOF),
		"vicc_byte_high":   cycles(answerByte),
		"vicc_eof_high":    cycles(answerEOF),
		"inv_response_12B": R(12),
	} {
		near(t, name, got, v.Params[name], time.Microsecond, 0.001)
	}
	for name, got := range map[string]time.Duration{
		"read_8_blocks_addressed": ReadAir(8),
		"select":                  SelectAir(),
		"system_info":             InfoAir(),
		"write_afi_min":           WriteAFIAir(0),
		"write_afi_typ_5_75ms":    WriteAFIAir(TypicalWrite),
		"write_afi_max_20ms":      WriteAFIAir(20 * time.Millisecond),
	} {
		near(t, name, got, v.PerOp[name], time.Millisecond, 0.0051)
	}
}

// spread are n tags of which the first `crowd` share their low four bits, and
// no other two share anything that matters.
func spread(n, crowd int) []drivers.UID {
	var uids []drivers.UID
	for i := range n {
		low := byte(0)
		if i < crowd {
			low = byte(i) << 4
		} else {
			low = byte(i - crowd + min(crowd, 1))
		}
		uids = append(uids, drivers.UID{0xE0, 0x04, 0, 0, 0, 0, 0, low})
	}
	return uids
}

func TestAirOfPiles(t *testing.T) {
	random := rand.New(rand.NewPCG(15693, 3))
	for _, row := range timings(t).Air {
		n := time.Duration(row.N)
		near(t, "read", n*ReadAir(8), row.Read, time.Millisecond, 0.0051)
		near(t, "write, fastest", n*WriteAFIAir(0), row.Min, time.Millisecond, 0.0051)
		near(t, "write, typical", n*WriteAFIAir(TypicalWrite), row.Typical, time.Millisecond, 0.0051)
		near(t, "write, slowest", n*WriteAFIAir(20*time.Millisecond), row.Max, time.Millisecond, 0.0051)
		switch {
		case row.N == 1: // the table's best is one slot; ours has always sixteen
			near(t, "inventory", InventoryAir(spread(1, 0)), row.Expected, time.Millisecond, 0.0051)
			continue
		case row.N <= 16:
			near(t, "inventory without collision", InventoryAir(spread(row.N, 0)), row.Best, time.Millisecond, 0.0051)
		default: // fifteen alone, the rest in one slot
			near(t, "inventory, one collision", InventoryAir(spread(row.N, row.N-15)), row.Best, time.Millisecond, 0.0051)
		}
		var sum time.Duration
		const piles = 4000
		for range piles {
			pile := make([]drivers.UID, row.N)
			for i := range pile {
				for b := range pile[i] {
					pile[i][b] = byte(random.Uint32())
				}
			}
			sum += InventoryAir(pile)
		}
		near(t, "inventory of random tags, mean", sum/piles, row.Expected, time.Millisecond, row.Expected*0.02)
	}
}

func TestSerialTimes(t *testing.T) {
	rows := 0
	for _, row := range timings(t).Serial {
		baud, ok := map[string]int{"38400 8E1": 38400, "115200 8E1": 115200}[row.Link]
		if !ok {
			continue // 8N1 is not this reader's line
		}
		rows++
		inv, read, afi := InventoryBytes(row.N, row.PerFrame), row.N*ReadBytes(8), row.N*WriteAFIBytes()
		if inv != row.InvBytes || read != row.Read || afi != row.AFI {
			t.Errorf("%d tags, %d a frame: got %d, %d and %d bytes, want %d, %d and %d",
				row.N, row.PerFrame, inv, read, afi, row.InvBytes, row.Read, row.AFI)
		}
		near(t, row.Link, SerialTime(inv+read+afi, baud), row.Total, time.Millisecond, 0.0151 /* a sum of three rounded figures */)
	}
	if rows != 16 {
		t.Errorf("got %d rows of 8E1, want 16", rows)
	}
}
