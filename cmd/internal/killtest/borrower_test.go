package killtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// borrower is whoever stands at the desk, one after the other. They know
// nothing of kills: they look at the screen and do what it says.
type borrower struct {
	*world
	rng    *rand.Rand
	told   []check.Told                 // everything that a screen said was done
	last   map[circ.ItemID]check.Told   // the newest of each item
	on     map[circ.ItemID]table.Person // who has what, as the screens said
	visits int

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
	story []string // what they did and were told, for whoever looks into a failure
}

func newBorrower(w *world, seed uint64) *borrower {
	return &borrower{world: w, rng: rand.New(rand.NewPCG(seed, 2)), last: map[circ.ItemID]check.Told{}, on: map[circ.ItemID]table.Person{}}
}

// live makes visits until stop is closed, and then one more that borrows, so
// that something is on loan in the end.
func (b *borrower) live(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return b.borrow(ctx)
		default:
		}
		next := b.borrow
		if len(b.on) >= atOnce || len(b.on) > 0 && b.rng.IntN(2) == 0 {
			next = b.giveBack
		}
		if err := next(ctx); err != nil {
			return err
		}
	}
}

// borrow takes one to three items that are in, often a set among them.
func (b *borrower) borrow(ctx context.Context) error {
	b.who = b.stock.People[b.rng.IntN(4)] // the adults
	pile := b.choose(1+b.rng.IntN(3), func(x table.Book) bool { _, lent := b.on[x.ID]; return !lent && x.Class != "dvd" })
	return b.visit(ctx, circ.Issue, pile)
}

// giveBack returns one to three items, whoever has them.
func (b *borrower) giveBack(ctx context.Context) error {
	pile := b.choose(1+b.rng.IntN(3), func(x table.Book) bool { _, lent := b.on[x.ID]; return lent })
	return b.visit(ctx, circ.Return, pile)
}

// choose picks n items; if there are sets to choose from, every second pile
// has one.
func (b *borrower) choose(n int, may func(table.Book) bool) []table.Book {
	var sets, singles []table.Book
	for _, i := range b.rng.Perm(len(b.stock.Books)) {
		switch x := b.stock.Books[i]; {
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

// visit goes on until the screen has said of every item that it is done, and
// then until the desk is free again.
func (b *borrower) visit(ctx context.Context, kind circ.Kind, books []table.Book) error {
	ctx, cancel := within(ctx, longest)
	defer cancel()
	b.kind, b.books, b.laid, b.shown, b.began = kind, books, false, time.Time{}, time.Now()
	b.visits++
	b.note("visit %d: %s, %s of %s", b.visits, b.who.Name, kind, names(books))
	b.onPad(books)
	for !b.allDone() {
		if err := b.step(ctx, b.work); err != nil {
			return err
		}
	}
	b.room.Lift(books...)
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

func (b *borrower) allDone() bool {
	for _, x := range b.books {
		if b.last[x.ID].Kind != b.kind {
			return false
		}
	}
	return true
}

// step looks once and does one thing. A screen that cannot be reached is
// looked at again.
func (b *borrower) step(ctx context.Context, do func(context.Context, screen.View) error) error {
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
	pause(ctx.Done(), lookEvery)
	return nil
}

var errDark = errors.New("no kiosk is running")

func (b *borrower) look(ctx context.Context) (v screen.View, err error) {
	address := b.kiosk.address()
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
func (b *borrower) hear(v screen.View) error {
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

func (b *borrower) hearDone(l screen.Line) {
	t := check.Told{Item: l.Item, Kind: l.Kind}
	if l.Kind == circ.Issue {
		t.Card = b.who.Card
	}
	if b.last[l.Item] == t {
		return
	}
	b.note("told: %s of %s is %s", l.Kind, l.Item.Tail(), l.State)
	b.told = append(b.told, t)
	b.last[l.Item] = t
	if l.Kind == circ.Issue {
		b.on[l.Item] = b.who
	} else {
		delete(b.on, l.Item)
	}
}

// work does what brings the visit on.
func (b *borrower) work(ctx context.Context, v screen.View) error {
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
func (b *borrower) answer(ctx context.Context, v screen.View) {
	switch {
	case !b.laid:
		b.tap(ctx, v, visit.TapNo)
	case time.Since(b.began) > goneFor:
		b.tap(ctx, v, visit.TapYes)
	}
}

func (b *borrower) workReturn(ctx context.Context, v screen.View) error {
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
func (b *borrower) leave(ctx context.Context, v screen.View) error {
	if v.Screen == visit.Warn {
		b.tap(ctx, v, visit.TapMoreTime)
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
func (b *borrower) tap(ctx context.Context, v screen.View, x visit.Button) bool {
	for _, y := range v.Buttons {
		if y.Button != x {
			continue
		}
		b.note("taps %s", x)
		ctx, cancel := within(ctx, tapFor)
		defer cancel()
		// An error says that nothing happened, and then the next look shows it.
		_, _ = b.hand.Tap(ctx, x, y.Item, "the screen to move on", func(w screen.View) bool { return w.Serial != v.Serial })
		return true
	}
	return false
}

func (b *borrower) putDown() {
	if !b.laid {
		b.room.PutDown(b.books...)
		b.laid = true
	}
}

// putAgain lifts an item and puts it down again, as the screen asks.
func (b *borrower) putAgain(ctx context.Context, id circ.ItemID) error {
	x, known := b.stock.Book(id)
	if !known {
		return fmt.Errorf("the screen asks for item %s, which nobody has", id.Tail())
	}
	b.note("puts %s down again", id.Tail())
	b.room.Lift(x)
	pause(ctx.Done(), 300*time.Millisecond)
	b.room.PutDown(x)
	pause(ctx.Done(), 300*time.Millisecond)
	return nil
}

func (b *borrower) showCard() error {
	if time.Since(b.shown) < showAgain {
		return nil
	}
	b.shown = time.Now()
	b.note("shows a card")
	return b.room.ShowCard(b.who.Card)
}

func (b *borrower) note(format string, args ...any) {
	const most = 60
	b.story = append(b.story[max(0, len(b.story)-most+1):], time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
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
