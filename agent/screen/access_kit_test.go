package screen_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// The tests in the access files are the testable list of the borrower's
// reference, 2.6; each names its AX number. They look at the page from outside,
// as a borrower does: a state goes in, and the page that comes over the event
// stream is measured in Chromium by testdata/access.js.

// accessFull makes the sweep look at every state in every theme, size and
// language, instead of a set in which every pair of them occurs.
var accessFull = flag.Bool("access-full", false, "axe: every state x theme x size x language, which takes five minutes")

// sweptLanguages are the source, one of a large script, one from right to left,
// and a made-up one that is mirrored.
func sweptLanguages() []string { return []string{words.English, "gu", "ur", words.Mirrored} }

// everyLanguage is also those that only have to fit.
func everyLanguage() []string {
	return []string{words.English, "gu", "pa-Guru", "pl", "ro", "ur", words.Accented, words.Mirrored}
}

func themes() []visit.Theme {
	return []visit.Theme{visit.Light, visit.Dark, visit.Contrast, visit.Calm}
}
func sizes() []visit.Size { return []visit.Size{visit.Normal, visit.Larger, visit.Largest} }

// need fails under CI=true, and skips elsewhere, when something that the tests
// are made with is not there.
func need(t *testing.T, err error, say string) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
}

func chromium(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	need(t, err, "this test needs Chromium; run: make deps")
	return path
}

// web is a file from npm, which the lock file names and the set-up fetches.
func web(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(append([]string{"..", "..", "packaging", "web", "node_modules"}, path...)...)
	_, err := os.Stat(file)
	need(t, err, file+" is missing; run: make web")
	return file
}

// browser is one Chromium for all tabs of a test.
type browser struct {
	t   *testing.T
	ctx context.Context
	own []string // scripts that every page gets: axe-core, and our own eyes
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	program := chromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.UserDataDir(t.TempDir()))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), options...) // outlives t.Context, to be closed in order
	ctx, stopPage := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		stopPage()
		stopAll()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx}
	for _, file := range []string{web(t, "axe-core", "axe.min.js"), filepath.Join("testdata", "access.js")} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.own = append(b.own, string(text))
	}
	return b
}

// tab is a page of its own on a screen of its own. Its cookies are its own too,
// because two screens of one computer would share them.
type tab struct {
	t      *testing.T
	ctx    context.Context
	screen *screen.Screen
	taps   chan visit.Tapped
	shown  int
	number int
}

// served is the screen as a kiosk would have it, with every language switched on.
func served(t *testing.T, tap func(visit.Event)) *screen.Screen {
	t.Helper()
	s, err := screen.New(screen.Config{
		Listen: "127.0.0.1:0", Venue: "Oadby Library", Phone: "0116 496 0123", Languages: everyLanguage(), Display: panel(),
	}, tap)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run the screen: %v", err)
		}
	})
	return s
}

// panel is the smallest that is sold for kiosks: 10.1 inches, 1280 by 800, on
// which 20 mm are 118 pixels, read from 40 cm.
func panel() screen.Display {
	return screen.Display{DiagonalMM: 256.5, ViewingMM: 400, WidthPX: 1280, HeightPX: 800}
}

// open opens a page on a new screen. tap may be nil: taps then go to tab.taps.
func (b *browser) open(t *testing.T, number int, tap func(visit.Event)) *tab {
	t.Helper()
	p := &tab{t: t, taps: make(chan visit.Tapped, 64), number: number}
	if tap == nil {
		tap = func(e visit.Event) {
			if e, ok := e.(visit.Tapped); ok {
				select {
				case p.taps <- e:
				default: // nobody looks at them
				}
			}
		}
	}
	p.screen = served(t, tap)
	ctx, closePage := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closePage)
	p.ctx = ctx
	p.do(chromedp.EmulateViewport(1280, 800))
	p.do(chromedp.Navigate(p.screen.URL()))
	for _, script := range b.own {
		p.do(chromedp.Evaluate[chromedp.Void](script))
	}
	return p
}

func (p *tab) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, a); err != nil {
		p.t.Fatal(err)
	}
}

// combo is one way to look at a picture.
type combo struct {
	gallery.Picture
	lang  string
	theme visit.Theme
	size  visit.Size
	with  func(*visit.Ease) // nil: as it is
}

