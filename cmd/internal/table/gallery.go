package table

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// showroom is the gallery: every picture of a visit, on one real screen that
// shows what was chosen last and takes no notice of taps.
//
// It is opened as localhost, and the kiosk's screen as 127.0.0.1: to a browser
// those are two sites with a cookie each, while two ports of one host would
// overwrite each other's.
type showroom struct {
	screen *screen.Screen
	all    []gallery.Picture

	mu  sync.Mutex // guards now
	now string     // name of the picture that is shown
}

//go:embed page/gallery.html
var galleryHTML string

var galleryPage = template.Must(template.New("gallery").Parse(galleryHTML))

func newShowroom(log *slog.Logger) (*showroom, error) {
	var languages []string
	for _, l := range words.Languages() {
		languages = append(languages, l.Tag)
	}
	s, err := screen.New(screen.Config{Listen: "127.0.0.1:0", Venue: "The gallery", Phone: "0116 496 0000",
		Help: "Staff are at the desk on the ground floor on weekdays.", Languages: languages, Log: log}, func(visit.Event) {})
	if err != nil {
		return nil, fmt.Errorf("open the gallery: %w", err)
	}
	g := &showroom{screen: s, all: gallery.All()}
	g.show(g.all[0], settings{})
	return g, nil
}

func (g *showroom) run(ctx context.Context) error { return g.screen.Run(ctx) }

func (g *showroom) find(name string) (gallery.Picture, bool) {
	i := slices.IndexFunc(g.all, func(p gallery.Picture) bool { return p.Name == name })
	if i < 0 {
		return gallery.Picture{}, false
	}
	return g.all[i], true
}

// show puts a picture on the screen, in the ways of being served that were chosen.
func (g *showroom) show(p gallery.Picture, s settings) {
	st := p.State
	for name, set := range map[string]func(string){
		"lang":  func(v string) { st.Ease.Lang = v },
		"theme": func(v string) { st.Ease.Theme = visit.Theme(strings.TrimPrefix(v, "light")) },
		"size":  func(v string) { st.Ease.Size = visit.Size(strings.TrimPrefix(v, "normal")) },
		"side":  func(v string) { st.Ease.Left = v == "left" },
		"reach": func(v string) { st.Ease.Low = v == "low" },
	} {
		if v := s[name]; v != "" {
			set(v)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = p.Name
	g.screen.Show(st, p.At)
}

func (g *showroom) shown() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// url is where the screen is, as localhost.
func (g *showroom) url() (string, error) {
	u, err := url.Parse(g.screen.URL())
	if err != nil {
		return "", fmt.Errorf("the gallery's address: %w", err)
	}
	u.Host = net.JoinHostPort("localhost", u.Port())
	return u.String(), nil
}

// settings are chosen by links: what to change on every picture, by name. What
// is not chosen is as the picture has it.
type settings map[string]string

// choice is one thing that can be chosen.
type choice struct {
	name, label string
	values      [][2]string // value and its words
}

func choices() []choice {
	var languages [][2]string
	for _, l := range words.Languages() {
		languages = append(languages, [2]string{l.Tag, l.Endonym})
	}
	return []choice{
		{"lang", "Language", languages},
		{"theme", "Colours", [][2]string{{"light", "light"}, {"dark", "dark"}, {"contrast", "yellow on black"}, {"calm", "calm"}}},
		{"size", "Text", [][2]string{{"normal", "normal"}, {"large", "large"}, {"largest", "very large"}}},
		{"side", "Next step", [][2]string{{"right", "on the right"}, {"left", "on the left"}}},
		{"reach", "Reach", [][2]string{{"high", "whole screen"}, {"low", "low down"}}},
	}
}

// settingsOf keeps what there is to choose and forgets everything else.
func settingsOf(q url.Values) settings {
	s := settings{}
	for _, c := range choices() {
		for _, v := range c.values {
			if q.Get(c.name) == v[0] {
				s[c.name] = v[0]
			}
		}
	}
	return s
}

// query is the settings as links carry them, with one of them changed; "" takes
// it away.
func (s settings) query(name, value string) string {
	q := url.Values{}
	for n, v := range s {
		q.Set(n, v)
	}
	if name != "" {
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// link is one link of the index.
type link struct {
	Text, URL string
	Chosen    bool
}

// galleryView is the index: what can be chosen, and every picture by its name.
type galleryView struct {
	Table    string
	Choices  []linkGroup
	Pictures []linkGroup // by screen
	Count    int
}

type linkGroup struct {
	Name  string
	Links []link
}

func (g *showroom) index(s settings) galleryView {
	v := galleryView{Count: len(g.all)}
	for _, c := range choices() {
		group := linkGroup{Name: c.label, Links: []link{{"as it is", "/gallery" + s.query(c.name, ""), s[c.name] == ""}}}
		for _, value := range c.values {
			group.Links = append(group.Links, link{value[1], "/gallery" + s.query(c.name, value[0]), s[c.name] == value[0]})
		}
		v.Choices = append(v.Choices, group)
	}
	now := g.shown()
	for _, p := range g.all {
		first, _, _ := strings.Cut(p.Name, "-")
		if n := len(v.Pictures); n == 0 || v.Pictures[n-1].Name != first {
			v.Pictures = append(v.Pictures, linkGroup{Name: first})
		}
		last := &v.Pictures[len(v.Pictures)-1]
		last.Links = append(last.Links, link{p.Name, "/gallery/" + p.Name + s.query("", ""), p.Name == now})
	}
	return v
}

// serveGallery draws the index, always as localhost.
func (p *Page) serveGallery(w http.ResponseWriter, r *http.Request) {
	if p.elsewhere(w, r, "localhost") {
		return
	}
	v := p.gallery.index(settingsOf(r.URL.Query()))
	v.Table = p.URL()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := galleryPage.Execute(w, v); err != nil {
		p.desk.Log.Error("draw the gallery", "err", err)
	}
}

// servePicture puts a picture on the gallery's screen and leads there.
func (p *Page) servePicture(w http.ResponseWriter, r *http.Request) {
	if p.elsewhere(w, r, "localhost") {
		return
	}
	picture, ok := p.gallery.find(r.PathValue("name"))
	if !ok {
		http.Error(w, "there is no such picture", http.StatusNotFound)
		return
	}
	at, err := p.gallery.url()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.gallery.show(picture, settingsOf(r.URL.Query()))
	http.Redirect(w, r, at, http.StatusSeeOther)
}

// elsewhere leads a browser to the name by which a page is to be opened, if it
// has come by another.
func (p *Page) elsewhere(w http.ResponseWriter, r *http.Request, host string) bool {
	have, port, err := net.SplitHostPort(r.Host)
	if err != nil || have == host {
		return false
	}
	http.Redirect(w, r, "http://"+net.JoinHostPort(host, port)+r.URL.RequestURI(), http.StatusSeeOther)
	return true
}
