package screen

import "net/http"

// statementDate is when somebody last compared the statement with the program.
const statementDate = "25 November 2026"

// serveStatement is the accessibility statement that a public body owes its
// public (the 2018 regulations, regulation 8). It is in English alone, as the
// law's own words are, and on no screen: a library prints it or links to it.
func (s *Screen) serveStatement(w http.ResponseWriter, _ *http.Request) {
	s.html(w, http.StatusOK, "statement", struct{ Venue, Phone, Date string }{s.draw.venue, s.draw.phone, statementDate})
}
