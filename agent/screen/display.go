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
	WidthPX    int     // of the picture; 0: the page measures its own window, which fills the panel
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
func (d Display) text() float64 { return d.textMM() * d.perMM() }

// textMM is the same in millimetres.
func (d Display) textMM() float64 {
	return 2 * d.ViewingMM * math.Tan(capAngle/2*math.Pi/180) / capShare
}

// css tells the page what a millimetre is, and how large the largest text must be.
func (d Display) css() string {
	if d.DiagonalMM <= 0 {
		return "/* the size of the panel is not known */\n"
	}
	var b strings.Builder
	if d.known() {
		fmt.Fprintf(&b, ":root{--mm:%.4fpx", d.perMM())
	} else {
		fmt.Fprintf(&b, ":root{--mm:calc(hypot(100vw,100vh)/%.1f)", d.DiagonalMM)
	}
	if d.ViewingMM > 0 {
		fmt.Fprintf(&b, ";--text:calc(var(--mm)*%.4f)", d.textMM())
	}
	b.WriteString("}\n")
	return b.String()
}
