package screen

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// cookieName is the cookie that the start URL's token is exchanged for.
const cookieName = "nightdesk"

// policy is the Content-Security-Policy: the page is all our own, and nothing
// in it is inline.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"img-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard lets only the kiosk's own browser through to next.
func (s *Screen) guard(next http.Handler) http.Handler {
	var cross http.CrossOriginProtection // nothing is exempt
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		switch {
		case !s.hosts[r.Host]: // DNS rebinding: another name for this address
			s.refuse(w, r, "host")
		case isStart(r):
			s.letIn(w, r)
		case !s.knows(r):
			s.refuse(w, r, "cookie")
		case cross.Check(r) != nil:
			s.refuse(w, r, "origin")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func isStart(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.Query().Has("token")
}

// letIn exchanges the token for the cookie, so that the token does not stay in
// the address of the page.
func (s *Screen) letIn(w http.ResponseWriter, r *http.Request) {
	if !s.isToken(r.URL.Query().Get("token")) {
		s.refuse(w, r, "token")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: s.token, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	q := r.URL.Query()
	q.Del("token")
	http.Redirect(w, r, (&url.URL{Path: "/", RawQuery: q.Encode()}).String(), http.StatusSeeOther)
}

func (s *Screen) knows(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	return err == nil && s.isToken(c.Value)
}

func (s *Screen) isToken(t string) bool {
	return subtle.ConstantTimeCompare([]byte(t), []byte(s.token)) == 1
}

// strangers counts what was refused and not yet told.
type strangers struct {
	untold atomic.Int64
	told   atomic.Int64 // the second in which the log heard of them last, since 1970
}

// come counts one more, and gives how many the log is to hear of in this second;
// 0: it has heard already.
func (s *strangers) come(second int64) (n int64) {
	s.untold.Add(1)
	if s.told.Swap(second) == second {
		return 0
	}
	return s.untold.Swap(0)
}

// refuse answers 403. The log learns which wall was hit, and nothing of the
// request; once a second at most, or a program on this computer could fill the
// disk with it.
func (s *Screen) refuse(w http.ResponseWriter, r *http.Request, wall string) {
	if n := s.strange.come(time.Now().Unix()); n > 0 {
		s.log.WarnContext(r.Context(), "screen request refused", "wall", wall, "method", r.Method, "requests", n)
	}
	s.notice(w, http.StatusForbidden, "page.closed", "")
}
