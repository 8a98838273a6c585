package gallery

import (
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

func home() []Picture {
	closing := device(func(d *visit.Devices) { d.Closes = now().Wall.Add(7 * time.Minute) })
	lying := func(st *visit.State) { st.Lying = st.Since - 2*time.Minute }
	return []Picture{
		picture("home", visit.Home),
		picture("home-offline", visit.Home, offline()),
		picture("home-closing", visit.Home, closing),
		picture("home-parked", visit.Home, parked("30010041", "30010042"), lying),
		picture("home-returns-only", visit.Home, readOnly()),
		picture("home-old-cache", visit.Home, offline(), service(visit.ReturnsOnly)),
		picture("home-pads-down", visit.Home, padsDown()),
		picture("home-no-light", visit.Home, noScanner()),
		picture("home-no-pads", visit.Home, noPads()),
		picture("home-note", visit.Home, note(visit.NoteCheckDigit)),
		picture("home-no-account", visit.Home, offline(), note(visit.NoteNoAccount)),
		picture("pad-full", visit.PadFull, lines(seen(3)...)),
		picture("pad-full-one", visit.PadFull, offline(), lines(seen(1)...)),
		picture("pad-full-card", visit.PadFull, lines(seen(2)...), note(visit.NoteCardOnPad)),
	}
}

// seen are items that lie there, and nobody has said what for.
func seen(n int) []visit.Line {
	var out []visit.Line
	for _, l := range many(n) {
		out = append(out, open(l.Item, l.Title, "", visit.LineSeen))
	}
	return out
}

func modes() []Picture {
	return []Picture{
		picture("closed", visit.Home, mode(visit.Closed)),
		picture("out", visit.Home, device(func(d *visit.Devices) { *d = visit.Devices{HasPads: true, Online: true} })),
		picture("out-told", visit.Home, mode(visit.Out)),
		picture("out-ends", visit.Home, mode(visit.Out), func(st *visit.State) { st.Cause = visit.CauseEnds }),
		picture("out-books", visit.Home, mode(visit.Out), func(st *visit.State) { st.Cause = visit.CauseBooks }),
		picture("tech", visit.Home, mode(visit.Tech)),
		picture("emergency", visit.Home, mode(visit.Emergency)),
		picture("emergency-settle", visit.Settle, signedIn, mode(visit.Emergency),
			lines(many(1)[0], open("30010007", "Dune", circ.Issue, visit.LineSecuring))),
		picture("borrow-while-closed", visit.Borrow, signedIn, mode(visit.Closed), lines(many(2)...)),
	}
}

func cards() []Picture {
	typing := func(digits visit.Secret) change {
		return func(st *visit.State) { st.Typing, st.Typed = true, digits }
	}
	misread := func(times int, n visit.Note) change {
		return func(st *visit.State) { st.Misread, st.Note = times, n }
	}
	asked := func(st *visit.State) { st.Task = visit.Borrowing }
	return []Picture{
		picture("card", visit.CardAsk, asked),
		picture("card-offline", visit.CardAsk, asked, offline()),
		picture("card-account", visit.CardAsk, func(st *visit.State) { st.Task = visit.Accounting }),
		picture("card-item", visit.CardAsk, asked, lines(seen(1)...), misread(1, visit.NoteCardFirst)),
		picture("card-misread", visit.CardAsk, asked, misread(1, visit.NoteCheckDigit)),
		picture("card-misread-thrice", visit.CardAsk, asked, misread(3, visit.NoteCheckDigit)),
		picture("card-wrong", visit.CardAsk, asked, misread(1, visit.NoteNotUnderstood)),
		picture("card-isbn", visit.CardAsk, asked, misread(2, visit.NoteISBN)),
		picture("card-no-light", visit.CardAsk, asked, noScanner()),
		picture("card-typing", visit.CardAsk, asked, typing("")),
		picture("card-typing-more", visit.CardAsk, asked, typing(visit.Secret(Card[:9]))),
		picture("card-typed-wrong", visit.CardAsk, asked, typing(""), func(st *visit.State) { st.Note = visit.NoteWrongCard }),
		picture("check", visit.Check, signedIn, func(st *visit.State) { st.Standing = visit.Standing{} }),
		picture("note-one", visit.Tell, signedIn, messages("hold-ready")),
		picture("note-three", visit.Tell, signedIn, messages("return-incomplete", "item-recalled", "renewed-part")),
		picture("note-offline", visit.Tell, signedIn, offline(), messages("loan-changed", "card-expires")),
	}
}

func pins() []Picture {
	asks := device(func(d *visit.Devices) { d.PIN = true })
	fresh := func(st *visit.State) { st.Standing = visit.Standing{} }
	typed := func(digits visit.Secret) change { return func(st *visit.State) { st.Typed = digits } }
	left := func(n int) change { return func(st *visit.State) { st.Left = n } }
	return []Picture{
		picture("pin", visit.PIN, signedIn, fresh, asks),
		picture("pin-two", visit.PIN, signedIn, fresh, asks, typed(Typed)),
		picture("pin-whole", visit.PIN, signedIn, fresh, asks, typed(Typed+"91")),
		picture("pin-wrong", visit.PIN, signedIn, fresh, asks, left(2)),
		picture("pin-last-try", visit.PIN, signedIn, fresh, asks, left(1), typed(Typed)),
		picture("pin-forgot", visit.PIN, signedIn, fresh, asks, note(visit.NotePIN)),
		picture("pin-six", visit.PIN, signedIn, fresh, asks, typed(Typed), func(st *visit.State) { st.House.PIN = 6 }),
	}
}

// stops has every reason not to lend, with and without its why.
func stops() []Picture {
	var out []Picture
	for _, r := range StopReasons() {
		stopped := func(st *visit.State) { st.Standing.Reason = r }
		why := func(st *visit.State) { st.Why = true }
		with := []change{signedIn, stopped}
		switch r {
		case circ.CacheTooOld:
			with = append(with, offline(), service(visit.ReturnsOnly))
		case circ.LedgerReadOnly:
			with = append(with, readOnly())
		case visit.PINNoAnswer:
			with = append(with, offline())
		}
		out = append(out, picture("stop-"+string(r), visit.Stop, with...), picture("stop-"+string(r)+"-why", visit.Stop, append(with, why)...))
	}
	return out
}

// StopReasons are the reasons for which a card is not lent to.
func StopReasons() []circ.Reason {
	return []circ.Reason{circ.BorrowerBlocked, circ.BorrowerUnknown, circ.BorrowerExpired, circ.CacheTooOld, circ.NoRules,
		circ.LedgerReadOnly, visit.PINLocked, visit.PINNoAnswer}
}

func borrowing() []Picture {
	other := func(st *visit.State) { st.Other = circ.Borrower{Card: "29998000009876"} }
	hall := func(s visit.LineState) visit.Line { return open("30010001", "Wolf Hall", circ.Issue, s) }
	undo := open("30010005", "Treasure Island", circ.Cancel, visit.LineUndo)
	undone := open("30010005", "Treasure Island", circ.Cancel, visit.LineLeftOut)
	undone.Open = nil
	return []Picture{
		picture("borrow-empty", visit.Borrow, signedIn),
		picture("borrow-offline", visit.Borrow, signedIn, offline()),
		picture("borrow-same-card", visit.Borrow, signedIn, note(visit.NoteSameCard)),
		picture("borrow-more", visit.Borrow, signedIn, lines(many(2)...), note(visit.NoteMore)),
		picture("borrow-not-understood", visit.Borrow, signedIn, note(visit.NoteNotUnderstood)),
		picture("borrow-isbn", visit.Borrow, signedIn, lines(many(1)...), note(visit.NoteISBN)),
		picture("borrow-no-pads", visit.Borrow, signedIn, noPads()),
		picture("borrow-no-light", visit.Borrow, signedIn, noScanner()),
		picture("borrow-pads-down", visit.Borrow, signedIn, padsDown(), lines(many(1)...)),
		picture("borrow-reading", visit.Borrow, signedIn, lines(hall(visit.LineSecuring), open("30010002", "", circ.Issue, visit.LineRecording))),
		picture("borrow-put-back", visit.Borrow, signedIn, lines(many(1)[0], open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack))),
		picture("borrow-parts", visit.Borrow, signedIn, lines(many(1)[0], set())),
		picture("borrow-check-parts", visit.Borrow, signedIn, lines(many(1)[0], looked())),
		picture("borrow-unreadable", visit.Borrow, signedIn, lines(many(1)[0], unreadable())),
		picture("borrow-unreadable-no-light", visit.Borrow, signedIn, noScanner(), lines(unreadable())),
		picture("borrow-undo", visit.Borrow, signedIn, lines(many(1)[0], undo)),
		picture("borrow-undone", visit.Borrow, signedIn, lines(many(1)[0], undone)),
		picture("borrow-parked", visit.Borrow, signedIn, parked("30010041", "30010042"), note(visit.NoteSameCard)),
		picture("borrow-parked-one", visit.Borrow, signedIn, parked("30010041"), lines(many(2)...)),
		picture("other-card", visit.Borrow, signedIn, lines(many(2)...), other),
	}
}

