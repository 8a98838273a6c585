package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
)

// ErrHarm says that the check has found something that must never be.
var ErrHarm = errors.New("harm was found")

// stepLimit is how long one thing may take that is waited for.
const stepLimit = 20 * time.Second

// Script is a demonstration without hands: an evening at a desk, with the
// network cut and the power cut twice.
type Script struct {
	*Desk
	line *Timeline
	hand *Hand

	told  []check.Told
	found []check.Harm // printed already

	pile    []Book // borrowed first: four books and a set of two discs
	lifted  Book   // of the pile: taken off the pad while its tag is being written
	dark    Book   // of the pile: the power fails while it is given back
	evening Book   // borrowed later: the power fails while its tag is being written
	first   Person
	second  Person
}

// NewScript chooses the books: the first of the stock in its order.
func NewScript(d *Desk, w io.Writer) (*Script, error) {
	s := &Script{Desk: d, line: NewTimeline(w, d.Now)}
	var singles, pairs []Book
	for _, b := range d.Room.Stock.Books {
		switch {
		case len(b.Parts) == 2 && b.Class == "audio": // a film is lent only while staff are there
			pairs = append(pairs, b)
		case len(b.Parts) == 0 && b.Class == "book":
			singles = append(singles, b)
		}
	}
	if len(singles) < 5 || len(pairs) < 1 || len(d.Room.Stock.People) < 2 {
		return nil, errors.New("the stock is too small for the script")
	}
	s.pile = append([]Book{pairs[0]}, singles[:4]...)
	s.lifted, s.dark, s.evening = singles[1], singles[2], singles[4]
	s.first, s.second = d.Room.Stock.People[0], d.Room.Stock.People[1]
	return s, nil
}

// Run does everything in order. ErrHarm if the power cuts show harm; what is
// true in the end is for Verdict to say.
func (s *Script) Run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.begin, s.borrowPile, s.cutNetwork, s.giveBack, s.powerFailsInAReturn, s.powerFailsInALoan, s.mendNetwork, s.stop,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// within gives one wait its limit.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, stepLimit)
}

// until waits for the screen.
func (s *Script) until(ctx context.Context, what string, wanted func(screen.View) bool) (screen.View, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	return s.hand.Until(ctx, what, wanted)
}

func (s *Script) tap(ctx context.Context, b visit.Button, to visit.Screen) error {
	ctx, cancel := within(ctx)
	defer cancel()
	_, err := s.hand.Tap(ctx, b, "", "screen "+string(to), shows(to))
	return err
}

func shows(want visit.Screen) func(screen.View) bool {
	return func(v screen.View) bool { return v.Screen == want }
}

// begin puts the power on and waits until the kiosk has heard from central.
func (s *Script) begin(ctx context.Context) error {
	if err := s.powerOn(ctx); err != nil {
		return err
	}
	if _, err := s.until(ctx, "central to be heard", func(v screen.View) bool { return v.Screen == visit.Home && !v.Offline }); err != nil {
		return err
	}
	if err := s.await(ctx, "the kiosk to fetch titles, cards and rules", s.Fed); err != nil {
		return err
	}
	s.line.say(central, "has given the kiosk %d titles, %d cards and the rules", len(s.Room.Stock.Books), len(s.Room.Stock.People))
	return nil
}

// powerOn starts the kiosk and waits until its pad and scanner work.
func (s *Script) powerOn(ctx context.Context) error {
	ctx, cancel := within(ctx)
	defer cancel()
	if err := s.PowerOn(ctx); err != nil {
		return err
	}
	var err error
	if s.hand, err = NewHand(ctx, s.Power.Screen()); err != nil {
		return err
	}
	v, err := s.hand.Until(ctx, "the pad and the scanner to work", func(v screen.View) bool {
		return v.Screen == visit.Home && v.Device == ""
	})
	if err != nil {
		return err
	}
	s.line.say(power, "on; the screen says “%s”", v.Heading)
	return nil
}

// signIn shows a card until the screen lets it borrow: a kiosk that has just
// been given the cards may still be writing them down.
func (s *Script) signIn(ctx context.Context, p Person) error {
	ctx, cancel := within(ctx)
	defer cancel()
	for {
		v, err := s.hand.Look(ctx)
		if err == nil && v.Screen != visit.Borrow {
			if err := s.Room.ShowCard(p.Card); err != nil {
				return err
			}
			v, err = s.looked(ctx)
		}
		if err != nil {
			return err
		}
		switch v.Screen {
		case visit.Borrow:
			s.line.say(borrower, "%s shows a card", p.Name)
			return nil
		case visit.Stop: // or, if central tells of the card meanwhile, the screen goes on by itself
			_, err := s.hand.Tap(ctx, visit.TapOK, "", "the first screen", func(v screen.View) bool {
				return v.Screen == visit.Home || v.Screen == visit.Borrow
			})
			if err != nil {
				return err
			}
		}
	}
}

// again is how soon a card is shown again if the screen takes no notice: the
// kiosk takes the same code within two seconds for the same scan.
const again = 2500 * time.Millisecond

