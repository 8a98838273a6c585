package screen

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kiosk is a screen that is being served, and a browser that was let in.
type kiosk struct {
	t      *testing.T
	screen *Screen
	client *http.Client
	taps   chan visit.Tapped
	stop   func()
}

// start serves a screen on a free port. tap may be nil: taps then go to kiosk.taps.
func start(t *testing.T, tap func(visit.Event)) *kiosk {
	t.Helper()
	k := &kiosk{t: t, taps: make(chan visit.Tapped, 64)}
	if tap == nil {
		tap = func(e visit.Event) { k.taps <- e.(visit.Tapped) }
	}
	s, err := New(Config{Listen: "127.0.0.1:0", Venue: "Oadby Library", Phone: "0116 496 0123", Languages: append(spoken(), words.Accented, words.Mirrored), Volume: 50}, tap)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	transport := &http.Transport{}
	k.screen = s
	k.client = &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	stopped := false
	k.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		transport.CloseIdleConnections()
	}
	t.Cleanup(k.stop)
	return k
}

func (k *kiosk) cookie() *http.Cookie { return &http.Cookie{Name: cookieName, Value: k.screen.token} }

// ask is one request with the cookie, which change may take away again.
func (k *kiosk) ask(method, path, body string, change func(*http.Request)) (int, http.Header, string) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, "http://"+k.screen.Addr()+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.AddCookie(k.cookie())
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	resp, err := k.client.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

func (k *kiosk) view() View {
	k.t.Helper()
	status, _, body := k.ask("GET", "/state.json", "", nil)
	var v View
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusOK {
		k.t.Fatalf("state.json: status %d, %v", status, err)
	}
	return v
}

func form(b visit.Button, item circ.ItemID, serial string) string {
	return url.Values{"button": {string(b)}, "item": {string(item)}, "serial": {serial}}.Encode()
}

func TestOnlyTheKiosksOwnBrowserComesIn(t *testing.T) {
	k := start(t, nil)
	k.screen.Show(on(visit.Home, all), drawnAt)
	_, port, _ := net.SplitHostPort(k.screen.Addr())
	good := form(visit.TapBorrow, "", k.view().Serial)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	noCookie := func(r *http.Request) { r.Header.Del("Cookie") }
	for _, c := range []struct {
		name, method, path, body string
		change                   func(*http.Request)
		want                     int
	}{
		{"the page", "GET", "/", "", nil, 200},
		{"localhost is the same host", "GET", "/", "", host("localhost:" + port), 200},
		{"a tap", "POST", "/tap", good, nil, 204},
		{"a tap from our page", "POST", "/tap", good, header("Sec-Fetch-Site", "same-origin"), 204},
		{"a form without a script", "POST", "/tap", good, header("Accept", "text/html,*/*"), 303},
		{"rebound name", "GET", "/", "", host("evil.example:" + port), 403},
		{"rebound name, even with the token", "GET", "/?token=" + k.screen.token, "", host("evil.example:" + port), 403},
		{"rebound name taps", "POST", "/tap", good, func(r *http.Request) {
			r.Host = "evil.example:" + port
			r.Header.Set("Origin", "http://evil.example:"+port)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}, 403},
		{"host without the port", "GET", "/", "", host("127.0.0.1"), 403},
		{"another port", "GET", "/", "", host("127.0.0.1:1"), 403},
		{"no cookie", "GET", "/", "", noCookie, 403},
		{"no cookie, state", "GET", "/state.json", "", noCookie, 403},
		{"no cookie, stream", "GET", "/events", "", noCookie, 403},
		{"no cookie, style", "GET", "/style.css", "", noCookie, 403},
		{"no cookie, tap", "POST", "/tap", good, noCookie, 403},
		{"cookie of another boot", "GET", "/", "", header("Cookie", cookieName+"="+newToken()), 403},
		{"token of another boot", "GET", "/?token=" + newToken(), "", noCookie, 403},
		{"empty token", "GET", "/?token=", "", noCookie, 403},
		{"foreign origin", "POST", "/tap", good, header("Origin", "https://evil.example"), 403},
		{"another port's page", "POST", "/tap", good, header("Sec-Fetch-Site", "same-site"), 403},
		{"cross-site", "POST", "/tap", good, header("Sec-Fetch-Site", "cross-site"), 403},
		{"GET on tap", "GET", "/tap?" + good, "", nil, 405},
		{"POST on the page", "POST", "/", good, nil, 405},
		{"PUT on tap", "PUT", "/tap", good, nil, 405},
		{"unknown path", "GET", "/admin", "", nil, 404},
		{"oversized", "POST", "/tap", good + "&x=" + strings.Repeat("x", maxBody), nil, 413},
		{"JSON", "POST", "/tap", "{}", header("Content-Type", "application/json"), 415},
		{"no content type", "POST", "/tap", good, header("Content-Type", ""), 415},
		{"not a form", "POST", "/tap", "%zz", nil, 400},
		{"no serial", "POST", "/tap", "button=borrow", nil, 400},
		{"two buttons", "POST", "/tap", good + "&button=return", nil, 400},
		{"in the query instead of the body", "POST", "/tap?" + good, "", nil, 400},
		{"serial of another time", "POST", "/tap", form(visit.TapBorrow, "", "x.1"), nil, 409},
		{"button not on the screen", "POST", "/tap", form(visit.TapFinish, "", k.view().Serial), nil, 409},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, h, _ := k.ask(c.method, c.path, c.body, c.change)
			if got != c.want {
				t.Errorf("%s %s: got %d, want %d", c.method, c.path, got, c.want)
			}
			if h.Get("Content-Security-Policy") != policy || h.Get("Cache-Control") != "no-store" ||
				h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers are %v", h)
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Error("other origins are invited")
			}
		})
	}
	if got := len(k.taps); got != 3 {
		t.Errorf("%d taps came through, want the 3 good ones", got)
	}
}

