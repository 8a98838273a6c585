package contract

import (
	"time"

	"nightdesk/agent/circ"
)

// RenewAll is the data of loans.renew: the borrower asks that everything be
// renewed, without the items in hand. Nothing is promised: central decides of
// each loan, and the borrower hears of it by a message (design D4).
type RenewAll struct {
	Who Sealed `json:"who"`
}

// Told is the data of borrower.told: these messages have been shown to their
// borrower. The event's feed is the version of the row that they were read
// from, so that central forgets no newer one.
type Told struct {
	Who   Sealed   `json:"who"`
	Codes []string `json:"codes"`
}

// Notice is the data of staff.notice. It never holds a borrower.
type Notice struct {
	Why    NoticeWhy     `json:"why"`
	Items  []circ.ItemID `json:"items,omitempty"`
	Device string        `json:"device,omitempty"` // what is in trouble, as the configuration names it
}

// NoticeWhy is why staff are told.
type NoticeWhy string

// What staff are told. Central stores a word that it does not know, too.
const (
	NoticeLeftBehind  NoticeWhy = "left-behind"    // items lay on the pad for five minutes and nobody came
	NoticeHelp        NoticeWhy = "help-wanted"    // the help button
	NoticeLargeLoan   NoticeWhy = "large-loan"     // more items in one visit than the venue expects
	NoticeCardRefused NoticeWhy = "card-refused-3" // three scans in a row that were no card
	NoticePrinter     NoticeWhy = "printer"        // out of paper, open or silent
	NoticeDevice      NoticeWhy = "device"         // a pad, a scanner or another device has been out of reach for long
)

// ReceiptAsked is the data of receipt.asked: the borrower wants this list by
// e-mail. The kiosk knows no address (design D6).
type ReceiptAsked struct {
	Who   Sealed        `json:"who"`
	Lines []ReceiptLine `json:"lines"`
}

// ReceiptLine is one act on a receipt.
type ReceiptLine struct {
	Item circ.ItemID `json:"item"`
	Kind circ.Kind   `json:"kind"`
	Due  time.Time   `json:"due,omitzero"`
}

// MaxReceiptLines is how many lines one receipt.asked holds: with item numbers
// of 64 bytes it is still an event. A longer list is several events.
const MaxReceiptLines = 40
