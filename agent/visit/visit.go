// Package visit is the conversation with the borrower, as a pure function:
// Next(state, event) is the next state and what is wanted of the world. The
// screen is a function of the state; time is inside the event. Nothing here
// can block, log, sleep or reach a device.
package visit

import (
	"time"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// Event is what happened. The interface is closed.
type Event interface{ event() }

// The events of a visit. Hardware events carry the instant at which the
// hardware was read, on the clock of Moment.Mono; one read before the visit
// began is dropped and counted (design D10). What it says of where tags lie is
// still believed: a late Placed parks its tag, a late Lifted takes it away.
type (
	// CardShown is a borrower card, by barcode or by RFID.
	CardShown struct {
		Read time.Duration
		Who  circ.Borrower
	}
	// ItemShown is an item's barcode.
	ItemShown struct {
		Read time.Duration
		Item circ.ItemID
	}
	// NotUnderstood is a scan that is neither a card nor an item here.
	NotUnderstood struct {
		Read time.Duration
		Why  NotUnderstoodWhy
	}
	// Placed is a tag that came to lie on a pad and has been read.
	Placed struct {
		Read  time.Duration
		Tag   Tag
		Found bool // it lay there already when the pad was opened: nobody saw who put it down
	}
	// Lifted is a tag that has been gone long enough to be gone.
	Lifted struct {
		Read time.Duration
		UID  drivers.UID
	}
	// Known answers a Look.
	Known struct {
		Visit    circ.Visit
		Ask      int // the Look it answers
		Standing Standing
		Items    map[circ.ItemID]circ.ItemFacts
	}
	// Recorded answers a Record or a Drop.
	Recorded struct {
		Visit    circ.Visit
		Receipts []circ.Receipt
	}
	// Settled says that tags have been confirmed, and how far that brought their receipts.
	Settled struct {
		Receipts []circ.Receipt
	}
	// Stuck says that a tag did not take its wish in three tries; the next try
	// needs it lifted and put down again.
	Stuck struct {
		Tx  circ.Tx
		UID drivers.UID
	}
	// Tapped is a button of the screen.
	Tapped struct {
		Button Button
		Item   circ.ItemID // for the buttons that are about one item
		Value  Secret      // TapDigit: the digit; TapChoose: "theme:dark"
		Visit  circ.Visit  // whose screen was tapped; zero: not said
	}
	// Answered answers an AskPIN.
	Answered struct {
		Visit    circ.Visit
		Ask      int // the AskPIN it answers
		PIN      PINAnswer
		Left     int // tries left; PINWrong
		Standing Standing
	}
	// Renewed answers an AskRenew: whether the wish has been written down.
	Renewed struct {
		Visit circ.Visit
		OK    bool
	}
	// Printed answers a Print.
	Printed struct {
		Visit circ.Visit
		Job   int
		Fault PrinterFault
	}
	// Paid answers a Pay.
	Paid struct {
		Visit  circ.Visit
		Result PayResult
	}
	// News says that central has told something new: what a screen waits for
	// may be known now.
	News struct{}
	// Moded sets what the kiosk as a whole is for.
	Moded struct {
		Mode  Mode
		Cause Cause
	}
	// HelpPressed is the help button beside the screen.
	HelpPressed struct{ Read time.Duration }
	// Tick says only that time has passed.
	Tick struct{}
	// Devices says what works.
	Devices struct {
		Pads     bool // at least one pad answers
		HasPads  bool // this kiosk has pads at all
		Scanner  bool
		Online   bool
		ReadOnly bool // the ledger takes no issues
		PIN      bool // a PIN is asked for now (design D7)
		Staffed  bool // staff are here
		Headset  bool // a headset is plugged in
		Terminal bool // a payment terminal answers
		HasPaper bool // this kiosk has a printer at all
		Printer  PrinterFault
		Closes   time.Time // the library closes then, and soon; zero: not soon
	}
)

func (CardShown) event()     {}
func (ItemShown) event()     {}
func (NotUnderstood) event() {}
func (Placed) event()        {}
func (Lifted) event()        {}
func (Known) event()         {}
func (Recorded) event()      {}
func (Settled) event()       {}
func (Stuck) event()         {}
func (Tapped) event()        {}
func (Answered) event()      {}
func (Renewed) event()       {}
func (Printed) event()       {}
func (Paid) event()          {}
func (News) event()          {}
func (Moded) event()         {}
func (HelpPressed) event()   {}
func (Tick) event()          {}
func (Devices) event()       {}

// NotUnderstoodWhy says what was wrong with a scan.
type NotUnderstoodWhy string

// Each has its own words on the screen.
const (
	WhyISBN     NotUnderstoodWhy = "isbn"    // the shop's barcode, not the library's
	WhyPattern  NotUnderstoodWhy = "pattern" // no number of this library
	WhyCheck    NotUnderstoodWhy = "check"   // the check digit does not fit: misread
	WhyTooLong  NotUnderstoodWhy = "too-long"
	WhyControl  NotUnderstoodWhy = "control" // bytes that no library number has
	WhyUnusable NotUnderstoodWhy = "unusable"
)

// Tag is a tag on a pad as the visit needs it.
type Tag struct {
	UID   drivers.UID
	AFI   drivers.AFI
	Item  circ.ItemID // "" if the tag cannot be read as an item
	Part  int
	Of    int
	Usage byte
	Owner string
	Model string
	Fault TagFault // why Item is ""
	Role  Role     // of the pad it lies on
}

// TagFault says why a tag is no item.
type TagFault string

// Why a tag is no item.
const (
	NoFault    TagFault = ""
	BlankTag   TagFault = "blank"
	CorruptTag TagFault = "corrupt"
	UnknownTag TagFault = "unknown"
)

// Role is what a pad is for.
type Role string

// Most pads are for both.
const (
	RoleBoth   Role = "both"
	RoleBorrow Role = "borrow"
	RoleReturn Role = "return"
	RoleStaff  Role = "staff"
)

// Standing is what a card may do.
type Standing struct {
	Known   bool        // the card is in the cache
	Reason  circ.Reason // circ.OK, or why it may not borrow
	Loans   int
	Oldest  time.Time
	Notes   []string // message codes
	Late    int      // of the loans; -1: not known
	Mail    bool     // central has an address to write to
	Service Service
}

// Service is what the kiosk offers as its cache grows old (design D7).
type Service string

// From all to little.
const (
	FullService Service = "full"
	Capped      Service = "capped"
	ReturnsOnly Service = "returns-only"
)
