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
// All words are in nightdesk/agent/words, one catalogue a language; the page is
// in the language of the state. How a borrower wants to be served (visit.Ease)
// is in attributes of <main>, and the style sheet does the rest.
//
// Every screen has the same frame: what is told, then one bottom row in which
// Help, Languages, Easier to use and Start again stand at one end, always in
// the same place (WCAG 3.2.6), and the one obvious next step at the other. With
// low reach everything that can be touched lies in the lowest 45 hundredths.
// Nothing is scrolled and nothing is dragged: what does not fit is turned to
// with buttons. With the largest text the small print is twice as large, what is
// large already grows less, and pictures are left out; if the size of the panel
// is known, a capital letter then fills at least 0.7 degrees (EN 301 549,
// 5.1.4). A text that is still too long is made smaller in steps by the module.
//
// # The HTTP interface
//
// It listens on loopback only. Every request must name the listened host and
// port, or localhost and that port, as its Host; a page that has bound its own
// name to 127.0.0.1 is refused with 403. Every answer carries a strict
// Content-Security-Policy and, fonts apart, Cache-Control: no-store.
//
//	GET  /?token=…     303 to / with the cookie; 403 if the token is not this boot's
//	GET  /             200 the page. ?page=N turns what does not fit on one
//	GET  /events       200 text/event-stream; the same page parameter. 503 above eight streams
//	GET  /state.json   200 application/json: View, the same that the page is drawn from
//	POST /tap          a form of button, item (may be empty), value (may be left out) and
//	                   serial. An empty button presses nothing and says that somebody is there:
//	                   204 taken; 303 to / instead if the client accepts text/html
//	                   400 not a form of these
//	                   403 from another origin
//	                   409 the screen has moved on: the serial is old or the button is not on it
//	                   413 more than 2 KiB
//	                   415 not application/x-www-form-urlencoded
//	POST /focus        the same form, item being the id of the element that a key has moved to:
//	                   204, and the headset is told; 409 as above, or nobody listens
//	GET  /accessibility 200 the accessibility statement
//	GET  /style.css, /display.css, /fonts.css, /fonts/VERSION/NAME, /sound/NAME.wav, /kiosk.js, /icon.svg
//
// Without the cookie everything but the first is 403. A wrong method is 405.
//
// The stream sends events named "screen" whose data is the new <main> element,
// the first one at once. A slow reader gets the newest state and never a
// backlog. A comment is sent every 15 s so that a dead reader is noticed.
//
// A serial names the visit and what was asked in it. It changes with the
// visit, the screen, what lies over it and the question on it, but not when an
// item on the list comes on: a tap on Finish stays good while a tile turns
// green, and a tap meant for the last borrower is never taken for the next.
//
// # State as JSON
//
// View is version 2. Fields may be added within a version; a scripted borrower
// ignores what it does not know. Since version 1:
//
//   - Help is an overlay of the state: the button "help" opens it, "close"
//     closes it, "over" says so. There is no query parameter for it.
//   - A button may carry "value", which the tap must give back: a digit of the
//     number pad, or a choice such as "theme:dark". "state" says how a choice
//     stands now, "lang" the language of a label, "chosen" that it is in force.
//   - New places: option, key, tool and curtain.
//   - "screen" may be pin, note, count, account, renew, pay, receipt and print,
//     and in place of any screen what the kiosk is for: closed, out, tech, emergency.
//   - "typed" says how far typing has come, and never what; "urgent" what needs
//     the borrower at once; "sound" the last sound and its number; of a line,
//     "check" which parts to look for.
//   - On the screen "card" what was shown instead of a card is the heading, and
//     no note any more.
//
// # Keys
//
// Tab and Enter reach and press everything. Four keys are enough as well: next,
// previous, select, back; [Keys] names them for keypads that act as a keyboard.
// Digits and Backspace work the number pad. Buttons act when they are let go.
package screen
