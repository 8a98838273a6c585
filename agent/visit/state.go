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
	Asked    int           // number of the last Look or AskPIN
	Proved   bool          // the PIN was right, or none is asked for any more in this visit
	Left     int           // tries left after a wrong PIN; 0: none was wrong yet
	Typed    Secret        // digits of a PIN, or of a card number while Typing
	Typing   bool          // CardAsk: the number is being typed
	Misread  int           // scans in a row that were no card, on CardAsk
	Why      bool          // Stop: the reason is shown
	Heard    bool          // the messages of this card have been told
	Signed   time.Duration // Moment.Mono at which the card was shown: MostFor counts from it
	Counted  bool          // Count has been answered with yes
	Paper    Paper
	Owed     PayResult // Account: how the payment ended
	Asks     bool      // renewing has been asked for in this visit
	Over     Overlay
	OverAt   time.Duration // Moment.Mono at which Over opened
	Ease     Ease
	Struck   time.Duration // Moment.Mono of the last tap
	Calling  bool          // somebody has asked for help: the lamp says so
	Lying    time.Duration // Moment.Mono since when items lie there that are nobody's
	Noticed  bool          // staff have been told of them
	Devices  Devices
	Mode     Mode      // what the kiosk was told to be; Shows says what it is
	Cause    Cause     // why Mode is Out
	ModeAt   time.Time // wall clock at which Mode was set
	House    House     // the venue's own ways; they outlive the visit
	Stale    int       // hardware events that came too late: read before the visit began
}

// House is how a venue wants its visits; zero is the ordinary way.
type House struct {
	Quiet     time.Duration // nothing happens for so long: Warn asks; QuietFor
	Warning   time.Duration // how long Warn waits; WarnFor
	Count     CountWhen     // whether to ask "we found four items: is that right?"
	Receipt   ReceiptWhen
	PIN       int      // digits of a PIN; PINDigits
	Large     int      // staff are told of a visit with more items; 0: never
	Languages []string // those that a borrower can choose
	Plain     bool     // titles are not shown unless asked for
}

// CountWhen is when the borrower is asked whether everything was found.
type CountWhen string

// The zero is where nobody is there to notice a tag that was missed.
const (
	CountUnstaffed CountWhen = ""
	CountAlways    CountWhen = "always"
	CountNever     CountWhen = "never"
)

// ReceiptWhen is whether paper is offered, where there is a printer.
type ReceiptWhen string

// The zero is the borrower's choice.
const (
	ReceiptAsk    ReceiptWhen = ""
	ReceiptAlways ReceiptWhen = "always" // it comes unasked when the borrower touches Finish; not for one who walked away
	ReceiptNever  ReceiptWhen = "never"
)

func (h House) quiet() time.Duration { return cmp.Or(h.Quiet, QuietFor) }

// Digits is how long a PIN is.
func (h House) Digits() int { return cmp.Or(h.PIN, PINDigits) }

// Warns is how long the question about more time stands.
func (s State) Warns() time.Duration { return s.Ease.stretch(cmp.Or(s.House.Warning, WarnFor)) }

// Paper is how far the receipt has come.
type Paper struct {
	Asked bool // it has been offered: once is enough
	List  bool // the list is shown on the screen instead
	Job   int  // number of the last Print
	Wants bool // Printing: the job begins when nothing is in hand any more
	Fault PrinterFault
	Done  bool // it came out
}

// Shows is what the kiosk is for at this instant. A visit that is going on is
// let come to its end, except in an emergency.
func (s State) Shows() Mode {
	switch {
	case s.Mode == Emergency:
		return Emergency
	case s.Screen != Home && s.Screen != "":
		return InService
	case s.Mode == Tech || s.Mode == Out:
		return s.Mode
	case !s.Devices.Scanner && !(s.Devices.HasPads && s.Devices.Pads):
		return Out
	case s.Mode == Closed:
		return Closed
	}
	return InService
}

// Last says that there is no more time to give: MostFor is over.
func (s State) Last() bool { return s.Signed > 0 && s.Since >= s.Signed+MostFor }

// Task is what the borrower came for.
type Task string

// What the borrower came for.
const (
	NoTask     Task = ""
	Borrowing  Task = "borrow"
	Returning  Task = "return"
	Accounting Task = "account"
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
	NoteWrongCard     Note = "wrong-card" // the number that was typed is no card's
	NoteMore          Note = "more"       // Count was answered with no: put the rest down
	NotePIN           Note = "forgot"     // PIN: how to get a new one
	NoteNoAccount     Note = "account-offline"
	NoteRenewLater    Note = "renew-later" // asking for more time could not be written down
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
	LineUndo       LineState = "undo"       // "leave it here instead": the issue is being taken back
)

// LineStates lists every state of an item, in the order of its way.
func LineStates() []LineState {
	return []LineState{LineSeen, LineParts, LineUnreadable, LineRecording, LineSecuring, LinePutBack, LineUndo,
		LineDone, LineRefused, LineLeftOut, LineUnsecured, LineIncomplete}
}
