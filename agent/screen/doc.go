// Package screen is the touch screen: it draws a visit.State as a page on
// this computer's own loopback address and turns taps into visit.Tapped. It
// decides nothing, keeps nothing but the newest state, and refuses whoever is
// not the browser that this boot's desk started.
//
// # The page
//
// The page is drawn whole by the server and works without JavaScript: buttons
// are forms, and a noscript refresh fetches the next state. With JavaScript, a
// small module listens to one event stream and swaps the parts that changed.
// All words are in words/*.toml, one file a language.
//
// # The HTTP interface
//
// It listens on loopback only. Every request must name the listened host and
// port, or localhost and that port, as its Host; a page that has bound its own
// name to 127.0.0.1 is refused with 403. Every answer carries a strict
// Content-Security-Policy and Cache-Control: no-store.
//
//	GET  /?token=…     303 to / with the cookie; 403 if the token is not this boot's
//	GET  /             200 the page. ?page=N turns the list, ?help=SCREEN opens help on that screen
//	GET  /events       200 text/event-stream; the same page and help parameters. 503 above eight streams
//	GET  /state.json   200 application/json: View, the same that the page is drawn from
//	POST /tap          a form of button, item (may be empty) and serial. An empty
//	                   button presses nothing and says that somebody is there:
//	                   204 taken; 303 to / instead if the client accepts text/html
//	                   400 not a form of these three
//	                   403 from another origin
//	                   409 the screen has moved on: the serial is old or the button is not on it
//	                   413 more than 2 KiB
//	                   415 not application/x-www-form-urlencoded
//	GET  /style.css, /kiosk.js, /icon.svg
//
// Without the cookie everything but the first is 403. A wrong method is 405.
//
// The stream sends events named "screen" whose data is the new <main> element,
// the first one at once. A slow reader gets the newest state and never a
// backlog. A comment is sent every 15 s so that a dead reader is noticed.
//
// A serial names the visit and what was asked in it. It changes with the
// visit, the screen and the question on it, but not when an item on the list
// comes on: a tap on Finish stays good while a tile turns green, and a tap
// meant for the last borrower is never taken for the next.
//
// View is version 1. Fields may be added within a version; a scripted borrower
// ignores what it does not know.
package screen
