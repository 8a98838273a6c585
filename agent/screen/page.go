package screen

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

//go:embed page
var assets embed.FS

// templates are parsed once and not changed afterwards. A page that cannot be
// parsed is a mistake in the program, which the first test finds.
var templates = template.Must(template.ParseFS(assets, "page/*.html"))

// How a screen is laid out.
const (
	layoutList  = "list"  // the count and what to do beside the tiles
	layoutHero  = "hero"  // one thing said large, with a picture
	layoutPick  = "pick"  // a question with large answers
	layoutKeys  = "keys"  // a number pad
	layoutGrid  = "grid"  // many things to choose from
	layoutHelp  = "help"  // a list of sentences
	layoutAlert = "alert" // words alone
)

// face is a View as one page of it is drawn.
type face struct {
	View
	Layout string
	Tiles  []Line
	Said   []string // the body, as much of it as this page holds
	Picks  []Button // the choices of this page
	Asks   bool     // this page shows Ask
	Pager  *pager
	Shell  shell
	words  words.Words
}

// notice is a page outside the visit.
type notice struct {
	Lang, Dir, Heading, Body, On, OnLabel string
}

// face draws in the language of the view.
func (d drawer) face(v View, q url.Values, sh shell) face {
	f := face{View: v, words: d.in(v.Lang).Words, Layout: layoutOf(v), Said: v.Body, Shell: sh}
	f.Picks = f.At(PlaceChoice)
	f.turn(pageNumber(q))
	return f
}

func layoutOf(v View) string {
	switch {
	case v.Over == visit.Help:
		return layoutHelp
	case v.Over != visit.NoOverlay:
		return layoutGrid
	case v.Question == AskOther:
		return layoutHero
	case v.Typed != nil:
		return layoutKeys
	}
	switch v.Screen {
	case visit.Home, visit.PadFull:
		return layoutPick
	case visit.Borrow, visit.GiveBack, visit.Fix:
		return layoutList
	case visit.Receipt:
		if len(v.Lines) > 0 {
			return layoutList
		}
	case visit.Screen(visit.Emergency):
		return layoutAlert
	}
	return layoutHero
}

// At gives the buttons of one place.
func (f face) At(p Place) []Button {
	var out []Button
	for _, b := range f.Buttons {
		if b.Place == p {
			out = append(out, b)
		}
	}
	return out
}

// Words gives a text of the page itself.
func (f face) Words(key string) string { return f.words.Say("page."+key, nil) }

// Theme, Size and the like are how the style sheet knows the borrower's choices.
func (f face) Theme() string {
	if f.Ease.Theme == visit.Light {
		return "light"
	}
	return string(f.Ease.Theme)
}

// Size is normal, large or largest.
func (f face) Size() string {
	if f.Ease.Size == visit.Normal {
		return "normal"
	}
	return string(f.Ease.Size)
}

// NextFirst says whether the next step comes before the tools in the bottom
// row. It lies under the hand that the borrower uses, whichever way the text
// runs; and the row is written in the order in which it is seen.
func (f face) NextFirst() bool { return f.Ease.Left == (f.Dir == "ltr") }

// Tools are Help, Languages and Easier to use. Help lies outermost, so that it
// stays where it is whether Start again is beside them or not.
func (f face) Tools() []Button {
	tools := f.At(PlaceTool)
	if f.NextFirst() {
		slices.Reverse(tools)
	}
	return tools
}

// Face is what must be the same for the page to be the same page: then only
// what differs is changed, and the focus stays.
func (f face) Face() string { return f.Serial + " " + f.Layout }

// tapForm is a button with what its form carries.
type tapForm struct {
	Button
	Serial, Class, Icon string
}

// Tap makes the form of a button.
func (f face) Tap(b Button, class, icon string) tapForm {
	return tapForm{b, f.Serial, class, icon}
}

// ID names the button in the page, so that it stays the same element, and
// keeps the focus, while what is around it changes.
func (t tapForm) ID() string {
	id := string(t.Button.Button)
	switch {
	case t.Item != "":
		return id + "-" + string(t.Item)
	case t.Button.Button == visit.TapChoose:
		what, value, _ := strings.Cut(t.Value, ":")
		if what == "lang" || what == "volume" {
			what += "-" + value
		}
		return id + "-" + what
	case t.Value != "":
		return id + "-" + t.Value
	}
	return id
}

// Chooses names the icon of a choice.
func (t tapForm) Chooses() string {
	what, value, _ := strings.Cut(t.Value, ":")
	if what == "volume" {
		return "i-" + what + "-" + value
	}
	return "i-" + what
}

// SecondsWord is "second" or "seconds".
func (f face) SecondsWord() string { return f.words.Count("screen.warn.seconds", f.Seconds, nil) }

// Dots are the places of a PIN, and whether each is taken.
func (t Typed) Dots() []bool {
	dots := make([]bool, max(t.Of, t.N))
	for i := range min(t.N, len(dots)) {
		dots[i] = true
	}
	return dots
}

// Mask is a card number as far as it is shown.
func (t Typed) Mask() string { return t.mask }

// ID names the tile in the page; "" if the item has no number.
func (l Line) ID() string {
	if l.Item == "" {
		return ""
	}
	return "item-" + string(l.Item)
}

// Icon names the tile's symbol: no state is told by its colour alone.
func (l Line) Icon() string {
	switch l.State {
	case visit.LineUnsecured:
		return "i-alarm"
	case visit.LineUnreadable:
		return "i-stripes"
	case visit.LineParts:
		return "i-parts"
	}
	if l.State == visit.LineDone && l.Tone == ToneNeeds || l.State == visit.LineIncomplete {
		return "i-shelf"
	}
	return "i-" + string(l.Tone)
}

// draw executes a template.
func draw(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
