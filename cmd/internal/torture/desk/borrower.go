package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
)

// show is the screen: what it says is done has been told to somebody.
func (k *Kiosk) show(s visit.State, _ circ.Moment) {
	k.trail(s)
	k.State = s
	if s.Who.Known() { // the last screen has forgotten it
		k.who, k.whose = s.Who.Card, s.Visit
	}
	for _, l := range s.Lines {
		done := l.State == visit.LineDone || l.State == visit.LineUnsecured // an unsecured loan stands, though the gate may sound
		stranger := l.Kind == circ.Issue && s.Visit != k.whose
		if !done || stranger || l.Decision.Verdict != circ.Yes || l.Kind == circ.Cancel {
			continue
		}
		t := check.Told{Item: l.Item, Kind: l.Kind}
		if l.Kind == circ.Issue {
			t.Card = k.who
		}
		if k.last[l.Item] != t {
			k.last[l.Item] = t
			k.Told = append(k.Told, t)
		}
	}
}

func (k *Kiosk) trail(s visit.State) {
	const most = 30
	step := fmt.Sprintf("%s, %d on the pad", s.Screen, len(s.OnPad))
	for _, l := range s.Lines {
		step += fmt.Sprintf(", %s of %s %s %s", l.Kind, l.Item.Tail(), l.State, l.Decision.Reason)
	}
	if step == k.step {
		return
	}
	k.step, step = step, time.Now().Format("15:04:05 ")+step
	k.Trail = append(k.Trail[max(0, len(k.Trail)-most+1):], step)
}

// Card is somebody who shows a card to the scanner.
func (k *Kiosk) Card(card circ.Card) error {
	return k.Desk.Handle(context.Background(), visit.CardShown{Read: k.Now().Mono, Who: k.Desk.Borrower(card)})
}

// Tap is a finger on a button.
func (k *Kiosk) Tap(b visit.Button) error {
	return k.Desk.Handle(context.Background(), visit.Tapped{Button: b})
}

// Tick lets the visit see that time has passed.
func (k *Kiosk) Tick() error { return k.Desk.Handle(context.Background(), visit.Tick{}) }

// Lines are the items of the visit that stand so.
func (k *Kiosk) Lines(state visit.LineState) (n int) {
	for _, l := range k.State.Lines {
		if l.State == state {
			n++
		}
	}
	return n
}

// Line is what the screen says of an item.
func (k *Kiosk) Line(item circ.ItemID) (visit.Line, bool) {
	i := slices.IndexFunc(k.State.Lines, func(l visit.Line) bool { return l.Item == item })
	if i < 0 {
		return visit.Line{}, false
	}
	return k.State.Lines[i], true
}

// AtHome says that the desk is free: nobody's visit is going on.
func (k *Kiosk) AtHome() bool {
	return (k.State.Screen == visit.Home || k.State.Screen == "") && len(k.State.Lines) == 0
}

// Read takes the readings of ledger and central beside the tags'.
func (k *Kiosk) Read(tags []check.Tag) (check.Reading, error) {
	ctx := context.Background()
	r := check.Reading{Tags: tags, Told: slices.Clone(k.Told)}
	var err error
	if r.Ledger, err = ledger.Audit(ctx, k.LedgerPath()); err != nil {
		return r, err
	}
	r.Central, err = check.AtCentral(ctx, k.Central, kioskName)
	return r, err
}
