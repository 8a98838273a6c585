// Package pads sees tags come and go, and makes every visible tag agree with
// the ledger. It asks the ledger "does anyone still want something of this
// tag?" on every look, so that a fresh issue, a failed write and a power cut a
// minute ago are the same question. It decides nothing, and never writes a tag
// that nobody has a wish for.
package pads

import (
	"context"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// Ledger is what pads need of the ledger.
type Ledger interface {
	Wanted(ctx context.Context, visit circ.Visit, uids []drivers.UID) ([]circ.Wish, error)
	Settle(ctx context.Context, at circ.Moment, done ...circ.Wish) ([]circ.Receipt, error)
}

// Memory is what this kiosk knows of tags that it read before (design D8).
type Memory interface {
	// Recall gives what the tag said, if that may still decide.
	Recall(ctx context.Context, at circ.Moment, uid drivers.UID) (label.Label, bool, error)
	// Learn keeps what a tag has just said.
	Learn(ctx context.Context, at circ.Moment, uid drivers.UID, l label.Label, data []byte) error
}

// Event is what happened on a pad. The interface is closed.
type Event interface{ event() }

// The events of pads.
type (
	// Placed is a tag that was seen in two rounds and has been read.
	Placed struct {
		Read  circ.Moment // when the reader first told of it
		Pad   string
		UID   drivers.UID
		AFI   drivers.AFI
		Label label.Label
		Err   error // why the label is not to be used; nil if it is
		Found bool  // it lay there when the pad was opened
	}
	// Lifted is a tag that has been absent from every pad for long enough.
	Lifted struct {
		Read circ.Moment
		UID  drivers.UID
	}
	// Settled tells how far confirmed tags have brought their transactions.
	Settled struct{ Receipts []circ.Receipt }
	// Stuck is a tag that did not take its wish in three tries.
	Stuck struct {
		Wish circ.Wish
		Err  error // the last try's
	}
)

func (Placed) event()  {}
func (Lifted) event()  {}
func (Settled) event() {}
func (Stuck) event()   {}

// Security says which AFI is loud and which is quiet here.
type Security struct {
	Loud  drivers.AFI // in stock: the gate sounds
	Quiet drivers.AFI // on loan
}

func (s Security) afi(want circ.Security) drivers.AFI {
	if want == circ.Quiet {
		return s.Quiet
	}
	return s.Loud
}

// Config is what the pads of a kiosk share.
type Config struct {
	Security Security
	Label    label.Options
	Gone     time.Duration // absent this long on every pad is lifted; 0: 800 ms
	Now      func() circ.Moment
	Visit    func() circ.Visit // the visit whose quiet wishes may be drained
	Emit     func(Event)       // called from the pads' own goroutines
}

const (
	defaultGone = 800 * time.Millisecond
	tries       = 3   // writes per placement (design D1)
	roundsSeen  = 2   // rounds before a tag counts (design D11)
	firstBlocks = 8   // blocks read at first (design D11)
	maxBytes    = 256 // read of one tag at most
)
