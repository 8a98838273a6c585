// Package record keeps what is true at the library authority: items,
// borrowers, holds, loans, and what became of every event a kiosk sent. It
// alone can read the card number in an event. It refuses no event: the
// physical act is a fact, so whatever contradicts the books is recorded,
// answered with an outcome and laid before staff as a case.
package record

import (
	"time"

	"nightdesk/agent/circ"
)

// Item is an item as the catalogue, or a kiosk, made it known.
type Item struct {
	ID          circ.ItemID
	Title       string
	Class       string
	Owner       string   // ISIL
	Parts       []string // in order, those with a tag first
	Tagged      int      // how many of them carry a tag; 0: all
	Age         int      // years; 0: no limit
	NotLoan     bool
	Placeholder bool // a kiosk handled it before the catalogue knew it
	Gone        bool // the catalogue no longer has it
}

// Borrower is a card as the library system, or a kiosk, made it known.
type Borrower struct {
	Card     circ.Card
	Category string
	Blocked  bool
	Expires  string // YYYY-MM-DD, last day of membership; "" never
	AgeBand  int
	Messages []string
	Mail     bool // the library system has an e-mail address; it stays there
	Stub     bool // a kiosk lent to it before the library system named it
	Gone     bool
}

// Hold is somebody waiting for an item.
type Hold struct {
	Item   circ.ItemID
	Card   circ.Card
	Rank   int     // from 1, first served first
	Filled circ.Tx // the issue that fulfilled it; zero: still waiting
	Ready  string  // venue where the item waits to be collected; "" not yet
}

// Receipt is a list that a borrower wants by e-mail. It lies here until the
// authority's mailer has taken it.
type Receipt struct {
	ID    int64
	Card  circ.Card
	Kiosk string
	Visit circ.Visit
	At    time.Time
	Lines []ReceiptLine
}

// ReceiptLine is one act on a receipt.
type ReceiptLine struct {
	Item  circ.ItemID `json:"item"`
	Title string      `json:"title,omitempty"` // "" if the catalogue has none
	Kind  circ.Kind   `json:"kind"`
	Due   time.Time   `json:"due,omitzero"`
}

// Loan is one loan, open while End is zero.
type Loan struct {
	Tx          circ.Tx
	Item        circ.ItemID
	Card        circ.Card
	Class       string // of the item, for limits by class
	Source             // of the issue, the last one if there was another
	Start       time.Time
	Again       time.Time // when the item was last issued to the card that has it already; zero: never
	Due         time.Time
	Provisional bool // Due was made without a trusted clock
	Renewals    int
	Renewed     string    // YYYY-MM-DD (UTC) of the last renewal: counted once a day
	Paused      time.Time // fines pause from here: a return was begun and not finished
	End         time.Time
	EndedBy     Ending
	EndedTx     circ.Tx // what ended it
}

// Source is a stream of events: one life of a kiosk's numbering.
type Source struct {
	Kiosk string
	Epoch circ.Epoch // zero: not known
}

// since is when the item was last seen on its way out on this loan.
func (l Loan) since() time.Time { return later(l.Start, l.Again) }

// Open says whether the loan still stands.
func (l Loan) Open() bool { return l.End.IsZero() }

// Ending says what ended a loan.
type Ending string

// How loans end.
const (
	ByReturn Ending = "return"
	ByIssue  Ending = "issue"  // the item was issued to another: it must have come back unseen
	ByCancel Ending = "cancel" // the issue was taken back at the kiosk
)

// Event is one stored event, as the inbox holds it.
type Event struct {
	Kiosk    string
	Venue    string
	Epoch    circ.Epoch
	N        uint64
	Received time.Time
	Body     []byte // the bytes that the kiosk's chain covers
}

// Outcome is what became of one event (design D4).
type Outcome struct {
	Kiosk  string
	Epoch  circ.Epoch
	N      uint64
	At     time.Time // when it happened, as well as is known
	Out    Out
	Reason circ.Reason // "" for a plain acceptance
	Case   int64       // 0: none
}

