package visit

import "nightdesk/agent/circ"

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
	// AskPIN asks whether card and PIN belong together. Answered answers.
	AskPIN struct {
		Visit circ.Visit
		Ask   int
		Who   circ.Borrower
		PIN   Secret
	}
	// Judge asks what a typed number is. CardShown or NotUnderstood answers.
	Judge struct {
		Visit circ.Visit
		Text  Secret
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
	// LeaveSet says that a set with a part missing was brought back and left:
	// no return, but not nothing either. Recorded answers.
	LeaveSet struct {
		Visit circ.Visit
		Set   circ.Request
	}
	// Resume gives a card its unfinished issues back, if it shows itself again
	// in time (design D1). Settled answers as tags agree.
	Resume struct {
		Visit circ.Visit
		Who   circ.Borrower
	}
	// AskRenew writes down that the borrower wants to keep everything longer.
	// Renewed answers.
	AskRenew struct {
		Visit circ.Visit
		Who   circ.Borrower
	}
	// Told says that message codes have been shown to their borrower.
	Told struct {
		Visit circ.Visit
		Who   circ.Borrower
		Codes []string
	}
	// Print wants the list on paper. Printed answers. The job dies with its visit.
	Print struct {
		Visit circ.Visit
		Job   int
		Who   circ.Borrower // for the last four digits of the card
		Lines []Line
		Lang  string
	}
	// Mail asks central to send the list to the borrower's own address.
	Mail struct {
		Visit circ.Visit
		Who   circ.Borrower
		Lines []Line
	}
	// Pay starts the payment terminal. Paid answers.
	Pay struct{ Visit circ.Visit }
	// Notice tells staff of something that no transaction tells.
	Notice struct {
		Visit circ.Visit
		Why   NoticeWhy
		Items []circ.ItemID
	}
	// Ended says that the visit is over: what belonged to it is to be forgotten.
	Ended struct {
		Visit circ.Visit // the visit that ended
		Next  circ.Visit // the visit that began in the same instant
	}
)

func (Look) effect()     {}
func (AskPIN) effect()   {}
func (Judge) effect()    {}
func (Record) effect()   {}
func (Drop) effect()     {}
func (LeaveSet) effect() {}
func (Resume) effect()   {}
func (AskRenew) effect() {}
func (Told) effect()     {}
func (Print) effect()    {}
func (Mail) effect()     {}
func (Pay) effect()      {}
func (Notice) effect()   {}
func (Ended) effect()    {}

// NoticeWhy is why staff are told.
type NoticeWhy string

// What staff are told.
const (
	LeftBehind   NoticeWhy = "left-behind"    // items lay there for five minutes and nobody came
	HelpWanted   NoticeWhy = "help-wanted"    // the help button
	LargeLoan    NoticeWhy = "large-loan"     // more items in one visit than the venue expects
	CardRefused3 NoticeWhy = "card-refused-3" // three scans in a row that were no card
)
