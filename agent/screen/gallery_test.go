package screen

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
)

// picture is one state as a page of it is drawn.
type picture struct {
	name  string
	query string
	state visit.State
	at    circ.Moment
}

// drawings are the pictures of every state, and those that only a screen knows:
// the second page of what does not fit on one, and the ways to be served.
func drawings() []picture {
	var out []picture
	for _, p := range gallery.All() {
		out = append(out, picture{p.Name, "", p.State, p.At})
	}
	add := func(name, of, query string, e visit.Ease) {
		for _, p := range out {
			if p.name == of {
				p.name, p.query, p.state.Ease = name, query, e
				p.state.Devices.Headset = e.Speech
				out = append(out, p)
			}
		}
	}
	add("borrow-twenty-2", "borrow-twenty", "page=2", visit.Ease{})
	add("easy-home-low-left", "home", "", visit.Ease{Low: true, Left: true, Theme: visit.Contrast})
	add("easy-pin-low", "pin-two", "", visit.Ease{Low: true})
	add("easy-borrow-largest", "borrow-mixed", "", visit.Ease{Size: visit.Largest, Theme: visit.Dark})
	add("easy-borrow-largest-2", "borrow-mixed", "page=2", visit.Ease{Size: visit.Largest})
	add("easy-help-largest-2", "help-borrow", "page=2", visit.Ease{Size: visit.Largest, Low: true})
	add("easy-ease-largest-2", "ease-home", "page=2", visit.Ease{Size: visit.Largest, Still: true, Steady: true})
	add("easy-curtain", "borrow-done", "", visit.Ease{Speech: true, Curtain: true})
	return out
}

// What the tests of the server show, where which picture it is does not matter.
var (
	tuesday  = time.Date(2026, time.March, 10, 23, 59, 0, 0, time.UTC)
	drawnAt  = circ.Moment{Wall: time.Date(2026, time.February, 17, 19, 30, 0, 0, time.UTC), Mono: 10 * time.Minute}
	theVisit = uuid.MustParse("5f3c1d9a-0000-5000-8000-000000000001")
	all      = visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true}
	offline  = visit.Devices{Pads: true, HasPads: true, Scanner: true}
)

func on(s visit.Screen, d visit.Devices, with ...func(*visit.State)) visit.State {
	st := visit.State{Visit: theVisit, Screen: s, Devices: d, Since: drawnAt.Mono - 3*time.Second}
	for _, w := range with {
		w(&st)
	}
	return st
}

func signedIn(st *visit.State) {
	st.Who, st.Task = circ.Borrower{Card: gallery.Card}, visit.Borrowing
	st.Standing = visit.Standing{Known: true, Reason: circ.OK, Service: visit.FullService}
}

func lines(l ...visit.Line) func(*visit.State) {
	return func(st *visit.State) { st.Lines = l }
}

func lent(id circ.ItemID, title string, due time.Time) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: circ.Issue, State: visit.LineDone,
		Decision: circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: due, Shelf: circ.TakeIt}}
}

func open(id circ.ItemID, title string, k circ.Kind, s visit.LineState) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: s}
}

func refused(id circ.ItemID, title string, k circ.Kind, r circ.Reason, s circ.Shelf) visit.Line {
	return visit.Line{Item: id, Title: title, Kind: k, State: visit.LineRefused,
		Decision: circ.Decision{Verdict: circ.No, Reason: r, Shelf: s}}
}

func titles() []string {
	return []string{
		"Wolf Hall", "The Very Hungry Caterpillar", "Treasure Island", "The Strange Case of Dr Jekyll and Mr Hyde, and Other Tales of Terror",
		"Middlemarch", "ગુજરાતી વાર્તાઓ", "Things Fall Apart", "Small Island", "The Gruffalo", "Charlotte's Web", "Rebecca", "Dune", "Pride and Prejudice", "Kes",
	}
}

func many(n int) []visit.Line {
	var out []visit.Line
	for i := range n {
		out = append(out, lent(circ.ItemID("3001000"+strconv.Itoa(i)), titles()[i], tuesday))
	}
	return out
}

func longList() []visit.Line {
	l := many(14)
	l[2].State = visit.LinePutBack
	l[13].State = visit.LineSecuring
	return l
}
