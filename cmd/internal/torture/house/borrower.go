package house

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
)

const (
	lookEvery = 20 * time.Millisecond
	tapFor    = 400 * time.Millisecond  // how long a finger waits for the screen to change
	showAgain = 2500 * time.Millisecond // sooner, the same code is the same scan
	goneFor   = 1500 * time.Millisecond // after this a lifted tag is gone for the kiosk, too
	atOnce    = 8                       // items that are on loan at most
)

// Borrower is whoever stands at the desk, one after the other. They know
// nothing of kills: they look at the screen and do what it says.
type Borrower struct {
	Told   []check.Told // everything that a screen said was done
	Story  []string     // what they did and were told, for whoever looks into a failure
	Visits int

	*House
	rng  *rand.Rand
	last map[circ.ItemID]check.Told   // the newest of each item
	on   map[circ.ItemID]table.Person // who has what, as the screens said

	hand    *table.Hand
	address string // that hand looks at

	// Of the visit that is going on.
	kind  circ.Kind
	who   table.Person
	books []table.Book
	laid  bool
	shown time.Time // when the card was last shown
	began time.Time
	seen  screen.View
}

// NewBorrower is nobody yet; the seed says what they will do.
func NewBorrower(h *House, seed uint64) *Borrower {
	return &Borrower{House: h, rng: rand.New(rand.NewPCG(seed, 2)), last: map[circ.ItemID]check.Told{}, on: map[circ.ItemID]table.Person{}}
}

// Live makes visits until stop is closed, and then one more that borrows, so
// that something is on loan in the end.
func (b *Borrower) Live(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return b.Borrow(ctx)
		default:
		}
		next := b.Borrow
		if len(b.on) >= atOnce || len(b.on) > 0 && b.rng.IntN(2) == 0 {
			next = b.GiveBack
		}
		if err := next(ctx); err != nil {
			return err
		}
	}
}

// Borrow takes one to three items that are in, often a set among them.
func (b *Borrower) Borrow(ctx context.Context) error {
	b.who = b.Stock.People[b.rng.IntN(4)] // the adults
	pile := b.choose(1+b.rng.IntN(3), func(x table.Book) bool { _, lent := b.on[x.ID]; return !lent && x.Class != "dvd" })
	return b.Visit(ctx, circ.Issue, pile)
}

// GiveBack returns one to three items, whoever has them.
func (b *Borrower) GiveBack(ctx context.Context) error {
	pile := b.choose(1+b.rng.IntN(3), func(x table.Book) bool { _, lent := b.on[x.ID]; return lent })
	return b.Visit(ctx, circ.Return, pile)
}

// choose picks n items; if there are sets to choose from, every second pile
// has one.
func (b *Borrower) choose(n int, may func(table.Book) bool) []table.Book {
	var sets, singles []table.Book
	for _, i := range b.rng.Perm(len(b.Stock.Books)) {
		switch x := b.Stock.Books[i]; {
		case !may(x):
		case len(x.Tags) == 2:
			sets = append(sets, x)
		case len(x.Tags) == 1:
			singles = append(singles, x)
		}
	}
	var pile []table.Book
	if len(sets) > 0 && (len(singles) == 0 || b.rng.IntN(2) == 0) {
		pile = append(pile, sets[0])
	}
	return append(pile, singles[:min(max(0, n-len(pile)), len(singles))]...)
}

// Visit goes on until the screen has said of every item that it is done, and
// then until the desk is free again.
func (b *Borrower) Visit(ctx context.Context, kind circ.Kind, books []table.Book) error {
	ctx, cancel := Within(ctx, Longest)
	defer cancel()
	b.kind, b.books, b.laid, b.shown, b.began = kind, books, false, time.Time{}, time.Now()
	b.Visits++
	b.note("visit %d: %s, %s of %s", b.Visits, b.who.Name, kind, names(books))
	b.onPad(books)
	for !b.allDone() {
		if err := b.step(ctx, b.work); err != nil {
			return err
		}
	}
	b.Room.Lift(books...)
	for home := false; !home; {
		err := b.step(ctx, func(ctx context.Context, v screen.View) error {
			home = v.Screen == visit.Home && len(v.Lines) == 0
			return b.leave(ctx, v)
		})
		if err != nil {
			return err
		}
	}
	b.onPad(nil)
	return nil
}

func (b *Borrower) allDone() bool {
	for _, x := range b.books {
		if b.last[x.ID].Kind != b.kind {
			return false
		}
	}
	return true
}

// step looks once and does one thing. A screen that cannot be reached is
// looked at again.
func (b *Borrower) step(ctx context.Context, do func(context.Context, screen.View) error) error {
	v, err := b.look(ctx)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s of %s: %w: the screen showed last %s; %v", b.kind, names(b.books), context.Cause(ctx), describe(b.seen), err)
	case err == nil:
		if v.Serial != b.seen.Serial {
			b.note("screen %s %s, %d lines", v.Screen, v.Question, len(v.Lines))
		}
		b.seen = v
		if err := b.hear(v); err != nil {
			return err
		}
		if err := do(ctx, v); err != nil {
			return err
		}
	}
	Pause(ctx.Done(), lookEvery)
	return nil
}

var errDark = errors.New("no kiosk is running")

func (b *Borrower) look(ctx context.Context) (v screen.View, err error) {
	address := b.Kiosk.Address()
	if address == "" {
		return v, errDark
	}
	if address != b.address {
		if b.hand, err = table.NewHand(ctx, address); err != nil {
			return v, err
		}
		b.address, b.shown = address, time.Time{}
		b.note("a new screen")
	}
	return b.hand.Look(ctx)
}

