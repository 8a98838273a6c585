// Package drivertest holds what every pad must do: one suite, run against each
// driver on a bench whose tags can be put down, lifted and made to misbehave,
// and recordings of real traffic played back. It refuses to know any protocol.
package drivertest

import (
	"testing"

	"nightdesk/drivers"
)

// The faults a bench can be asked for by name.
const (
	Silent       = "silent"         // no reply to the next command, which is not carried out
	Garbled      = "garbled"        // noise instead of the reply
	Late         = "late"           // the reply comes after the driver's response time, during the next command
	GoneMidWrite = "gone-mid-write" // the tag leaves between the command and its execution
	TornAFI      = "torn-afi"       // the AFI write leaves a third value and answers with an error
	CRCError     = "crc-error"      // the reply has one bit turned over
	LostReply    = "lost-reply"     // the command is carried out, the reply never comes
	Unplug       = "unplug"         // the device goes away while the command is under way
)

// Bench is a pad under test with everything around it. Put, Lift, AFI, Fault
// and Pull may be called while no pad is open, and from the test's goroutine only.
type Bench struct {
	// Open gives a fresh pad on the same bench; it plugs the device in again
	// if it was pulled, and leaves the tags where they lie. The driver's response time
	// should be short (about 150 ms), for several tests wait it out. The
	// suite closes the pad.
	Open func(t *testing.T) drivers.Pad
	// Put lays a tag down, or replaces the one with that UID. Data is in the tag's own memory
	// order, DSFID and AFI as given, BlockSize 4 unless the tag says otherwise.
	Put func(tag drivers.Tag)
	// Lift takes a tag away; lifting one that is not there does nothing.
	Lift func(uid drivers.UID)
	// AFI is what the tag's memory really holds, on the pad or lifted.
	AFI func(uid drivers.UID) drivers.AFI
	// Fault arms a fault for one command: the next that names uid, or with
	// the zero UID the next of any kind. The AFI faults and GoneMidWrite wait for a
	// command that writes the AFI.
	Fault func(name string, uid drivers.UID)
	// Pull unplugs the device; pulling twice does nothing more.
	Pull func()
}
