package screen_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// keyboard is a borrower who has only keys.
type keyboard struct {
	*tab
	desk *desk
	next string // the key that goes on
	take string // the key that chooses
}

// atDesk opens a page on a desk that says yes.
func (b *browser) atDesk(t *testing.T, number int, devices visit.Devices) (*tab, *desk) {
	d := &desk{}
	p := b.open(t, number, func(e visit.Event) { d.hear(e) })
	d.screen = p.screen
	d.open(devices)
	return p, d
}

func usualDevices() visit.Devices {
	return visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true, HasPaper: true, Staffed: true}
}

// until waits for the page.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void](expression)); err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.text())
	}
}

func (p *tab) text() string {
	s, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.querySelector("main").innerText`))
	return s
}

func (p *tab) on(s visit.Screen) {
	p.t.Helper()
	p.until("the screen "+string(s), fmt.Sprintf(`document.querySelector("main.s-%s")?.dataset.over === ""`, s))
}

// press is one key.
func (p *tab) press(key string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key))
}

// held says what has the focus, and whether that can be seen.
type held struct {
	ID      string `json:"id"`
	Seen    bool   `json:"seen"`
	Ringed  bool   `json:"ringed"`
	Heading bool   `json:"heading"`
}

func (p *tab) held() held {
	p.t.Helper()
	h, err := chromedp.Run(p.ctx, chromedp.Evaluate[held](`(() => {
		const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
		const hit = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
		return { id: e.id, seen: !!hit && (e.contains(hit) || hit.contains(e)), ringed: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, heading: e.matches("h1") };
	})()`))
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

// choose goes to a button by the one key, and presses it by the other. A
// borrower who needs more than thirty keys for it gives up.
func (k keyboard) choose(id string) {
	k.t.Helper()
	var way []string
	for range 30 {
		k.press(k.next)
		h := k.held()
		if way = append(way, h.ID); h.ID == id {
			if !h.Seen || !h.Ringed {
				k.t.Errorf("%s has the focus, and shows it: %v, uncovered: %v", id, h.Ringed, h.Seen)
			}
			k.press(k.take)
			return
		}
	}
	k.t.Fatalf("%q is not to be reached with the key %q: the focus went %v\n%s", id, k.next, way, k.text())
}

// screenOf waits for a screen, and for its heading to have the focus.
func (k keyboard) arrives(s visit.Screen) {
	k.t.Helper()
	k.on(s)
	k.until("the heading of "+string(s)+" has the focus", `document.activeElement.matches('h1[tabindex="-1"]')`)
}

// pin types a PIN, if one is asked for.
func (k keyboard) pin() {
	k.t.Helper()
	if k.desk.state().Screen != visit.PIN {
		return
	}
	k.arrives(visit.PIN)
	for _, digit := range "7391" {
		k.choose("digit-" + string(digit))
	}
	k.choose("enter")
}

// journey is: borrow two, return one, ask for more time, each a visit.
func (k keyboard) journey() {
	k.t.Helper()
	k.arrives(visit.Home)
	k.choose("borrow")
	k.arrives(visit.CardAsk)
	k.desk.card()
	k.pin()
	k.arrives(visit.Borrow)
	k.desk.put(1)
	k.desk.put(2)
	k.until("two are borrowed", `document.querySelectorAll(".tile.t-done").length === 2`)
	k.choose("finish")
	k.end()
	k.desk.lift(1)
	k.desk.lift(2)

	k.choose("return")
	k.arrives(visit.GiveBack)
	k.desk.put(1)
	k.until("one is returned", `document.querySelectorAll(".tile.t-done").length === 1`)
	k.choose("finish")
	k.end()
	k.desk.lift(1)

	k.choose("account")
	k.arrives(visit.CardAsk)
	k.desk.card()
	k.pin()
	k.arrives(visit.Account)
	k.choose("renew")
	k.arrives(visit.Renew)
	k.choose("ok")
	k.arrives(visit.Account)
	k.choose("finish")
	k.on(visit.Bye)
	if issued, returned := k.desk.acts(circ.Issue), k.desk.acts(circ.Return); issued != 2 || returned != 1 || k.desk.renewed != 1 {
		k.t.Errorf("%d borrowed, %d returned, %d times asked for more time; want 2, 1, 1", issued, returned, k.desk.renewed)
	}
}

// end wants no receipt, and goes back to the start.
func (k keyboard) end() {
	k.t.Helper()
	k.arrives(visit.Receipt)
	k.choose("none")
	k.arrives(visit.Bye)
	time.Sleep(visit.StrikeFor + 50*time.Millisecond) // a tap so soon after the last would be the second of two
	k.choose("ok")
	k.arrives(visit.Home)
}

// testKeyboard is a whole visit with Tab and Enter.
func testKeyboard(t *testing.T, b *browser) {
	devices := usualDevices()
	devices.PIN = true
	p, d := b.atDesk(t, 1, devices)
	keyboard{p, d, kb.Tab, kb.Enter}.journey()
}

// testFourKeys is the same with the four keys of a keypad, a PIN included; the
// fourth goes back, and loses nothing.
func testFourKeys(t *testing.T, b *browser) {
	t.Run("next and select", func(t *testing.T) {
		devices := usualDevices()
		devices.PIN = true
		p, d := b.atDesk(t, 1, devices)
		keyboard{p, d, kb.ArrowDown, kb.Enter}.journey()
	})
	t.Run("previous and back", func(t *testing.T) {
		p, d := b.atDesk(t, 2, usualDevices())
		k := keyboard{p, d, kb.ArrowUp, kb.Enter}
		k.arrives(visit.Home)
		k.choose("borrow")
		k.arrives(visit.CardAsk)
		k.press(kb.Escape)
		k.arrives(visit.Home)
		k.choose("help")
		k.until("help is open", `document.querySelector("main").dataset.over === "help"`)
		k.press(kb.Escape)
		k.arrives(visit.Home)
	})
}
