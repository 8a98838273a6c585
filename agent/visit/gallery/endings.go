package gallery

import (
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

func returning() []Picture {
	return []Picture{
		picture("return-empty", visit.GiveBack, bringing),
		picture("return-no-pads", visit.GiveBack, bringing, noPads()),
		picture("return-misread", visit.GiveBack, bringing, note(visit.NoteCheckDigit)),
		picture("return-one", visit.GiveBack, bringing, lines(given()[0])),
		picture("return-mixed", visit.GiveBack, bringing, lines(given()...)),
		picture("return-offline", visit.GiveBack, bringing, offline(), lines(given()[:4]...), note(visit.NoteLimitTags)),
		picture("return-parts", visit.GiveBack, bringing, lines(given()[0], set())),
		picture("return-parked", visit.GiveBack, bringing, parked("30010041")),
	}
}

func fixing() []Picture {
	return []Picture{
		picture("fix-one", visit.Fix, signedIn, lines(mixed()...)),
		picture("fix-return", visit.Fix, bringing, lines(given()[0], open("30010005", "Treasure Island", circ.Return, visit.LinePutBack))),
		picture("fix-many", visit.Fix, signedIn, offline(), service(visit.Capped), lines(append(mixed(), set(), unreadable())...)),
		picture("fix-nearly", visit.Fix, signedIn, lines(many(1)[0], open("30010007", "Dune", circ.Issue, visit.LineSecuring))),
	}
}

func ending() []Picture {
	gone := left("30010005", "Treasure Island", circ.Return, visit.LineIncomplete, circ.OK)
	out := left("30010006", "Small Island", "", visit.LineLeftOut, circ.ItemUnreadable)
	lies := func(st *visit.State) { st.OnPad = []visit.Tag{tag("30010005", 1, 1)} }
	busy := open("30010007", "Dune", circ.Issue, visit.LineSecuring)
	return []Picture{
		picture("count", visit.Count, signedIn, lines(many(4)...)),
		picture("count-one", visit.Count, signedIn, lines(many(1)...)),
		picture("count-twenty", visit.Count, signedIn, lines(many(20)...)),
		picture("settle", visit.Settle, signedIn, lines(many(1)[0], busy)),
		picture("settle-next", visit.Settle, signedIn, lines(many(1)[0], busy), func(st *visit.State) { st.Other = circ.Borrower{Card: "29998000009876"} }),
		picture("bye", visit.Bye, lines(append(many(3), given()[:2]...)...)),
		picture("bye-borrowed", visit.Bye, lines(many(4)...)),
		picture("bye-returned", visit.Bye, bringing, lines(given()[:2]...)),
		picture("bye-nothing", visit.Bye),
		picture("bye-left", visit.Bye, bringing, lines(gone, out), lies, note(visit.NoteItemsLeft)),
	}
}

func accounts() []Picture {
	came := func(st *visit.State) { st.Task = visit.Accounting }
	loans := func(n, late int) change {
		return func(st *visit.State) { st.Standing.Loans, st.Standing.Late = n, late }
	}
	owed := func(r visit.PayResult) change { return func(st *visit.State) { st.Owed = r } }
	asked := func(st *visit.State) { st.Asks = true }
	none := func(st *visit.State) { st.Standing.Loans, st.Standing.Oldest = 0, time.Time{} }
	return []Picture{
		picture("account", visit.Account, signedIn, came, loans(3, 0)),
		picture("account-none", visit.Account, signedIn, came, none),
		picture("account-late", visit.Account, signedIn, came, loans(12, 2)),
		picture("account-late-unknown", visit.Account, signedIn, came, loans(1, -1)),
		picture("account-asked", visit.Account, signedIn, came, loans(3, 0), asked),
		picture("account-renew-later", visit.Account, signedIn, came, loans(3, 0), note(visit.NoteRenewLater)),
		picture("account-messages", visit.Account, signedIn, came, loans(3, 1), messages("overdue", "hold-ready")),
		picture("account-offline", visit.Account, signedIn, came, loans(3, 0), offline()),
		picture("account-pay", visit.Account, signedIn, came, loans(3, 0), terminal()),
		picture("account-paid", visit.Account, signedIn, came, loans(3, 0), terminal(), owed(visit.PayDone)),
		picture("account-declined", visit.Account, signedIn, came, loans(3, 0), terminal(), owed(visit.PayDeclined)),
		picture("account-pay-unknown", visit.Account, signedIn, came, loans(3, 0), terminal(), owed(visit.PayUnknown)),
		picture("renew", visit.Renew, signedIn, came, loans(3, 0), asked),
		picture("pay", visit.Pays, signedIn, came, loans(3, 0), terminal()),
	}
}

func receipts() []Picture {
	paper := func(p visit.Paper) change {
		p.Asked = true
		return func(st *visit.State) { st.Paper = p }
	}
	noMail := func(st *visit.State) { st.Standing.Mail = false }
	out := []Picture{
		picture("receipt", visit.Receipt, signedIn, lines(many(4)...), paper(visit.Paper{})),
		picture("receipt-no-mail", visit.Receipt, signedIn, noMail, lines(many(2)...), paper(visit.Paper{})),
		picture("receipt-no-paper", visit.Receipt, signedIn, device(func(d *visit.Devices) { d.HasPaper = false }), lines(many(2)...), paper(visit.Paper{})),
		picture("receipt-returned", visit.Receipt, bringing, lines(given()[:3]...), paper(visit.Paper{})),
		picture("receipt-list", visit.Receipt, signedIn, lines(many(4)...), paper(visit.Paper{List: true})),
		picture("receipt-list-twenty", visit.Receipt, signedIn, lines(many(20)...), paper(visit.Paper{List: true})),
		picture("print", visit.Printing, signedIn, lines(many(4)...), paper(visit.Paper{Job: 1})),
		picture("print-waits", visit.Printing, signedIn, lines(many(1)[0], open("30010007", "Dune", circ.Issue, visit.LineSecuring)), paper(visit.Paper{Job: 1, Wants: true})),
	}
	for _, f := range PrinterFaults() {
		out = append(out, picture("receipt-failed-"+string(f), visit.Receipt, signedIn, lines(many(3)...), paper(visit.Paper{Job: 1, Fault: f})))
		if f != visit.PrinterWords { // known of the words, not of the printer
			out = append(out, picture("receipt-"+string(f), visit.Receipt, signedIn, printer(f), lines(many(3)...), paper(visit.Paper{})))
		}
	}
	return out
}

// PrinterFaults are the ways in which nothing comes out on paper.
func PrinterFaults() []visit.PrinterFault {
	return []visit.PrinterFault{visit.PrinterPaper, visit.PrinterCover, visit.PrinterOffline, visit.PrinterWords}
}

func warnings() []Picture {
	last := func(st *visit.State) { st.Signed = st.Since - visit.MostFor }
	under := func(s visit.Screen) change { return func(st *visit.State) { st.Under = s } }
	return []Picture{
		picture("warn", visit.Warn, signedIn, under(visit.Borrow), lines(many(2)...)),
		picture("warn-slow", visit.Warn, signedIn, under(visit.Borrow), lines(many(2)...), ease(visit.Ease{Slow: true})),
		picture("warn-return", visit.Warn, bringing, under(visit.GiveBack), lines(given()[:1]...)),
		picture("warn-last", visit.Warn, signedIn, last, under(visit.Borrow), lines(many(20)...)),
	}
}

func overlays() []Picture {
	called := func(st *visit.State) { st.Calling = true }
	staffed := device(func(d *visit.Devices) { d.Staffed = true })
	asks := device(func(d *visit.Devices) { d.PIN = true })
	chosen := ease(visit.Ease{Theme: visit.Dark, Size: visit.Larger, Left: true, Slow: true, Steady: true, Still: true, Volume: 2, Speech: true})
	headset := device(func(d *visit.Devices) { d.Headset = true })
	return []Picture{
		picture("help-home", visit.Home, over(visit.Help)),
		picture("help-card", visit.CardAsk, over(visit.Help), staffed),
		picture("help-pin", visit.PIN, signedIn, asks, over(visit.Help)),
		picture("help-borrow", visit.Borrow, signedIn, over(visit.Help), lines(mixed()...)),
		picture("help-coming", visit.Borrow, signedIn, over(visit.Help), staffed, called),
		picture("help-unstaffed", visit.GiveBack, bringing, over(visit.Help), called, offline()),
		picture("help-receipt", visit.Receipt, signedIn, over(visit.Help), lines(many(1)...)),
		picture("borrow-called", visit.Borrow, signedIn, called, lines(many(1)...)),
		picture("languages-home", visit.Home, over(visit.Languages)),
		picture("languages-borrow", visit.Borrow, signedIn, over(visit.Languages), lines(many(9)...)),
		picture("languages-stop", visit.Stop, signedIn, func(st *visit.State) { st.Standing.Reason = circ.BorrowerBlocked }, over(visit.Languages)),
		picture("ease-home", visit.Home, over(visit.Easier)),
		picture("ease-borrow", visit.Borrow, signedIn, over(visit.Easier), lines(mixed()...)),
		picture("ease-chosen", visit.Home, over(visit.Easier), headset, chosen),
		picture("ease-account", visit.Account, signedIn, over(visit.Easier)),
	}
}
