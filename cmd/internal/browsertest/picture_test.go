package browsertest

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var shot = flag.String("shot", "", "write a picture of the borrow screen to this PNG file")

// picture is a visit with something of everything on the screen, for those who
// have no kiosk at hand. It is taken only if -shot says where to put it.
func picture(h *house, p page) {
	if *shot == "" {
		return
	}
	p.signIn(h, h.somebody("Brian"))
	for _, b := range h.books("The Gruffalo", "Things Fall Apart", "Middlemarch", "The Strange Case of Dr Jekyll and Mr Hyde", "Wolf Hall") { // one by one: the newest comes first
		h.Room.PutDown(b)
		p.tile(b, "Borrowed")
	}
	milkWood := h.book("Under Milk Wood (talking book)")
	h.part(milkWood, 1)
	p.tile(milkWood, "Parts missing")
	p.reads("Look for: Disc 2.")
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	must(h.t, err)
	must(h.t, os.WriteFile(*shot, small(h.t, b), 0o644))
}

// small writes a PNG anew with a palette of the 256 colours that are used most;
// every other colour of a screen is a neighbour of one of these.
func small(t *testing.T, b []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(b))
	must(t, err)
	out := image.NewPaletted(full.Bounds(), palette(full))
	draw.Draw(out, out.Bounds(), full, full.Bounds().Min, draw.Src)
	var w bytes.Buffer
	must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&w, out))
	return w.Bytes()
}

func palette(full image.Image) color.Palette {
	used := map[color.Color]int{}
	for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
		for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
			used[full.At(x, y)]++
		}
	}
	var p color.Palette
	for c := range used {
		p = append(p, c)
	}
	slices.SortFunc(p, func(a, b color.Color) int { return cmp.Compare(used[b], used[a]) })
	return p[:min(256, len(p))]
}