func lists() []Picture {
	stopped := refused("30010009", "Rebecca", circ.Issue, circ.ItemOfflineLimit, circ.OnTheShelf)
	return []Picture{
		picture("borrow-one", visit.Borrow, signedIn, lines(many(1)...)),
		picture("borrow-done", visit.Borrow, signedIn, lines(many(4)...)),
		picture("borrow-mixed", visit.Borrow, signedIn, lines(mixed()...)),
		picture("borrow-eight", visit.Borrow, signedIn, lines(many(8)...)),
		picture("borrow-nine", visit.Borrow, signedIn, lines(many(9)...)),
		picture("borrow-twenty", visit.Borrow, signedIn, offline(), lines(long()...)),
		picture("borrow-capped", visit.Borrow, signedIn, offline(), service(visit.Capped), lines(append(many(5), stopped)...)),
	}
}

func titles() []Picture {
	in := func(lang string) change { return func(st *visit.State) { st.Ease.Lang = lang } }
	foreign := []visit.Line{lent("30010031", urduTitle, tuesday()), lent("30010032", arabTitle, tuesday()), lent("30010033", gujTitle, tuesday()), lent("30010034", panTitle, tuesday())}
	return []Picture{
		picture("titles-hard", visit.Borrow, signedIn, lines(hard()...)),
		picture("titles-foreign", visit.Borrow, signedIn, lines(foreign...)),
		picture("titles-latin-in-urdu", visit.Borrow, signedIn, in("ur"), lines(append(many(3), foreign[:2]...)...)),
		picture("titles-hidden", visit.Borrow, signedIn, ease(visit.Ease{Hidden: true}), lines(append(many(2), set(), lent("30010008214821", "", thursday()))...)),
		picture("titles-plain", visit.GiveBack, bringing, func(st *visit.State) { st.House.Plain = true }, lines(given()...)),
	}
}
