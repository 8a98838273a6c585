package browsertest

import (
	"testing"
	"time"

	"nightdesk/agent/contract"
)

// TestABorrowerInABrowser is an evening at one kiosk, part after part.
func TestABorrowerInABrowser(t *testing.T) {
	t.Parallel()
	evening(t, 0, append([]part{
		{"borrowing", borrow},
		{"returning", giveBack},
		{"the broker is dead", offline},
		{"the broker is back", online},
	}, append(journeys(), part{"a picture", picture})...))
}

// TestThoseWhoWalkAway is an evening at another, on which nobody has to wait a
// minute for them.
func TestThoseWhoWalkAway(t *testing.T) {
	t.Parallel()
	const hurry = 4 * time.Second
	evening(t, hurry, []part{
		{"at the demonstration's table", atTheTable},
		{"power cut in the middle", powerCut},
		{"in a hurry, and walks away", hurried},
		{"leaves a book behind", leavesBehind},
	})
}

// part is one visit, or two that belong together.
type part struct {
	name string
	play func(*house, page)
}

func evening(t *testing.T, quiet time.Duration, parts []part) {
	chromium, mosquitto := programs(t)
	h := build(t, mosquitto, quiet)
	p := browse(t, chromium)
	p.open(h.Power.Screen())
	for _, part := range parts {
		ok := t.Run(part.name, func(t *testing.T) {
			h.t = t
			part.play(h, p.in(t))
		})
		h.t = t
		if !ok {
			return // what follows would only be confused by it
		}
	}
}

// borrow is Amira's visit: a stray scan, two books, and a set whose second disc
// she finds in her bag.
func borrow(h *house, p page) {
	amira, milkWood := h.somebody("Amira"), h.book("Under Milk Wood (talking book)")
	books := h.books("Middlemarch", "The Strange Case of Dr Jekyll and Mr Hyde")
	p.heads("What would you like to do?")
	p.saysNothing("not answering")
	p.tap("borrow")
	p.heads("Show your library card")
	h.show(amira)
	p.heads("Put your items on the shelf")
	p.reads("Card ••••" + string(amira.Card[10:]))
	must(h.t, h.Room.ShowStray("The shop’s barcode of a paperback"))
	p.reads("That is the shop's barcode. Please show the library's own stripes.")

	h.Room.PutDown(books...)
	p.borrowed(h, amira, books...)
	p.heads("2 items borrowed")
	h.part(milkWood, 1)
	p.tile(milkWood, "Parts missing", "1 of 2 parts found.")
	p.reads("Put all 2 parts on the shelf together.", "Look for: Disc 2.")
	h.tagsAre(loud, milkWood)
	h.part(milkWood, 2)
	p.borrowed(h, amira, milkWood)
	p.heads("3 items borrowed")

	all := append(books, milkWood)
	p.tap("finish")
	p.heads("We found 3 items")
	p.tap("yes")
	p.heads("Would you like a receipt?")
	p.tap("print")
	h.receipt(amira, all...)
	p.heads("Before you go")
	p.reads("You borrowed 3 items.", "Don't forget your items.")
	p.away(h, all...)
	h.lent(amira, all...)
	h.rest(contract.LoanIssued, contract.LoanIssued, contract.LoanIssued)
}

// giveBack brings all three back, one at a time and without a card.
func giveBack(h *house, p page) {
	p.heads("What would you like to do?")
	p.tap("return")
	p.heads("Put your items on the shelf")
	for n, b := range h.books("Under Milk Wood (talking book)", "Middlemarch", "The Strange Case of Dr Jekyll and Mr Hyde") {
		h.Room.PutDown(b)
		p.returned(h, b)
		p.heads([]string{"1 item returned", "2 items returned", "3 items returned"}[n])
		h.Room.Lift(b)
	}
	p.tap("finish")
	p.heads("Would you like a receipt?")
	p.tap("none")
	p.reads("You returned 3 items.")
	p.away(h)
	h.lent(h.somebody("Amira"))
	h.rest(contract.LoanReturned, contract.LoanReturned, contract.LoanReturned)
}

// offline starts the kiosk anew while nobody answers it. That a running kiosk
// gives up on central takes it 90 s (design D7); one that has just been
// started has heard nothing yet and says so at once.
func offline(h *house, p page) {
	amira, island := h.somebody("Amira"), h.book("Small Island")
	p.open("about:blank")
	h.broker.off()
	h.switchOff()
	h.switchOn()
	p.open(h.Power.Screen())
	p.reads("You can borrow and return. My account is not available right now.")
	p.until("the scanner and the pad work", `document.querySelector("#borrow")`)
	h.show(amira)
	p.reads("The library computer is not answering. You can borrow and return as usual.")
	h.Room.PutDown(island)
	p.borrowed(h, amira, island)
	p.reads("Saved on this machine. We will add it to your account later.")
	h.Room.Lift(island)
	p.tap("finish")
	p.heads("We found 1 item")
	p.tap("yes")
	p.heads("Would you like a receipt?")
	p.tap("none")
	p.reads("You borrowed 1 item.")
	if got := h.loans(amira); len(got) != 0 {
		h.t.Errorf("central knows of %v, and nobody can have told it", got)
	}
}

// online is what follows when the network is mended.
func online(h *house, p page) {
	h.broker.on(h.t)
	h.lent(h.somebody("Amira"), h.book("Small Island"))
	p.until("nothing of the library computer", `!document.querySelector(".band")`)
	p.heads("What would you like to do?")
	h.rest(contract.LoanIssued)
}
