package config

import (
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"nightdesk/agent/speech"
)

// lines are the named lines, in the order of the file.
func (g GPIO) lines() [][2]string {
	all := [][2]string{{"green", g.Green}, {"yellow", g.Yellow}, {"red", g.Red}, {"help", g.Help},
		{"headset", g.Headset}, {"emergency", g.Emergency}}
	return slices.DeleteFunc(all, func(l [2]string) bool { return l[1] == "" })
}

func (k *checker) number(path string, n, least, most int) {
	if n < least || n > most {
		k.bad(path, "write a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most), "%d is out of range", n)
	}
}

func (k *checker) display(d Display) {
	if d.Diagonal != 0 {
		k.number("display.diagonal_mm", d.Diagonal, 150, 1500)
	}
	k.number("display.viewing_mm", d.Viewing, 200, 1500)
}

func (k *checker) visit(v Visit) {
	k.span("visit.quiet", v.Quiet, 30*time.Second, 180*time.Second)
	k.span("visit.warning", v.Warning, 20*time.Second, 120*time.Second)
	k.oneOf("visit.count", v.Count, "unstaffed", "always", "never")
	k.oneOf("visit.receipt", v.Receipt, "ask", "always", "never")
	k.number("visit.large", v.Large, 0, 1000)
}

func (k *checker) watch(w Watch) {
	k.span("watch.stuck", w.Stuck, 10*time.Second, 5*time.Minute)
	k.number("watch.restarts", w.Restarts, 0, 100)
}

func (k *checker) printer(p Printer) {
	k.oneOf("printer.driver", p.Driver, "escpos")
	k.oneOf("printer.flow", p.Flow, "none", "xonxoff", "cts")
	if p.Width != 58 && p.Width != 80 {
		k.bad("printer.width_mm", "write 58 or 80, as the paper is wide", "%d is no width of paper", p.Width)
	}
	k.line("printer", p.Path, p.Baud)
}

// speech goes to the headset and to nothing else: an output that may be the
// loudspeaker is refused.
func (k *checker) speech(s Speech) {
	if s.Device != "" {
		if err := speech.CheckDevice(s.Device); err != nil {
			k.bad("speech.device", `write the headset's own output: "plughw:CARD=Headset,DEV=0"; "aplay -L" lists them`, "%v", err)
		}
	}
	if s.Jack != "" && !filepath.IsAbs(s.Jack) {
		k.bad("speech.jack", `write the input device's path: "/dev/input/by-path/…", or ""`, "%q is no path", clip(s.Jack))
	}
}
