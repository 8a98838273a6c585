package gallery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

func tuesday() time.Time  { return time.Date(2026, time.March, 10, 23, 59, 0, 0, time.UTC) }
func thursday() time.Time { return time.Date(2026, time.March, 19, 23, 59, 0, 0, time.UTC) }

// wednesday is the day with the longest words in most languages.
func wednesday() time.Time { return time.Date(2026, time.September, 23, 23, 59, 0, 0, time.UTC) }

// The titles that are hard to set: long, of one word, of the other direction.
const (
	longTitle = "The Strange Case of Dr Jekyll and Mr Hyde, and Other Tales of Terror"
	hugeTitle = "The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner: Who lived Eight and Twenty Years, all alone in an un-inhabited Island on the Coast of America, near the Mouth of the Great River of Oroonoque"
	wordTitle = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
	urduTitle = "اردو کی آخری کتاب"
	arabTitle = "كتاب الأيام (The Days)"
	gujTitle  = "ગુજરાતી વાર્તાઓ"
	panTitle  = "ਪੰਜਾਬੀ ਕਹਾਣੀਆਂ"
	cyrTitle  = "Кобзар"
)

func books() []string {
	return []string{
		"Wolf Hall", "The Very Hungry Caterpillar", "Treasure Island", longTitle, "Middlemarch", gujTitle,
		"Things Fall Apart", "Small Island", "The Gruffalo", "Charlotte's Web", "Rebecca", "Dune", "Pride and Prejudice",
		"Kes", urduTitle, "Matilda", panTitle, "White Teeth", cyrTitle, "Persuasion",
	}
}

func lines(l ...visit.Line) change { return func(st *visit.State) { st.Lines = l } }

func lent(id circ.ItemID, title string, due time.Time) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: circ.Issue, State: visit.LineDone,
		Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: due, Shelf: circ.TakeIt}}
}

func back(id circ.ItemID, title string, s circ.Shelf, flags ...circ.Reason) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: circ.Return, State: visit.LineDone,
		Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: s, Flags: flags}}
}

func refused(id circ.ItemID, title string, k circ.Kind, r circ.Reason, s circ.Shelf) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: visit.LineRefused,
		Decision: circ.Decision{Verdict: circ.No, Reason: r, Shelf: s}}
}

func open(id circ.ItemID, title string, k circ.Kind, s visit.LineState) visit.Line {
	l := visit.Line{Item: id, Title: title, Kind: k, State: s, Tags: []visit.Tag{tag(id, 1, 1)}}
	if s != visit.LineSeen && s != visit.LineRecording {
		l.Open = []drivers.UID{l.Tags[0].UID}
		l.Decision = circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: tuesday(), Shelf: circ.TakeIt}
	}
	if k == circ.Return {
		l.Decision = circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.Bin}
	}
	l.Lifted = s == visit.LinePutBack
	return l
}

// left is an item that came to no good end.
func left(id circ.ItemID, title string, k circ.Kind, s visit.LineState, r circ.Reason) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: s,
		Decision: circ.Decision{Verdict: circ.No, Reason: r, Shelf: circ.HelpShelf}}
}

func tag(id circ.ItemID, part, of int) visit.Tag {
	u := drivers.UID{0xE0, 0x04, byte(part)}
	copy(u[3:], id[max(0, len(id)-5):])
	return visit.Tag{UID: u, Item: id, Part: part, Of: of}
}

// set is a recording of which one of three parts is missing.
func set() visit.Line {
	const id = "30019001"
	return visit.Line{Item: id, Title: "Treasure Island: the complete recording", State: visit.LineParts, Of: 3,
		Parts: []string{"Disc 1", "Disc 2", "Booklet"}, Tags: []visit.Tag{tag(id, 1, 3), tag(id, 2, 3)}}
}

// looked is a set with parts that no tag can vouch for.
func looked() visit.Line {
	l := lent("30019002", "The Story Sack: Room on the Broom", tuesday())
	l.Parts = []string{"Book", "Witch puppet", "Dragon puppet", "Game"}
	l.Decision.Flags = []circ.Reason{circ.ItemCheckParts}
	return l
}

func unreadable() visit.Line {
	return visit.Line{State: visit.LineUnreadable, Tags: []visit.Tag{{UID: drivers.UID{0xE0, 9}, Fault: visit.CorruptTag}}}
}

// many are so many items, all lent until the same day.
func many(n int) []visit.Line {
	var out []visit.Line
	for i, title := range books()[:n] {
		out = append(out, lent(circ.ItemID("300100"+strconv.Itoa(10+i)), title, tuesday()))
	}
	return out
}

// mixed is one of almost everything that can become of an issue.
func mixed() []visit.Line {
	unsecured := lent("30010006", "Small Island", tuesday())
	unsecured.State = visit.LineUnsecured
	return []visit.Line{
		lent("30010001", longTitle, tuesday()),
		lent("30010008214821", "", thursday()),
		refused("30010003", "The Oxford English Dictionary, volume 4", circ.Issue, circ.ItemReference, circ.HelpShelf),
		refused("30010004", "Middlemarch", circ.Issue, circ.ItemNotNow, circ.HelpShelf),
		unsecured,
		open("30010007", "The Very Hungry Caterpillar", circ.Issue, visit.LineSecuring),
		open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack),
	}
}

// long is a list that does not fit on one page, with something to do on it.
func long() []visit.Line {
	l := many(20)
	l[2] = open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack)
	l[19] = open("30010007", "Persuasion", circ.Issue, visit.LineSecuring)
	return l
}

func given() []visit.Line {
	return []visit.Line{
		back("30010001", "Wolf Hall", circ.Bin),
		back("30010002", "The Gruffalo", circ.HoldShelf, circ.ItemHeld),
		back("30010003", "", circ.HelpShelf, circ.ItemUnknown),
		refused("30010004", "Atlas of the British Isles", circ.Return, circ.ItemForeign, circ.KeepIt),
		open("30010005", "Treasure Island", circ.Return, visit.LineSecuring),
	}
}

// hard are titles that are hard to set.
func hard() []visit.Line {
	provisional := lent("30010023", longTitle, wednesday())
	provisional.Decision.Provisional = true
	return []visit.Line{
		lent("30010021", hugeTitle, wednesday()), lent("30010022", wordTitle, wednesday()), provisional,
		lent("30010024", urduTitle, tuesday()), lent("30010025", arabTitle, tuesday()),
		refused("30010026", strings.ToUpper(longTitle), circ.Issue, circ.ItemOnOtherCard, circ.HelpShelf),
	}
}

func parked(ids ...circ.ItemID) change {
	return func(st *visit.State) {
		for _, id := range ids {
			st.Parked = append(st.Parked, tag(id, 1, 1))
		}
		st.OnPad = slices.Clone(st.Parked)
		st.Mine = st.Screen == visit.Borrow || st.Screen == visit.GiveBack
	}
}
