package screen

import (
	"bytes"
	"net/http"
	"time"
)

const (
	// heartbeat is how often a quiet stream sends a comment.
	heartbeat = 15 * time.Second
	// pace is the least time between two events. A pile on the pad changes the
	// state many times in one frame; the eye needs only the last.
	pace = 40 * time.Millisecond
)

// serveEvents sends the newest <main> whenever it is not the one sent last. A
// reader has no queue: what it has not taken in time is overtaken.
func (s *Screen) serveEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many streams", http.StatusServiceUnavailable)
		return
	}
	rc := http.NewResponseController(w)
	if err := rc.SetReadDeadline(time.Time{}); err != nil { // the server's own would end the stream
		http.Error(w, "no stream on this connection", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s.stream(stream{w: w, rc: rc}, r)
}

// stream ends with its reader, with the program, or with a reader that takes
// nothing for as long as writeLimit: none of these is anybody's fault.
func (s *Screen) stream(out stream, r *http.Request) {
	if out.send([]byte("retry: 1000\n\n")) != nil { // ms until a browser asks again
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var sent []byte
	for {
		v, _, changed := s.current()
		html, err := draw("main", s.draw.face(v, r.URL.Query(), s.shell))
		if err != nil {
			s.log.Error("draw the screen", "template", "main", "err", err)
			return
		}
		if !bytes.Equal(html, sent) {
			if out.send(event("screen", html)) != nil || !rest(r, pace) {
				return
			}
			sent = html
		}
		select {
		case <-changed:
		case <-beat.C:
			if out.send([]byte(": still here\n\n")) != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// send writes one event within writeLimit.
func (o stream) send(b []byte) error {
	if err := o.rc.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := o.w.Write(b); err != nil {
		return err
	}
	return o.rc.Flush()
}

// event is one event in the form of the HTML standard, section 9.2.6: each
// line of the data is a field of its own.
func event(name string, data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// rest waits, unless the request ends.
func rest(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
