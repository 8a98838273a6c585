package screen_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"nightdesk/agent/visit"
)

// middle gives the middle of a button, in pixels.
func (p *tab) middle(selector string) (x, y float64) {
	p.t.Helper()
	at, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(
		`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [(r.left + r.right) / 2, (r.top + r.bottom) / 2]; })()`, selector)))
	if err != nil {
		p.t.Fatal(err)
	}
	return at[0], at[1]
}

func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	if kind == input.DispatchMouseEventTypeMouseMoved {
		p.do(chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft))
		return
	}
	p.do(chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// testTouch: a button does its work when the finger goes up
// on it, and only once if the borrower wants it so; a finger that slides off
// changes its mind (WCAG 2.5.2, EN 301 549 5.8).
func testTouch(t *testing.T, b *browser) {
	p, d := b.atDesk(t, 1, usualDevices())
	const down, up, move = input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased, input.DispatchMouseEventTypeMouseMoved
	p.on(visit.Home)
	d.pressed()

	x, y := p.middle("#borrow")
	p.mouse(down, x, y)
	p.settle()
	if got := d.pressed(); len(got) > 0 {
		t.Errorf("AX28: a finger that goes down does %v already", got)
	}
	p.mouse(move, 640, 20)
	p.mouse(up, 640, 20)
	p.settle()
	if got := d.pressed(); len(got) > 0 {
		t.Errorf("AX28: a finger that slides off the button does %v", got)
	}
	p.mouse(down, x, y)
	p.mouse(up, x, y)
	p.on(visit.CardAsk)
	if got := d.pressed(); len(got) != 1 || got[0] != visit.TapBorrow {
		t.Errorf("AX28: a touch does %v", got)
	}

	t.Run("AX27 quick digits all count", func(t *testing.T) { quickDigits(t, p, d) })
	t.Run("AX27 a second touch is none when steady", func(t *testing.T) { steady(t, p, d) })
}

// settle lets the page send what it has to send: two round trips to it.
func (p *tab) settle() {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`fetch("/state.json").then((r) => r.ok)`, chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatal(err)
	}
}

func quickDigits(t *testing.T, p *tab, d *desk) {
	p.do(chromedp.Click("#type"))
	p.until("the number pad", `document.querySelector("#digit-1")`)
	d.pressed()
	for _, digit := range "1223" {
		x, y := p.middle("#digit-" + string(digit))
		p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
		p.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
	}
	deadline := time.Now().Add(3 * time.Second)
	for len(d.state().Typed) < 4 && time.Now().Before(deadline) {
		p.settle()
	}
	if got := d.state().Typed; string(got) != "1223" {
		t.Errorf("AX27: of four quick digits %d are typed", len(got))
	}
}

func steady(t *testing.T, p *tab, d *desk) {
	d.hear(visit.Tapped{Button: visit.TapChoose, Value: "steady:on"})
	p.until("the page knows", `document.querySelector("main").hasAttribute("data-steady")`)
	time.Sleep(visit.StrikeFor + 50*time.Millisecond) // longer ago than a second touch may be
	d.pressed()
	x, y := p.middle("#help")
	for range 2 {
		p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
		p.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
	}
	p.until("help", `document.querySelector("main").dataset.over === "help"`)
	p.settle()
	if st := d.state(); st.Over != visit.Help {
		t.Errorf("AX27: the second touch did something: %v", d.pressed())
	}
}

// TestAX29NothingIsDragged reads the page's sources: WCAG 2.5.7.
func TestAX29NothingIsDragged(t *testing.T) {
	drag := regexp.MustCompile(`(?i)\b(on)?drag(start|over|enter|end)?\b|draggable|touchmove|pointermove|mousemove|setPointerCapture`)
	seen := 0
	err := filepath.WalkDir("page", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for n, line := range strings.Split(string(text), "\n") {
			if found := drag.FindString(line); found != "" {
				t.Errorf("AX29: %s:%d has %q", path, n+1, found)
			}
		}
		return nil
	})
	if err != nil || seen < 3 {
		t.Fatalf("%d files of the page were read: %v", seen, err)
	}
}