// looked waits until a card has been looked up, or until it is time to show it
// again.
func (s *Script) looked(ctx context.Context) (screen.View, error) {
	soon, cancel := context.WithTimeout(ctx, again)
	defer cancel()
	v, err := s.hand.Until(soon, "the card to be looked up", func(v screen.View) bool {
		return v.Screen == visit.Borrow || v.Screen == visit.Stop
	})
	if err != nil && ctx.Err() == nil {
		return v, nil
	}
	return v, err
}

// finish ends a visit and takes everything off the pad. Only when the screen
// has seen that it is gone may the next visit begin: what still lies there
// would be asked about.
func (s *Script) finish(ctx context.Context, books ...Book) error {
	if err := s.leave(ctx); err != nil {
		return err
	}
	v, err := s.hand.Look(ctx)
	if err != nil {
		return err
	}
	s.line.say(borrower, "is finished; the screen says %s", said(v))
	s.Room.Lift(books...)
	_, err = s.until(ctx, "the pad to be seen empty", func(v screen.View) bool { return v.Screen != visit.Bye || v.Note == "" })
	if err != nil {
		return err
	}
	return s.goHome(ctx, visit.TapOK)
}

// leave touches Finish and answers what is asked on the way out: that the
// count is right, and that a receipt is wanted.
func (s *Script) leave(ctx context.Context) error {
	on := visit.TapFinish
	for {
		v, err := s.hand.Look(ctx)
		if err != nil {
			return err
		}
		was := v.Screen
		switch was {
		case visit.Bye:
			return nil
		case visit.Count:
			s.line.say(onScreen, "“%s. %s”", v.Heading, first(v.Body))
			on = visit.TapYes
		case visit.Receipt:
			on = visit.TapNone
			if offers(v, visit.TapPrint, "") {
				on = visit.TapPrint
			}
		}
		if err := s.tapOn(ctx, on, was); err != nil {
			return err
		}
		if on == visit.TapPrint {
			if err := s.receipt(ctx); err != nil {
				return err
			}
		}
	}
}

// tapOn touches a button and waits for the next screen that does not go on by
// itself.
func (s *Script) tapOn(ctx context.Context, b visit.Button, was visit.Screen) error {
	ctx, cancel := within(ctx)
	defer cancel()
	_, err := s.hand.Tap(ctx, b, "", "the screen after "+string(was), func(v screen.View) bool {
		return v.Screen != was && v.Screen != visit.Settle && v.Screen != visit.Printing
	})
	return err
}

// receipt looks at the paper: it must not tell a neighbour whose it is.
func (s *Script) receipt(ctx context.Context) error {
	papers := s.Room.Papers()
	if len(papers) == 0 {
		return errors.New("the screen says that a receipt was printed, and no paper came out")
	}
	text := strings.Join(papers[0].Text, "\n")
	for _, p := range s.Room.Stock.People {
		if strings.Contains(text, string(p.Card)) || strings.Contains(text, p.Name) {
			return fmt.Errorf("the receipt tells whose it is:\n%s", text)
		}
	}
	s.line.say(printer, "a receipt of %d lines, with no name and four digits of the card", len(papers[0].Text))
	return nil
}

func said(v screen.View) string {
	text := "“" + v.Heading
	for _, b := range v.Body {
		text += " " + b
	}
	return text + "”"
}

func (s *Script) goHome(ctx context.Context, b visit.Button) error {
	ctx, cancel := within(ctx)
	defer cancel()
	_, err := s.hand.Tap(ctx, b, "", "the first screen", shows(visit.Home))
	return err
}

// done waits until every one of these books is shown as done, and remembers
// that the borrower was told so.
func (s *Script) done(ctx context.Context, kind circ.Kind, card circ.Card, books ...Book) (screen.View, error) {
	v, err := s.until(ctx, fmt.Sprintf("%d items to be done", len(books)), func(v screen.View) bool {
		for _, b := range books {
			if l, there := lineOf(v, b.ID); !there || l.State != visit.LineDone || l.Kind != kind {
				return false
			}
		}
		return true
	})
	if err != nil {
		return v, err
	}
	for _, b := range books {
		s.told = append(s.told, check.Told{Item: b.ID, Kind: kind, Card: card})
	}
	return v, nil
}

func lineOf(v screen.View, id circ.ItemID) (screen.Line, bool) {
	for _, l := range v.Lines {
		if l.Item == id {
			return l, true
		}
	}
	return screen.Line{}, false
}

// untilLedger waits for the ledger file.
func (s *Script) untilLedger(ctx context.Context, what string, wanted func(ledger.Report) bool) (ledger.Report, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	for {
		r, err := s.Ledger(ctx)
		if err == nil && wanted(r) {
			return r, nil
		}
		if !pause(ctx, 2*lookEvery) {
			return r, fmt.Errorf("waited for %s: %d events are not acknowledged, %d tags are open: %w", what, r.Unacked(), len(r.Wishes), context.Cause(ctx))
		}
	}
}
