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
		Visit  circ.Visit  // whose screen was tapped; zero: not said
	}
	// Tick says only that time has passed.
	Tick struct{}
	// Devices says what works.
	Devices struct {
		Pads     bool // at least one pad answers
		HasPads  bool // this kiosk has pads at all
		Scanner  bool
		Online   bool
		ReadOnly bool // the ledger takes no issues
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

// Effect is what is wanted of the world. The interface is closed.
type Effect interface{ effect() }

// The effects of a visit.
type (
	// Look asks for a card's standing and for what is known of items. Known answers.
	Look struct {
		Visit circ.Visit
		Ask   int
		Who   circ.Borrower
		Items []circ.ItemID
	}
	// Record asks for a pile to be decided and committed. Recorded answers.
	Record struct {
		Visit circ.Visit
		Pile  []circ.Request // Tx is zero: the desk chooses it
	}
	// Drop ends the open wishes of a transaction. Recorded answers.
	Drop struct {
		Visit circ.Visit
		Tx    circ.Tx
	}
	// Resume gives a card its unfinished issues back, if it shows itself again
	// in time (design D1). Settled answers as tags agree.
	Resume struct {
		Visit circ.Visit
		Who   circ.Borrower
	}
	// Ended says that the visit is over: what belonged to it is to be forgotten.
	Ended struct {
		Visit circ.Visit // the visit that ended
		Next  circ.Visit // the visit that began in the same instant
	}
)

func (Look) effect()   {}
func (Record) effect() {}
func (Drop) effect()   {}
func (Resume) effect() {}
func (Ended) effect()  {}

// Screen names what is shown.
type Screen string

// The screens. Later work adds PIN, account, receipt and printing.
const (
	Home     Screen = "home"     // nothing is going on
	PadFull  Screen = "pad-full" // items lie there, nobody said what for
	CardAsk  Screen = "card"     // show your card
	Check    Screen = "check"    // the card is being looked up
	Stop     Screen = "stop"     // this card cannot borrow today
	Borrow   Screen = "borrow"
	GiveBack Screen = "return"
	Fix      Screen = "fix"    // something is unfinished
	Warn     Screen = "warn"   // do you need more time?
	Settle   Screen = "settle" // finishing what is in hand
	Bye      Screen = "bye"
)

// Button is what a borrower can press.
type Button string

// The buttons.
const (
	TapBorrow      Button = "borrow"
	TapReturn      Button = "return"
	TapFinish      Button = "finish"
	TapBack        Button = "back"
	TapOK          Button = "ok"
	TapMoreTime    Button = "more-time"
	TapLeave       Button = "leave" // "leave it here instead": on Fix, and of one item
	TapYes         Button = "yes"   // parked items: they are mine
	TapNo          Button = "no"
	TapFinishOther Button = "finish-other" // second card: finish and start with the new one
	TapCarryOn     Button = "carry-on"     // second card: ignore it
)
