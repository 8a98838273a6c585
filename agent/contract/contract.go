// Package contract is what a kiosk and central say to each other: topics,
// messages, their bytes, their signatures and their seals. Both ends import
// it, asyncapi.yaml describes it, and it knows nothing of how either end
// keeps what it hears.
package contract

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

// Limits of version 1. A message that breaks one is refused whole.
const (
	Version       = 1
	MaxEvents     = 100       // events in a batch
	MaxBatchBytes = 64 << 10  // a batch's JSON before compression
	MaxEventBytes = 8 << 10   // one event's JSON
	MaxChunkBytes = 64 << 10  // a feed chunk's message as published
	MaxMessage    = 128 << 10 // any message as published
)

// Hash is a link of a kiosk's event chain: SHA-256(previous hash, n as 8 bytes
// big-endian, event bytes). The hash before event 1 of an epoch is zero.
type Hash [32]byte

// Event is one thing that happened at a kiosk. It is encoded once, when it is
// committed, and its bytes never change.
type Event struct {
	N     uint64            `json:"n"`     // 1, 2, 3 … within the epoch, no gaps
	Type  EventType         `json:"t"`     // what D holds
	At    time.Time         `json:"at"`    // the kiosk's clock, UTC, milliseconds
	Mono  int64             `json:"mono"`  // milliseconds since Boot
	Boot  uuid.UUID         `json:"boot"`  // one run of the kiosk's program
	Clock circ.ClockQuality `json:"clk"`   // how far At can be believed
	Tx    circ.Tx           `json:"tx"`    // the transaction it belongs to
	Visit circ.Visit        `json:"visit"` // the visit it happened in; zero outside any
	Feed  circ.FeedVersion  `json:"feed"`  // what the kiosk knew when it decided
	Rules string            `json:"rules,omitempty"`
	Data  json.RawMessage   `json:"d"`
}

// EventType names what an event's data is.
type EventType string

// The events of version 1. Unknown types are stored, acknowledged and parked.
const (
	LoanIssued       EventType = "loan.issued"
	LoanReturned     EventType = "loan.returned"
	LoanRenewed      EventType = "loan.renewed"
	LoanCancelled    EventType = "loan.cancelled"
	ReturnIncomplete EventType = "return.incomplete"
	TagUnverified    EventType = "tag.unverified"
	TagVerified      EventType = "tag.verified"
	TagChanged       EventType = "tag.changed"
	TagFault         EventType = "tag.fault"
	RenewAsked       EventType = "loans.renew"
	BorrowerTold     EventType = "borrower.told"
	StaffNotice      EventType = "staff.notice"
	ReceiptWanted    EventType = "receipt.asked"
)

// Sealed is a card number that only central can read (Seal, Unseal).
type Sealed []byte

// Loan is the data of loan.issued, loan.renewed and loan.cancelled.
type Loan struct {
	Item        circ.ItemID   `json:"item"`
	Who         Sealed        `json:"who"`
	Due         time.Time     `json:"due,omitzero"`
	Provisional bool          `json:"provisional,omitempty"` // Due was made without a trusted clock
	Class       string        `json:"class,omitempty"`
	Flags       []circ.Reason `json:"flags,omitempty"` // decided yes in spite of
	Tags        []TagRef      `json:"tags,omitempty"`  // none: shown by its barcode
	Of          circ.Tx       `json:"of,omitzero"`     // loan.cancelled: the issue taken back
}

// Returned is the data of loan.returned and return.incomplete.
type Returned struct {
	Item  circ.ItemID   `json:"item"`
	Who   Sealed        `json:"who,omitempty"` // if the borrower showed a card
	Began time.Time     `json:"began"`         // when it was put down and the intent committed: fines stop here
	Shelf circ.Shelf    `json:"shelf,omitempty"`
	Flags []circ.Reason `json:"flags,omitempty"`
	Tags  []TagRef      `json:"tags,omitempty"`
	Open  []TagRef      `json:"open,omitempty"` // return.incomplete: tags that could not be armed
}

// TagNote is the data of the tag.* events.
type TagNote struct {
	Item circ.ItemID   `json:"item,omitempty"`
	Was  circ.ItemID   `json:"was,omitempty"` // tag.changed: what the kiosk took it for
	Tags []TagRef      `json:"tags"`
	Why  string        `json:"why,omitempty"`
	Want circ.Security `json:"want,omitempty"`
}

// TagRef names one tag of an item.
type TagRef struct {
	UID  drivers.UID `json:"uid"`
	Part int         `json:"part,omitempty"`
	Of   int         `json:"of,omitempty"`
	AFI  string      `json:"afi,omitempty"` // as last read, two hexadecimal digits
}

