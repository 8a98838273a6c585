package screen

import (
	"cmp"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// Version is the version of View as GET /state.json gives it.
const Version = 1

// View is what is on the screen, in words: the page and /state.json are both
// made from it, so neither can say what the other does not.
type View struct {
	V        int          `json:"v"`                  // Version
	Serial   string       `json:"serial,omitempty"`   // what a tap must carry
	Screen   visit.Screen `json:"screen"`             // visit's name of the screen, or Out
	Question Question     `json:"question,omitempty"` // asked on top of the screen, or beside its list
	Lang     string       `json:"lang"`
	Dir      string       `json:"dir"` // ltr or rtl
	Venue    string       `json:"venue,omitempty"`
	Card     string       `json:"card,omitempty"` // masked
	Offline  bool         `json:"offline"`
	Band     *Band        `json:"band,omitempty"`
	Count    string       `json:"count,omitempty"` // "2 of 5": the largest text, read before Heading
	Heading  string       `json:"heading"`
	Body     []string     `json:"body,omitempty"`
	Note     string       `json:"note,omitempty"`    // one thing to tell, about no item
	Device   string       `json:"device,omitempty"`  // what does not work, and what to do instead
	Ask      *Ask         `json:"ask,omitempty"`     // the one thing that the borrower should do now
	Lines    []Line       `json:"lines,omitempty"`   // newest first
	Seconds  int          `json:"seconds,omitempty"` // left to answer Warn
	Buttons  []Button     `json:"buttons,omitempty"`
	Say      string       `json:"say,omitempty"`  // how the list stands, for those who listen
	Help     []string     `json:"help,omitempty"` // what Help opens
	Picture  string       `json:"-"`              // the drawing beside the words, which says nothing more than they
}

// Out is shown instead of Home while nothing of this kiosk can read anything.
const Out visit.Screen = "out"

// Question names what is asked.
type Question string

// The questions. The first two must be answered before anything else.
const (
	NoQuestion   Question = ""
	AskOther     Question = "other-card"
	AskParked    Question = "parked"
	AskPutBack   Question = "put-back"
	AskParts     Question = "parts"
	TellCantRead Question = "unreadable"
)

// Tone is the colour and the icon of something, never without its word.
type Tone string

// The tones (palette of the borrower's reference, 2.5).
const (
	ToneDone    Tone = "done"
	ToneWorking Tone = "working"
	ToneNeeds   Tone = "needs" // the borrower should do something
	ToneRefused Tone = "refused"
	TonePlain   Tone = "plain"
)

// Band says in plain words what is offered while the library computer is silent.
type Band struct {
	Service visit.Service `json:"service,omitempty"` // "" while no card has been looked up
	Tone    Tone          `json:"tone"`
	Text    string        `json:"text"`
}

// Ask is the one thing that the borrower should do now. Its buttons are in
// View.Buttons with the place PlaceAsk.
type Ask struct {
	Question Question    `json:"question"`
	Item     circ.ItemID `json:"item,omitempty"`
	Title    string      `json:"title,omitempty"`
	Heading  string      `json:"heading"`
	Body     []string    `json:"body,omitempty"`
}

// Place is where a button is.
type Place string

// The places. Primary is the one obvious next step, at the end of the bottom row.
const (
	PlacePrimary   Place = "primary"
	PlaceSecondary Place = "secondary"
	PlaceChoice    Place = "choice" // large, in the middle of the screen
	PlaceAsk       Place = "ask"    // under Ask
	PlaceAgain     Place = "again"  // Start again, beside Help
)

// Button is what can be tapped.
type Button struct {
	Button visit.Button `json:"button"`
	Item   circ.ItemID  `json:"item,omitempty"`
	Label  string       `json:"label"`
	Hint   string       `json:"hint,omitempty"`
	Place  Place        `json:"place"`
}

// drawer draws states in one language at one venue.
type drawer struct {
	words
	venue string
	phone string
	place string // where help is found, in the venue's own words
}

// view is the screen as a function of the state. now is the instant at which
// it is drawn; only the countdown of Warn depends on it.
func (d drawer) view(st visit.State, now circ.Moment) View {
	v := View{
		V: Version, Screen: screenOf(st), Question: question(st),
		Lang: d.lang, Dir: d.dir, Venue: d.venue,
		Offline: !st.Devices.Online, Band: d.band(st), Device: d.device(st),
	}
	if st.Who.Known() {
		v.Card = d.say("page.card", fill{"card": st.Who.Card.String()})
	}
	if st.Note != visit.NoNote {
		v.Note = d.say("note."+string(st.Note), nil)
	}
	if v.Question == AskOther {
		d.otherCard(&v)
	} else {
		d.screen(&v, st, now)
	}
	v.Help = d.helpOn(v.Screen)
	if v.Picture == "" {
		v.Picture = string(cmp.Or(visit.Screen(v.Question), v.Screen))
	}
	return v
}

// screenOf is the screen that is drawn for a state.
func screenOf(st visit.State) visit.Screen {
	s := st.Screen
	if s == "" {
		s = visit.Home
	}
	if s == visit.Home && !canRead(st.Devices) {
		return Out
	}
	return s
}

// question is what must be answered before anything else on the screen.
func question(st visit.State) Question {
	switch {
	case st.Screen == visit.Settle || st.Screen == visit.Bye || st.Screen == visit.Warn:
		return NoQuestion
	case st.Other.Known():
		return AskOther
	case st.Mine && len(st.Parked) > 0 && (st.Screen == visit.Borrow || st.Screen == visit.GiveBack):
		return AskParked
	}
	return NoQuestion
}

func canRead(d visit.Devices) bool { return d.Scanner || d.HasPads && d.Pads }

// onPads says whether items can be put down at all.
func onPads(d visit.Devices) bool { return d.HasPads && d.Pads }

func (d drawer) screen(v *View, st visit.State, now circ.Moment) {
	switch v.Screen {
	case visit.Borrow, visit.GiveBack, visit.Fix:
		d.list(v, st)
	case visit.Home:
		d.home(v, st)
	case visit.PadFull:
		d.padFull(v, st)
	case visit.CardAsk:
		d.cardAsk(v, st)
	case visit.Stop:
		d.stop(v, st)
	case visit.Warn:
		d.warn(v, st, now)
	case visit.Bye:
		d.bye(v, st)
	case visit.Check:
		d.plain(v)
		d.again(v, visit.TapBack)
	default:
		d.plain(v)
	}
}

// band tells what is offered while central is silent or the disk is in doubt.
func (d drawer) band(st visit.State) *Band {
	s := st.Standing.Service
	switch {
	case st.Devices.ReadOnly:
		return &Band{Service: visit.ReturnsOnly, Tone: ToneNeeds, Text: d.say("service.read-only", nil)}
	case s == visit.ReturnsOnly || s == visit.Capped && !st.Devices.Online:
		return &Band{Service: s, Tone: ToneNeeds, Text: d.say("service."+string(s), nil)}
	case st.Devices.Online:
		return nil
	case s == "":
		return &Band{Tone: ToneWorking, Text: d.say("service.unsaid", nil)}
	}
	return &Band{Service: s, Tone: ToneWorking, Text: d.say("service."+string(s), nil)}
}

// device tells what does not work, if the kiosk is still of use.
func (d drawer) device(st visit.State) string {
	dev := st.Devices
	switch {
	case dev.HasPads && !dev.Pads && dev.Scanner:
		return d.say("device.pads", nil)
	case onPads(dev) && !dev.Scanner:
		return d.say("device.scanner", nil)
	}
	return ""
}

func (d drawer) helpOn(s visit.Screen) []string {
	help := sentences(d.say("screen."+string(s)+".help", nil))
	if d.place != "" {
		help = append(help, d.place)
	}
	if d.phone != "" {
		help = append(help, d.say("help.phone", fill{"phone": d.phone}))
	}
	return help
}

// sentences cuts a text after its full stops, so that Help is a list.
func sentences(text string) []string {
	var list []string
	for _, s := range strings.SplitAfter(text, ". ") {
		list = append(list, strings.TrimSpace(s))
	}
	return list
}

// secondsLeft counts up, so that nobody sees a 0 while there is still time.
func secondsLeft(until, now time.Duration) int {
	left := until - now
	if left <= 0 {
		return 0
	}
	return int((left + time.Second - 1) / time.Second)
}
