package screen

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// picture is one state of the gallery: every screen, in the ways it can look.
type picture struct {
	name  string
	query string
	state visit.State
}

var (
	tuesday  = time.Date(2026, time.March, 10, 23, 59, 0, 0, time.UTC)
	thursday = time.Date(2026, time.March, 19, 23, 59, 0, 0, time.UTC)
	drawnAt  = circ.Moment{Wall: time.Date(2026, time.February, 17, 19, 30, 0, 0, time.UTC), Mono: 10 * time.Minute}
	theVisit = uuid.MustParse("5f3c1d9a-0000-5000-8000-000000000001")
	reader   = circ.Borrower{Card: "29998000001234"}
	all      = visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true}
	offline  = visit.Devices{Pads: true, HasPads: true, Scanner: true}
)

func on(s visit.Screen, d visit.Devices, with ...func(*visit.State)) visit.State {
	st := visit.State{Visit: theVisit, Screen: s, Devices: d, Since: drawnAt.Mono - 3*time.Second}
	for _, w := range with {
		w(&st)
	}
	return st
}

func signedIn(st *visit.State) {
	st.Who, st.Task = reader, visit.Borrowing
	st.Standing = visit.Standing{Known: true, Reason: circ.OK, Service: visit.FullService}
}

func lines(l ...visit.Line) func(*visit.State) {
	return func(st *visit.State) { st.Lines = l }
}

func note(n visit.Note) func(*visit.State) { return func(st *visit.State) { st.Note = n } }

func service(s visit.Service) func(*visit.State) {
	return func(st *visit.State) { st.Standing.Service = s }
}

func stopped(r circ.Reason) func(*visit.State) {
	return func(st *visit.State) { st.Who, st.Standing.Reason = reader, r }
}

func parked(n int) func(*visit.State) {
	return func(st *visit.State) {
		st.Mine = true
		for i := range n {
			st.Parked = append(st.Parked, visit.Tag{UID: drivers.UID{0xE0, byte(i)}, Item: circ.ItemID("3001" + strconv.Itoa(i))})
		}
	}
}

func lent(id circ.ItemID, title string, due time.Time) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: circ.Issue, State: visit.LineDone,
		Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: due, Shelf: circ.TakeIt}}
}

func back(id circ.ItemID, title string, s circ.Shelf, flags ...circ.Reason) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: circ.Return, State: visit.LineDone,
		Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: s, Flags: flags}}
}

func open(id circ.ItemID, title string, k circ.Kind, s visit.LineState) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: s}
}

func refused(id circ.ItemID, title string, k circ.Kind, r circ.Reason, s circ.Shelf) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: visit.LineRefused,
		Decision: circ.Decision{Verdict: circ.No, Reason: r, Shelf: s}}
}

func set(s visit.LineState) visit.Line {
	return visit.Line{Item: "30019001", Title: "Treasure Island: the complete recording", State: s, Of: 3,
		Parts: []string{"Disc 1", "Disc 2", "Booklet"},
		Tags:  []visit.Tag{{UID: drivers.UID{0xE0, 1}, Item: "30019001", Part: 1, Of: 3}, {UID: drivers.UID{0xE0, 2}, Item: "30019001", Part: 2, Of: 3}}}
}

func unreadable() visit.Line {
	return visit.Line{State: visit.LineUnreadable, Tags: []visit.Tag{{UID: drivers.UID{0xE0, 9}, Fault: visit.CorruptTag}}}
}

var titles = []string{
	"Wolf Hall", "The Very Hungry Caterpillar", "Treasure Island", "The Strange Case of Dr Jekyll and Mr Hyde, and Other Tales of Terror",
	"Middlemarch", "ગુજરાતી વાર્તાઓ", "Things Fall Apart", "Small Island", "The Gruffalo", "Charlotte's Web", "Rebecca", "Dune", "Pride and Prejudice", "Kes",
}

func many(n int) []visit.Line {
	var out []visit.Line
	for i := range n {
		out = append(out, lent(circ.ItemID("3001000"+strconv.Itoa(i)), titles[i], tuesday))
	}
	return out
}

func mixed() []visit.Line {
	noTag := lent("30010008214821", "", thursday)
	unsecured := lent("30010006", "Small Island", tuesday)
	unsecured.State = visit.LineUnsecured
	return []visit.Line{
		lent("30010001", titles[3], tuesday), noTag,
		refused("30010003", "The Oxford English Dictionary, volume 4", circ.Issue, circ.ItemReference, circ.HelpShelf),
		refused("30010004", "Middlemarch", circ.Issue, circ.ItemNotNow, circ.HelpShelf),
		unsecured,
		open("30010007", "The Very Hungry Caterpillar", circ.Issue, visit.LineSecuring),
		open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack),
	}
}

func longList() []visit.Line {
	l := many(14)
	l[2].State = visit.LinePutBack
	l[13].State = visit.LineSecuring
	return l
}