// Batch is up/ev: the oldest events that central has not acknowledged.
type Batch struct {
	V      int               `json:"v"`
	Kiosk  string            `json:"k"`
	Epoch  circ.Epoch        `json:"ep"`
	From   uint64            `json:"from"`
	To     uint64            `json:"to"`
	Prev   Hash              `json:"prev"` // chain hash at From-1
	Sent   time.Time         `json:"sent"`
	Events []json.RawMessage `json:"ev"` // the very bytes that the chain covers
}

// Hello is up/hi: what a kiosk holds, said on connect and whenever central's
// birth changes.
type Hello struct {
	V       int              `json:"v"`
	Kiosk   string           `json:"k"`
	Epoch   circ.Epoch       `json:"ep"`
	First   uint64           `json:"first"` // oldest event still kept; Last+1 if none
	Last    uint64           `json:"last"`  // newest event; 0 if none yet
	Hash    Hash             `json:"hash"`  // chain hash at Last
	Acked   uint64           `json:"acked"`
	Items   circ.FeedVersion `json:"items"`
	Own     circ.FeedVersion `json:"own"`
	Boot    uuid.UUID        `json:"boot"`
	Session uuid.UUID        `json:"sess"`
	Sent    time.Time        `json:"sent"`
	Mono    int64            `json:"mono,omitempty"` // milliseconds since Boot at Sent: central learns when that boot's events were
	Program string           `json:"program"`        // version of the kiosk's program
	Ended   []Ended          `json:"ended,omitempty"`
}

// Ended is an earlier epoch of which the kiosk still keeps events.
type Ended struct {
	Epoch circ.Epoch `json:"ep"`
	First uint64     `json:"first"` // oldest event still kept
	Acked uint64     `json:"acked"` // the last one: central had stored every event up to here
}

// Pull is up/hi as well: one chunk of a feed is asked for.
type Pull struct {
	V      int              `json:"v"`
	Kiosk  string           `json:"k"`
	Feed   Feed             `json:"feed"`
	Have   circ.FeedVersion `json:"have"`             // zero: everything
	To     circ.FeedVersion `json:"to,omitzero"`      // set after the first chunk: the version being loaded
	Cursor string           `json:"cursor,omitempty"` // where the last chunk ended
}

// Status is up/st, retained; the will is one with Online false.
type Status struct {
	V       int       `json:"v"`
	Kiosk   string    `json:"k"`
	Online  bool      `json:"online"`
	Session uuid.UUID `json:"sess"` // a death counts only in the session it names
	Boot    uuid.UUID `json:"boot"`
	At      time.Time `json:"at"`
}

// Heartbeat is up/hb, once a minute, quality of service 0.
type Heartbeat struct {
	V       int               `json:"v"`
	Kiosk   string            `json:"k"`
	At      time.Time         `json:"at"`
	Clock   circ.ClockQuality `json:"clk"`
	Waiting uint64            `json:"waiting"` // events not yet acknowledged
	Cache   int64             `json:"cache"`   // age of the cache in seconds; -1: none
	Pads    map[string]bool   `json:"pads,omitempty"`
}

// Statement is what every message of central begins with. A kiosk believes a
// message only if it is signed, is meant for it, has not expired, and does not
// go back in version.
type Statement struct {
	V        int       `json:"v"`
	Audience string    `json:"aud"`  // kiosk name, or "shard:NAME"
	Type     Kind      `json:"type"` // the kind it is signed as, said again inside
	Issued   time.Time `json:"iat"`
	Expires  time.Time `json:"exp"`
	Birth    uuid.UUID `json:"birth"` // one run of central; a new one asks for a hello
}

// Ack is dn/ak: what central has durably stored, and what it wants next.
type Ack struct {
	Statement
	Kiosk   string           `json:"k"`
	Epoch   circ.Epoch       `json:"ep"`
	Through uint64           `json:"through"` // every n up to here is stored; 0 if none
	Hash    Hash             `json:"hash"`    // central's chain hash at Through
	Need    *Range           `json:"need,omitempty"`
	Order   Order            `json:"order,omitempty"`
	Session uuid.UUID        `json:"sess,omitzero"`   // of the hello that this answers, with its Mono:
	Asked   int64            `json:"asked,omitempty"` // nobody can have kept the answer since before that
	Items   circ.FeedVersion `json:"items"`           // heads of the two feeds
	Own     circ.FeedVersion `json:"own"`
}

// Range is a run of event numbers, both ends included.
type Range struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Order is what a kiosk is to do about its event stream.
type Order string

// The orders of version 1.
const (
	NewEpoch Order = "newepoch" // the hashes differ: number the unacknowledged events anew
	Again    Order = "again"    // central was restored from before an epoch that has ended: number all events anew that are kept
	Stop     Order = "stop"     // revoked, or an epoch older than one already seen: staff must look
)

// Feed is one of the two things that kiosks cache.
type Feed string

// Items go to every kiosk of a shard alike; what is a person's goes to one kiosk.
const (
	FeedItems Feed = "items" // rows: item
	FeedOwn   Feed = "own"   // rows: rules, calendar, borrower, circ, outcome; keyed for one kiosk
)