func TestTokenBecomesCookie(t *testing.T) {
	k := start(t, nil)
	path := strings.TrimPrefix(k.screen.URL(), "http://"+k.screen.Addr())
	status, h, _ := k.ask("GET", path, "", func(r *http.Request) { r.Header.Del("Cookie") })
	if status != http.StatusSeeOther || h.Get("Location") != "/" {
		t.Errorf("got %d to %q, want 303 to /", status, h.Get("Location"))
	}
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(h.Get("Set-Cookie"), want) {
			t.Errorf("cookie %q is not %s", h.Get("Set-Cookie"), want)
		}
	}
	other := start(t, nil)
	if k.screen.token == other.screen.token || len(k.screen.token) != 43 { // 256 bits in base64
		t.Errorf("tokens %q and %q", k.screen.token, other.screen.token)
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:80", "example.org:80", "127.0.0.1", "127.0.0.1:99999"} {
		if s, err := New(Config{Listen: address}, nil); err == nil {
			t.Errorf("listens on %s as %s", address, s.Addr())
		}
	}
	if _, err := New(Config{Listen: "127.0.0.1:0", Languages: []string{"xx"}}, nil); err == nil {
		t.Error("speaks a language that it has no words for")
	}
}

func TestTapsGoToTheVisitTheyWereMeantFor(t *testing.T) {
	k := start(t, nil)
	borrow := func(change ...func(*visit.State)) {
		k.screen.Show(on(visit.Borrow, all, append([]func(*visit.State){signedIn}, change...)...), drawnAt)
	}
	borrow(lines(many(1)...))
	first := k.view().Serial
	borrow(lines(many(2)...))
	if got, _, _ := k.ask("POST", "/tap", form(visit.TapFinish, "", first), nil); got != http.StatusNoContent {
		t.Errorf("an item came on, and Finish is answered %d", got)
	}
	if got := <-k.taps; got != (visit.Tapped{Button: visit.TapFinish, Visit: theVisit}) {
		t.Errorf("got %+v", got)
	}
	borrow(lines(open("30010005", "Treasure Island", circ.Issue, visit.LinePutBack)))
	for item, want := range map[circ.ItemID]int{"30010005": 204, "30010006": 409, "": 409} {
		if got, _, _ := k.ask("POST", "/tap", form(visit.TapLeave, item, first), nil); got != want {
			t.Errorf("leave %q: got %d, want %d", item, got, want)
		}
	}
	borrow(lines(many(1)...), func(st *visit.State) { st.Visit[15]++ })
	late := func(r *http.Request) { r.Header.Set("Accept", "text/html") }
	got, _, body := k.ask("POST", "/tap", form(visit.TapFinish, "", first), late)
	if got != http.StatusConflict || !strings.Contains(body, "a moment too late") {
		t.Errorf("the next borrower's visit: got %d, %s", got, body)
	}
	if got, _, _ := k.ask("POST", "/tap", form(here, "", k.view().Serial), nil); got != http.StatusNoContent {
		t.Errorf("a sign of life is answered %d", got)
	}
	k.screen.Show(on(visit.Bye, all), drawnAt)
	if got, _, _ := k.ask("POST", "/tap", form(here, "", k.view().Serial), nil); got != http.StatusConflict {
		t.Errorf("a sign of life cuts Bye short: %d", got)
	}
}

