package browsertest

import (
	"fmt"
	"slices"
	"sync"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/table"
)

// secondCard is a friend who cannot wait. What the first one has borrowed is
// not hers, and she does not see it.
func secondCard(h *house, p page) {
	brian, chandni, dilys := h.somebody("Brian"), h.somebody("Chandni"), h.somebody("Dilys")
	his, hers := h.book("Rebecca"), h.book("Mansfield Park")
	p.signIn(h, brian)
	h.Room.PutDown(his)
	p.borrowed(h, brian, his)
	h.show(chandni)
	p.heads("You showed another card")
	p.reads("Finish this person's visit first?")
	p.saysNothing(his.Title)
	p.tap("carry-on")
	p.tile(his, "Borrowed")
	h.Room.Lift(his)
	h.show(dilys) // the same card so soon would be the same scan
	p.heads("You showed another card")
	p.tap("finish-other")
	p.heads("Put your items on the shelf")
	p.reads("Card ••••" + string(dilys.Card[10:]))
	p.saysNothing(his.Title)
	p.saysNothing("Card ••••" + string(brian.Card[10:]))
	h.Room.PutDown(hers)
	p.borrowed(h, dilys, hers)
	p.finish(h, "1 item", hers)
	h.lent(chandni, h.book("Persuasion"))
	h.lent(brian, h.books("Dracula", "Atonement", "Rebecca")...)
	h.lent(dilys, h.books("Emma", "Tess of the d'Urbervilles", "Girl, Woman, Other", "Mansfield Park")...)
	h.rest(contract.LoanIssued, contract.LoanIssued)
}

// renews asks for more time with nothing in the hand. Central decides, and the
// answer is there when the card is shown again. The broker is away meanwhile:
// an answer that came at once would be told on the account, and not again.
func renews(h *house, p page) {
	chandni := h.somebody("Chandni")
	h.broker.off()
	p.tap("account")
	p.heads("Show your library card")
	h.show(chandni)
	p.heads("Your account")
	p.reads("1 item on loan.", "The first one goes back by ")
	p.saysNothing("Persuasion") // central keeps the titles
	p.tap("renew")
	p.heads("We have asked for more time")
	p.reads("The answer is here the next time you show your card.")
	p.tap("ok")
	p.heads("Your account")
	p.tap("finish")
	p.heads("All done")
	p.ok()
	h.broker.on(h.t)
	h.knows("that the loans are renewed", chandni, func(f circ.Facts) bool {
		return f.Borrower != nil && slices.Contains(f.Borrower.Messages, contract.MsgRenewedAll)
	})
	p.heads("What would you like to do?")
	h.show(chandni)
	p.heads("Something to tell you")
	p.reads("Your items are renewed. You can keep them for longer.")
	p.tap("carry-on")
	p.heads("Put your items on the shelf")
	p.tap("finish")
	p.heads("All done")
	p.ok()
	h.knows("that the message was told", chandni, func(f circ.Facts) bool { return f.Borrower != nil && len(f.Borrower.Messages) == 0 })
	h.lent(chandni, h.book("Persuasion"))
	h.rest(contract.RenewAsked, contract.BorrowerTold)
}

// typesPIN is at a library that asks for PINs from now on.
func typesPIN(h *house, p page) {
	amira, hawk := h.somebody("Amira"), h.book("H is for Hawk")
	h.export(true)
	h.knows("that PINs are asked for", amira, func(f circ.Facts) bool { return f.Rules != nil && f.Rules.PIN.Ask == circ.PINOnline })
	p.heads("What would you like to do?")
	h.show(amira)
	p.heads("Type your PIN")
	p.reads("It is 4 numbers. Nobody can see them here.")
	wrong := "0" + amira.PIN[:3]
	p.digits(wrong)
	p.reads("4 of 4 numbers typed")
	p.saysNothing(wrong)
	p.tap("enter")
	p.heads("That didn't match")
	p.reads("You have 2 more tries.")
	p.digits(amira.PIN)
	p.is("what was typed is nowhere on the page", fmt.Sprintf(`!document.documentElement.outerHTML.includes(%q)`, amira.PIN))
	p.tap("enter")
	p.heads("Put your items on the shelf")
	h.Room.PutDown(hawk)
	p.borrowed(h, amira, hawk)
	p.finish(h, "1 item", hawk)
	h.lent(amira, hawk, h.book("Small Island"), h.book("The Gruffalo (story sack)"))
	h.rest(contract.LoanIssued)
	h.export(false)
	h.knows("that PINs are asked for no more", amira, func(f circ.Facts) bool { return f.Rules.PIN.Ask == circ.PINNever })
}

