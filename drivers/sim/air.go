package sim

import (
	"math"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/iso15693"
)

// Air times of ISO/IEC 15693-2 at 100 % modulation, 1 out of 4 coding, one
// subcarrier, high data rate, in periods of the 13.56 MHz carrier.
const (
	carrierHz = 13.56e6

	askSOF  = 1024 // reader to tag
	askByte = 4096
	askEOF  = 512

	answerSOF  = 2048 // tag to reader
	answerByte = 4096
	answerEOF  = 2048

	pauseT1    = 4352                  // nominal, from the request's end to the answer's start
	pauseT1Max = 4384                  //
	pauseT2    = 4192                  // least, from the answer's end to the next request
	emptySlot  = 4384 + 2048           // t3: from one end of frame to the next if nobody answers
	fieldDown  = 15 * time.Millisecond // RF reset (H60301-3e, p. 53)
)

// TypicalWrite is how long a tag programs its AFI (LRIS64K data sheet);
// the standard allows from 0.32 to 20 ms.
const TypicalWrite = 5750 * time.Microsecond

func cycles(n int) time.Duration {
	return time.Duration(math.Round(float64(n) / carrierHz * 1e9))
}

// Q is the air time of a request of n bytes, CRC included.
func Q(n int) time.Duration { return cycles(askSOF + n*askByte + askEOF) }

// R is the air time of an answer of n bytes, CRC included.
func R(n int) time.Duration { return cycles(answerSOF + n*answerByte + answerEOF) }

// exchange is a request of q bytes, the pause after it, an answer of r bytes,
// and the pause before the next request.
func exchange(q int, pause time.Duration, r int) time.Duration {
	return Q(q) + pause + R(r) + cycles(pauseT2)
}

// unanswered is a request of q bytes to a tag that is not there.
func unanswered(q int) time.Duration { return Q(q) + cycles(emptySlot) }

// ReadAir reads n blocks of four bytes from a tag by its UID, in one command,
// without security bytes.
func ReadAir(n int) time.Duration { return exchange(14, cycles(pauseT1), 3+n*blockSize) }

// WriteAFIAir writes the AFI of a tag by its UID; write is how long the tag
// programs, at least t1 = 0.32 ms.
func WriteAFIAir(write time.Duration) time.Duration {
	return exchange(13, max(write, cycles(pauseT1)), 3)
}

// WriteBlockAir writes one block of four bytes of a tag by its UID.
func WriteBlockAir(write time.Duration) time.Duration {
	return exchange(13+blockSize, max(write, cycles(pauseT1)), 3)
}

// InfoAir asks a tag by its UID for its system information, all fields.
func InfoAir() time.Duration { return exchange(12, cycles(pauseT1), 17) }

// SelectAir selects a tag by its UID, or sends it another request without
// parameters that is answered by a bare "ok".
func SelectAir() time.Duration { return exchange(12, cycles(pauseT1), 3) }

// InventoryAir lists these tags in rounds of sixteen slots, with the collisions
// that their UIDs have: a collided slot takes as long as a used one, and is
// asked again with its four bits added to the mask.
func InventoryAir(uids []drivers.UID) time.Duration {
	return round(iso15693.Mask{}, uids)
}

func round(m iso15693.Mask, uids []drivers.UID) time.Duration {
	var slots [16][]drivers.UID
	for _, uid := range uids {
		if slot, fits := m.Slot(uid); fits {
			slots[slot] = append(slots[slot], uid)
		}
	}
	used := cycles(pauseT1) + R(12) + cycles(pauseT2)
	air := Q(5+(m.Bits+7)/8) + 15*cycles(askEOF)
	for slot, here := range slots {
		if len(here) == 0 {
			air += cycles(emptySlot)
			continue
		}
		air += used
		if narrow, more := m.Narrow(slot); more && len(here) > 1 {
			air += round(narrow, here)
		}
	}
	return air
}

// SerialTime is how long n bytes take on a line of that many bits a second at
// 8E1, the reader's default: eleven bits a byte.
func SerialTime(n, baud int) time.Duration {
	return time.Duration(math.Round(float64(n) * 11 / float64(baud) * 1e9))
}

// InventoryBytes is the length on the line of an inventory of n tags, question
// and answer, at so many tags a frame.
func InventoryBytes(n, perFrame int) int {
	frames := max(1, (n+perFrame-1)/perFrame)
	return frames*(7+7) + 10*n
}

// ReadBytes is the length on the line of reading n blocks of four bytes by UID.
func ReadBytes(n int) int { return 17 + 8 + n*(1+blockSize) }

// WriteAFIBytes is the length on the line of writing an AFI by UID.
func WriteAFIBytes() int { return 16 + 6 }

// InfoBytes is the length on the line of asking for system information by UID.
func InfoBytes() int { return 15 + 19 }
