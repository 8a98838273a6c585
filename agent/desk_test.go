package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// known is a cache with one borrower and a few items.
type known map[circ.ItemID]circ.ItemFacts

// pinned is the same at a venue that asks for a PIN.
type pinned struct {
	known
	rule     circ.PINRule
	verifier *circ.Verifier
}

func (p pinned) Facts(ctx context.Context, at circ.Moment, k []byte, who circ.Borrower, items []circ.ItemID) (circ.Facts, error) {
	f, err := p.known.Facts(ctx, at, k, who, items)
	f.Rules.PIN = p.rule
	if f.Borrower != nil {
		f.Borrower.Verifier = p.verifier
	}
	return f, err
}

func (k known) Facts(_ context.Context, at circ.Moment, _ []byte, who circ.Borrower, _ []circ.ItemID) (circ.Facts, error) {
	f := circ.Facts{Items: k, AsOf: at.Wall, Rules: &circ.RuleBook{Version: "r1", TimeZone: "Europe/London",
		Classes:    map[string]circ.ClassRule{"book": {Days: 21, Renewals: 5}},
		Categories: map[string]circ.CategoryRule{"adult": {Limit: 24}}}}
	if who.Known() {
		f.Borrower = &circ.BorrowerFacts{Category: "adult"}
	}
	return f, nil
}

// broken is a ledger on a disk that is full.
type broken struct {
	*ledger.Ledger
	err error
}

func (b broken) Record(context.Context, circ.Moment, []circ.Request, circ.Facts, ledger.Decide) ([]circ.Receipt, error) {
	return nil, b.err
}

type room struct {
	*agent.Desk
	t     *testing.T
	mono  time.Duration
	state visit.State
	book  *ledger.Ledger
}

func newRoom(t *testing.T, items known) *room {
	t.Helper()
	_, seal, err := contract.NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	book, err := ledger.Open(context.Background(), t.TempDir()+"/ledger.db", ledger.Options{Kiosk: "syston-1", Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	r := &room{t: t, book: book, mono: time.Second}
	boot := uuid.New()
	r.Desk = &agent.Desk{Ledger: book, Facts: items, CardKey: make([]byte, 32), Quiet: 0xC2, Log: slog.New(slog.DiscardHandler),
		Now: func() circ.Moment {
			return circ.Moment{Wall: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).Add(r.mono), Mono: r.mono, Boot: boot, Quality: circ.Synced}
		},
		Online: func() bool { return true }, Poke: func() {}, Show: func(s visit.State, _ circ.Moment) { r.state = s }}
	r.do(visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true})
	return r
}

func (r *room) do(evs ...visit.Event) {
	r.t.Helper()
	for _, ev := range evs {
		r.mono += time.Second
		if err := r.Handle(context.Background(), ev); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *room) card() visit.Event {
	return visit.CardShown{Read: r.mono + time.Second, Who: r.Borrower("21221012345671")}
}

func (r *room) placed(item string, afi drivers.AFI) pads.Placed {
	r.mono += time.Second
	return pads.Placed{Read: r.Now(), UID: drivers.UID{0xE0, 1}, AFI: afi, Label: label.Label{Model: label.Model3, Kind: label.KindItem,
		Item: item, Parts: 1, Part: 1, Usage: 0x10}}
}

func (r *room) events() int {
	r.t.Helper()
	b, err := r.book.Unsent(context.Background(), 100)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(b.Events)
}

func TestACardAndABookAreALoan(t *testing.T) {
	r := newRoom(t, known{"31221012345679": {Known: true, Title: "Middlemarch", Class: "book"}})
	r.do(r.card())
	if err := r.Pad(context.Background(), r.placed("31221012345679", 0x07), visit.RoleBoth); err != nil {
		t.Fatal(err)
	}
	if len(r.state.Lines) != 1 || r.state.Lines[0].State != visit.LineSecuring || r.state.Lines[0].Title != "Middlemarch" {
		t.Fatalf("lines %+v, want Middlemarch being secured", r.state.Lines)
	}
	if got := r.events(); got != 1 {
		t.Errorf("%d events, want the loan", got)
	}
}

func TestABorrowerCardOnThePadIsACard(t *testing.T) {
	r := newRoom(t, known{})
	p := r.placed("21221012345671", 0x07)
	p.Label.Kind = label.KindCard
	if err := r.Pad(context.Background(), p, visit.RoleBoth); err != nil {
		t.Fatal(err)
	}
	if !r.state.Who.Known() {
		t.Errorf("screen %s, nobody is signed in", r.state.Screen)
	}
}

func TestAQuietTagWithoutAKnownLoanIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		facts circ.ItemFacts
		afi   drivers.AFI
		want  int
	}{
		"quiet, in stock": {circ.ItemFacts{Known: true, Class: "book"}, 0xC2, 1},
		"quiet, on loan":  {circ.ItemFacts{Known: true, Class: "book", OnLoan: true}, 0xC2, 0},
		"loud, in stock":  {circ.ItemFacts{Known: true, Class: "book"}, 0x07, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, known{"a": c.facts})
			if err := r.Pad(context.Background(), r.placed("a", c.afi), visit.RoleBoth); err != nil {
				t.Fatal(err)
			}
			if got := r.events(); got != c.want {
				t.Errorf("%d events, want %d", got, c.want)
			}
		})
	}
}

func TestATagInAcquisitionIsNotLent(t *testing.T) {
	r := newRoom(t, known{"a": {Known: true, Class: "book"}})
	r.do(r.card())
	p := r.placed("a", 0x07)
	p.Label.Kind, p.Label.Usage = label.KindOther, 0
	if err := r.Pad(context.Background(), p, visit.RoleBoth); err != nil {
		t.Fatal(err)
	}
	if got := r.state.Lines[0].State; got != visit.LineRefused {
		t.Errorf("line is %s, want refused", got)
	}
}

func TestAFullDiskRefusesInPlainWordsAndLosesNothing(t *testing.T) {
	r := newRoom(t, known{"31221012345679": {Known: true, Class: "book"}})
	r.Desk.Ledger = broken{r.book, errors.New("database or disk is full")}
	r.do(r.card())
	if err := r.Pad(context.Background(), r.placed("31221012345679", 0x07), visit.RoleBoth); err != nil {
		t.Fatal(err)
	}
	line := r.state.Lines[0]
	if line.State != visit.LineRefused || line.Decision.Reason != circ.LedgerReadOnly || r.events() != 0 {
		t.Errorf("line %s, %s, %d events, want refused as read-only and none", line.State, line.Decision.Reason, r.events())
	}
}

func TestDoubtEndsTheProgram(t *testing.T) {
	r := newRoom(t, known{"31221012345679": {Known: true, Class: "book"}})
	r.Desk.Ledger = broken{r.book, ledger.ErrDoubt}
	r.do(r.card())
	err := r.Pad(context.Background(), r.placed("31221012345679", 0x07), visit.RoleBoth)
	if !errors.Is(err, ledger.ErrDoubt) {
		t.Errorf("%v, want %v", err, ledger.ErrDoubt)
	}
}
