package devices

import (
	"context"
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
)

// lie is one way in which a tag does not tell the truth. never says that an
// item with such a tag can never be called done. What a tag said when it was
// last read is remembered, and so unread only that it cannot be borrowed.
type lie struct {
	name   string
	tell   func(*tag)
	never  bool
	unread bool
}

func lies() []lie {
	size := func(size, blocks int) func(*tag) {
		return func(t *tag) {
			t.info = func(i drivers.TagInfo) drivers.TagInfo { i.BlockSize, i.Blocks = size, blocks; return i }
		}
	}
	return []lie{
		{name: "its blocks have no bytes", tell: size(0, 28)},
		{name: "it has no blocks", tell: size(4, 0)},
		{name: "it has neither", tell: size(0, 0)},
		{name: "it has 256 blocks of 32 bytes", tell: size(32, 256)},
		{name: "it has 255 blocks of 32 bytes", tell: size(32, 255)},
		{name: "its blocks are twice as large as they are", tell: size(8, 28)},
		{name: "it has one block", tell: size(4, 1)},
		{name: "it has 255 blocks", tell: size(4, 255)},
		{name: "it reads fewer blocks than were asked for", tell: readsAs(func(n int, a []byte) (byte, []byte) {
			return statusOK, append([]byte{byte(n / 2), 4}, a[2:2+n/2*5]...)
		})},
		{name: "it says fewer blocks and gives all", tell: readsAs(func(n int, a []byte) (byte, []byte) { a[0] = byte(n / 2); return statusOK, a })},
		{name: "it reads as nothing", tell: readsAs(func(int, []byte) (byte, []byte) { return statusOK, nil }), unread: true},
		{name: "it reads as no blocks", tell: readsAs(func(int, []byte) (byte, []byte) { return statusOK, []byte{0, 0} }), unread: true},
		{name: "it has none of its blocks", tell: readsAs(func(int, []byte) (byte, []byte) { return statusRefuse, []byte{tagNoBlock} }), unread: true},
		{name: "its memory is another at each look", tell: changing},
		{name: "it answers in another tag's name", tell: infoAs(func(n int, i *drivers.TagInfo) { i.UID[7] ^= 0x40 }), never: true},
		{name: "it answers in another tag's name every second time", tell: infoAs(func(n int, i *drivers.TagInfo) { i.UID[7] ^= byte(n % 2 << 6) })},
		{name: "it says another AFI each time", tell: infoAs(func(n int, i *drivers.TagInfo) { i.AFI = drivers.AFI(n) })},
		{name: "it says that it is what was wished for, and is not", tell: pretends},
		{name: "it takes a write and forgets it", tell: writesAs(func(*tag, drivers.AFI) byte { return statusOK }), never: true},
		{name: "it takes the write the third time", tell: third()},
		{name: "its AFI is locked", tell: writesAs(func(*tag, drivers.AFI) byte { return statusRefuse }), never: true},
		{name: "it takes a third value", tell: writesAs(func(t *tag, _ drivers.AFI) byte { t.AFI = 0x5A; return statusOK }), never: true},
		{name: "it takes the write and refuses it", tell: writesAs(func(t *tag, afi drivers.AFI) byte { t.AFI = afi; return statusRefuse })},
		{name: "it leaves at the write", tell: writesAs(func(t *tag, _ drivers.AFI) byte { t.deaf = true; return statusNoTag }), never: true},
		{name: "it is found in one look of three", tell: func(t *tag) { t.seen = func(look int) bool { return look%3 == 0 } }},
		{name: "it is found once and then for a second not", tell: func(t *tag) { t.seen = func(look int) bool { return look%40 == 0 } }},
		{name: "it is listed and answers nothing", tell: func(t *tag) { t.deaf = true }, never: true},
	}
}

func readsAs(f func(n int, honest []byte) (byte, []byte)) func(*tag) {
	return func(t *tag) { t.read = func(_, n int, honest []byte) (byte, []byte) { return f(n, honest) } }
}

func infoAs(f func(n int, i *drivers.TagInfo)) func(*tag) {
	return func(t *tag) {
		n := 0
		t.info = func(i drivers.TagInfo) drivers.TagInfo { n++; f(n, &i); return i }
	}
}

func writesAs(f func(*tag, drivers.AFI) byte) func(*tag) { return func(t *tag) { t.write = f } }

