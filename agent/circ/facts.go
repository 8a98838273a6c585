package circ

import "time"

// Facts is everything that Decide may know: what central told this kiosk, as
// of one version, and on top of it what this kiosk has done since (Own).
type Facts struct {
	Version  FeedVersion // of the cache that the facts were read from
	Folded   uint64      // highest own event number that the cache already contains, in Epoch
	Epoch    Epoch       // the epoch that Folded counts in
	AsOf     time.Time   // central's signed time of the newest thing in the cache; zero: never heard
	Online   bool        // a signed word from central within 90 s
	Rules    *RuleBook   // nil: central has never spoken to this kiosk
	Calendar Calendar
	Borrower *BorrowerFacts // nil: not in the cache, or nobody signed in
	Items    map[ItemID]ItemFacts
	Own      Own // added by the ledger inside its write transaction
}

// BorrowerFacts is a card's row in the cache: no name, no number.
type BorrowerFacts struct {
	Category string         // "adult", "child" …: a key of RuleBook.Categories
	Blocked  bool           // central says no to issues
	Expires  time.Time      // end of membership; zero: never
	AgeBand  int            // whole years reached at the last band: 0, 5, 12, 15, 16, 18; see RuleBook.Bands
	Loans    int            // open loans as of Version
	ByClass  map[string]int // the same per item class, where a class has its own limit
	Oldest   time.Time      // oldest due date; zero: none
	Messages []string       // message codes for the borrower, the most pressing first
	Mail     bool           // central can send this borrower an e-mail; the address stays there
	Verifier *Verifier      // for a PIN while central is silent; nil: none
}

// Verifier tells a right PIN from most wrong ones without central (design D6).
// contract.Verifier, which has the same shape, does the checking.
type Verifier struct {
	Salt []byte `json:"salt"`
	Bits byte   `json:"bits"`
}

// ItemFacts is an item's row in the cache.
type ItemFacts struct {
	Known    bool
	Title    string
	Class    string   // "book", "dvd" …: a key of RuleBook.Classes
	Owner    string   // ISIL; "" if not told
	Parts    []string // names of the parts in order, those with a tag first; empty for a single item
	Tagged   int      // how many of the parts carry a tag; 0: as many as the tags say
	AgeLimit int      // lowest age in years; 0: none
	NotLoan  bool     // reference only
	OnLoan   bool
	Yours    bool      // the holder's mark fits the card that asks
	Due      time.Time // of that loan, if told
	Renewals int       // of that loan
	Hold     Hold
	Version  uint64 // record version of the last change to its circulation
}

// Untagged names the parts of a set that no tag can vouch for, in order: those
// beyond the number that its tags, or the catalogue, say are tagged. Of a set
// shown by its barcode that is every part. None for a single item.
func (i ItemFacts) Untagged(tags []SeenTag) []string {
	if len(i.Parts) < 2 {
		return nil
	}
	if len(tags) == 0 {
		return i.Parts
	}
	tagged := i.Tagged
	for _, t := range tags {
		tagged = max(tagged, t.Of)
	}
	return i.Parts[min(tagged, len(i.Parts)):]
}

// Hold says whether somebody waits for an item.
type Hold string

// Whose hold it is, as far as four bytes tell.
const (
	NoHold    Hold = ""
	HoldOther Hold = "other"
	HoldYours Hold = "yours"
)

// Own is what this kiosk did itself and central has not folded into the cache
// yet. Where Own speaks of an item, it wins over ItemFacts.
type Own struct {
	Loans   int            // net open loans of this borrower made here and not yet folded
	ByClass map[string]int // the same per item class
	Items   map[ItemID]OwnItem
	Offline int // issues to this borrower since central last folded, this pile included
}

// OwnItem is the last unfolded act of this kiosk on an item.
type OwnItem struct {
	OnLoan   bool
	Yours    bool
	Due      time.Time
	Renewals int
	Tx       Tx
}

// State of an item to Decide: own facts over cached ones.
func (f Facts) State(id ItemID) (onLoan, yours bool, due time.Time, renewals int) {
	if o, ok := f.Own.Items[id]; ok {
		return o.OnLoan, o.Yours, o.Due, o.Renewals
	}
	i := f.Items[id]
	return i.OnLoan, i.Yours, i.Due, i.Renewals
}

// RuleBook is one venue's lending rules as central publishes them. JSON is
// its form in the feed (contract: row kind "rules").
type RuleBook struct {
	Version    string                  `json:"version"`          // what events cite
	Venue      string                  `json:"venue"`            // name for people
	TimeZone   string                  `json:"timezone"`         // IANA name, "Europe/London"
	Owners     []string                `json:"owners,omitempty"` // ISILs whose items this venue lends and takes back; empty: any
	Classes    map[string]ClassRule    `json:"classes"`          // by item class; "" is the rule for a class not named
	Categories map[string]CategoryRule `json:"categories"`       // by borrower category; "" likewise
	Offline    OfflineRule             `json:"offline"`
	Foreign    string                  `json:"foreign,omitempty"` // returns of another library's items: "refuse" (default) or "help"
	Unknown    UnknownRule             `json:"unknown"`
	MaxParts   int                     `json:"max_parts,omitempty"` // sets larger than this are staff's; 0: 16
	CardTags   []string                `json:"card_tags,omitempty"` // regular expressions: RFID 501 identifiers that are borrower cards
	Mailer     bool                    `json:"mailer,omitempty"`    // a program at the authority sends the receipts that central stores
	PIN        PINRule                 `json:"pin,omitzero"`
}

