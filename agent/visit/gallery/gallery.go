// Package gallery is every state of a visit that a screen must draw, with
// made-up items: for eyes, in the demo's gallery page, and for tests of the
// screen, of speech and of accessibility. It knows what can be, not how it
// looks.
package gallery

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// Picture is one state, and the instant at which it is looked at.
type Picture struct {
	Name  string // unlike any other: "borrow-parts"; good for a file's name
	State visit.State
	At    circ.Moment
}

// All gives every picture, in the order of a visit. The states are the
// caller's own to change.
func All() []Picture {
	return slices.Concat(home(), modes(), cards(), pins(), stops(), borrowing(), lists(), titles(), returning(), fixing(),
		ending(), accounts(), receipts(), warnings(), overlays())
}

// Card is the card of the borrower in the pictures. No page may show it whole.
const Card circ.Card = "29998000001234"

// Typed is what has been typed of a PIN. No page may show it, or say it.
const Typed visit.Secret = "73"

// now is when the pictures are looked at: a Tuesday evening, nobody of staff
// is there. The visit is long enough under way for every clock in it.
func now() circ.Moment {
	return circ.Moment{
		Wall: time.Date(2026, time.February, 17, 19, 30, 0, 0, time.UTC),
		Mono: 50 * time.Minute,
		Boot: uuid.MustParse("018f2a60-0000-7000-8000-000000000001"), Quality: circ.Synced,
	}
}

// opened is how long ago the screen of a picture opened.
const opened = 3 * time.Second

// change is one thing that is not as usual in a picture.
type change func(*visit.State)

// picture is a screen on which all works, with changes, in order.
func picture(name string, s visit.Screen, with ...change) Picture {
	at := now()
	since := at.Mono - opened
	st := visit.State{
		Visit: uuid.MustParse("5f3c1d9a-0000-5000-8000-000000000001"), Number: 7, Began: since - time.Minute,
		Screen: s, Since: since, Idle: since, Devices: works(), House: house(),
	}
	for _, w := range with {
		w(&st)
	}
	return Picture{Name: name, State: st, At: at}
}

func works() visit.Devices {
	return visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true, HasPaper: true}
}

func house() visit.House {
	return visit.House{Languages: []string{"en-GB", "gu", "pa-Guru", "pl", "ro", "ur"}}
}

// device changes what works.
func device(f func(*visit.Devices)) change { return func(st *visit.State) { f(&st.Devices) } }

func offline() change { return device(func(d *visit.Devices) { d.Online = false }) }
func padsDown() change {
	return device(func(d *visit.Devices) { d.Pads = false })
}
func noPads() change {
	return device(func(d *visit.Devices) { d.Pads, d.HasPads = false, false })
}
func noScanner() change { return device(func(d *visit.Devices) { d.Scanner = false }) }
func readOnly() change  { return device(func(d *visit.Devices) { d.ReadOnly = true }) }
func terminal() change  { return device(func(d *visit.Devices) { d.Terminal = true }) }
func printer(f visit.PrinterFault) change {
	return device(func(d *visit.Devices) { d.Printer = f })
}

// signedIn is a card that may borrow.
func signedIn(st *visit.State) {
	st.Who, st.Task = circ.Borrower{Card: Card}, visit.Borrowing
	st.Signed = st.Since - time.Minute
	st.Standing = visit.Standing{Known: true, Reason: circ.OK, Service: visit.FullService, Loans: 2, Oldest: thursday(), Mail: true}
}

// bringing is somebody who brings things back and has shown no card.
func bringing(st *visit.State) { st.Task = visit.Returning }

func note(n visit.Note) change { return func(st *visit.State) { st.Note = n } }
func over(o visit.Overlay) change {
	return func(st *visit.State) { st.Over, st.OverAt = o, st.Since }
}
func ease(e visit.Ease) change        { return func(st *visit.State) { st.Ease = e } }
func service(s visit.Service) change  { return func(st *visit.State) { st.Standing.Service = s } }
func messages(codes ...string) change { return func(st *visit.State) { st.Standing.Notes = codes } }
func mode(m visit.Mode) change {
	return func(st *visit.State) { st.Mode, st.ModeAt = m, now().Wall.Add(-40*time.Minute) }
}