// Out is an outcome in one word.
type Out string

// The three outcomes. There is no "refused".
const (
	Accepted Out = "accepted" // recorded as said
	Changed  Out = "changed"  // recorded otherwise than said, and nobody has to do anything
	AsCase   Out = "case"     // recorded as far as possible; staff decide the rest
)

// Case is something for staff to look at.
type Case struct {
	ID      int64
	Reasons []circ.Reason // the first one names it
	Urgent  bool
	Parked  bool // the event had no effect on the books: staff decide what it was
	Kiosk   string
	Epoch   circ.Epoch
	N       uint64
	Item    circ.ItemID
	Card    circ.Card
	At      time.Time // when it happened, as far as known
	Note    string    // one sentence for staff
	Tell    string    // message code shown to Card while the case is open; "" none
	Share   string    // events with the same Share lie in one open case; "" one each
	Closed  time.Time
	Closing string // why it was closed
}

// Reasons beside those of circ: what central finds when an act meets the books.
// The numbers are the rows of the conflict table that the record implements.
const (
	OpenLoan         circ.Reason = "open-loan"         // 1: was on loan to another, and came back unseen
	Late             circ.Reason = "late"              // 2, 25: a newer act is recorded already
	BadID            circ.Reason = "bad-id"            // 5: no item number
	HoldTaken        circ.Reason = "hold-taken"        // 12: another waits for it
	Returned         circ.Reason = "returned-since"    // 24: its return was recorded already
	HoldWaiting      circ.Reason = "hold-waiting"      // 28: somebody waits for what came back
	RenewHold        circ.Reason = "renew-hold"        // 29: renewed though somebody waits
	RenewNoLoan      circ.Reason = "renew-no-loan"     // 30: renewed what this card does not have
	Twin             circ.Reason = "twin"              // 32: issued at two kiosks within minutes
	Duplicate        circ.Reason = "duplicate"         // 34: the same act under another number
	Clock            circ.Reason = "clock"             // 36: the kiosk's clock is not to be trusted
	Stale            circ.Reason = "stale"             // 37: more than thirty days late
	CancelNoLoan     circ.Reason = "cancel-no-loan"    // an issue taken back that was never recorded
	ReturnIncomplete circ.Reason = "return-incomplete" // the item lay on the pad, but its tag could not be armed
	TagSilent        circ.Reason = "tag-unverified"    // lent, but the gate may sound
	TagMoved         circ.Reason = "tag-changed"       // a tag names another item than before
	TagBad           circ.Reason = "tag-fault"         // a tag cannot be read, or is quiet without a loan
	Unreadable       circ.Reason = "unreadable"        // the event's data is not what its type says
	UnknownType      circ.Reason = "unknown-type"      // a newer kiosk than this central
	Unsealable       circ.Reason = "cannot-unseal"     // the card number was not sealed for us
	NoMailer         circ.Reason = "no-mailer"         // a receipt by e-mail, and nobody sends any
	LeftBehind       circ.Reason = "left-behind"       // items lay on a pad and nobody came
	StaffNotice      circ.Reason = "staff-notice"      // a newer kiosk tells something that this central has no words for
)

const (
	twinWindow  = 2 * time.Minute     // 32: two issues closer than this may be one item with two tags
	renewAfter  = 10 * time.Minute    // 3: an issue to the same card is a renewal only after this
	staleAfter  = 30 * 24 * time.Hour // 37
	clockAhead  = 5 * time.Minute     // 36: an event from further in the future is no time at all
	maxIDLength = 64                  // bytes of an item number
)

// PauseLapses is how long a begun but unfinished return pauses fines: if staff
// have not found the item by then, the loan runs as if nothing had happened
// (design D1).
const PauseLapses = 7 * 24 * time.Hour