// hear remembers what the screen says is done. A refusal is an error: nobody
// asks here for what may not be.
func (b *Borrower) hear(v screen.View) error {
	for _, l := range v.Lines {
		switch l.State {
		case visit.LineDone, visit.LineUnsecured: // an unsecured loan stands, though the gate may sound
			b.hearDone(l)
		case visit.LineRefused:
			return fmt.Errorf("%s of %s was refused: %s", b.kind, l.Title, describe(v))
		}
	}
	return nil
}

func (b *Borrower) hearDone(l screen.Line) {
	t := check.Told{Item: l.Item, Kind: l.Kind}
	if l.Kind == circ.Issue {
		t.Card = b.who.Card
	}
	if b.last[l.Item] == t {
		return
	}
	b.note("told: %s of %s is %s", l.Kind, l.Item.Tail(), l.State)
	b.Told = append(b.Told, t)
	b.last[l.Item] = t
	if l.Kind == circ.Issue {
		b.on[l.Item] = b.who
	} else {
		delete(b.on, l.Item)
	}
}

// work does what brings the visit on.
func (b *Borrower) work(ctx context.Context, v screen.View) error {
	if v.Ask != nil && v.Ask.Question == screen.AskParked {
		b.answer(ctx, v)
		return nil
	}
	if v.Ask != nil && v.Ask.Question == screen.AskPutBack {
		return b.putAgain(ctx, v.Ask.Item)
	}
	if b.kind == circ.Return {
		return b.workReturn(ctx, v)
	}
	switch v.Screen {
	case visit.Home, visit.PadFull, visit.CardAsk:
		if b.rng.IntN(4) == 0 {
			b.putDown() // before the card
		}
		return b.showCard()
	case visit.Borrow:
		b.putDown()
		return nil
	}
	return b.leave(ctx, v)
}

// answer answers whose the items are that lay there already. What the one
// before has lifted a moment ago still counts as lying there for a while.
func (b *Borrower) answer(ctx context.Context, v screen.View) {
	switch {
	case !b.laid:
		b.tap(ctx, v, visit.TapNo)
	case time.Since(b.began) > goneFor:
		b.tap(ctx, v, visit.TapYes)
	}
}

func (b *Borrower) workReturn(ctx context.Context, v screen.View) error {
	switch v.Screen {
	case visit.Home, visit.PadFull, visit.Stop:
		b.tap(ctx, v, visit.TapReturn)
		return nil
	case visit.GiveBack:
		b.putDown()
		return nil
	}
	return b.leave(ctx, v)
}

// leave goes towards the first screen.
func (b *Borrower) leave(ctx context.Context, v screen.View) error {
	if v.Screen == visit.Warn {
		b.tap(ctx, v, visit.TapMoreTime)
		return nil
	}
	if v.Screen == visit.Tell {
		b.note("is told: %s", strings.Join(v.Body, " "))
		b.tap(ctx, v, visit.TapCarryOn)
		return nil
	}
	for _, x := range []visit.Button{visit.TapOK, visit.TapFinish, visit.TapLeave, visit.TapBack} {
		if b.tap(ctx, v, x) {
			return nil
		}
	}
	return nil
}

// tap presses a button, if it is there, until the screen moves on.
func (b *Borrower) tap(ctx context.Context, v screen.View, x visit.Button) bool {
	for _, y := range v.Buttons {
		if y.Button != x {
			continue
		}
		b.note("taps %s", x)
		ctx, cancel := Within(ctx, tapFor)
		defer cancel()
		// An error says that nothing happened, and then the next look shows it.
		_, _ = b.hand.Tap(ctx, x, y.Item, "the screen to move on", func(w screen.View) bool { return w.Serial != v.Serial })
		return true
	}
	return false
}

func (b *Borrower) putDown() {
	if !b.laid {
		b.Room.PutDown(b.books...)
		b.laid = true
	}
}

// putAgain lifts an item and puts it down again, as the screen asks.
func (b *Borrower) putAgain(ctx context.Context, id circ.ItemID) error {
	x, known := b.Stock.Book(id)
	if !known {
		return fmt.Errorf("the screen asks for item %s, which nobody has", id.Tail())
	}
	b.note("puts %s down again", id.Tail())
	b.Room.Lift(x)
	Pause(ctx.Done(), 300*time.Millisecond)
	b.Room.PutDown(x)
	Pause(ctx.Done(), 300*time.Millisecond)
	return nil
}

func (b *Borrower) showCard() error {
	if time.Since(b.shown) < showAgain {
		return nil
	}
	b.shown = time.Now()
	b.note("shows a card")
	return b.Room.ShowCard(b.who.Card)
}

func (b *Borrower) note(format string, args ...any) {
	const most = 60
	b.Story = append(b.Story[max(0, len(b.Story)-most+1):], time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

func names(books []table.Book) (s []string) {
	for _, x := range books {
		s = append(s, fmt.Sprintf("%s (%d)", x.ID.Tail(), len(x.Tags)))
	}
	return s
}

func describe(v screen.View) string {
	s := fmt.Sprintf("%s %q %q", v.Screen, v.Count+" "+v.Heading, v.Body)
	if v.Ask != nil {
		s += fmt.Sprintf(" asks %s", v.Ask.Question)
	}
	for _, l := range v.Lines {
		s += fmt.Sprintf("; %s of %s is %s (%s)", l.Kind, l.Item.Tail(), l.State, l.Text)
	}
	return s
}
