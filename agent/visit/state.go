package visit

import (
	"cmp"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// State is a whole visit, and between visits an idle kiosk: the zero State is
// one. It is a value: Next never changes the State it is called on.
type State struct {
	Visit    circ.Visit    // derived from Moment.Boot and Number, so that Next stays pure
	Number   uint64        // visits since the boot
	Began    time.Duration // Moment.Mono; hardware events read before it are dropped
	Screen   Screen        // "" draws as Home
	Since    time.Duration // Moment.Mono at which Screen opened: what Check, Warn, Settle and Bye count from
	Under    Screen        // what Warn covers and MoreTime goes back to
	Task     Task
	Who      circ.Borrower
	Standing Standing
	Other    circ.Borrower // a second card that was shown: "finish this person's visit first?"; on Settle: who is next
	Note     Note          // one thing to tell, until the next event of the borrower
	Lines    []Line        // the items of this visit, oldest first
	Parked   []Tag         // tags that lay there when the visit began: never borrowed unasked
	Mine     bool          // "These were already here. Are they yours?" stands open: TapYes, TapNo
	OnPad    []Tag         // every tag on the pads now, parked ones included, staff pads left out
	Idle     time.Duration // Moment.Mono of the last thing the borrower did
	Asked    int           // number of the last Look
	Devices  Devices
	Pace     Pace // the venue's own times; it outlives the visit
	Stale    int  // hardware events that came too late: read before the visit began
}

// Pace is a venue's own times; zero is QuietFor and WarnFor.
type Pace struct {
	Quiet   time.Duration // nothing happens for so long: Warn asks
	Warning time.Duration // how long Warn waits
}

func (p Pace) quiet() time.Duration { return cmp.Or(p.Quiet, QuietFor) }

// Warns is how long the question about more time stands.
func (p Pace) Warns() time.Duration { return cmp.Or(p.Warning, WarnFor) }

// Task is what the borrower came for.
type Task string

// What the borrower came for.
const (
	NoTask    Task = ""
	Borrowing Task = "borrow"
	Returning Task = "return"
)

// Note is one thing to tell the borrower that is not about an item on the list.
type Note string

// The notes.
const (
	NoNote            Note = ""
	NoteNotUnderstood Note = "not-understood" // a scan that is no number of this library
	NoteISBN          Note = "isbn"           // the shop's barcode
	NoteCheckDigit    Note = "misread"
	NoteCardFirst     Note = "card-first" // an item was shown where a card is asked for
	NoteSameCard      Note = "same-card"
	NoteCardOnPad     Note = "card-is-no-item"
	NoteLimitTags     Note = "too-many"   // more tags than the pad reads well
	NoteItemsLeft     Note = "items-left" // Bye: something still lies there
)

// Line is one item of the visit, as one tile shows it. A set is one line.
type Line struct {
	Item     circ.ItemID
	Title    string   // "" if not known
	Parts    []string // names of the parts, if known
	Tags     []Tag    // the tags seen of it; beside a Shown item one that cannot be read, which is never written
	Of       int      // number of parts
	Kind     circ.Kind
	State    LineState
	Tx       circ.Tx
	Decision circ.Decision
	Open     []drivers.UID // tags still to be confirmed
	Sent     []drivers.UID // tags that the last Record named
	Stuck    []drivers.UID // open tags that did not take: they must be lifted and put down again
	Shown    bool          // its barcode was shown: it stays although no tag of it lies there
	Lifted   bool          // at least one open tag is not on a pad
	Asked    bool          // "leave it here instead" was chosen
	Twin     bool          // two tags claim to be the same part: staff should look
}

// LineState is how far an item has come.
type LineState string

// The states of a line.
const (
	LineSeen       LineState = "seen"      // lies there, nothing asked yet
	LineParts      LineState = "parts"     // a set of which parts are missing
	LineRecording  LineState = "recording" // asked of the ledger
	LineSecuring   LineState = "securing"  // recorded; its tags are being made to agree
	LinePutBack    LineState = "put-back"  // was lifted or did not take: put it down again
	LineDone       LineState = "done"
	LineRefused    LineState = "refused"
	LineUnreadable LineState = "unreadable" // no number on its tag: show its barcode
	LineLeftOut    LineState = "left-out"   // not recorded
	LineUnsecured  LineState = "unsecured"  // borrowed, but the gate may sound
	LineIncomplete LineState = "incomplete" // a return without credit: help shelf
)
