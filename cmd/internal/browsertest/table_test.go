package browsertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/table"
)

// atTheTable plays with the demonstration's own page: its hands move books, a
// technician closes the kiosk, and the gallery's screen stands beside the
// kiosk's without the one locking the other out.
func atTheTable(h *house, p page) {
	at := serveTable(h)
	p.open(at)
	p.until("a shelf of books", `document.querySelectorAll("#shelf button").length > 200`)
	p.says(`document.querySelector("#help").click(), ""`)
	h.caseSays("pressed the help button")
	p.open(at + "screen")
	p.heads("Help")
	p.reads("The light asks for help")
	p.tap("close")
	p.heads("What would you like to do?")
	for mode, heading := range map[string]string{"closed": "The library desk is closed", "tech": "This machine is being looked after"} {
		p.open(at)
		p.choose("mode", mode)
		p.open(at + "screen")
		p.heads(heading)
	}
	p.open(at)
	p.choose("mode", "service")
	p.open(at + "screen")
	p.heads("What would you like to do?")
	own := p.says("location.href")

	p.open(at)
	p.follow("/gallery")
	p.until("the gallery", `document.querySelector("h1").innerText.includes("every picture")`)
	p.follow("/gallery?lang=ur")
	p.until("Urdu chosen", `document.querySelector('a[href="/gallery/emergency?lang=ur"]')`)
	p.follow("/gallery/borrow-parts?lang=ur")
	p.until("the picture in Urdu", `document.querySelector("main.s-borrow[dir=rtl]")`)
	p.open(own) // with the cookie that this browser was given before
	p.heads("What would you like to do?")
	h.rest(contract.StaffNotice)
}

// serveTable serves the demonstration's page until the part of the test ends.
func serveTable(h *house) (at string) {
	h.t.Helper()
	cable, err := table.NewCable(h.t.Context(), h.broker.address)
	must(h.t, err)
	h.Cable, h.Log = cable, h.log
	page, err := table.NewPage(h.t.Context(), h.Desk, 0)
	must(h.t, err)
	ctx, stop := context.WithCancel(context.Background()) // outlives t.Context, to be ended in order
	ended := make(chan error, 1)
	go func() { ended <- page.Run(ctx) }()
	t := h.t
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the table's page ended with %v", err)
		}
		cable.Close()
	})
	return page.URL()
}

// choose chooses from a list of the table's page, and waits until the
// demonstration has it.
func (p page) choose(list, value string) {
	p.t.Helper()
	p.until("the list", fmt.Sprintf(`document.querySelector("#%s option[value=%s]")`, list, value))
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(l => { l.value = %q; l.dispatchEvent(new Event("change")) })(document.getElementById(%q))`, value, list)))
	p.until("that it is so", fmt.Sprintf(`fetch("/state.json").then(r => r.json()).then(s => s.mode === %q)`, value))
}

// follow follows a link, in this window.
func (p page) follow(href string) {
	p.t.Helper()
	link := fmt.Sprintf(`a[href=%q]`, href)
	p.until("a link to "+href, fmt.Sprintf(`document.querySelector(%q)`, link))
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).removeAttribute("target")`, link)))
	p.do(chromedp.Click(strings.ReplaceAll(link, `"`, `'`)))
}
