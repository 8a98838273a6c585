package contract

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
)

var (
	testKey  = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))
	otherKey = ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210"))
	public   = testKey.Public().(ed25519.PublicKey)
	noon     = time.Date(2026, 11, 23, 12, 0, 0, 118e6, time.UTC)
	book     = circ.ItemID("39015012345678")
	tags     = []TagRef{{UID: drivers.UID{0xE0, 4, 1, 0x50, 0x12, 0x34, 0x56, 0x78}, Part: 1, Of: 1, AFI: "C2"}}
)

// id makes a UUID that reads as a number.
func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("01939f4b-0000-7000-8000-%012d", n)) }

// eventData is one value for every event type, with every field that it can have.
var eventData = map[EventType]any{
	LoanIssued:    Loan{Item: book, Who: Sealed("sealed"), Due: noon, Provisional: true, Class: "dvd", Flags: []circ.Reason{circ.ItemHeld}, Tags: tags},
	LoanRenewed:   Loan{Item: book, Who: Sealed("sealed"), Due: noon},
	LoanCancelled: Loan{Item: book, Who: Sealed("sealed"), Of: id(9)},
	LoanReturned:  Returned{Item: book, Began: noon, Shelf: circ.Bin, Tags: tags},
	ReturnIncomplete: Returned{Item: book, Who: Sealed("sealed"), Began: noon, Shelf: circ.HelpShelf,
		Flags: []circ.Reason{circ.SetIncomplete}, Open: tags},
	TagUnverified: TagNote{Item: book, Tags: tags, Want: circ.Quiet, Why: "three tries"},
	TagVerified:   TagNote{Item: book, Tags: tags, Want: circ.Quiet},
	TagChanged:    TagNote{Item: book, Was: "39015099999999", Tags: tags},
	TagFault:      TagNote{Tags: tags, Why: "quiet without a loan"},
	RenewAsked:    RenewAll{Who: Sealed("sealed")},
	BorrowerTold:  Told{Who: Sealed("sealed"), Codes: []string{MsgRenewedPart}},
	StaffNotice:   Notice{Why: NoticeLeftBehind, Items: []circ.ItemID{book}, Device: "left"},
	ReceiptWanted: ReceiptAsked{Who: Sealed("sealed"), Lines: []ReceiptLine{{Item: book, Kind: circ.Issue, Due: noon}, {Item: book, Kind: circ.Return}}},
}

var rowData = map[RowKind]any{
	RowItem: ItemRow{Title: "Cœur & <âme>\u2028", Class: "dvd", Owner: "GB-UkLoHL", Parts: []string{"Disc 1", "Booklet"}, Tagged: 1, Age: 15, NotLoan: true},
	RowBorrower: BorrowerRow{Category: "adult", Blocked: true, Expires: "2027-03-31", AgeBand: 18, Loans: 3, ByClass: map[string]int{"dvd": 1}, Oldest: "2026-12-01", Messages: []string{"m1"}, Mail: true,
		Verifier: &Verifier{Salt: []byte("0123456789abcdef"), Bits: 77}},
	RowCirc: CircRow{OnLoan: true, Holder: "0a1b2c3d", Due: noon, Renewals: 1, Hold: "99aabbcc"},
	RowRules: circ.RuleBook{Version: "1", Venue: "Harbour", TimeZone: "Europe/London", Owners: []string{"GB-UkLoHL"},
		Classes:    map[string]circ.ClassRule{"": {Days: 21, ByCat: map[string]int{"child": 14}, Renewals: 2, Limit: 3, NotLoan: true, AgeLimit: 12, StaffOnly: true, Sets: circ.SetsNote}},
		Categories: map[string]circ.CategoryRule{"": {Limit: 10, NoIssue: true}}, Foreign: "help", MaxParts: 8, CardTags: []string{"^P"}, Mailer: true,
		PIN: circ.PINRule{Ask: "online", Offline: "verifier", Length: 4, Tries: 3}},
	RowCalendar: circ.Calendar{Closed: map[string]bool{"2026-12-25": true}, Weekly: [7]circ.DayHours{{Closed: true}, {OpenFrom: "08:00", OpenTo: "20:00", StaffedFrom: "09:30", StaffedTo: "17:00"}},
		Days: map[string]circ.DayHours{"2026-12-24": {OpenTo: "12:00"}}, Until: "2027-12-31"},
	RowOutcome: OutcomeRow{Outcome: "case", Reason: "open-loan", Case: "2026-0412"},
}

