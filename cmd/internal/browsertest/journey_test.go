package browsertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/words"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
	"nightdesk/drivers/sim"
)

// journeys are the borrowers whom a screen has to be right for.
func journeys() []part {
	return []part{
		{"left-handed, with a low reach", leftHanded},
		{"reads Urdu", readsUrdu},
		{"four keys and no finger", fourKeys},
		{"a set with a part missing", partMissing},
		{"lifts a book too early", liftsTooEarly},
		{"shows the wrong card", wrongCard},
		{"wants a receipt and the paper is out", noPaper},
		{"a second card", secondCard},
		{"keeps an item for longer", renews},
		{"the PIN is wrong, and then right", typesPIN},
	}
}

// leftHanded has everything low down and the next step on the left; whoever
// comes next finds the screen as it always is.
func leftHanded(h *house, p page) {
	dilys, emma := h.somebody("Dilys"), h.book("Emma")
	p.heads("What would you like to do?")
	p.tap("ease")
	p.heads("Easier to use")
	p.tap("choose-side")
	p.reads("On the left")
	p.tap("choose-reach")
	p.reads("Buttons low down")
	p.tap("close")
	p.signIn(h, dilys)
	h.Room.PutDown(emma)
	p.borrowed(h, dilys, emma)
	if at := p.side("finish"); at > 0.5 {
		h.t.Errorf("the next step lies at %.2f of the screen's width, want it on the left", at)
	}
	p.is("every button lies in the lower half", `[...document.querySelectorAll("main button")].every(b => b.getBoundingClientRect().top > innerHeight / 2)`)
	p.finish(h, "1 item", emma)
	p.is("everything is back where it was", `document.querySelector("main").dataset.reach === "high" && document.querySelector("main").dataset.next === "last"`)
	h.lent(dilys, emma)
	h.rest(contract.LoanIssued)
}

// readsUrdu finds the next step where it always is, and gets a receipt that is
// drawn, because the printer has no such letters.
func readsUrdu(h *house, p page) {
	w, err := words.Load("ur")
	must(h.t, err)
	chandni, persuasion := h.somebody("Chandni"), h.book("Persuasion")
	p.tap("languages")
	p.tap("choose-lang-ur")
	p.heads(w.Say("screen.home.heading", nil))
	p.is("the text runs from right to left", `document.documentElement.dir === "rtl" && document.documentElement.lang === "ur"`)
	h.show(chandni)
	p.heads(w.Say("screen.borrow.empty", nil))
	h.Room.PutDown(persuasion)
	p.tile(persuasion, w.Say("line.word.done.issue", nil))
	h.told = append(h.told, check.Told{Item: persuasion.ID, Kind: circ.Issue, Card: chandni.Card})
	h.tagsAre(quiet, persuasion)
	if at := p.side("finish"); at < 0.5 {
		h.t.Errorf("the next step lies at %.2f of the screen's width, want it on the right, as in every language", at)
	}
	p.tap("finish")
	p.heads(w.Count("screen.count.heading", 1, nil))
	p.tap("yes")
	p.heads(w.Say("screen.receipt.heading", nil))
	p.tap("print")
	paper := h.paper()
	if text := strings.TrimSpace(strings.Join(paper.Text, "")); text != "" || len(paper.PNG) < 3000 {
		h.t.Errorf("the receipt has the letters %q and a picture of %d bytes", text, len(paper.PNG))
	}
	p.until("that it is over", `document.querySelector("main.s-bye")`)
	h.Room.Lift(persuasion)
	p.heads(w.Say("screen.bye.heading", nil))
	p.ok()
	p.is("the next visit begins in English", `document.documentElement.dir === "ltr" && document.documentElement.lang === "en-GB"`)
	h.lent(chandni, persuasion)
	h.rest(contract.LoanIssued)
}

// fourKeys borrows with next, previous, select and back alone.
func fourKeys(h *house, p page) {
	brian, dracula := h.somebody("Brian"), h.book("Dracula")
	p.reach("help")
	p.key(kb.Enter)
	p.heads("Help")
	p.key(kb.Escape)
	p.heads("What would you like to do?")
	p.reach("borrow")
	p.key(kb.Enter)
	p.heads("Show your library card")
	p.is("the focus is on the heading", `document.activeElement.id === "heading"`)
	h.show(brian)
	p.heads("Put your items on the shelf")
	h.Room.PutDown(dracula)
	p.borrowed(h, brian, dracula)
	for _, button := range []string{"finish", "yes", "none"} {
		p.reach(button)
		p.key(kb.Enter)
		p.until("the next screen", fmt.Sprintf(`!document.getElementById(%q)`, button))
	}
	h.Room.Lift(dracula)
	p.heads("All done")
	p.reach("ok")
	p.key(kb.ArrowUp) // one too far, and back
	p.reach("ok")
	p.until("half a second is over", `(window.bye ??= performance.now(), performance.now() - window.bye > 550)`)
	p.do(chromedp.Evaluate[chromedp.Void](`delete window.bye`))
	p.key(kb.Enter)
	p.heads("What would you like to do?")
	h.lent(brian, dracula)
	h.rest(contract.LoanIssued)
}

