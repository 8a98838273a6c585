package screen

import (
	"cmp"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// Version is the version of View as GET /state.json gives it.
const Version = 2

// View is what is on the screen, in words: the page and /state.json are both
// made from it, so neither can say what the other does not.
type View struct {
	V        int           `json:"v"`                  // Version
	Serial   string        `json:"serial,omitempty"`   // what a tap must carry
	Screen   visit.Screen  `json:"screen"`             // visit's name of the screen, or of the mode that takes its place
	Over     visit.Overlay `json:"over,omitempty"`     // what lies over the screen
	Question Question      `json:"question,omitempty"` // asked on top of the screen, or beside its list
	Lang     string        `json:"lang"`
	Dir      string        `json:"dir"` // ltr or rtl
	Venue    string        `json:"venue,omitempty"`
	Card     string        `json:"card,omitempty"` // masked
	Offline  bool          `json:"offline"`
	Band     *Band         `json:"band,omitempty"`
	Count    string        `json:"count,omitempty"` // "2 of 5": the largest text, read before Heading
	Heading  string        `json:"heading"`
	Body     []string      `json:"body,omitempty"`
	Note     string        `json:"note,omitempty"`   // one thing to tell, about no item
	Device   string        `json:"device,omitempty"` // what does not work, and what to do instead
	Typed    *Typed        `json:"typed,omitempty"`
	Ask      *Ask          `json:"ask,omitempty"`     // the one thing that the borrower should do now
	Lines    []Line        `json:"lines,omitempty"`   // newest first
	Seconds  int           `json:"seconds,omitempty"` // left to answer Warn
	Buttons  []Button      `json:"buttons,omitempty"`
	Say      string        `json:"say,omitempty"`    // how it stands, for those who listen
	Urgent   string        `json:"urgent,omitempty"` // what needs them at once, for those who listen
	Sound    string        `json:"sound,omitempty"`  // the last sound and its number, "done 3"
	Help     []string      `json:"help,omitempty"`   // what Help says of this screen
	Ease     visit.Ease    `json:"-"`                // how the page is drawn; its words are in the buttons of that overlay
	Picture  string        `json:"-"`                // the drawing beside the words, which says nothing more than they
}

// Out is shown instead of Home while nothing of this kiosk can read anything.
const Out = visit.Screen(visit.Out)

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

// The tones.
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

// Typed is how far typing has come. What has been typed it does not say.
type Typed struct {
	N    int    `json:"n"`
	Of   int    `json:"of,omitempty"` // 0: not known how many there are
	Text string `json:"text"`         // "2 of 4 numbers typed"
	mask string // as it is drawn: of a card number the last four are shown, of a PIN none
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

// drawer draws states at one venue. Its Words are those of the state's
// language once a view is begun.
type drawer struct {
	words.Words
	tongues []tongue // what a borrower can choose, the house's own first
	venue   string
	phone   string
	place   string // where help is found, in the venue's own words
}

// view is the screen as a function of the state. now is the instant at which
// it is drawn; only countdowns depend on it.
func (d drawer) view(st visit.State, now circ.Moment) View {
	d = d.in(st.Ease.Lang)
	v := View{
		V: Version, Screen: screenOf(st), Over: overOf(st), Question: question(st),
		Lang: d.Lang(), Dir: d.Dir(), Venue: d.venue, Ease: st.Ease,
		Offline: !st.Devices.Online, Band: d.band(st), Device: d.device(st),
	}
	if st.Who.Known() {
		v.Card = d.Say("page.card", words.Fill{"card": st.Who.Card.String()})
	}
	if st.Note != visit.NoNote {
		v.Note = d.Say("note."+string(st.Note), nil)
	}
	v.Help = d.helpOn(v.Screen)
	switch {
	case v.Over != visit.NoOverlay:
		d.over(&v, st)
	case v.Question == AskOther:
		d.otherCard(&v)
	default:
		d.screen(&v, st, now)
	}
	d.tools(&v, st)
	d.curtain(&v, st)
	if v.Picture == "" {
		v.Picture = string(cmp.Or(visit.Screen(v.Question), v.Screen))
	}
	return v
}

// screenOf is the screen that is drawn for a state: the visit's own, or what
// the kiosk as a whole is.
func screenOf(st visit.State) visit.Screen {
	if m := st.Shows(); m != visit.InService {
		return visit.Screen(m)
	}
	return cmp.Or(st.Screen, visit.Home)
}

// overOf is what lies over the screen. Nothing does over what cannot wait.
func overOf(st visit.State) visit.Overlay {
	if !hasTools(st) {
		return visit.NoOverlay
	}
	return st.Over
}

// question is what must be answered before anything else on the screen.
func question(st visit.State) Question {
	switch {
	case st.Screen == visit.Settle || st.Screen == visit.Bye || st.Screen == visit.Warn || st.Shows() != visit.InService:
		return NoQuestion
	case st.Other.Known():
		return AskOther
	case st.Mine && len(st.Parked) > 0 && (st.Screen == visit.Borrow || st.Screen == visit.GiveBack):
		return AskParked
	}
	return NoQuestion
}

// onPads says whether items can be put down at all.
func onPads(d visit.Devices) bool { return d.HasPads && d.Pads }

func (d drawer) screen(v *View, st visit.State, now circ.Moment) {
	switch v.Screen {
	case visit.Borrow, visit.GiveBack, visit.Fix:
		d.list(v, st)
	case visit.Home:
		d.home(v, st, now)
	case visit.PadFull:
		d.padFull(v, st)
	case visit.CardAsk:
		d.cardAsk(v, st)
	case visit.PIN:
		d.pin(v, st)
	case visit.Tell:
		d.tell(v, st)
	case visit.Stop:
		d.stop(v, st)
	case visit.Count:
		d.count(v, st)
	case visit.Account:
		d.account(v, st)
	case visit.Receipt:
		d.receipt(v, st)
	case visit.Warn:
		d.warn(v, st, now)
	case visit.Bye:
		d.bye(v, st)
	default:
		d.waiting(v, st)
	}
}

// band tells what is offered while central is silent or the disk is in doubt.
func (d drawer) band(st visit.State) *Band {
	s := st.Standing.Service
	switch {
	case st.Shows() != visit.InService:
		return nil
	case st.Devices.ReadOnly:
		return &Band{Service: visit.ReturnsOnly, Tone: ToneNeeds, Text: d.Say("service.read-only", nil)}
	case s == visit.ReturnsOnly || s == visit.Capped && !st.Devices.Online:
		return &Band{Service: s, Tone: ToneNeeds, Text: d.Say("service."+string(s), nil)}
	case st.Devices.Online:
		return nil
	case s == "":
		return &Band{Tone: ToneWorking, Text: d.Say("service.unsaid", nil)}
	}
	return &Band{Service: s, Tone: ToneWorking, Text: d.Say("service."+string(s), nil)}
}

// device tells what does not work, if the kiosk is still of use.
func (d drawer) device(st visit.State) string {
	dev := st.Devices
	switch {
	case st.Shows() != visit.InService:
	case dev.HasPads && !dev.Pads && dev.Scanner:
		return d.Say("device.pads", nil)
	case onPads(dev) && !dev.Scanner:
		return d.Say("device.scanner", nil)
	}
	return ""
}

func (d drawer) helpOn(s visit.Screen) []string {
	help := sentences(d.Say("screen."+string(s)+".help", nil))
	if d.place != "" {
		help = append(help, d.place)
	}
	if d.phone != "" {
		help = append(help, d.Say("help.phone", words.Fill{"phone": d.phone}))
	}
	return help
}

// sentences cuts a text after its full stops, so that Help is a list.
func sentences(text string) []string {
	var list []string
	for _, stop := range []string{". ", "। ", "۔ "} { // the danda of Gurmukhi, the full stop of Urdu
		text = strings.ReplaceAll(text, stop, strings.TrimSpace(stop)+"\n")
	}
	for s := range strings.SplitSeq(text, "\n") {
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
