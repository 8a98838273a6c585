package browsertest

import "testing"

// TestABorrowerInABrowser is an evening at one kiosk, part after part.
func TestABorrowerInABrowser(t *testing.T) {
	whole := t
	chromium, mosquitto := programs(t)
	h := build(t, mosquitto)
	h.shelve()
	p := browse(t, chromium)
	p.open(h.kiosk.url)
	for _, part := range []struct {
		name string
		play func(*house, page)
	}{
		{"borrowing", borrow},
		{"returning", giveBack},
		{"the broker is dead", offline},
		{"the broker is back", online},
		{"a picture", picture},
	} {
		ok := t.Run(part.name, func(t *testing.T) {
			h.t = t
			defer func() { h.t = whole }()
			part.play(h, p.in(t))
		})
		if !ok {
			return // what follows would only be confused by it
		}
	}
}

// borrow is Ada's visit: a stray scan, two books, and a set whose second disc
// she finds in her bag.
func borrow(h *house, p page) {
	p.heads("What would you like to do?")
	p.saysNothing("not answering")
	p.tap("borrow")
	p.heads("Show your library card")
	h.show(ean, "9780141439549") // the back of a paperback
	p.reads("That is the shop's barcode. Please show the library's own stripes.")
	h.show(codabar, ada)
	p.heads("Put your items on the shelf")
	p.reads("Card ••••5671")

	h.put(middlemarch, jekyll)
	p.tile(middlemarch, "Borrowed", "Bring back by ")
	p.tile(jekyll, "Borrowed", "Bring back by ")
	p.heads("2 items borrowed")
	h.putPart(milkWood, 1)
	p.tile(milkWood, "Parts missing", "1 of 2 parts found.")
	p.reads("Put all 2 parts on the shelf together.", "Look for: Disc 2.")
	h.tagsAre(loud, milkWood)
	h.putPart(milkWood, 2)
	p.tile(milkWood, "Borrowed")
	p.heads("3 items borrowed")

	p.tap("finish")
	p.heads("Before you go")
	p.reads("You borrowed 3 items.", "Don't forget your items.")
	h.lift(middlemarch, jekyll, milkWood)
	p.heads("All done")
	p.saysNothing(middlemarch.title)
	h.tagsAre(quiet, middlemarch, jekyll, milkWood)
	h.lent(middlemarch, jekyll, milkWood)
	p.tap("ok")
}

// giveBack brings all three back, one at a time and without a card.
func giveBack(h *house, p page) {
	p.heads("What would you like to do?")
	p.tap("return")
	p.heads("Put your items on the shelf")
	for n, i := range []item{milkWood, jekyll, middlemarch} {
		h.put(i)
		p.tile(i, "Returned", "Put it in the returns box.")
		p.heads([]string{"1 item returned", "2 items returned", "3 items returned"}[n])
		h.tagsAre(loud, i)
		h.lift(i)
	}
	p.tap("finish")
	p.reads("You returned 3 items.")
	p.heads("All done")
	h.tagsAre(loud, middlemarch, jekyll, milkWood)
	h.lent()
	p.tap("ok")
	p.heads("What would you like to do?")
}

// offline starts the kiosk anew while nobody answers it. That a running kiosk
// gives up on central takes it 90 s (design D7); one that has just been
// started has heard nothing yet and says so at once.
func offline(h *house, p page) {
	p.open("about:blank")
	h.broker.off()
	h.switchOff()
	h.switchOn()
	p.open(h.kiosk.url)
	p.reads("The library computer is not answering. You can still use this machine.")
	p.until("the scanner and the pad work", `document.querySelector("#borrow")`)
	p.tap("borrow")
	p.heads("Show your library card")
	h.show(codabar, ada)
	p.reads("The library computer is not answering. You can borrow and return as usual.")
	h.put(island)
	p.tile(island, "Borrowed")
	p.reads("Saved on this machine. We will add it to your account later.")
	h.lift(island)
	p.tap("finish")
	p.reads("You borrowed 1 item.")
	h.tagsAre(quiet, island)
	if got := h.loans(); len(got) != 0 {
		h.t.Errorf("central knows of %v, and nobody can have told it", got)
	}
}

// online is what follows when the network is mended.
func online(h *house, p page) {
	h.broker.on(h.t)
	h.lent(island)
	p.until("nothing of the library computer", `!document.querySelector(".band")`)
	p.tap("ok")
	p.heads("What would you like to do?")
}