// key presses a key, as a hand would.
func (p page) key(k string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(k))
}

// reach goes on with the next key until the focus is on a button.
func (p page) reach(button string) {
	p.t.Helper()
	p.until("a button "+button, fmt.Sprintf(`document.getElementById(%q)`, button))
	for range 20 {
		if p.says(`document.activeElement.id`) == button {
			return
		}
		p.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	p.t.Fatalf("no way with the keys to %s", button)
}

// partMissing has a set of which one disc is at home, a story sack of which
// only she can see whether it is whole, and a film that only staff hand out.
func partMissing(h *house, p page) {
	amira := h.somebody("Amira")
	discs, sack, film := h.book("Great Expectations (talking book)"), h.book("The Gruffalo (story sack)"), h.book("Kes (DVD)")
	p.signIn(h, amira)
	h.part(discs, 1)
	h.part(discs, 3)
	p.tile(discs, "Parts missing", "2 of 3 parts found.")
	p.reads("2 of 3 parts found", "Put all 3 parts on the shelf together.", "Look for: Disc 2.")
	h.Room.PutDown(sack)
	p.tile(sack, "Please check all 3 parts are there: Book, Gruffalo puppet, Play mat.")
	p.borrowed(h, amira, sack)
	h.Room.PutDown(film)
	p.tile(film, "Not borrowed", "Only when staff are here.", "Put it back where you found it.")
	p.tap("finish")
	p.heads("1 item needs you")
	p.reads("Look for: Disc 2.")
	p.tap("leave")
	p.heads("Would you like a receipt?")
	p.tap("none")
	p.reads("You borrowed 1 item.", "1 item is not finished. Please put it on the help shelf.")
	h.Room.Lift(discs, sack, film)
	p.heads("Before you go")
	p.ok()
	h.tagsAre(loud, discs, film)
	h.lent(amira, sack, h.book("Small Island"))
	h.rest(contract.LoanIssued)
}

// liftsTooEarly takes the book away while its tag is being written.
func liftsTooEarly(h *house, p page) {
	brian, atonement := h.somebody("Brian"), h.book("Atonement")
	p.signIn(h, brian)
	h.Room.At(table.WriteAFI, atonement.Tags[0], func() { h.Room.Lift(atonement) })
	h.Room.PutDown(atonement)
	p.reads("Please put this back on the shelf", "It is not finished. The alarm may sound.", atonement.Title)
	p.tile(atonement, "Put it back")
	h.Room.PutDown(atonement)
	p.borrowed(h, brian, atonement)
	p.finish(h, "1 item", atonement)
	h.lent(brian, atonement, h.book("Dracula"))
	h.rest(contract.LoanIssued)
}

// wrongCard shows a book, a bus pass and a paperback's back before the card.
func wrongCard(h *house, p page) {
	p.tap("borrow")
	p.heads("Show your library card")
	must(h.t, h.Room.ShowItem(h.book("Emma").ID))
	p.heads("That looks like an item's number")
	p.reads("Please show your library card first.")
	must(h.t, h.Room.ShowStray("A bus pass"))
	p.heads("That isn't a library card")
	must(h.t, h.Room.ShowStray("The shop’s barcode of a paperback"))
	h.caseSays("were no library card")
	p.heads("That isn't a library card")
	h.show(h.somebody("Chandni"))
	p.heads("Put your items on the shelf")
	p.tap("finish") // Start again
	p.heads("All done")
	p.ok()
	h.rest(contract.StaffNotice)
}

// noPaper wants a receipt; the roll ends in the middle of it. The list on the
// screen says the same, and the next one is printed again.
func noPaper(h *house, p page) {
	dilys := h.somebody("Dilys")
	for n, b := range h.books("Tess of the d'Urbervilles", "Girl, Woman, Other") {
		p.signIn(h, dilys)
		h.Room.PutDown(b)
		p.borrowed(h, dilys, b)
		if n == 0 {
			must(h.t, h.Room.PrinterFault(sim.PaperOutMidJob))
		}
		p.tap("finish")
		p.heads("We found 1 item")
		p.tap("yes")
		p.heads("Would you like a receipt?")
		p.tap("print")
		if n > 0 {
			if torn := strings.Join(h.paper().Text, "\n"); strings.Contains(torn, "Card") || strings.Contains(torn, "Tess") {
				h.t.Errorf("what was left of the receipt before says\n%s", torn)
			}
			h.receipt(dilys, b)
			p.away(h, b)
			continue
		}
		p.heads("The printer isn't working")
		p.reads("The printer has no paper.")
		p.tap("list")
		p.heads("Your list")
		p.borrowed(h, dilys, b)
		must(h.t, h.Room.PrinterFault(""))
		p.tap("none")
		p.away(h, b)
	}
	h.lent(dilys, h.books("Emma", "Tess of the d'Urbervilles", "Girl, Woman, Other")...)
	h.rest(contract.LoanIssued, contract.LoanIssued)
}
