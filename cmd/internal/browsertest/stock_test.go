package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
	"nightdesk/drivers"
)

// What the demonstration's gate listens for.
const (
	loud  drivers.AFI = 0x07 // in stock
	quiet drivers.AFI = 0xC2 // on loan
)

// book finds an item of the stock.
func (h *house) book(title string) table.Book {
	h.t.Helper()
	for _, b := range h.Room.Stock.Books {
		if b.Title == title {
			return b
		}
	}
	h.t.Fatalf("the library has no %s", title)
	return table.Book{}
}

// books finds several.
func (h *house) books(titles ...string) (all []table.Book) {
	for _, t := range titles {
		all = append(all, h.book(t))
	}
	return all
}

// somebody finds a person by their name.
func (h *house) somebody(name string) table.Person {
	h.t.Helper()
	for _, p := range h.Room.Stock.People {
		if strings.HasPrefix(p.Name, name) {
			return p
		}
	}
	h.t.Fatalf("nobody is called %s", name)
	return table.Person{}
}

// show shows a card. The same one within two seconds is the same scan to a
// kiosk, so that it is shown again only then.
func (h *house) show(p table.Person) {
	h.t.Helper()
	if p.Card == h.card {
		<-time.After(2100*time.Millisecond - time.Since(h.shown))
	}
	h.card, h.shown = p.Card, time.Now()
	must(h.t, h.Room.ShowCard(p.Card))
}

// part lays one tag of a set on the pad.
func (h *house) part(b table.Book, n int) {
	h.t.Helper()
	if !h.Room.Table.Lay("pad", b.Tags[n-1]) {
		h.t.Fatalf("there is no part %d of %s", n, b.Title)
	}
}

// tagsAre checks the memories of all tags of these items.
func (h *house) tagsAre(want drivers.AFI, books ...table.Book) {
	h.t.Helper()
	for _, b := range books {
		for part, uid := range b.Tags {
			if got := h.Room.Table.AFI(uid); got != want {
				h.t.Errorf("%s, tag %d: got AFI %v, want %v", b.Title, part+1, got, want)
			}
		}
	}
}

// lent waits until central lists exactly these items as on loan to somebody.
func (h *house) lent(p table.Person, books ...table.Book) {
	h.t.Helper()
	var want []circ.ItemID
	for _, b := range books {
		want = append(want, b.ID)
	}
	slices.Sort(want)
	h.eventually(fmt.Sprintf("central has %d loans of %s", len(want), p.Name), func() bool { return slices.Equal(h.loans(p), want) })
}

// loans are the items that central lists as on loan to somebody, by number.
func (h *house) loans(p table.Person) (out []circ.ItemID) {
	h.t.Helper()
	loans, err := h.central.Loans(h.t.Context(), false)
	must(h.t, err)
	for _, l := range loans {
		if l.Card == p.Card {
			out = append(out, l.Item)
		}
	}
	slices.Sort(out)
	return out
}

// rest waits until nothing is on its way, and holds tags, ledger, central and
// what the borrowers were told against each other. What the kiosk has told
// central since the last time is exactly this, in whatever order.
func (h *house) rest(want ...contract.EventType) {
	h.t.Helper()
	var r check.Reading
	h.eventually("the ledger has nothing left to do", func() bool {
		var err error
		r.Ledger, err = h.Ledger(h.t.Context())
		return err == nil && r.Ledger.Unacked() == 0 && len(r.Ledger.Wishes) == 0
	})
	r, err := h.Read(h.t.Context(), h.central)
	must(h.t, err)
	r.Told = h.told
	if v := check.AtRest(r); !v.OK() {
		h.t.Errorf("%v: %v", v, v.Harms)
	}
	var got []contract.EventType
	for _, e := range r.Ledger.Events[h.heard:] {
		got = append(got, e.Type)
	}
	h.heard = len(r.Ledger.Events)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Errorf("the kiosk told central %v, want %v", got, want)
	}
}

// inTheDark holds what must be so at the moment of a power cut.
func (h *house) inTheDark() ledger.Report {
	h.t.Helper()
	r, err := h.Read(h.t.Context(), h.central)
	must(h.t, err)
	if v := check.InTheDark(r); !v.OK() {
		h.t.Errorf("in the dark: %v: %v", v, v.Harms)
	}
	return r.Ledger
}

// caseSays waits until staff have something to look at that says this.
func (h *house) caseSays(text string) {
	h.t.Helper()
	h.eventually("a case says "+text, func() bool {
		cases, err := h.central.Cases(h.t.Context(), false)
		must(h.t, err)
		return slices.ContainsFunc(cases, func(c record.Case) bool { return strings.Contains(c.Note, text) })
	})
}

// paper waits for the next piece of paper.
func (h *house) paper() (next table.Paper) {
	h.t.Helper()
	h.papers++
	h.eventually("a receipt comes out", func() bool {
		papers := h.Room.Papers()
		i := slices.IndexFunc(papers, func(p table.Paper) bool { return p.N == h.papers })
		if i >= 0 {
			next = papers[i]
		}
		return i >= 0
	})
	return next
}

// receipt checks a receipt that is letters: the titles, and of the borrower
// the last four digits and nothing else.
func (h *house) receipt(p table.Person, books ...table.Book) {
	h.t.Helper()
	text := strings.Join(h.paper().Text, "\n")
	for _, b := range books {
		if !strings.Contains(text, b.Title) {
			h.t.Errorf("the receipt does not name %s:\n%s", b.Title, text)
		}
	}
	tail := string(p.Card[len(p.Card)-4:])
	if !strings.Contains(text, "Card ••••"+tail) || !strings.Contains(text, "Bring back by ") {
		h.t.Errorf("the receipt says neither the card's end nor a date:\n%s", text)
	}
	for _, q := range h.Room.Stock.People {
		if strings.Contains(text, q.Name) || strings.Contains(text, string(q.Card[len(q.Card)-5:])) {
			h.t.Errorf("the receipt tells whose it is:\n%s", text)
		}
	}
}
