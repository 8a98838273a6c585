package sim

import (
	"fmt"
	"slices"

	"nightdesk/drivers"
)

// The faults by name.
const (
	Silent       = "silent"         // no answer; the command is not carried out
	NeverAnswers = "never-answers"  // silent until the reader is plugged in again, whatever Times says
	Garbled      = "garbled"        // noise instead of the answer
	CRCError     = "crc-error"      // the answer has one bit turned over
	Late         = "late"           // the answer comes when the next command has arrived, before that one's
	Slow         = "slow"           // the answer comes Options.SlowBy later
	LostReply    = "lost-reply"     // carried out; the answer never comes
	GoneMidWrite = "gone-mid-write" // the tag is lifted between the command and its execution
	TornAFI      = "torn-afi"       // the write leaves a third value and answers with ISO error 13
	Unplug       = "unplug"         // the cable is pulled while the command is under way, not carried out
)

// Fault is something that goes wrong at a coming command.
type Fault struct {
	Name  string
	Times int         // how often; 0 is once
	UID   drivers.UID // only at commands that name this tag; zero is any command
	// Command is the only command it waits for: the ISO code (0x27 write AFI)
	// of an 0xB0 command, else the host command (0x65). 0 is any, but
	// TornAFI and GoneMidWrite then wait for 0x27.
	Command byte
}

// Fault arms f. Faults are used up in the order in which they were armed.
func (r *Reader) Fault(f Fault) error {
	switch f.Name {
	case Silent, NeverAnswers, Garbled, CRCError, Late, Slow, LostReply, Unplug:
	case GoneMidWrite, TornAFI:
		if f.Command == 0 {
			f.Command = isoWriteAFI
		}
	default:
		return fmt.Errorf("no fault is named %q", f.Name)
	}
	f.Times = max(f.Times, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, f)
	return nil
}

// Mend forgets every fault that is still armed.
func (r *Reader) Mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

// strikes is the fault that hits this command, "" for none.
func (r *Reader) strikes(command byte, uid drivers.UID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.faults {
		f := &r.faults[i]
		if f.Command != 0 && f.Command != command || f.UID != (drivers.UID{}) && f.UID != uid {
			continue
		}
		name := f.Name
		if name == NeverAnswers {
			return name
		}
		if f.Times--; f.Times == 0 {
			r.faults = slices.Delete(r.faults, i, i+1)
		}
		return name
	}
	return ""
}

// third is neither the old AFI nor the new: bits half programmed.
func third(was, want drivers.AFI) drivers.AFI {
	for _, flip := range []drivers.AFI{0x00, 0x10} {
		if torn := (was | want) ^ flip; torn != was && torn != want {
			return torn
		}
	}
	return (was | want) ^ 0x01
}