// digits types on the screen's own keys.
func (p page) digits(digits string) {
	p.t.Helper()
	for n, d := range digits {
		p.tap("digit-" + string(d))
		p.reads(fmt.Sprintf("%d of 4 numbers typed", n+1))
	}
}

// powerCut pulls the plug while the tag is being written. The screen forgets
// whose visit it was; the loan does not.
func powerCut(h *house, p page) {
	dilys, island := h.somebody("Dilys"), h.book("Notes from a Small Island")
	p.signIn(h, dilys)
	dark := make(chan struct{})
	h.Room.At(table.WriteAFI, island.Tags[0], sync.OnceFunc(func() { p.dark.Store(true); h.Power.Cut(); close(dark) }))
	h.Room.PutDown(island)
	h.eventually("the power is cut", func() bool {
		select {
		case <-dark:
			return true
		default:
			return false
		}
	})
	p.heads("One moment") // nothing of the visit stays on a screen that nobody feeds
	p.saysNothing(island.Title)
	h.eventually("the tag has been written", func() bool { return h.Room.Table.AFI(island.Tags[0]) == quiet })
	if r := h.inTheDark(); len(r.Loans) == 0 || r.Loans[island.ID].N == 0 {
		h.t.Error("the tag is quiet and the ledger has no loan")
	}
	h.switchOn()
	p.open(h.Power.Screen())
	p.dark.Store(false)
	p.heads("What would you like to do?")
	p.reads("There is 1 item on the shelf.")
	p.saysNothing(island.Title)
	h.show(dilys)
	p.borrowed(h, dilys, island)
	p.heads("1 item borrowed")
	p.finish(h, "1 item", island)
	h.lent(dilys, island)
	h.rest(contract.LoanIssued)
}

// hurried has no time for a screen: a card, three books, and gone.
func hurried(h *house, p page) {
	farah := h.somebody("Farah")
	books := h.books("The Code Book", "Cider with Rosie", "Testament of Youth")
	h.show(farah)
	h.Room.PutDown(books...)
	p.borrowed(h, farah, books...)
	h.Room.Lift(books...)
	p.heads("Do you need more time?")
	p.saysNothing(books[0].Title)
	p.heads("All done")
	p.reads("You borrowed 3 items.")
	p.ok()
	h.lent(farah, books...)
	h.rest(contract.LoanIssued, contract.LoanIssued, contract.LoanIssued)
}

// leavesBehind takes one book of two. Whoever comes next is asked, and the
// book is not hers.
func leavesBehind(h *house, p page) {
	eddie, brian := h.somebody("Eddie"), h.somebody("Brian")
	his, left, next := h.book("Matilda"), h.book("The Gruffalo"), h.book("How to Eat")
	p.signIn(h, eddie)
	h.Room.PutDown(his, left)
	p.borrowed(h, eddie, his, left)
	h.Room.Lift(his)
	p.heads("Do you need more time?")
	p.heads("Before you go")
	p.reads("You borrowed 2 items.", "Don't forget your items. Some are still on the shelf.")
	p.ok()
	p.reads("There is 1 item on the shelf. If it is yours, touch Borrow or Return.")
	p.saysNothing(left.Title)
	h.show(brian)
	p.reads("1 item was already here", "Is it yours?")
	p.saysNothing(left.Title)
	p.tap("no")
	h.Room.PutDown(next)
	p.borrowed(h, brian, next)
	p.saysNothing(left.Title)
	p.tap("finish")
	p.heads("We found 1 item")
	p.tap("yes")
	p.heads("Would you like a receipt?")
	p.tap("none")
	p.away(h, next, left)
	h.lent(eddie, his, left)
	h.lent(brian, next)
	h.rest(contract.LoanIssued, contract.LoanIssued, contract.LoanIssued)
}
