package paper

import (
	"slices"

	"github.com/go-text/typesetting/shaping"
	"golang.org/x/text/unicode/bidi"
)

// level is a bidirectional embedding level: even runs left to right, odd right
// to left, and the higher lies within the lower (UAX #9, 3.2).
type level int

// object stands for an isolate in the text around it, which sees one neutral
// character (UAX #9, 2.4).
const object = '\ufffc'

// levelsOf gives the level of each character. The bidi package tells only
// the direction of each; which number lies within a run from right to left, and
// what an isolate lies in, is found here.
func levelsOf(text []rune, rtl bool) []level {
	out := make([]level, len(text))
	base := level(0)
	if rtl {
		base = 1
	}
	fill(out, text, base)
	return out
}

// fill sets the levels of a text that holds isolates.
func fill(out []level, text []rune, base level) {
	var outer []rune
	var at []int // where in text each character of outer begins
	for i := 0; i < len(text); i++ {
		at = append(at, i)
		if end := closing(text, i); end > i {
			fill(out[i+1:end], text[i+1:end], inner(text[i], text[i+1:end], base))
			outer = append(outer, object)
			i = end
			continue
		}
		outer = append(outer, text[i])
	}
	for i, l := range flat(outer, base) {
		out[at[i]] = l
		if end := closing(text, at[i]); end > at[i] {
			out[end] = l
		}
	}
}

// closing finds the end of the isolate that begins at i; -1 if none does.
func closing(text []rune, i int) int {
	if text[i] != lri && text[i] != fsi {
		return -1
	}
	depth := 0
	for j := i; j < len(text); j++ {
		switch {
		case text[j] == pdi:
			depth--
		case isolate(text[j]):
			depth++
		}
		if depth == 0 {
			return j
		}
	}
	return -1
}

// inner gives the level within an isolate: the next above its surroundings that
// has its direction, which for FSI is that of its first letter (rule X5c).
func inner(initiator rune, text []rune, around level) level {
	toLeft := initiator == fsi && slices.Contains([]bidi.Class{bidi.R, bidi.AL}, firstStrong(text))
	next := around + 1
	if (next%2 == 1) != toLeft {
		next++
	}
	return next
}

func firstStrong(text []rune) bidi.Class {
	for _, r := range text {
		if c := class(r); c == bidi.L || c == bidi.R || c == bidi.AL {
			return c
		}
	}
	return bidi.L
}

// flat gives the levels of a text without isolates.
func flat(text []rune, base level) []level {
	out := make([]level, len(text))
	for i, toLeft := range directions(text, base) {
		out[i] = base
		if toLeft != (base%2 == 1) {
			out[i]++
		}
	}
	if base%2 == 0 {
		raiseNumbers(out, text, base)
	}
	return out
}

// directions says which characters of a text run from right to left.
func directions(text []rune, base level) []bool {
	mark, dir := "\u200e", bidi.LeftToRight // the mark is a letter that is not seen
	if base%2 == 1 {
		mark, dir = "\u200f", bidi.RightToLeft
	}
	toLeft := make([]bool, len(text))
	var p bidi.Paragraph
	if _, err := p.SetString(mark+string(text), bidi.DefaultDirection(dir)); err != nil {
		return toLeft
	}
	order, err := p.Order()
	if err != nil {
		return toLeft
	}
	for i := range order.NumRuns() {
		run := order.Run(i)
		first, last := run.Pos() // counts characters, the mark being the first
		for j := max(first, 1); j <= min(last, len(text)); j++ {
			toLeft[j-1] = run.Direction() == bidi.RightToLeft
		}
	}
	return toLeft
}

// raiseNumbers lifts the numbers of Arabic and Hebrew in a text from left to
// right: they run as it does, but lie within the letters before them (rules W2,
// W7 and I1). Signs that belong to such a number rise with it (W4, W5).
func raiseNumbers(out []level, text []rune, base level) {
	strong := bidi.L
	for i, r := range text {
		switch c := class(r); c {
		case bidi.L, bidi.R, bidi.AL:
			strong = c
		case bidi.AN:
			out[i] = base + 2
		case bidi.EN:
			if strong != bidi.L {
				out[i] = base + 2
			}
		}
	}
	raised := func(i int) bool { return i >= 0 && i < len(text) && out[i] == base+2 }
	for i, r := range text {
		c := class(r)
		between := (c == bidi.CS || c == bidi.ES) && raised(i-1) && raised(i+1)
		beside := (c == bidi.ET || c == bidi.NSM) && raised(i-1)
		if out[i] == base && (between || beside) {
			out[i] = base + 2
		}
	}
	for i := len(text) - 2; i >= 0; i-- {
		if out[i] == base && class(text[i]) == bidi.ET && raised(i+1) {
			out[i] = base + 2
		}
	}
}

func class(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// visual puts the runs of a line in order from left to right (rule L2). A run
// holds characters of one level only.
func visual(runs shaping.Line, levels []level) []shaping.Output {
	out := slices.Clone(runs)
	of := func(i int) level { return levels[out[i].Runes.Offset] }
	highest := level(0)
	for i := range out {
		highest = max(highest, of(i))
	}
	for at := highest; at >= 1; at-- {
		for i := 0; i < len(out); i++ {
			j := i
			for j < len(out) && of(j) >= at {
				j++
			}
			slices.Reverse(out[i:j])
			i = j
		}
	}
	return out
}
