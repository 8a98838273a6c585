package screen

import (
	"strconv"

	"nightdesk/agent/circ"
	"nightdesk/agent/earcon"
	"nightdesk/agent/visit"
)

// cue is the last sound, and how many there have been: the page plays it when
// the number moves on.
type cue struct {
	name earcon.Name
	n    uint64
}

// String is "done 3"; "" before the first.
func (c cue) String() string {
	if c.n == 0 {
		return ""
	}
	return string(c.name) + " " + strconv.FormatUint(c.n, 10)
}

// after is the cue once one state has followed another. The gravest thing that
// is new is heard, and nothing that the screen does not say.
func (c cue) after(was, is visit.State) cue {
	name := heard(was, is)
	if name == "" {
		return c
	}
	return cue{name, c.n + 1}
}

func heard(was, is visit.State) earcon.Name {
	if was.Visit != is.Visit {
		return ""
	}
	came := screenOf(was) != screenOf(is)
	before := map[circ.ItemID]Tone{}
	for _, l := range was.Lines {
		before[l.Item] = toneHeard(l)
	}
	fresh := map[Tone]bool{}
	for _, l := range is.Lines {
		if t := toneHeard(l); before[l.Item] != t {
			fresh[t] = true
		}
	}
	switch {
	case came && is.Screen == visit.Warn:
		return earcon.Time
	case fresh[ToneNeeds] || came && (is.Screen == visit.Tell || is.Screen == visit.Fix) || is.Left > 0 && is.Left != was.Left ||
		is.Other.Known() && !was.Other.Known():
		return earcon.Needs
	case fresh[ToneRefused] || came && is.Screen == visit.Stop:
		return earcon.Stopped
	case fresh[ToneDone]:
		return earcon.Done
	}
	return ""
}

// toneHeard is the tone of a line as far as it is worth a sound. A return that
// goes to another shelf needs a look.
func toneHeard(l visit.Line) Tone {
	switch l.State {
	case visit.LineRefused:
		return ToneRefused
	case visit.LineDone:
		if s := l.Decision.Shelf; s == circ.HoldShelf || s == circ.HelpShelf {
			return ToneNeeds
		}
		return ToneDone
	case visit.LineSeen, visit.LineRecording, visit.LineSecuring, visit.LineUndo, visit.LineLeftOut:
		return ToneWorking
	}
	return ToneNeeds
}
