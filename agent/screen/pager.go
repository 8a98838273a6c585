package screen

import (
	"net/url"
	"strconv"

	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// pager turns what does not fit on one page. Nothing is ever scrolled.
type pager struct {
	Page, Pages  int
	Newer, Older int // page to turn to; 0 if there is none
	NewerNeeds   int // lines there that need the borrower
	OlderNeeds   int
}

// room is how much a page holds at a text size.
type room struct {
	alone, paged int // tiles if they are all, and if there is a pager too
	sentences    int // of Help
	choices      int // of a panel
	tongues      int // of the languages
}

// rooms by how large the text is and whether everything touchable lies low.
// They are measured in Chromium on 1280 by 800, in the longest language.
func (f face) room() room {
	low := f.Ease.Low
	switch f.Ease.Size {
	case visit.Larger:
		if low {
			return room{1, 1, 3, 3, 4}
		}
		return room{3, 3, 5, 6, 9}
	case visit.Largest:
		if low {
			return room{1, 1, 2, 2, 3}
		}
		return room{2, 2, 3, 4, 6}
	}
	if low {
		return room{4, 4, 4, 4, 5}
	}
	return room{8, 6, 7, 12, 12}
}

// turn picks what a page shows. A page that is no longer there is the last one.
func (f *face) turn(page int) {
	r := f.room()
	switch f.Layout {
	case layoutList:
		f.turnList(r, page)
	case layoutHelp:
		if f.Note != "" { // takes the room of a sentence
			r.sentences--
		}
		from, to := f.cut(len(f.Said), r.sentences, page)
		f.Said = f.Said[from:to]
	case layoutGrid:
		most := r.choices
		if f.Over == visit.Languages {
			most = r.tongues
		}
		from, to := f.cut(len(f.Picks), most, page)
		f.Picks = f.Picks[from:to]
	}
}

// turnList puts the question on a page of its own where the text is so large
// that the tiles have no room beside it.
func (f *face) turnList(r room, page int) {
	for _, l := range f.Lines {
		if l.Check != "" && r.alone > 4 { // a line more on a tile
			r.alone, r.paged = 6, 4
		}
	}
	f.Asks = f.Ask != nil
	if f.Asks && f.Ease.Size != visit.Normal && len(f.Lines) > 0 {
		f.turnBehind(r, page)
		return
	}
	most := r.alone
	if len(f.Lines) > r.alone {
		most = r.paged
	}
	from, to := f.cut(len(f.Lines), most, page)
	f.Tiles = f.Lines[from:to]
	f.needs(from, to)
	f.spread()
}

// spread tells one sentence a page where the letters are large, and what is
// left on the last.
func (f *face) spread() {
	if f.Pager == nil || f.Ease.Size == visit.Normal || len(f.Said) < 2 {
		return
	}
	at := min(f.Pager.Page, len(f.Said)) - 1
	if f.Pager.Page == f.Pager.Pages {
		f.Said = f.Said[at:]
		return
	}
	f.Said = f.Said[at : at+1]
}

// turnBehind has the question first and the tiles behind it.
func (f *face) turnBehind(r room, page int) {
	behind := (len(f.Lines) + r.paged - 1) / r.paged
	n, _ := f.cut(1+behind, 1, page)
	f.Asks = n == 0
	if n == 0 {
		return
	}
	from := (n - 1) * r.paged
	to := min(from+r.paged, len(f.Lines))
	f.Tiles = f.Lines[from:to]
	f.needs(from, to)
}

// cut sets the pager and says what of n things the page holds.
func (f *face) cut(n, most, page int) (from, to int) {
	if n <= most {
		return 0, n
	}
	pages := (n + most - 1) / most
	page = min(page, pages)
	f.Pager = &pager{Page: page, Pages: pages, Newer: page - 1}
	if page < pages {
		f.Pager.Older = page + 1
	}
	return (page - 1) * most, min(page*most, n)
}

func (f *face) needs(from, to int) {
	if f.Pager != nil {
		f.Pager.NewerNeeds, f.Pager.OlderNeeds = needing(f.Lines[:from]), needing(f.Lines[to:])
	}
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

// Attention says how many lines on another page need the borrower.
func (f face) Attention(n int) string { return f.words.Count("page.attention", n, nil) }

// turning is a pager with the words for it.
type turning struct {
	pager
	face
}

// Turning gives the pager its words.
func (f face) Turning(p *pager) turning { return turning{*p, f} }

// PageOf says which page of how many this is.
func (t turning) PageOf() string {
	return t.words.Say("page.page", words.Fill{"n": strconv.Itoa(t.Page), "of": strconv.Itoa(t.Pages)})
}

// NewerWord and OlderWord name the turns: a list has newer and older items,
// everything else has what comes before and what comes next.
func (t turning) NewerWord() string {
	if t.Layout == layoutList {
		return t.Words("newer")
	}
	return t.Words("before")
}

// OlderWord names the turn to the next page.
func (t turning) OlderWord() string {
	if t.Layout == layoutList {
		return t.Words("older")
	}
	return t.Words("more")
}

// pageNumber is the page that was asked for; the first if it is odd.
func pageNumber(q url.Values) int {
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}
