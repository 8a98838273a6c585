package agent

import (
	"testing"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers/gpio"
)

func TestTheLampSaysWhatTheScreenSays(t *testing.T) {
	works := visit.Devices{Scanner: true}
	line := func(kind circ.Kind, s visit.LineState) []visit.Line {
		return []visit.Line{{Item: "1001", Kind: kind, State: s}}
	}
	for name, c := range map[string]struct {
		state visit.State
		want  gpio.Pattern
	}{
		"nobody is here":         {visit.State{Devices: works}, gpio.Idle},
		"nothing can be read":    {visit.State{}, gpio.Out},
		"closed":                 {visit.State{Devices: works, Mode: visit.Closed}, gpio.Out},
		"leave the building":     {visit.State{Devices: works, Mode: visit.Emergency, Calling: true}, gpio.NeedsYou},
		"somebody asks for help": {visit.State{Devices: works, Screen: visit.Borrow, Calling: true}, gpio.Help},
		"being secured":          {visit.State{Devices: works, Screen: visit.Borrow, Lines: line(circ.Issue, visit.LineSecuring)}, gpio.Working},
		"put it back":            {visit.State{Devices: works, Screen: visit.Borrow, Lines: line(circ.Issue, visit.LinePutBack)}, gpio.NeedsYou},
		"borrowed":               {visit.State{Devices: works, Screen: visit.Borrow, Lines: line(circ.Issue, visit.LineDone)}, gpio.Done},
		"more time?":             {visit.State{Devices: works, Screen: visit.Warn}, gpio.NeedsYou},
		"thank you":              {visit.State{Devices: works, Screen: visit.Bye}, gpio.Done},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lampSays(c.state); got != c.want {
				t.Errorf("the lamp says %s, want %s", got, c.want)
			}
		})
	}
}