// changing is a tag that reads as itself once and as other items afterwards.
func changing(t *tag) {
	n := uint32(100)
	t.read = func(first, count int, honest []byte) (byte, []byte) {
		if n++; n == 101 {
			return statusOK, honest
		}
		b := book(n).answerRead(first, count)
		return b[0], b[1:]
	}
}

// third takes a write only the third time.
func third() func(*tag) {
	return func(t *tag) {
		n := 0
		t.write = func(t *tag, afi drivers.AFI) byte {
			if n++; n%3 == 0 {
				t.AFI = afi
			}
			return statusOK
		}
	}
}

// pretends is a tag that says before any write that it is on loan, although the
// gate hears that it is not. Nothing that a kiosk can ask tells it from a tag
// that is: what must hold is only that it is never quiet without a loan.
func pretends(t *tag) {
	t.info = func(i drivers.TagInfo) drivers.TagInfo { i.AFI = desk.Quiet; return i }
	t.write = func(*tag, drivers.AFI) byte { return statusOK }
}

// undetectable is the one lie that no kiosk can find out: the tag's word is all
// there is.
const undetectable = "it says that it is what was wished for, and is not"

// A tag that lies beside one that does not, borrowed and brought back: the
// honest one is served, of the other nothing is said that is not so.
func TestTagsThatLie(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "tags that lie about their size, contents, UID or AFI, are locked, or come and go",
		Unit: "lies", Target: "never called done, no tag quiet without a loan, and the book beside it is served", Short: len(lies()), Long: len(lies())})
	for _, l := range lies() {
		t.Run(l.name+"/borrowed", func(t *testing.T) { inABubble(t, options(), func(s *stage) { s.borrowed(l) }) })
		t.Run(l.name+"/brought back", func(t *testing.T) { inABubble(t, options(), func(s *stage) { s.broughtBack(l) }) })
	}
	run.Reached("%d lies, each when borrowed and when brought back: none was called done that was not", len(lies()))
}

const (
	honest uint32 = 1
	liar   uint32 = 2
)

func (s *stage) borrowed(l lie) {
	s.rounds(2, nil)
	s.must(s.k.Card(ada))
	s.rounds(3, nil)
	s.books(honest)
	s.put(book(liar), items[liar].ID, 1, 1)
	l.tell(s.all[desk.UID(liar)].tag)
	s.serve(l, circ.Issue)
}

func (s *stage) broughtBack(l lie) {
	s.books(honest, liar)
	s.rounds(3, nil)
	if !s.borrow(ada, 2, 100) {
		s.Fatal("the books cannot be borrowed")
	}
	s.lift()
	s.rounds(60, nil)
	s.must(s.k.Tap(visit.TapReturn))
	s.lay(honest, liar)
	l.tell(s.all[desk.UID(liar)].tag)
	s.serve(l, circ.Return)
}

// serve waits for the honest book, and some time more for the other; then the
// borrower goes.
func (s *stage) serve(l lie, kind circ.Kind) {
	s.Helper()
	is := func(n uint32, state visit.LineState) bool {
		line, there := s.k.Line(items[n].ID)
		return there && line.State == state && line.Kind == kind
	}
	if !s.rounds(400, func() bool { return is(honest, visit.LineDone) }) {
		s.Errorf("the honest book was not served: %s %+v; %v", s.k.State.Screen, s.k.State.Lines, s.words)
	}
	done := s.rounds(150, func() bool { return is(liar, visit.LineDone) })
	if done && (l.never || l.unread && kind == circ.Issue) {
		s.Errorf("it was called done")
	}
	s.check(l, s.dark())
	s.leave()
	s.check(l, s.dark())
	s.lift()
	s.rounds(60, nil)
	s.check(l, s.rest())
}

// check wants no harm; but a tag whose every word is a lie may sound at the gate.
func (s *stage) check(l lie, v check.Verdict) {
	s.Helper()
	for _, h := range v.Harms {
		if l.name == undetectable && h.Rule == "a verified loan's tag is quiet" {
			continue
		}
		s.Error(h)
	}
}

