package malice

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture"
)

// web is what other pages, other programs of the computer and other computers'
// names try at the screen's port.
func web(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "requests to the screen by other sites, without its cookie, oversized, or of no known form", Unit: "requests",
		Target: "every one refused, the screen unmoved, the genuine page served", Short: 800, Long: 50_000,
	})
	w := openWeb(t, a)
	was := w.look(t)
	refused := w.besiege(t, r)
	slow, idle := w.crowd(t, 200, 1000)
	if err := a.Fell(); err != nil {
		t.Fatal(err)
	}
	if is := w.look(t); is.Serial != was.Serial || is.Screen != was.Screen {
		t.Errorf("the screen shows %s %s, and showed %s %s before", is.Screen, is.Serial, was.Screen, was.Serial)
	}
	w.genuine(t)
	for _, c := range append(slow, idle...) {
		c.Close()
	}
	r.Reached("answers %v, and the page served beside %d requests that do not end and %d idle connections", refused, len(slow), len(idle))
}

// besiege has several at a time send hostile requests, and counts the answers.
func (w *door) besiege(t *testing.T, r *torture.Run) map[int]int {
	t.Helper()
	const at = 8
	var all errgroup.Group
	var counts [at]map[int]int
	for i := range at {
		counts[i] = map[int]int{}
		all.Go(func() error {
			chance := r.Stream(uint64(i) + 1)
			for n := i; n < r.Count; n += at {
				req := w.hostile(chance)
				status, err := w.send(req)
				if err != nil || status < 400 {
					return fmt.Errorf("the screen answers %d, %v, to\n%s", status, err, head(req, 600))
				}
				counts[i][status]++
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, c := range counts[1:] {
		for status, n := range c {
			counts[0][status] += n
		}
	}
	return counts[0]
}

// door is the screen's port and what its own browser has.
type door struct {
	addr, token string
	client      *http.Client
	hand        *table.Hand
}

func openWeb(t *testing.T, a *attacked) *door {
	t.Helper()
	u, err := url.Parse(a.Kiosk.Address())
	if err != nil {
		t.Fatal(err)
	}
	w := &door{addr: u.Host, token: u.Query().Get("token")}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	if w.hand, err = table.NewHand(t.Context(), a.Kiosk.Address()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *door) look(t *testing.T) screen.View {
	t.Helper()
	v, err := w.hand.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// genuine opens the page as the kiosk's browser does: the control.
func (w *door) genuine(t *testing.T) {
	t.Helper()
	resp, err := w.client.Get("http://" + w.addr + "/?token=" + w.token)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "<main") {
		t.Errorf("the genuine page: %s, %v", resp.Status, err)
	}
	serial := w.look(t).Serial
	if status, err := w.send(w.request("POST", "/tap", "Host: "+w.addr, "button="+string(visit.TapReturn)+"&serial="+serial)); status != http.StatusNoContent {
		t.Errorf("the genuine tap: %d, %v, want 204", status, err)
	}
	w.home(t)
}

// request has the screen's cookie, unless its headers say otherwise.
func (w *door) request(method, path, headers, form string) string {
	if !strings.Contains(headers, "Cookie:") {
		headers += "\r\nCookie: nightdesk=" + w.token
	}
	if form != "" && !strings.Contains(headers, "Content-Type:") {
		headers += "\r\nContent-Type: application/x-www-form-urlencoded"
	}
	if !strings.Contains(headers, "Content-Length:") {
		headers += fmt.Sprintf("\r\nContent-Length: %d", len(form))
	}
	return method + " " + path + " HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n" + form
}

// hostile is a request with at least one thing wrong that a kiosk's own
// browser would not do.
func (w *door) hostile(r *rand.Rand) string {
	own := "Host: " + w.addr
	_, port, _ := net.SplitHostPort(w.addr)
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	path := pick("/", "/events", "/state.json", "/style.css", "/kiosk.js", "/accessibility", "/tap", "/focus", "/?token="+w.token)
	tap := "button=borrow&serial=x.1"
	noise := strings.Map(func(c rune) rune { return 'a' + c%26 }, string(bytesOf(r, 1+r.IntN(40))))
	switch r.IntN(13) {
	case 0: // another name for this address
		return w.request(pick("GET", "POST"), path, "Host: "+pick("evil.example:"+port, "127.0.0.1", "127.0.0.1:1", "[::1]:"+port, "0.0.0.0:"+port, noise, w.addr+".evil.example", "")+
			pick("", "\r\nOrigin: http://"+w.addr, "\r\nSec-Fetch-Site: same-origin"), tap)
	case 1: // without the cookie, or with another
		return w.request(pick("GET", "POST"), strings.TrimSuffix(path, w.token)+pick("", "&token="+noise), own+"\r\nCookie: "+pick("", "nightdesk=", "nightdesk="+noise, "nightdesk="+w.token+"x", "nightdesk="+strings.ToLower(w.token)+"-", noise+"="+w.token), tap)
	case 2: // from a page of somebody else
		return w.request("POST", pick("/tap", "/focus"), own+"\r\n"+pick("Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1:1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: http://"+w.addr+".evil.example"), tap)
	case 3: // a web socket
		return w.request("GET", pick("/tap", "/ws", "/socket", "/events/ws"), own+"\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "")
	case 4: // too much
		return w.request("POST", pick("/tap", "/focus"), own, tap+"&x="+strings.Repeat("x", 1<<20))
	case 5:
		return w.request("GET", "/", own+"\r\nX-"+noise+": "+strings.Repeat("x", 20_000+r.IntN(1<<20)), "")
	case 6: // out of the folder
		return w.request("GET", pick("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/fonts/..%2f..%2f..%2fetc/passwd", "/fonts/x/..%5c..%5cpasswd", "/sound/..%2f..%2fkiosk.toml", "/fonts/1/"+noise, "/sound/%00", "/.git/config", "/"+noise, "/debug/pprof/"), own, "")
	case 7: // an address of somebody else
		return w.request("GET", pick("http://evil.example/", "https://evil.example:"+port+"/state.json"), own+pick("", "\r\nX-Forwarded-Host: "+w.addr), "")
	case 8: // another method
		return w.request(pick("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", noise), pick("/tap", "/state.json", "/events"), own, tap)
	case 9: // no form, or another one
		return w.request("POST", "/tap", own+"\r\nContent-Type: "+pick("application/json", "text/plain", "multipart/form-data; boundary=x", "", noise), pick(tap, `{"button":"borrow"}`))
	case 10:
		return w.request("POST", "/tap", own, pick("%zz", "button=borrow", tap+"&button=return", "serial=x.1", "button=&serial=", "button=borrow&serial="+noise, "button="+url.QueryEscape("<script>")+"&serial=x.1&item="+url.QueryEscape("'; DROP TABLE loan;--")))
	case 11: // two lengths, two bodies
		return w.request("POST", "/tap", own+"\r\nContent-Length: 5\r\n"+pick("Content-Length: 24", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: x"), tap)
	}
	return pick("\x16\x03\x01\x02\x00\x01\x00", noise, "GET /\r\n\r\n", "GET / HTTP/9.9\r\n"+own+"\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", string(bytesOf(r, 100))+"\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
}

// send sends bytes and gives the status of the answer; a connection that is
// closed without one is 444.
func (w *door) send(request string) (status int, err error) {
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go io.WriteString(conn, request) // it may be refused before it is read to its end
	if !strings.Contains(request, "HTTP/1.1\r\n") {
		defer time.AfterFunc(50*time.Millisecond, func() { conn.(*net.TCPConn).CloseWrite() }).Stop()
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 444, nil
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && len(resp.Cookies()) == 0 {
		return http.StatusNotFound, nil // a path put in order, to be asked for again
	}
	return resp.StatusCode, nil
}

// crowd opens requests that never end, and connections that say nothing.
func (w *door) crowd(t *testing.T, slowly, silently int) (slow, idle []net.Conn) {
	t.Helper()
	open := func() net.Conn {
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range slowly {
		c := open()
		io.WriteString(c, "POST /tap HTTP/1.1\r\nHost: "+w.addr+"\r\nX: ")
		slow = append(slow, c)
	}
	for range silently {
		idle = append(idle, open())
	}
	return slow, idle
}