func givenBack() []visit.Line {
	return []visit.Line{
		back("30010001", "Wolf Hall", circ.Bin),
		back("30010002", "The Gruffalo", circ.HoldShelf, circ.ItemHeld),
		back("30010003", "", circ.HelpShelf, circ.ItemUnknown),
		refused("30010004", "Atlas of the British Isles", circ.Return, circ.ItemForeign, circ.KeepIt),
		open("30010005", "Treasure Island", circ.Return, visit.LineSecuring),
	}
}

func gallery() []picture {
	down := visit.Devices{HasPads: true, Scanner: true, Online: true}
	noLight := visit.Devices{HasPads: true, Pads: true, Online: true}
	barcodes := visit.Devices{Scanner: true, Online: true}
	readOnly := visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true, ReadOnly: true}
	return append([]picture{
		{"home", "", on(visit.Home, all)},
		{"home-offline", "", on(visit.Home, offline)},
		{"home-returns-only", "", on(visit.Home, readOnly)},
		{"home-pads-down", "", on(visit.Home, down)},
		{"home-help", "help=home", on(visit.Home, all)},
		{"out", "", on(visit.Home, visit.Devices{HasPads: true, Online: true})},
		{"pad-full", "", on(visit.PadFull, all, lines(many(3)...))},
		{"pad-full-one", "", on(visit.PadFull, offline, lines(many(1)...))},
		{"card", "", on(visit.CardAsk, all)},
		{"card-note", "", on(visit.CardAsk, all, lines(many(1)...), note(visit.NoteCardFirst))},
		{"card-no-light", "", on(visit.CardAsk, noLight)},
		{"check", "", on(visit.Check, all, signedIn)},
		{"stop-blocked", "", on(visit.Stop, all, stopped(circ.BorrowerBlocked))},
		{"stop-unknown", "", on(visit.Stop, all, stopped(circ.BorrowerUnknown))},
		{"stop-offline", "", on(visit.Stop, offline, stopped(circ.CacheTooOld), service(visit.ReturnsOnly))},
		{"other-card", "", on(visit.Borrow, all, signedIn, lines(many(2)...), func(st *visit.State) { st.Other = circ.Borrower{Card: "29998000009876"} })},
		{"warn", "", on(visit.Warn, all, signedIn, lines(many(2)...))},
		{"settle", "", on(visit.Settle, all, signedIn, lines(many(2)...))},
		{"bye", "", on(visit.Bye, all, lines(append(many(3), givenBack()[:2]...)...))},
		{"bye-left", "", on(visit.Bye, all, lines(open("30010005", "Treasure Island", circ.Return, visit.LineIncomplete)), note(visit.NoteItemsLeft))},
	}, listGallery(down, barcodes)...)
}

func listGallery(down, barcodes visit.Devices) []picture {
	return []picture{
		{"borrow-empty", "", on(visit.Borrow, all, signedIn)},
		{"borrow-messages", "", on(visit.Borrow, offline, signedIn, func(st *visit.State) { st.Standing.Notes = []string{"hold-ready", "loan-changed"} })},
		{"borrow-no-pads", "", on(visit.Borrow, barcodes, signedIn)},
		{"borrow-pads-down", "", on(visit.Borrow, down, signedIn, lines(many(1)...))},
		{"borrow-reading", "", on(visit.Borrow, all, signedIn, lines(open("30010001", "Wolf Hall", circ.Issue, visit.LineSecuring), open("30010002", "", circ.Issue, visit.LineRecording)))},
		{"borrow-mixed", "", on(visit.Borrow, all, signedIn, lines(mixed()...))},
		{"borrow-done", "", on(visit.Borrow, all, signedIn, lines(many(4)...))},
		{"borrow-capped", "", on(visit.Borrow, offline, signedIn, service(visit.Capped), lines(append(many(5), refused("30010009", "Rebecca", circ.Issue, circ.ItemOfflineLimit, circ.OnTheShelf))...))},
		{"borrow-eight", "", on(visit.Borrow, all, signedIn, lines(many(8)...))},
		{"borrow-many", "", on(visit.Borrow, offline, signedIn, lines(longList()...))},
		{"borrow-many-2", "page=2", on(visit.Borrow, all, signedIn, lines(longList()...))},
		{"borrow-parts", "", on(visit.Borrow, all, signedIn, lines(many(1)[0], set(visit.LineParts)))},
		{"borrow-parked", "", on(visit.Borrow, all, signedIn, parked(2), note(visit.NoteSameCard))},
		{"borrow-unreadable", "", on(visit.Borrow, all, signedIn, lines(many(1)[0], unreadable()))},
		{"borrow-help", "help=borrow", on(visit.Borrow, all, signedIn)},
		{"return-empty", "", on(visit.GiveBack, all)},
		{"return-mixed", "", on(visit.GiveBack, all, lines(givenBack()...))},
		{"return-offline", "", on(visit.GiveBack, offline, lines(givenBack()[:4]...), note(visit.NoteLimitTags))},
		{"fix-one", "", on(visit.Fix, all, signedIn, lines(mixed()...))},
		{"fix-many", "", on(visit.Fix, offline, signedIn, service(visit.Capped), lines(append(mixed(), set(visit.LineParts), unreadable())...))},
	}
}
