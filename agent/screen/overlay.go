package screen

import (
	"cmp"
	"slices"
	"strconv"

	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// tongue is a language that a borrower can choose.
type tongue struct {
	words.Words
	reviewed bool
}

// in is the drawer in a language, or in the house's own if there are no words.
func (d drawer) in(lang string) drawer {
	for _, t := range d.tongues {
		if t.Lang() == lang {
			d.Words = t.Words
		}
	}
	return d
}

// over draws what lies over a screen. What is under it shows itself again
// unchanged, and so nothing of it is to be seen meanwhile.
func (d drawer) over(v *View, st visit.State) {
	v.Note, v.Device, v.Question = "", "", NoQuestion
	switch v.Over {
	case visit.Help:
		d.help(v, st)
	case visit.Languages:
		d.languages(v)
	default:
		d.easier(v, st)
	}
}

func (d drawer) help(v *View, st visit.State) {
	v.Heading, v.Picture = d.Say("help.heading", nil), "help"
	switch {
	case st.Calling && st.Devices.Staffed:
		v.Note = d.Say("help.coming", nil)
		v.Body = []string{d.Say("help.coming_body", nil)}
	case st.Calling:
		v.Note = d.Say("help.light", nil)
		v.Body = []string{d.Say("help.unstaffed", nil)}
	default:
		v.add(Button{Button: visit.TapCall, Label: d.Say("help.call", nil), Place: PlaceSecondary})
	}
	v.Body = append(v.Body, v.Help...)
	v.add(Button{Button: visit.TapClose, Label: d.Say("help.back", nil), Place: PlacePrimary})
}

// languages names each language in itself, and shows no flag: a language is no
// country.
func (d drawer) languages(v *View) {
	v.Heading = d.Say("languages.heading", nil)
	v.Body = []string{d.Say("languages.body", nil)}
	for _, t := range d.tongues {
		here := t.Lang() == d.Lang()
		if here && !t.reviewed {
			v.Note = d.Say("languages.unreviewed", nil)
		}
		v.add(Button{Button: visit.TapChoose, Value: "lang:" + t.Lang(), Label: t.Endonym(), Lang: t.Lang(), Chosen: here, Place: PlaceChoice})
	}
	v.add(Button{Button: visit.TapClose, Label: d.Say("languages.done", nil), Place: PlacePrimary})
}

// setting is one thing of Ease: what it is now, and what a tap makes of it.
type setting struct {
	what   string
	values []string
	now    string
}

func pick(on bool, yes, no string) string {
	if on {
		return yes
	}
	return no
}

func settings(st visit.State) []setting {
	e := st.Ease
	all := []setting{
		{"size", []string{"normal", "large", "largest"}, cmp.Or(string(e.Size), "normal")},
		{"theme", []string{"light", "dark", "contrast", "calm"}, cmp.Or(string(e.Theme), "light")},
		{"time", []string{"normal", "more"}, pick(e.Slow, "more", "normal")},
		{"reach", []string{"high", "low"}, pick(e.Low, "low", "high")},
		{"side", []string{"right", "left"}, pick(e.Left, "left", "right")},
		{"steady", []string{"off", "on"}, pick(e.Steady, "on", "off")},
		{"motion", []string{"on", "off"}, pick(e.Still, "off", "on")},
		{"titles", []string{"show", "hide"}, pick(hidesTitles(st), "hide", "show")},
	}
	if st.Devices.Headset {
		all = append(all, setting{"speech", []string{"off", "on"}, pick(e.Speech, "on", "off")},
			setting{"curtain", []string{"off", "on"}, pick(e.Curtain, "on", "off")})
	}
	return all
}

// next is what a tap makes of it: the value after this one.
func (s setting) next() string {
	return s.values[(slices.Index(s.values, s.now)+1)%len(s.values)]
}

// The loudness of the headset goes three steps down and three up.
const volumes = 7

// easier offers each way to be served as one button that says how it stands.
func (d drawer) easier(v *View, st visit.State) {
	v.Heading = d.Say("ease.heading", nil)
	v.Body = []string{d.Say("ease.body", nil)}
	for _, s := range settings(st) {
		key := "ease." + s.what + "."
		v.add(Button{Button: visit.TapChoose, Value: s.what + ":" + s.next(), Label: d.Say(key+"label", nil),
			State: d.Say(key+s.now, nil), Chosen: s.now != s.values[0], Place: PlaceChoice})
	}
	if st.Devices.Headset {
		at := d.Say("page.volume_at", words.Fill{"n": strconv.Itoa(st.Ease.Volume + (volumes+1)/2), "of": strconv.Itoa(volumes)})
		v.add(Button{Button: visit.TapChoose, Value: "volume:down", Label: d.Say("page.volume_down", nil), State: at, Place: PlaceChoice})
		v.add(Button{Button: visit.TapChoose, Value: "volume:up", Label: d.Say("page.volume_up", nil), State: at, Place: PlaceChoice})
	}
	v.add(Button{Button: visit.TapClose, Label: d.Say("ease.done", nil), Place: PlacePrimary})
}