// TestPageAndStateSayTheSame reads every word of state.json in the page.
func TestPageAndStateSayTheSame(t *testing.T) {
	k := start(t, nil)
	for _, p := range drawings() {
		if p.query != "" || p.state.Ease.Size != visit.Normal {
			continue
		}
		k.screen.Show(p.state, p.at)
		v := k.view()
		_, _, page := k.ask("GET", "/", "", nil)
		plain := strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&#43;", "+").Replace(page)
		said := append([]string{v.Heading, v.Count, v.Card, v.Note, v.Device, v.Serial}, labels(v)...)
		said = append(said, v.Body...)
		for _, want := range said {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: %q is in state.json and not in the page", p.name, want)
			}
		}
	}
}

func labels(v View) []string {
	var out []string
	for _, b := range v.Buttons {
		out = append(out, b.Label)
	}
	for _, l := range v.Lines[:min(len(v.Lines), 4)] {
		out = append(out, l.Title, l.Word, l.Text, l.Put)
	}
	return out
}

// events reads a stream; next gives the data of the next event.
type events struct {
	conn net.Conn
	in   *bufio.Reader
}

func (k *kiosk) stream() events {
	k.t.Helper()
	conn, err := net.Dial("tcp", k.screen.Addr())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: "+k.screen.Addr()+"\r\nCookie: "+k.cookie().String()+"\r\n\r\n")
	return events{conn, bufio.NewReader(conn)}
}

func (e events) next() (string, error) {
	var data strings.Builder
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			data.WriteString(d + "\n")
		} else if line == "" && data.Len() > 0 {
			return data.String(), nil
		}
	}
}

// TestSlowReaderGetsTheNewest shows a thousand states to a reader that has not
// read one yet.
func TestSlowReaderGetsTheNewest(t *testing.T) {
	k := start(t, nil)
	e := k.stream()
	const shows = 1000
	for i := range shows {
		title := "book " + string(circ.ItemID(rune('a'+i%26)))
		k.screen.Show(on(visit.Borrow, all, signedIn, lines(lent("30010001", title, tuesday))), drawnAt)
	}
	k.screen.Show(on(visit.Bye, all), drawnAt)
	for got := 1; ; got++ {
		html, err := e.next()
		if err != nil {
			t.Fatalf("after %d events: %v", got, err)
		}
		if strings.Contains(html, "s-bye") {
			if got > shows/10 {
				t.Errorf("%d events for %d states: they were queued", got, shows)
			}
			return
		}
	}
}

func TestStreamIsTheWholePageAndStaysQuiet(t *testing.T) {
	k := start(t, nil)
	k.screen.Show(on(visit.Home, all), drawnAt)
	e := k.stream()
	first, err := e.next()
	if err != nil || !strings.HasPrefix(first, "<main") || !strings.HasSuffix(strings.TrimSpace(first), "</main>") {
		t.Fatalf("first event is %q, %v", first, err)
	}
	k.screen.Show(on(visit.Home, all), drawnAt) // nothing that anybody could see
	k.screen.Show(on(visit.CardAsk, all), drawnAt)
	second, err := e.next()
	if err != nil || !strings.Contains(second, "Show your library card") {
		t.Fatalf("second event is %q, %v", second, err)
	}
}

func TestStreamsAreLimited(t *testing.T) {
	k := start(t, nil)
	for range maxStreams {
		if _, err := k.stream().next(); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, _ := k.ask("GET", "/events", "", nil); got != http.StatusServiceUnavailable {
		t.Errorf("one stream more is answered %d", got)
	}
}

// TestRunEndsWithOpenStreams proves that a browser cannot keep the program.
func TestRunEndsWithOpenStreams(t *testing.T) {
	k := start(t, nil)
	e := k.stream()
	if _, err := e.next(); err != nil {
		t.Fatal(err)
	}
	k.stop()
	if html, err := e.next(); err == nil {
		t.Errorf("the stream still says %q", html)
	}
}

// Whoever knocks a thousand times fills no log with it, and is counted.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	var s strangers
	var told []int64
	for n := range 1000 {
		if n := s.come(int64(1 + n/400)); n > 0 {
			told = append(told, n)
		}
	}
	told = append(told, s.come(9))
	if want := []int64{1, 400, 400, 200}; !slices.Equal(told, want) {
		t.Errorf("the log hears of %v, want %v", told, want)
	}
}