func (c combo) String() string {
	name := func(s, usual string) string {
		if s == "" {
			return usual
		}
		return s
	}
	return strings.Join([]string{c.Name, c.lang, name(string(c.theme), "light"), name(string(c.size), "normal")}, " ")
}

// state is the picture as this combo wants it, in a visit of its own.
func (c combo) state(id circ.Visit) visit.State {
	st := c.State
	st.Visit = id
	st.House.Languages = everyLanguage()
	st.Ease.Lang, st.Ease.Theme, st.Ease.Size = c.lang, c.theme, c.size
	if c.with != nil {
		c.with(&st.Ease)
	}
	return st
}

// wants is what to look for; the names are access.js's own.
type wants struct {
	Checks   []string `json:"checks"`
	Headed   bool     `json:"headed"`
	Language []string `json:"language,omitempty"` // lang, dir
	Axe      any      `json:"axe,omitempty"`
	Pages    bool     `json:"pages,omitempty"` // turn every page of what does not fit on one, and gather the words
}

// looked is what was seen; Found by AX number.
type looked struct {
	Found      map[string][]string `json:"found"`
	Incomplete []string            `json:"incomplete"`
	Help       []float64           `json:"help"` // left, top, width, height; nil if there is none
	Primary    []float64           `json:"primary"`
	Wide       float64             `json:"wide"`
	Words      []string            `json:"words"`
	Smallest   float64             `json:"smallest"` // letters, in pixels
	Took       map[string]float64  `json:"took"`     // ms in the page, by what was asked
}

// show puts a state on the tab's screen and gives the visit that marks it.
func (p *tab) show(c combo) circ.Visit {
	p.shown++
	id := uuid.UUID{0x5f, 0x3c, byte(p.number), byte(p.shown >> 16), byte(p.shown >> 8), byte(p.shown)}
	p.screen.Show(c.state(id), c.At)
	return id
}

// look shows a combo and measures it.
func (p *tab) look(c combo, w wants) (looked, error) {
	got, err := p.again(p.show(c), w)
	if err != nil {
		return got, fmt.Errorf("%v: %w", c, err)
	}
	return got, nil
}

// again measures what is shown already.
func (p *tab) again(id circ.Visit, w wants) (looked, error) {
	asked, err := json.Marshal(w)
	if err != nil {
		return looked{}, err
	}
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[looked](fmt.Sprintf("access.look(%q, %s)", id, asked), chromedp.EvalAwaitPromise))
}

// findings gathers what is wrong, by AX number. The same thing found in many
// places, languages and sizes is told once, with an example.
type findings struct {
	mu    sync.Mutex
	found map[string]map[string][]string // AX number, kind of thing, "where: what"
}

func (f *findings) add(id, what, where string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil {
		f.found = map[string]map[string][]string{}
	}
	if f.found[id] == nil {
		f.found[id] = map[string][]string{}
	}
	kind := kindOf(what)
	f.found[id][kind] = append(f.found[id][kind], where+": "+what)
}

// kindOf leaves out of a finding what differs from language to language.
func kindOf(what string) string {
	what = regexp.MustCompile(`“[^”]*”`).ReplaceAllString(what, "")
	what = regexp.MustCompile(`^page [0-9]+: `).ReplaceAllString(what, "")
	return regexp.MustCompile(`-?[0-9]+([.][0-9]+)?`).ReplaceAllString(what, "N")
}

func (f *findings) all(l looked, c combo) {
	for id, list := range l.Found {
		for _, what := range list {
			f.add(id, what, c.String())
		}
	}
}

// report fails a test by each kind of thing that was found under its number.
func (f *findings) report(t *testing.T, id string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, where := range f.found[id] {
		slices.Sort(where)
		more := ""
		if len(where) > 1 {
			more = fmt.Sprintf("\n    and %d times more: ", len(where)-1)
		}
		for _, w := range where[1:min(5, len(where))] {
			place, _, _ := strings.Cut(w, ": ")
			more += place + "; "
		}
		list = append(list, id+" "+where[0]+more)
	}
	slices.Sort(list)
	for _, l := range list {
		t.Error(l)
	}
}