// PINRule says whether a card alone is enough to borrow with (design D6, D7).
type PINRule struct {
	Ask     string `json:"ask,omitempty"`     // "never" (default), or "online": central is asked whether the PIN is right
	Offline string `json:"offline,omitempty"` // while central is silent: "off" (default), "verifier" or "refuse"
	Length  int    `json:"length,omitempty"`  // digits; 0: 4
	Tries   int    `json:"tries,omitempty"`   // wrong PINs that lock a card for a day; 0: 3
}

// The words of a PINRule. An empty word is the first of its kind.
const (
	PINNever    = "never"
	PINOnline   = "online"
	PINOff      = "off"      // no PIN is asked, and the offline rules apply
	PINVerifier = "verifier" // the PIN is held against the card's verifier; a card without one gets returns only
	PINRefuse   = "refuse"   // returns only
)

// Digits is how long a PIN is here.
func (r PINRule) Digits() int {
	if r.Length == 0 {
		return 4
	}
	return r.Length
}

// Most is how many wrong PINs lock a card.
func (r PINRule) Most() int {
	if r.Tries == 0 {
		return 3
	}
	return r.Tries
}

// ClassRule is what the rules say of a class of items.
type ClassRule struct {
	Days      int            `json:"days"`                       // loan period in days
	ByCat     map[string]int `json:"days_by_category,omitempty"` // loan period by borrower category, where it differs
	Renewals  int            `json:"renewals"`                   // how often a loan may be renewed
	Limit     int            `json:"limit,omitempty"`            // open loans of this class per borrower; 0: no limit of its own
	NotLoan   bool           `json:"not_for_loan,omitempty"`
	AgeLimit  int            `json:"age_limit,omitempty"` // years, for every item of the class
	StaffOnly bool           `json:"staff_hours_only,omitempty"`
	Sets      SetRule        `json:"sets,omitempty"` // sets with parts that carry no tag
}

// SetRule says what is done with a set some of whose parts carry no tag, so
// that only people can see whether it is whole. A set with a tagged part
// missing goes to the help shelf under every rule.
type SetRule string

// The words of a SetRule.
const (
	SetsAll    SetRule = "all"    // the default: every tagged part must be there, and the others are not asked about
	SetsNote   SetRule = "note"   // lent and taken back with the flag ItemCheckParts: the borrower is asked to look
	SetsRefuse SetRule = "refuse" // not lent: staff look first. Taken back to the help shelf, flagged
)

// CategoryRule is what the rules say of a category of borrowers.
type CategoryRule struct {
	Limit   int  `json:"limit"` // open loans in all
	NoIssue bool `json:"no_issue,omitempty"`
}

// OfflineRule is what is offered while central is silent (design D7).
type OfflineRule struct {
	FullDays   int `json:"full_days"`   // cache younger than this: full service; default 3
	CappedDays int `json:"capped_days"` // younger than this: capped at MaxItems; older: returns only; default 14
	MaxItems   int `json:"max_items"`   // issues per borrower while capped; default 5
}

// UnknownRule is what is done about what the cache does not know.
type UnknownRule struct {
	IssueItem     bool `json:"issue_item"`     // lend an item that the cache does not know, under the rule for class ""
	IssueBorrower bool `json:"issue_borrower"` // lend to a well-formed card that the cache does not know
	MaxItems      int  `json:"max_items"`      // … and how many per such card; default 2
}

// Calendar tells the venue's closed days, opening hours and staffed hours, all
// in its own time zone.
type Calendar struct {
	Closed map[string]bool     `json:"closed,omitempty"` // dates YYYY-MM-DD on which nothing falls due
	Weekly [7]DayHours         `json:"weekly"`           // by time.Weekday, Sunday first
	Days   map[string]DayHours `json:"days,omitempty"`   // dates YYYY-MM-DD that are not as their weekday
	Until  string              `json:"until,omitempty"`  // last date the calendar speaks of, YYYY-MM-DD; "": no end
}

// On is what the calendar says of the date that t shows.
func (c Calendar) On(t time.Time) DayHours {
	date := t.Format(time.DateOnly)
	h, special := c.Days[date]
	if !special {
		h = c.Weekly[t.Weekday()]
	}
	h.Closed = h.Closed || c.Closed[date]
	return h
}

// DayHours is one day: closed altogether, or when the doors are open and when
// staff are there.
type DayHours struct {
	Closed      bool   `json:"closed,omitempty"`
	OpenFrom    string `json:"open_from,omitempty"`    // "08:00", local; "": from the day's beginning
	OpenTo      string `json:"open_to,omitempty"`      // "20:00", local; "": until the day's end
	StaffedFrom string `json:"staffed_from,omitempty"` // "09:30", local; "" if never staffed that day
	StaffedTo   string `json:"staffed_to,omitempty"`   // "17:00", local
}
