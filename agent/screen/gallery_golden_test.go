package screen

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

var update = flag.Bool("update", false, "rewrite the golden pages")

func testDrawer(t *testing.T) drawer {
	t.Helper()
	d, err := newDrawer(Config{Venue: "Oadby Library", Phone: "0116 496 0123", Languages: append(spoken(), words.Accented, words.Mirrored)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// spoken are the languages that there are words in, English first.
func spoken() []string {
	var tags []string
	for _, l := range words.Languages() {
		tags = append(tags, l.Tag)
	}
	return tags
}

func query(t *testing.T, s string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

var symbolUsed = regexp.MustCompile(`<use href="#([^"]+)"`)

// TestGallery compares every picture of the gallery with its golden page. The
// pages are drawn as a venue with two languages has them, so that a new
// language changes none.
func TestGallery(t *testing.T) {
	d := testDrawer(t)
	d.tongues = d.tongues[:1]
	symbols, err := draw("symbols", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range drawings() {
		t.Run(p.name, func(t *testing.T) {
			v := d.view(p.state, p.at)
			v.Serial = "visit.1"
			got, err := draw("main", d.face(v, query(t, p.query), newShell(Config{})))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, p.name, string(got)+"\n")
			if strings.Contains(string(got), "[") {
				t.Errorf("words are missing:\n%s", got)
			}
			if strings.Contains(string(got), string(gallery.Card)) {
				t.Error("the page holds a whole card number")
			}
			for _, used := range symbolUsed.FindAllStringSubmatch(string(got), -1) {
				if !strings.Contains(string(symbols), `id="`+used[1]+`"`) {
					t.Errorf("there is no drawing %s", used[1])
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "pages", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("page differs from %s (-want +got):\n%s", file, diff)
	}
}

// TestNoPINOnThePage: how far typing has come is shown, and never what.
func TestNoPINOnThePage(t *testing.T) {
	d := testDrawer(t)
	for _, p := range drawings() {
		if p.state.Typed == "" || p.state.Typing {
			continue
		}
		one, other := p.state, p.state
		other.Typed = visit.Secret("8888888888"[:len(p.state.Typed)])
		if diff := cmp.Diff(d.view(one, p.at), d.view(other, p.at), cmp.AllowUnexported(Typed{})); diff != "" {
			t.Errorf("%s shows what was typed:\n%s", p.name, diff)
		}
	}
}
