package screen

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
)

// TestEveryStateIsSpoken: the headset says every picture in every language,
// from the heading to the last button, and nothing that has no words.
func TestEveryStateIsSpoken(t *testing.T) {
	d := testDrawer(t)
	for _, p := range drawings() {
		for _, lang := range spoken() {
			p.state.Ease.Lang = lang
			v := d.view(p.state, p.at)
			said := d.spoken(p.state, p.at)
			if len(said) < 2 || !strings.Contains(said[0], v.Heading) {
				t.Errorf("%s in %s: %q", p.name, lang, said)
			}
			for _, s := range said {
				if lang == "en-GB" && strings.ContainsAny(s, "[]{}") {
					t.Errorf("%s in %s: there are no words for %q", p.name, lang, s)
				}
			}
			for _, b := range inOrder(v) {
				if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, b.Label) }) {
					t.Errorf("%s in %s: the button %q is not spoken", p.name, lang, b.Label)
				}
			}
		}
	}
}

// TestHeadsetNeverSaysAPIN: neither what is typed, nor which key has the focus.
func TestHeadsetNeverSaysAPIN(t *testing.T) {
	d := testDrawer(t)
	st := on(visit.PIN, all, signedIn, func(st *visit.State) { st.Typed, st.Ease.Speech = gallery.Typed, true })
	for _, s := range d.spoken(st, drawnAt) {
		if strings.Contains(s, string(gallery.Typed)) {
			t.Errorf("the headset says %q", s)
		}
	}
	other := st
	other.Typed = "88"
	if was, is := d.spoken(st, drawnAt), d.spoken(other, drawnAt); !slices.Equal(was, is) {
		t.Errorf("the digits can be heard: %q, and %q", was, is)
	}
	v := d.view(st, drawnAt)
	if got := d.focusSpoken(v, "digit-7"); got != "" {
		t.Errorf("the digit under the focus is said: %q", got)
	}
	if got := d.focusSpoken(v, "enter"); !strings.HasPrefix(got, "Button ") || !strings.HasSuffix(got, ": Enter") {
		t.Errorf("of Enter it says %q", got)
	}
}

func TestNewsAreSummed(t *testing.T) {
	s := &Screen{draw: testDrawer(t)}
	was := on(visit.Borrow, all, signedIn, lines(many(1)...))
	is := on(visit.Borrow, all, signedIn, lines(many(4)...))
	if got := s.SpokenNews(was, is, drawnAt); !slices.Equal(got, []string{"3 items read", "4 items borrowed"}) {
		t.Errorf("three items came, and it says %q", got)
	}
	if got := s.SpokenNews(is, is, drawnAt); len(got) != 0 {
		t.Errorf("nothing came, and it says %q", got)
	}
	stuck := on(visit.Borrow, all, signedIn, lines(append(many(3), open("30010003", "Treasure Island", circ.Issue, visit.LinePutBack))...))
	if got := strings.Join(s.SpokenNews(is, stuck, drawnAt), " "); !strings.Contains(got, "put this back") || !strings.Contains(got, "Treasure Island") {
		t.Errorf("an item must be put back, and it says %q", got)
	}
	if got := s.SpokenNews(is, on(visit.Bye, all), drawnAt); len(got) < 2 || got[0] != "All done" {
		t.Errorf("another screen comes, and it says %q", got)
	}
	dark := on(visit.Home, all, func(st *visit.State) { st.Over = visit.Easier })
	before := dark
	dark.Ease.Theme = visit.Dark
	if got := s.SpokenNews(before, dark, drawnAt); !slices.Equal(got, []string{"Colours: Dark, chosen"}) {
		t.Errorf("the colours are chosen, and it says %q", got)
	}
}

// TestHiddenTitlesAreNotSaid: what the neighbours shall not read they shall not
// hear either.
func TestHiddenTitlesAreNotSaid(t *testing.T) {
	d := testDrawer(t)
	st := on(visit.Borrow, all, signedIn, lines(many(2)...), func(st *visit.State) { st.Ease.Hidden = true })
	said := strings.Join(d.spoken(st, drawnAt), " ")
	if strings.Contains(said, "Wolf Hall") || !strings.Contains(said, "Item 2: Borrowed") {
		t.Errorf("it says %q", said)
	}
	if i := strings.IndexFunc(said, unicode.IsControl); i >= 0 {
		t.Errorf("a mark for readers is left in %q", said)
	}
}

func TestSoundsFollowWhatHappened(t *testing.T) {
	one := on(visit.Borrow, all, signedIn, lines(many(1)...))
	held := on(visit.GiveBack, all, lines(visit.Line{Item: "1", Kind: circ.Return, State: visit.LineDone, Decision: circ.Decision{Shelf: circ.HoldShelf}}))
	for _, c := range []struct {
		what    string
		was, is visit.State
		want    string
	}{
		{"an item is done", on(visit.Borrow, all, signedIn), one, "done 1"},
		{"nothing new", one, one, ""},
		{"an item is refused", one, on(visit.Borrow, all, signedIn, lines(append(many(1), refused("9", "", circ.Issue, circ.ItemAge, circ.HelpShelf))...)), "stopped 1"},
		{"an item must be put back", one, on(visit.Borrow, all, signedIn, lines(many(1)[0], open("9", "", circ.Issue, visit.LinePutBack))), "needs 1"},
		{"a return is reserved", on(visit.GiveBack, all), held, "needs 1"},
		{"is somebody there", one, on(visit.Warn, all, signedIn, lines(many(1)...)), "time 1"},
		{"the card is stopped", on(visit.Check, all, signedIn), on(visit.Stop, all, signedIn), "stopped 1"},
		{"the next visit begins", one, on(visit.Home, all, func(st *visit.State) { st.Visit[15]++ }), ""},
	} {
		if got := (cue{}).after(c.was, c.is).String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if got := (cue{"done", 4}).after(one, one).String(); got != "done 4" {
		t.Errorf("a sound that was heard is %q", got)
	}
}
