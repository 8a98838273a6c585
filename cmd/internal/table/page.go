package table

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/cmd/internal/check"
)

//go:embed page
var pageFiles embed.FS

// Page is the table in a browser: this computer's own, and no other's.
type Page struct {
	desk     *Desk
	gallery  *showroom
	listener net.Listener
	hosts    map[string]bool
}

// Limits of the page.
const (
	maxForm     = 2 << 10 // bytes
	maxHeader   = 16 << 10
	pageTimeout = 30 * time.Second // starting the kiosk is in it
	stopTimeout = 2 * time.Second
)

// NewPage takes a loopback port, 0 a free one. Run serves it.
func NewPage(ctx context.Context, d *Desk, port int) (*Page, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for the table's page: %w", err)
	}
	addr := netip.MustParseAddrPort(l.Addr().String()) // a TCP listener has one
	local := net.JoinHostPort("localhost", strconv.Itoa(int(addr.Port())))
	p := &Page{desk: d, listener: l, hosts: map[string]bool{addr.String(): true, local: true}}
	if p.gallery, err = newShowroom(d.Log); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return p, nil
}

// URL is where the page is.
func (p *Page) URL() string { return "http://" + p.listener.Addr().String() + "/" }

// Run serves the table and the gallery until ctx is done.
func (p *Page) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.serve(ctx) })
	g.Go(func() error { return p.gallery.run(ctx) })
	return g.Wait()
}

func (p *Page) serve(ctx context.Context) error {
	srv := &http.Server{
		Handler: p.handler(), ReadTimeout: pageTimeout, WriteTimeout: pageTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog:    slog.NewLogLogger(p.desk.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(p.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the table's page: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	<-served
	return err
}

func (p *Page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveTable)
	mux.HandleFunc("GET /table.css", file("page/table.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", file("page/icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /table.js", file("page/table.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /stock.json", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.desk.stockView()) })
	mux.HandleFunc("GET /state.json", p.serveState)
	mux.HandleFunc("GET /check.json", p.serveCheck)
	mux.HandleFunc("GET /paper/{n}", p.servePaper)
	mux.HandleFunc("GET /gallery", p.serveGallery)
	mux.HandleFunc("GET /gallery/{name}", p.servePicture)
	mux.HandleFunc("GET /screen", p.serveScreen)
	mux.HandleFunc("POST /do", p.serveDo)
	return p.guard(mux)
}

// guard lets only this computer's own pages through: a page of another name
// that was bound to this address, or of another origin, is refused.
func (p *Page) guard(next http.Handler) http.Handler {
	var cross http.CrossOriginProtection // nothing is exempt
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "+
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if !p.hosts[r.Host] || cross.Check(r) != nil {
			http.Error(w, "this page is for the browser of this computer", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := pageFiles.ReadFile(name)
		if err != nil {
			http.Error(w, "not in this program", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b) // a reader that went away needs nothing more
	}
}

func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

// serveTable draws the table, always as 127.0.0.1: the kiosk's screen has that
// name, and gives its cookie to nobody who comes from another site.
func (p *Page) serveTable(w http.ResponseWriter, r *http.Request) {
	if !p.elsewhere(w, r, "127.0.0.1") {
		file("page/table.html", "text/html; charset=utf-8")(w, r)
	}
}

// servePaper is one receipt as a picture.
func (p *Page) servePaper(w http.ResponseWriter, r *http.Request) {
	for _, paper := range p.desk.Room.Papers() {
		if strconv.Itoa(paper.N) == r.PathValue("n") {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(paper.PNG) // a reader that went away needs nothing more
			return
		}
	}
	http.Error(w, "there is no such paper", http.StatusNotFound)
}

func (p *Page) serveState(w http.ResponseWriter, r *http.Request) {
	s, err := p.desk.state(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, s)
}

// serveCheck takes the three readings now, in the middle of whatever is going on.
func (p *Page) serveCheck(w http.ResponseWriter, r *http.Request) {
	reading, err := p.desk.Read(r.Context(), p.desk.Central)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	v := check.InTheDark(reading)
	out := struct {
		OK      bool     `json:"ok"`
		Summary string   `json:"summary"`
		Waiting int      `json:"waiting"`
		Harms   []string `json:"harms"`
	}{OK: v.OK(), Summary: v.String(), Waiting: reading.Ledger.Unacked()}
	for _, h := range v.Harms {
		out.Harms = append(out.Harms, h.String())
	}
	answer(w, out)
}

// serveScreen leads to the kiosk's screen with this boot's token.
func (p *Page) serveScreen(w http.ResponseWriter, r *http.Request) {
	url := p.desk.Power.Screen()
	if url == "" {
		http.Error(w, "The kiosk's power is off. Switch it on at the table, and come again.", http.StatusConflict)
		return
	}
	http.Redirect(w, r, url, http.StatusSeeOther)
}

func (p *Page) serveDo(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	if err := p.desk.do(r.Context(), r.PostForm.Get("act"), r.PostForm.Get("id")); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
