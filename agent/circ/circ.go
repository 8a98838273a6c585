// Package circ holds the nouns of circulation: borrower, item, request,
// facts, decision, receipt, moment. It does nothing: no package is easier to
// read first, and none may be added to with more suspicion.
package circ

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nightdesk/drivers"
)

// ItemID is the primary item identifier, the barcode number of the item.
type ItemID string

// Tail is what may be shown of an item whose title is not known: the last
// four characters.
func (i ItemID) Tail() string { return tail(string(i)) }

// Card is a borrower's card number. It never reaches a log, a metric or a
// file in the clear: what it prints as is a mask, and it refuses to be JSON.
type Card string

// String masks the card, so that no %v can spill it.
func (c Card) String() string { return "••••" + tail(string(c)) }

// GoString masks the card, so that no %#v can spill it.
func (c Card) GoString() string { return c.String() }

// LogValue masks the card wholly: not even its tail belongs in a log.
func (c Card) LogValue() slog.Value { return slog.StringValue("card") }

// MarshalText masks the card, so that no JSON can spill it by accident.
// Sealing (contract.Seal) takes the string itself.
func (c Card) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func tail(s string) string {
	if len(s) > 4 {
		return s[len(s)-4:]
	}
	return s
}

// CardKey is HMAC-SHA256(K, card) cut to 16 bytes: how a kiosk knows a card
// again without knowing its number (design D6). The zero key is no card.
type CardKey [16]byte

// HolderMark is HMAC-SHA256(K, item 0x00 card) cut to 4 bytes: good only for
// "is it this card that holds this item?" (design D6).
type HolderMark [4]byte

// Tx names one transaction: one item, one act. UUIDv7, made by the kiosk.
type Tx = uuid.UUID

// Epoch names one life of a kiosk's event numbering. A ledger restored from an
// older image gets a new epoch, so that no number ever means two things.
type Epoch = uuid.UUID

// Visit names one borrower's visit.
type Visit = uuid.UUID

// Kind is what is asked for.
type Kind string

// The four acts at a desk.
const (
	Issue  Kind = "issue"
	Return Kind = "return"
	Renew  Kind = "renew"
	Cancel Kind = "cancel" // take back an issue made in this visit, while its tags are here to be armed
)

// Security is what a tag says to the gate, whatever byte stands for it here.
type Security string

// A quiet tag passes the gate.
const (
	Loud  Security = "loud"
	Quiet Security = "quiet"
)

// ClockQuality says how far a wall-clock time can be believed (design D9).
type ClockQuality string

// From good to bad.
const (
	Synced   ClockQuality = "synced"   // disciplined by NTP, or by a signed time from central in this boot
	RTC      ClockQuality = "rtc"      // from a clock with a battery
	Restored ClockQuality = "restored" // a saved time that only moved forward
	Unknown  ClockQuality = "unknown"  // before the floor, or nothing is known
)

// Trusted says whether a due date may rest on it.
func (q ClockQuality) Trusted() bool { return q == Synced || q == RTC }

// Moment is a point in time as the kiosk knows it.
type Moment struct {
	Wall    time.Time     // the wall clock, never before the persisted floor
	Mono    time.Duration // since the boot named below
	Boot    uuid.UUID     // one run of the program
	Quality ClockQuality
}

// Borrower is who asks. Card is only ever in memory, for the length of a
// visit; Key is what is kept.
type Borrower struct {
	Card Card
	Key  CardKey
}

// Known says whether anybody is signed in.
func (b Borrower) Known() bool { return b.Card != "" }

// SeenTag is a tag of an item as it lay on a pad.
type SeenTag struct {
	UID  drivers.UID
	Part int // ordinal part number, from 1
	Of   int // number of parts of the item; 1 for a single item
	AFI  drivers.AFI
}

// Request is one act asked for: the item, its tags as seen, and who asks.
type Request struct {
	Tx    Tx // chosen by the caller, so that a doubtful commit can be looked up
	Kind  Kind
	Visit Visit
	Who   Borrower // unknown for a return without a card
	Item  ItemID
	Tags  []SeenTag // none for an item shown by its barcode
	Usage byte      // ISO 28560 type of usage as a 28560-2 byte (0x10, 0x13 …); 0 if the tag does not say
	Owner string    // ISIL of the owner library with its hyphen; "" if not known
	Model string    // tag data model, as label.Model says; "" without a tag
}

// Decision is yes, no or already, and why.
type Decision struct {
	Verdict     Verdict   `json:"verdict"`
	Reason      Reason    `json:"reason"`
	Due         time.Time `json:"due,omitzero"`         // end of the loan, in the venue's time zone; issues and renewals
	Provisional bool      `json:"provisional,omitzero"` // the clock was not to be trusted when Due was made
	Shelf       Shelf     `json:"shelf,omitempty"`      // where the borrower puts it
	Rules       string    `json:"rules,omitempty"`      // version of the rules that decided
	Flags       []Reason  `json:"flags,omitempty"`      // what staff should know although the answer is yes
}

