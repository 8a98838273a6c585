package table

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// borrowPile is the first visit: five items, one of them a set of two discs,
// one lifted while its tag is being written and put back.
func (s *Script) borrowPile(ctx context.Context) error {
	if err := s.signIn(ctx, s.first); err != nil {
		return err
	}
	lifted := make(chan struct{})
	s.Room.At(WriteAFI, s.lifted.Tags[0], sync.OnceFunc(func() {
		s.Room.Lift(s.lifted)
		close(lifted)
	}))
	s.line.say(borrower, "puts down a pile of %d, among them %s in %d parts", len(s.pile), s.pile[0].Title, len(s.pile[0].Tags))
	s.Room.PutDown(s.pile...)
	if err := s.await(ctx, "the tag to be written", lifted); err != nil {
		return err
	}
	s.line.say(borrower, "lifts %s while its tag is being written", s.lifted.Title)
	v, err := s.until(ctx, "the screen to ask for the book", func(v screen.View) bool {
		return v.Ask != nil && v.Ask.Question == screen.AskPutBack && v.Ask.Item == s.lifted.ID
	})
	if err != nil {
		return err
	}
	s.line.say(onScreen, "“%s” %s", v.Ask.Heading, v.Ask.Title)
	s.Room.PutDown(s.lifted)
	s.line.say(borrower, "puts it back")
	if v, err = s.done(ctx, circ.Issue, s.first.Card, s.pile...); err != nil {
		return err
	}
	s.line.say(onScreen, "“%s %s” %s", v.Count, v.Heading, first(v.Body))
	return s.finish(ctx, s.pile...)
}

func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

// await waits for something that happens on the pad.
func (s *Script) await(ctx context.Context, what string, happened <-chan struct{}) error {
	ctx, cancel := within(ctx)
	defer cancel()
	select {
	case <-happened:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waited for %s: %w", what, ctx.Err())
	}
}

// cutNetwork waits until central has everything so far, and cuts.
func (s *Script) cutNetwork(ctx context.Context) error {
	r, err := s.untilLedger(ctx, "central to acknowledge the loans", func(r ledger.Report) bool {
		return len(r.Events) > 0 && r.Unacked() == 0
	})
	if err != nil {
		return err
	}
	s.line.say(central, "has acknowledged %d events", len(r.Events))
	s.Cable.Cut()
	s.line.say(network, "cut")
	return nil
}

// giveBack returns two items and the set without network.
func (s *Script) giveBack(ctx context.Context) error {
	if err := s.tap(ctx, visit.TapReturn, visit.GiveBack); err != nil {
		return err
	}
	back := []Book{s.pile[0], s.pile[1], s.lifted}
	s.line.say(borrower, "gives back %s, %s and %s", back[0].Title, back[1].Title, back[2].Title)
	s.Room.PutDown(back...)
	v, err := s.done(ctx, circ.Return, "", back...)
	if err != nil {
		return err
	}
	s.line.say(onScreen, "“%s %s” %s", v.Count, v.Heading, first(v.Body))
	s.Room.Lift(back...)
	return nil
}

// powerFailsInAReturn cuts the power when the tag is loud and the kiosk does
// not know it yet: the loan must stand until it does.
func (s *Script) powerFailsInAReturn(ctx context.Context) error {
	dark := make(chan struct{})
	uid := s.dark.Tags[0]
	s.Room.At(WriteAFI, uid, func() {
		s.Room.At(Info, uid, sync.OnceFunc(func() { s.Power.Cut(); close(dark) }))
	})
	s.line.say(borrower, "gives back %s", s.dark.Title)
	s.Room.PutDown(s.dark)
	if err := s.await(ctx, "the tag to be written", dark); err != nil {
		return err
	}
	s.told = append(s.told, check.Told{Item: s.dark.ID, Kind: circ.Return, Doubt: true})
	s.line.say(power, "cut after the tag was made loud and before anybody could know")
	if err := s.lookInTheDark(ctx); err != nil {
		return err
	}
	if err := s.powerOn(ctx); err != nil {
		return err
	}
	_, err := s.untilLedger(ctx, "the return to come to its end", func(r ledger.Report) bool {
		_, lent := r.Loans[s.dark.ID]
		return !lent && len(r.Wishes) == 0
	})
	if err != nil {
		return err
	}
	s.line.say(kiosk, "has read the tag and closed the loan of %s by itself", s.dark.Title)
	s.told = append(s.told, check.Told{Item: s.dark.ID, Kind: circ.Return})
	s.Room.Lift(s.dark)
	return nil
}