// Two tags that claim to be the same part of one item: both are quiet when it
// is lent, and both loud when it is back.
func TestTwoTagsInOneBook(t *testing.T) {
	inABubble(t, options(), func(s *stage) {
		twins := []*tag{book(5), {Tag: desk.Tag(500, items[5].ID, 1, 1)}}
		for _, x := range twins {
			s.put(x, items[5].ID, 1, 1)
		}
		s.rounds(4, nil)
		s.borrow(ada, 1, 200)
		s.well(s.dark())
		for _, x := range twins {
			if x.AFI != desk.Quiet {
				s.Errorf("tag %s of a lent book says %s", x.UID, x.AFI)
			}
		}
		s.lift()
		s.rounds(60, nil)
		s.must(s.k.Tap(visit.TapReturn))
		s.r.field = twins
		s.rounds(100, func() bool { return s.k.Lines(visit.LineDone) == 1 })
		s.rounds(20, nil)
		s.leave()
		s.well(s.dark())
		s.lift()
		s.rounds(60, nil)
		s.well(s.rest())
	})
}

// A tag whose UID is another at each look, as if two lay there in turn.
func TestATagThatChangesItsName(t *testing.T) {
	inABubble(t, options(), func(s *stage) {
		odd, even := book(6), &tag{Tag: desk.Tag(600, items[6].ID, 1, 1)}
		odd.seen = func(look int) bool { return look/7%2 == 1 }
		even.seen = func(look int) bool { return look/7%2 == 0 }
		s.books(honest)
		s.put(odd, items[6].ID, 1, 1)
		s.put(even, items[6].ID, 1, 1)
		s.rounds(40, nil)
		s.must(s.k.Card(ada))
		s.must(s.k.Tap(visit.TapYes))
		s.rounds(200, nil)
		if line, _ := s.k.Line(items[6].ID); line.State != visit.LineDone && line.State != visit.LinePutBack {
			s.Errorf("the book is %+v", line)
		}
		s.well(s.dark())
		s.leave()
		s.lift()
		s.rounds(60, nil)
		s.well(s.rest())
	})
}

// A set of which one part lies: it is never done as a whole.
func TestALyingPartOfASet(t *testing.T) {
	for name, tell := range map[string]func(*tag){
		"locked":            writesAs(func(*tag, drivers.AFI) byte { return statusRefuse }),
		"forgetful":         writesAs(func(*tag, drivers.AFI) byte { return statusOK }),
		"says one of three": func(t *tag) { t.Data = desk.Memory(theSet, 2, 3) },
		"says part 2 of 1":  func(t *tag) { t.Data = desk.Memory(theSet, 2, 1) },
		"says part 1, too":  func(t *tag) { t.Data = desk.Memory(theSet, 1, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, options(), func(s *stage) {
				s.put(&tag{Tag: desk.Tag(701, theSet, 1, 2)}, theSet, 1, 2)
				second := s.put(&tag{Tag: desk.Tag(702, theSet, 2, 2)}, theSet, 2, 2)
				tell(second)
				s.rounds(4, nil)
				if s.borrow(ada, 1, 300) {
					s.Error("the set was called done")
				}
				s.well(s.dark())
				s.lift()
				s.rounds(60, nil)
				s.well(s.rest())
			})
		})
	}
}

// trusting is a driver as it must not be: what it has written, it says that it
// reads.
type trusting struct {
	drivers.Pad
	wrote map[drivers.UID]drivers.AFI
}

func (p trusting) WriteAFI(ctx context.Context, uid drivers.UID, afi drivers.AFI) error {
	err := p.Pad.WriteAFI(ctx, uid, afi)
	if err == nil {
		p.wrote[uid] = afi
	}
	return err
}

func (p trusting) Info(ctx context.Context, uid drivers.UID) (drivers.TagInfo, error) {
	i, err := p.Pad.Info(ctx, uid)
	if afi, wrote := p.wrote[uid]; err == nil && wrote {
		i.AFI = afi
	}
	return i, err
}

// The check must find a driver that trusts a write.
func TestADriverThatTrustsAWriteIsFound(t *testing.T) {
	for _, kind := range []circ.Kind{circ.Issue, circ.Return} {
		t.Run(string(kind), func(t *testing.T) {
			inABubble(t, options(), func(s *stage) {
				probe := &recorder{TB: s.TB}
				s.TB = probe
				s.pad.Open = func(ctx context.Context) (drivers.Pad, error) {
					pad, err := s.open(ctx)
					return trusting{pad, map[drivers.UID]drivers.AFI{}}, err
				}
				l := lie{tell: writesAs(func(*tag, drivers.AFI) byte { return statusOK }), never: true}
				if kind == circ.Issue {
					s.borrowed(l)
				} else {
					s.broughtBack(l)
				}
				if len(probe.said) == 0 {
					t.Error("nothing was found")
				} else {
					t.Log(probe.said[0])
				}
			})
		})
	}
}
