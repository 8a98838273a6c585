package screen

import (
	"fmt"
	"math"
	"strings"
)

// Display is the panel, as far as it is known; the zero Display is not.
type Display struct {
	DiagonalMM float64 // of the picture
	ViewingMM  float64 // from the eyes to the glass
	WidthPX    int
	HeightPX   int
}

// Sizes that are physical, whatever the panel.
const (
	targetMM = 20    // EN 301 549 and the Tiresias guidelines: keys of 20 to 22 mm
	capAngle = 0.7   // degrees that a capital H fills (EN 301 549, 5.1.4)
	capShare = 0.714 // of the font size is the height of a capital, in Noto Sans
)

func (d Display) known() bool { return d.DiagonalMM > 0 && d.WidthPX > 0 && d.HeightPX > 0 }

// perMM is pixels in a millimetre.
func (d Display) perMM() float64 {
	return math.Hypot(float64(d.WidthPX), float64(d.HeightPX)) / d.DiagonalMM
}

// target is the least side of a button in pixels.
func (d Display) target() float64 { return targetMM * d.perMM() }

// text is the font size in pixels at which a capital letter fills capAngle.
func (d Display) text() float64 {
	capital := 2 * d.ViewingMM * math.Tan(capAngle/2*math.Pi/180)
	return capital * d.perMM() / capShare
}

// css tells the page what a millimetre is, and how large the largest text must be.
func (d Display) css() string {
	if !d.known() {
		return "/* the size of the panel is not known */\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, ":root{--mm:%.4fpx", d.perMM())
	if d.ViewingMM > 0 {
		fmt.Fprintf(&b, ";--text:%.2fpx", d.text())
	}
	b.WriteString("}\n")
	return b.String()
}
