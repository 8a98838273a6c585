package screen

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// Limits of the server.
const (
	maxBody    = 2 << 10 // bytes of a tap
	maxHeader  = 16 << 10
	maxStreams = 8                // event streams at a time; a kiosk needs one
	readLimit  = 10 * time.Second // for a whole request
	writeLimit = 10 * time.Second // for an answer, or for one event of a stream
	idleLimit  = time.Minute
	stopLimit  = 2 * time.Second // for requests under way when the screen is told to end
)

// Config says where the screen is served and whose desk it is.
type Config struct {
	Listen    string       // loopback host and port, "127.0.0.1:8080"; port 0 takes a free one
	Venue     string       // name for people, shown at the top
	Phone     string       // to call for help; "" if there is none
	Help      string       // where help is found, one sentence; "" if nowhere
	Languages []string     // BCP 47 tags that a borrower can choose, the house's own first; none: English
	Display   Display      // size of the panel, if it is known
	Volume    int          // of the sounds, in percent; 0: none are played
	Keys      Keys         // of a keypad beside the screen; none: the keys that every keyboard has
	Fell      func(any)    // told what a request panicked with, and ends the program; nil: net/http passes over it
	Focused   func(string) // told what the headset should say of the button that a key has moved to; may be nil
	Log       *slog.Logger // nil: nowhere. Nothing of a borrower is ever written to it
}

// Screen is the touch screen. Show and Run may be used by two goroutines.
type Screen struct {
	log      *slog.Logger
	draw     drawer
	shell    shell
	tap      func(visit.Event)
	focused  func(string)
	fell     func(any)
	listener net.Listener
	hosts    map[string]bool
	token    string
	streams  chan struct{} // one for each open event stream
	strange  strangers

	mu    sync.Mutex // guards now; nothing slow is done while it is held
	now   shown
	start time.Time // when now was shown, for the countdown
}

// shown is the newest state, and the channel that is closed when it is no longer.
type shown struct {
	state   visit.State
	at      circ.Moment
	turn    uint64 // counts the screens; see serial
	sound   cue
	changed chan struct{}
}

// New takes the address, but serves nothing before Run. tap is called with
// each accepted tap, by the goroutine of its request; it should only hand the
// event on.
func New(cfg Config, tap func(visit.Event)) (*Screen, error) {
	d, err := newDrawer(cfg)
	if err != nil {
		return nil, err
	}
	l, err := listen(cfg.Listen)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Focused == nil {
		cfg.Focused = func(string) {}
	}
	return &Screen{
		log:      cfg.Log,
		draw:     d,
		shell:    newShell(cfg),
		tap:      tap,
		focused:  cfg.Focused,
		fell:     cfg.Fell,
		listener: l,
		hosts:    hostsOf(l.Addr()),
		token:    newToken(),
		streams:  make(chan struct{}, maxStreams),
		now:      shown{changed: make(chan struct{})},
		start:    time.Now(),
	}, nil
}

// newDrawer loads the words of every language that is offered.
func newDrawer(cfg Config) (drawer, error) {
	d := drawer{venue: cfg.Venue, phone: cfg.Phone, place: cfg.Help}
	tags := cfg.Languages
	if len(tags) == 0 {
		tags = []string{words.English}
	}
	for _, tag := range tags {
		w, err := words.Load(tag)
		if err != nil {
			return drawer{}, err
		}
		d.tongues = append(d.tongues, tongue{w, len(words.Unreviewed(tag)) == 0})
	}
	d.Words = d.tongues[0].Words
	return d, nil
}

// listen opens the address, which must be this computer's own.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("screen address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("screen address %q is not on loopback", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the screen: %w", err)
	}
	return l, nil
}

// hostsOf is the allow-list of the Host header.
func hostsOf(a net.Addr) map[string]bool {
	_, port, _ := net.SplitHostPort(a.String()) // a listener's own address has a port
	return map[string]bool{a.String(): true, net.JoinHostPort("localhost", port): true}
}

// newToken is 256 random bits. It lives as long as the program.
func newToken() string {
	var b [32]byte
	rand.Read(b[:]) // never returns an error since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Addr is the host and port that the screen listens on.
func (s *Screen) Addr() string { return s.listener.Addr().String() }

// URL is where the kiosk's browser starts. It holds the token: it belongs in
// no log.
func (s *Screen) URL() string {
	return "http://" + s.Addr() + "/?" + url.Values{"token": {s.token}}.Encode()
}

// Show makes st what is on the screen from the instant at on. It never waits:
// only the newest state is kept, and a reader that is slow misses those
// between.
func (s *Screen) Show(st visit.State, at circ.Moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := shown{state: st, at: at, turn: s.now.turn, sound: s.now.sound.after(s.now.state, st), changed: make(chan struct{})}
	if turned(s.now.state, st) {
		next.turn++
	}
	close(s.now.changed)
	s.now, s.start = next, time.Now()
}

// turned says whether a tap that was meant for one state must not reach the other.
func turned(was, is visit.State) bool {
	return was.Visit != is.Visit || screenOf(was) != screenOf(is) || overOf(was) != overOf(is) || was.Typing != is.Typing ||
		(question(was) == AskOther) != (question(is) == AskOther)
}

// current is what is on the screen, and a channel that is closed when it is not.
func (s *Screen) current() (View, circ.Visit, <-chan struct{}) {
	s.mu.Lock()
	now, since := s.now, time.Since(s.start)
	s.mu.Unlock()
	at := now.at
	at.Mono += since
	at.Wall = at.Wall.Add(since)
	v := s.draw.view(now.state, at)
	v.Serial = now.state.Visit.String() + "." + strconv.FormatUint(now.turn, 10)
	v.Sound = now.sound.String()
	return v, now.state.Visit, now.changed
}

// Run serves until ctx is done, then lets requests under way end. It can be
// called once.
func (s *Screen) Run(ctx context.Context) error {
	srv := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: readLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      writeLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the screen: %w", err)
	case <-ctx.Done():
	}
	err := stop(ctx, srv)
	<-served
	return err
}

func stop(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("end the screen: %w", err)
	}
	return nil
}
