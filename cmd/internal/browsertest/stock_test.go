package browsertest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

const (
	pad = "pad" // the antenna of the table

	loud  drivers.AFI = 0x07 // in stock
	quiet drivers.AFI = 0xC2 // on loan

	ada = "21221012345671" // a card
	ben = "21221012345689" // another: the same twice in two seconds is a hand that rests

	codabar, ean drivers.Symbology = 'F', 'E'
)

// item is something to lend: a book, or a set of discs.
type item struct {
	id    circ.ItemID
	title string
	class string
	parts []string
}

var (
	gruffalo    = item{"31221012345604", "The Gruffalo", "book", nil}
	middlemarch = item{"31221012345612", "Middlemarch", "book", nil}
	jekyll      = item{"31221012345620", "The Strange Case of Dr Jekyll and Mr Hyde", "book", nil}
	island      = item{"31221012345638", "Small Island", "book", nil}
	wolfHall    = item{"31221012345646", "Wolf Hall", "book", nil}
	apart       = item{"31221012345661", "Things Fall Apart", "book", nil}
	milkWood    = item{"31221012345653", "Under Milk Wood", "audio", []string{"Disc 1", "Disc 2"}}
)

func stock() []item { return []item{gruffalo, middlemarch, jekyll, island, wolfHall, apart, milkWood} }

// files are a library's export as central imports it.
func files() map[string]string {
	items := "item,title,class,owner,parts,age,not_for_loan\n"
	for _, i := range stock() {
		items += fmt.Sprintf("%s,%s,%s,,%s,,\n", i.id, i.title, i.class, strings.Join(i.parts, ";"))
	}
	return map[string]string{
		"items.csv":     items,
		"borrowers.csv": "card,category,blocked,expires,age_band,messages\n" + ada + ",adult,,,18,\n" + ben + ",adult,,,18,\n",
		"policy.toml": "[default]\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" +
			"[default.classes.book]\ndays = 21\n[default.classes.audio]\ndays = 21\n[default.categories.adult]\nlimit = 24\n",
		"calendar.toml": "[default]\n",
	}
}

// uids are the tags of an item, one for each part.
func (i item) uids() []drivers.UID {
	n := slices.IndexFunc(stock(), func(o item) bool { return o.id == i.id })
	var out []drivers.UID
	for part := range max(1, len(i.parts)) {
		out = append(out, drivers.UID{0xE0, 0x04, 0x01, 0x50, 0, 0, byte(n), byte(part + 1)})
	}
	return out
}

// tag is one part's tag as the library wrote it: the basic block of
// ISO 28560-3, its CRC at 19, armed.
func (i item) tag(part int) drivers.Tag {
	var basic [iso28560.LongBlock]byte
	basic[0], basic[1], basic[2] = 0x11, byte(len(i.uids())), byte(part)
	copy(basic[3:19], i.id)
	copy(basic[21:], "GBLEI")
	binary.LittleEndian.PutUint16(basic[19:], iso28560.BlockCRC(basic))
	data := make([]byte, 112)
	copy(data, basic[:])
	return drivers.Tag{UID: i.uids()[part-1], AFI: loud, BlockSize: 4, Data: data}
}

// shelve gives the room its books; they lie nowhere near the pad.
func (h *house) shelve() {
	for _, i := range stock() {
		for part := range i.uids() {
			h.table.Put("", i.tag(part+1))
		}
	}
}

// put lays a whole item on the pad.
func (h *house) put(items ...item) {
	for _, i := range items {
		for part := range i.uids() {
			h.putPart(i, part+1)
		}
	}
}

func (h *house) putPart(i item, part int) {
	h.t.Helper()
	if !h.table.Lay(pad, i.uids()[part-1]) {
		h.t.Fatalf("there is no part %d of %s", part, i.title)
	}
}

func (h *house) lift(items ...item) {
	for _, i := range items {
		for _, uid := range i.uids() {
			h.table.Lift(uid)
		}
	}
}

// tagsAre checks the memories of all tags of these items.
func (h *house) tagsAre(want drivers.AFI, items ...item) {
	h.t.Helper()
	for _, i := range items {
		for part, uid := range i.uids() {
			if got := h.table.AFI(uid); got != want {
				h.t.Errorf("%s, tag %d: got AFI %v, want %v", i.title, part+1, got, want)
			}
		}
	}
}

// lent waits until central lists exactly these items as on loan to the card.
func (h *house) lent(items ...item) {
	h.t.Helper()
	var want []circ.ItemID
	for _, i := range items {
		want = append(want, i.id)
	}
	slices.Sort(want)
	h.eventually(fmt.Sprintf("central has %d open loans", len(want)), func() bool { return slices.Equal(h.loans(), want) })
}

// loans are the items that central lists as on loan, by number.
func (h *house) loans() []circ.ItemID {
	h.t.Helper()
	loans, err := h.central.Loans(h.t.Context(), false)
	must(h.t, err)
	var out []circ.ItemID
	for _, l := range loans {
		if l.Card != ada {
			h.t.Errorf("%s is lent to %s", l.Item, l.Card)
		}
		out = append(out, l.Item)
	}
	slices.Sort(out)
	return out
}

// show holds something under the scanner.
func (h *house) show(symbology drivers.Symbology, text string) {
	h.t.Helper()
	must(h.t, h.scanner.Show(symbology, '0', text))
}
