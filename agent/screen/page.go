package screen

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strconv"

	"nightdesk/agent/visit"
)

//go:embed page
var assets embed.FS

// templates are parsed once and not changed afterwards. A page that cannot be
// parsed is a mistake in the program, which the first test finds.
var templates = template.Must(template.ParseFS(assets, "page/*.html"))

// The list holds eight tiles. If there are more, the last row gives way to the
// buttons that turn it.
const (
	tilesAlone = 8
	tilesPaged = 6
)

// How a screen is laid out.
const (
	layoutList = "list" // the count and what to do beside the tiles
	layoutHero = "hero" // one thing said large, with a picture
	layoutPick = "pick" // a question with large answers
	layoutHelp = "help"
)

// face is a View as one page of it is drawn.
type face struct {
	View
	Layout string
	Tiles  []Line
	Pager  *pager
	words
}

// pager turns the list.
type pager struct {
	Page, Pages  int
	Newer, Older int // page to turn to; 0 if there is none
	NewerNeeds   int // lines there that need the borrower
	OlderNeeds   int
}

// notice is a page outside the visit.
type notice struct {
	Lang, Dir, Heading, Body, On, OnLabel string
}

func (d drawer) face(v View, q url.Values) face {
	f := face{View: v, words: d.words, Layout: layoutOf(v)}
	if q.Get("help") == string(v.Screen) && f.HasHelp() {
		f.Layout = layoutHelp
	}
	f.turn(pageNumber(q))
	return f
}

func layoutOf(v View) string {
	if v.Question == AskOther {
		return layoutHero
	}
	switch v.Screen {
	case visit.Home, visit.PadFull:
		return layoutPick
	case visit.Borrow, visit.GiveBack, visit.Fix:
		return layoutList
	}
	return layoutHero
}

// turn picks the tiles of a page. A page that is no longer there is the last one.
func (f *face) turn(page int) {
	n := len(f.Lines)
	if n <= tilesAlone {
		f.Tiles = f.Lines
		return
	}
	pages := (n + tilesPaged - 1) / tilesPaged
	page = min(page, pages)
	from, to := (page-1)*tilesPaged, min(page*tilesPaged, n)
	f.Tiles = f.Lines[from:to]
	p := pager{Page: page, Pages: pages, Newer: page - 1, NewerNeeds: needing(f.Lines[:from]), OlderNeeds: needing(f.Lines[to:])}
	if page < pages {
		p.Older = page + 1
	}
	f.Pager = &p
}

// needing counts the lines that wait for the borrower. A return that belongs
// on another shelf says so, but waits for nobody.
func needing(lines []Line) int {
	n := 0
	for _, l := range lines {
		switch l.State {
		case visit.LinePutBack, visit.LineParts, visit.LineUnreadable:
			n++
		}
	}
	return n
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
func (f face) Words(key string) string { return f.say("page."+key, nil) }

// HelpWords gives a text of the help panel.
func (f face) HelpWords(key string) string { return f.say("help."+key, nil) }

// Attention says how many lines on another page need the borrower.
func (f face) Attention(n int) string { return f.count("page.attention", n, nil) }

// turning is a pager with the words for it.
type turning struct {
	pager
	face
}

// Turning gives the pager its words.
func (f face) Turning(p *pager) turning { return turning{*p, f} }

// PageOf says which page of how many this is.
func (t turning) PageOf() string {
	return t.say("page.page", fill{"n": strconv.Itoa(t.Page), "of": strconv.Itoa(t.Pages)})
}

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
	if t.Item == "" {
		return string(t.Button.Button)
	}
	return string(t.Button.Button) + "-" + string(t.Item)
}

// SecondsWord is "second" or "seconds".
func (f face) SecondsWord() string { return f.count("screen.warn.seconds", f.Seconds, nil) }

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

// HasHelp says whether Help is offered: not while the borrower has seconds to answer.
func (f face) HasHelp() bool { return f.Screen != visit.Warn && f.Question != AskOther }

// draw executes a template.
func draw(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