// powerFailsInALoan puts a book down before anybody has shown a card, and cuts
// the power at the first write of its tag, whenever that comes: the loan must
// have been recorded by then.
func (s *Script) powerFailsInALoan(ctx context.Context) error {
	dark := make(chan struct{})
	s.Room.At(WriteAFI, s.evening.Tags[0], sync.OnceFunc(func() { s.Power.Cut(); close(dark) }))
	s.line.say(borrower, "puts down %s before showing a card", s.evening.Title)
	s.Room.PutDown(s.evening)
	if err := s.showCardAfter(ctx, dark); err != nil {
		return err
	}
	if err := s.await(ctx, "the tag to be written", dark); err != nil {
		return err
	}
	if err := s.untilQuiet(ctx, s.evening); err != nil {
		return err
	}
	s.line.say(power, "cut while the tag of %s was being written", s.evening.Title)
	if err := s.lookInTheDark(ctx); err != nil {
		return err
	}
	if err := s.powerOn(ctx); err != nil {
		return err
	}
	if err := s.signIn(ctx, s.second); err != nil {
		return err
	}
	v, err := s.done(ctx, circ.Issue, s.second.Card, s.evening)
	if err != nil {
		return err
	}
	s.line.say(onScreen, "“%s %s” %s", v.Count, v.Heading, first(v.Body))
	return s.finish(ctx, s.evening)
}

// untilQuiet waits until the pad has done what it was last told: the power was
// cut before it began, and a tag that is being written needs no kiosk any more.
func (s *Script) untilQuiet(ctx context.Context, b Book) error {
	ctx, cancel := within(ctx)
	defer cancel()
	for s.Room.Table.AFI(b.Tags[0]) != quiet {
		if !pause(ctx, lookEvery) {
			return fmt.Errorf("waited for the tag of %s to be quiet: %w", b.Title, ctx.Err())
		}
	}
	return nil
}

// showCardAfter waits until the screen has seen the book and the pad has
// looked once more, and shows the card, unless the power has failed by then.
// Whoever unlocks a tag before its loan has done so by the pad's next look.
func (s *Script) showCardAfter(ctx context.Context, dark <-chan struct{}) error {
	ctx, cancel := within(ctx)
	defer cancel()
	seen := make(chan error, 1)
	go func() {
		_, err := s.hand.Until(ctx, "the book to be seen", shows(visit.PadFull))
		looked := make(chan struct{})
		s.Room.At(Inventory, drivers.UID{}, sync.OnceFunc(func() { close(looked) }))
		if err == nil {
			err = s.await(ctx, "the pad to look again", looked)
		}
		seen <- err
	}()
	select {
	case <-dark:
		cancel()
		<-seen
		return nil
	case err := <-seen:
		if err != nil {
			return err
		}
	}
	s.line.say(borrower, "%s shows a card", s.second.Name)
	return s.Room.ShowCard(s.second.Card)
}

// lookInTheDark checks while nothing runs: whatever is found was durable at
// the moment of the cut.
func (s *Script) lookInTheDark(ctx context.Context) error {
	r, err := s.Read(ctx, s.Central)
	if err != nil {
		return err
	}
	v := check.InTheDark(r)
	s.tell(v, "in the dark")
	if !v.OK() {
		return ErrHarm
	}
	s.line.say(checker, "in the dark: every quiet tag has its loan, %d events wait", r.Ledger.Unacked())
	return nil
}

// mendNetwork waits until nothing is left to be sent.
func (s *Script) mendNetwork(ctx context.Context) error {
	r, err := s.Ledger(ctx)
	if err != nil {
		return err
	}
	s.line.say(network, "restored; %d events wait", r.Unacked())
	s.Cable.Mend()
	r, err = s.untilLedger(ctx, "central to acknowledge everything", func(r ledger.Report) bool { return r.Unacked() == 0 })
	if err != nil {
		return err
	}
	s.line.say(central, "has acknowledged all %d events", len(r.Events))
	return nil
}

func (s *Script) stop(ctx context.Context) error {
	ctx, cancel := within(ctx)
	defer cancel()
	if err := s.Power.Off(ctx); err != nil {
		return err
	}
	s.line.say(power, "off, in good order")
	return nil
}

// Verdict takes the last reading, with nothing running any more and central's
// database opened afresh, and says what it finds. Unless the script came to
// its end, only what must be true at every instant is judged.
func (s *Script) Verdict(ctx context.Context, c check.Record, whole bool) (check.Verdict, error) {
	r, err := s.Read(ctx, c)
	if err != nil {
		return check.Verdict{}, err
	}
	r.Told = s.told
	v := check.InTheDark(r)
	if whole {
		v = check.AtRest(r)
	}
	s.tell(v, "at the end")
	return v, nil
}

// tell prints what was found, each thing once.
func (s *Script) tell(v check.Verdict, when string) {
	for _, h := range v.Harms {
		if !slices.Contains(s.found, h) {
			s.line.say(checker, "HARM %s: %s", when, h)
			s.found = append(s.found, h)
		}
	}
}
