package screen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"nightdesk/agent/visit"
)

var (
	shots   = flag.String("shots", "", "directory to put a Chromium screenshot of every picture of the gallery in")
	only    = flag.String("only", "", "take screenshots only of these pictures, by the beginning of their names, with commas")
	inLangs = flag.String("langs", "en-GB", "languages of the screenshots")
	inTheme = flag.String("themes", "light", "themes of the screenshots")
	inSizes = flag.String("sizes", "normal", "text sizes of the screenshots")
	onPanel = flag.String("panels", "1280x800", "widths and heights of the screenshots in pixels")
	inLow   = flag.Bool("low", false, "take the screenshots with everything within reach")
)

// TestShots shows every picture to Chromium when -shots names a directory, and
// otherwise only that every picture has a name of its own to be saved under.
func TestShots(t *testing.T) {
	names := map[string]bool{}
	for _, p := range drawings() {
		if names[p.name] {
			t.Errorf("two pictures are called %s", p.name)
		}
		names[p.name] = true
	}
	if *shots == "" {
		return
	}
	k := start(t, nil)
	c := page{t, browse(t, k)}
	for _, panel := range strings.Split(*onPanel, ",") {
		var w, h int64
		if _, err := fmt.Sscanf(panel, "%dx%d", &w, &h); err != nil {
			t.Fatal(err)
		}
		c.do(chromedp.EmulateViewport(w, h))
		for _, p := range drawings() {
			if wanted(p.name) {
				shootAll(c, k, p, panel)
			}
		}
	}
}

func wanted(name string) bool {
	for prefix := range strings.SplitSeq(*only, ",") {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func shootAll(c page, k *kiosk, p picture, panel string) {
	for lang := range strings.SplitSeq(*inLangs, ",") {
		for theme := range strings.SplitSeq(*inTheme, ",") {
			for size := range strings.SplitSeq(*inSizes, ",") {
				e := &p.state.Ease
				e.Lang, e.Low = lang, e.Low || *inLow
				e.Theme, e.Size = visit.Theme(strings.TrimPrefix(theme, "light")), visit.Size(strings.TrimPrefix(size, "normal"))
				k.screen.Show(p.state, p.at)
				c.do(chromedp.Navigate("http://" + k.screen.Addr() + "/?" + p.query))
				c.do(chromedp.Evaluate[chromedp.Void]("document.fonts.ready.then(() => 1)", chromedp.EvalAwaitPromise))
				png, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					c.t.Fatal(err)
				}
				name := strings.Join([]string{p.name, lang, theme, size, panel}, "_") + ".png"
				if err := os.WriteFile(filepath.Join(*shots, name), png, 0o644); err != nil {
					c.t.Fatal(err)
				}
			}
		}
	}
}