// Verdict is the answer to a request.
type Verdict string

// Already means that the wanted state holds: nothing is done twice.
const (
	Yes     Verdict = "yes"
	No      Verdict = "no"
	Already Verdict = "already"
)

// Shelf is where an item goes next.
type Shelf string

// Where to put it.
const (
	TakeIt     Shelf = "take"        // the borrower takes it home
	Bin        Shelf = "bin"         // the ordinary returns
	HelpShelf  Shelf = "help"        // staff look at it
	HoldShelf  Shelf = "reservation" // somebody waits for it
	KeepIt     Shelf = "keep"        // not ours: the borrower keeps it
	OnTheShelf Shelf = "shelf"       // back where it came from
	NoShelf    Shelf = ""
)

// Reason is a stable code; the screen has words for each, and so has central.
type Reason string

// Every reason a decision can give. The list is closed: a test walks it.
const (
	OK               Reason = "ok"
	ItemUnknown      Reason = "item-unknown"
	ItemReference    Reason = "item-reference" // not for loan
	ItemAge          Reason = "item-age"       // age-limited
	ItemHeld         Reason = "item-held"      // reserved by another
	ItemOnOtherCard  Reason = "item-on-other-card"
	ItemAlreadyYours Reason = "item-already-yours" // issue asked for, and this card has it
	ItemNotOnLoan    Reason = "item-not-on-loan"   // return asked for, and it is in already
	ItemLimit        Reason = "item-limit"         // the borrower has as many as allowed
	ItemClassLimit   Reason = "item-class-limit"   // as many of this class as allowed
	ItemOfflineLimit Reason = "item-offline-limit" // as many as allowed while central is out of reach
	ItemNotNow       Reason = "item-not-now"       // only while staff are here, or only online
	ItemForeign      Reason = "item-foreign"       // another library's
	ItemParts        Reason = "item-parts"         // parts missing
	ItemUnreadable   Reason = "item-unreadable"
	ItemIsCard       Reason = "item-is-card"   // a borrower card where an item should be
	ItemWithdrawn    Reason = "item-withdrawn" // tag usage: discarded, or for acquisition
	RenewLimit       Reason = "renew-limit"
	BorrowerUnknown  Reason = "borrower-unknown"
	BorrowerBlocked  Reason = "borrower-blocked"
	BorrowerExpired  Reason = "borrower-expired"
	BorrowerMissing  Reason = "borrower-missing"  // an issue without a card
	CacheTooOld      Reason = "cache-too-old"     // returns only (design D7)
	NoRules          Reason = "no-rules"          // central has never spoken to this kiosk
	LedgerReadOnly   Reason = "ledger-read-only"  // returns only: the disk is in doubt or full
	SetIncomplete    Reason = "set-incomplete"    // a return with a part missing
	NoOfflineReturn  Reason = "no-offline-return" // usage 0x14/0x15: taken, flagged, to the help shelf
	NotYourItem      Reason = "not-your-item"     // renew or cancel of what this card does not hold
	ItemCheckParts   Reason = "check-parts"       // a set with parts that carry no tag: people look whether they are there
)

// State is how far a receipt has come.
type State string

// A pending receipt waits for its tags.
const (
	Done       State = "done"       // recorded, and every tag says so
	Pending    State = "pending"    // recorded (an issue) or intended (a return); tags are still to be made to agree
	Refused    State = "refused"    // nothing was recorded
	Unverified State = "unverified" // an issue stands, but a tag could not be quieted: the gate may sound
	Incomplete State = "incomplete" // a return that did not come to its end: no credit yet
	Cancelled  State = "cancelled"  // an issue taken back, its tags armed and verified
)

// Receipt is what the kiosk durably did about one request.
type Receipt struct {
	Tx       Tx
	Kind     Kind
	Visit    Visit
	Item     ItemID
	Decision Decision
	State    State
	Open     []drivers.UID // tags not yet confirmed; empty unless Pending, Unverified or Incomplete
}

// Wish is what one tag must become. It lives no longer than what justifies it (design D1).
type Wish struct {
	UID  drivers.UID
	Want Security
	Tx   Tx
	Item ItemID
	Part int
	Of   int
}

// FeedVersion orders what central publishes: a restored central starts a new
// generation.
type FeedVersion struct {
	Generation uint64 `json:"gen"`
	Version    uint64 `json:"ver"`
}

// Before says whether v is older than w.
func (v FeedVersion) Before(w FeedVersion) bool {
	return v.Generation < w.Generation || v.Generation == w.Generation && v.Version < w.Version
}