func raw(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// event encodes an event as a ledger does.
func event(t *testing.T, n uint64, typ EventType, data any) json.RawMessage {
	t.Helper()
	b, err := EncodeEvent(Event{N: n, Type: typ, At: noon, Mono: 86465118, Boot: id(1), Clock: circ.Synced, Tx: id(int(n)),
		Visit: id(2), Feed: circ.FeedVersion{Generation: 3, Version: 120455}, Rules: "2026-11-01", Data: raw(t, data)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// batch is the events from the number from on.
func batch(from uint64, events ...json.RawMessage) Batch {
	return Batch{V: Version, Kiosk: "harbour-1", Epoch: id(3), From: from, To: from + uint64(len(events)) - 1, Sent: noon, Events: events}
}

func statement(kind Kind, audience string) Statement {
	return Statement{V: Version, Audience: audience, Type: kind, Issued: noon, Expires: noon.Add(10 * time.Minute), Birth: id(4)}
}

// messages is one value of every kind; the batch holds every event type and
// the chunk every row kind.
func messages(t *testing.T) map[Kind]any {
	t.Helper()
	version := circ.FeedVersion{Generation: 3, Version: 120456}
	var events []json.RawMessage
	for i, typ := range names(eventData) {
		events = append(events, event(t, 11+uint64(i), EventType(typ), eventData[EventType(typ)]))
	}
	var rows []Row
	for _, kind := range names(rowData) {
		rows = append(rows, Row{Kind: RowKind(kind), Key: "key", Ver: 7, Data: raw(t, rowData[RowKind(kind)])})
	}
	rows = append(rows, Row{Kind: RowItem, Key: "gone", Ver: 8, Deleted: true})
	return map[Kind]any{
		KindBatch:     batch(11, events...),
		KindHello:     Hello{V: 1, Kiosk: "harbour-1", Epoch: id(3), First: 1, Last: 19, Acked: 10, Items: version, Boot: id(1), Session: id(5), Sent: noon, Program: "1.0.0"},
		KindPull:      Pull{V: 1, Kiosk: "harbour-1", Feed: FeedOwn, Have: version, To: version, Cursor: "c"},
		KindStatus:    Status{V: 1, Kiosk: "harbour-1", Session: id(5), Boot: id(1), At: noon},
		KindHeartbeat: Heartbeat{V: 1, Kiosk: "harbour-1", At: noon, Clock: circ.RTC, Waiting: 9, Cache: -1, Pads: map[string]bool{"left": true}},
		KindAck: Ack{Statement: statement(KindAck, "harbour-1"), Kiosk: "harbour-1", Epoch: id(3), Through: 19,
			Need: &Range{From: 11, To: 12}, Order: NewEpoch, Items: version, Own: version},
		KindChunk: Chunk{Statement: statement(KindChunk, "harbour-1"), Feed: FeedOwn, From: version, To: version, Reset: true, After: "a",
			Cursor: "c", Last: true, Total: len(rows), Folded: &Folded{Epoch: id(3), N: 9}, Rows: rows},
		KindAsk: Ask{V: 1, Kiosk: "harbour-1", ID: id(6), Who: Sealed("sealed"), Sent: noon, Expires: noon.Add(AskFor)},
		KindAnswer: Answer{Statement: statement(KindAnswer, "harbour-1"), ID: id(6), Result: AskOK,
			Borrower: &BorrowerRow{Category: "adult", Verifier: &Verifier{Salt: []byte("0123456789abcdef"), Bits: 77}}},
		KindHead: Head{Statement: statement(KindHead, ShardAudience("town")), Shard: "town", Items: version, Own: version},
	}
}

// encodeAny is Encode for a value whose type is known only when the test runs.
func encodeAny(kind Kind, v any) ([]byte, error) { return Encode(kind, v, testKey) }

func TestSamplesAreComplete(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"events", names(eventData), names(eventTypes)},
		{"rows", names(rowData), names(rowTypes)},
		{"messages", names(messages(t)), names(messageTypes)},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %s, want %s", c.what, strings.Join(c.got, " "), strings.Join(c.want, " "))
		}
	}
}