// Chunk is dn/dt (answer to a Pull) or b/{shard}/dt (items as they change).
// Rows of a chunk with Reset replace the feed: they are loaded aside and
// swapped in when Last has come and Rows and Digest fit.
type Chunk struct {
	Statement
	Feed   Feed             `json:"feed"`
	From   circ.FeedVersion `json:"from"`
	To     circ.FeedVersion `json:"to"`
	Reset  bool             `json:"reset,omitempty"`
	After  string           `json:"after,omitempty"`  // the cursor it was asked with
	Cursor string           `json:"cursor,omitempty"` // ask on with this
	Last   bool             `json:"last,omitempty"`
	Total  int              `json:"total,omitempty"`  // with Last: rows in all
	Folded *Folded          `json:"folded,omitempty"` // own feed: which of the kiosk's events it contains
	Rows   []Row            `json:"rows"`
}

// Folded says which of a kiosk's own events a feed version already contains.
type Folded struct {
	Epoch circ.Epoch `json:"ep"`
	N     uint64     `json:"n"`
}

// Row is one thing in a feed.
type Row struct {
	Kind    RowKind         `json:"e"`
	Key     string          `json:"k"` // item number; hexadecimal CardKey; venue; epoch/n
	Ver     uint64          `json:"ver"`
	Deleted bool            `json:"del,omitempty"` // a tombstone: Data is empty
	Data    json.RawMessage `json:"d,omitempty"`
}

// RowKind says what a row's data is.
type RowKind string

// The rows of version 1. A kiosk passes over kinds it does not know.
const (
	RowItem     RowKind = "item"     // ItemRow, key item number
	RowBorrower RowKind = "borrower" // BorrowerRow, key CardKey in hexadecimal
	RowCirc     RowKind = "circ"     // CircRow, key item number
	RowRules    RowKind = "rules"    // circ.RuleBook, key "rules"
	RowCalendar RowKind = "calendar" // circ.Calendar, key "calendar"
	RowOutcome  RowKind = "outcome"  // OutcomeRow, key epoch/n
)

// ItemRow is an item as every kiosk may know it.
type ItemRow struct {
	Title   string   `json:"title,omitempty"`
	Class   string   `json:"class,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	Parts   []string `json:"parts,omitempty"`  // in order, those with a tag first
	Tagged  int      `json:"tagged,omitempty"` // how many of the parts carry a tag; 0: all of them
	Age     int      `json:"age,omitempty"`
	NotLoan bool     `json:"nfl,omitempty"`
}

// BorrowerRow is a card as one kiosk may know it.
type BorrowerRow struct {
	Category string         `json:"cat,omitempty"`
	Blocked  bool           `json:"blocked,omitempty"`
	Expires  string         `json:"exp,omitempty"` // YYYY-MM-DD, last day of membership
	AgeBand  int            `json:"band,omitempty"`
	Loans    int            `json:"loans,omitempty"`
	ByClass  map[string]int `json:"by,omitempty"`
	Oldest   string         `json:"oldest,omitempty"` // YYYY-MM-DD
	Messages []string       `json:"msg,omitempty"`
	Mail     bool           `json:"mail,omitempty"` // central can send this borrower an e-mail
	Verifier *Verifier      `json:"pinv,omitempty"` // only to venues whose rules use it
}

// CircRow is an item's loan and hold as one kiosk may know them: marks, not people.
type CircRow struct {
	OnLoan   bool      `json:"loan,omitempty"`
	Holder   string    `json:"holder,omitempty"` // circ.HolderMark in hexadecimal
	Due      time.Time `json:"due,omitzero"`
	Renewals int       `json:"ren,omitempty"`
	Hold     string    `json:"hold,omitempty"` // circ.HolderMark of who waits; "" nobody
}

// OutcomeRow is what central made of one of the kiosk's events (design D4).
type OutcomeRow struct {
	Outcome string `json:"out"` // accepted, changed, case
	Reason  string `json:"why,omitempty"`
	Case    string `json:"case,omitempty"`
}

// Head is b/{shard}/hd, retained: where the feeds stand.
type Head struct {
	Statement
	Shard string           `json:"shard"`
	Items circ.FeedVersion `json:"items"`
	Own   circ.FeedVersion `json:"own"` // of every kiosk in the shard
}

// Kind is what a signed message is; it is part of what is signed.
type Kind string

// The kinds of version 1, one a message type.
const (
	KindBatch     Kind = "batch"
	KindHello     Kind = "hello"
	KindPull      Kind = "pull"
	KindStatus    Kind = "status"
	KindHeartbeat Kind = "heartbeat"
	KindAsk       Kind = "ask"
	KindAck       Kind = "ack"
	KindChunk     Kind = "chunk"
	KindHead      Kind = "head"
	KindAnswer    Kind = "answer"
)
