package agent

import (
	"context"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/screen"
	"nightdesk/agent/speech"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
)

// voice says to the headset what is on the screen. Only the desk's goroutine
// calls its methods.
type voice struct {
	speaker *speech.Speaker
	house   string // language
	last    visit.State
}

// newVoice is nil where there is no headset to speak to.
func newVoice(cfg config.Config, log speech.Config) (*voice, error) {
	if cfg.Speech.Device == "" {
		return nil, nil
	}
	sink, err := speech.NewALSA(cfg.Speech.Device)
	if err != nil {
		return nil, err
	}
	log.Sink = sink
	return &voice{speaker: speech.New(log), house: cfg.Screen.Language}, nil
}

// show says a new screen from its beginning; on the same screen only what is
// news, behind what is being said. Everything is as it was when the visit ends.
func (v *voice) show(is visit.State, at circ.Moment, from *screen.Screen) {
	was := v.last
	v.last = is
	if is.Visit != was.Visit {
		v.speaker.Reset()
	}
	if is.Ease.Volume != was.Ease.Volume {
		v.speaker.SetVolume(is.Ease.Volume)
	}
	v.speaker.Headset(is.Devices.Headset && is.Ease.Speech)
	if another(was, is) {
		v.speaker.Say(v.utter(from.Spoken(is, at)...))
		return
	}
	if news := from.SpokenNews(was, is, at); len(news) > 0 { // one summary waits, and a newer one takes its place: it tells all
		v.speaker.Add(v.utter(strings.Join(news, " "))[0])
	}
}

// another says whether a screen is to be said from its beginning.
func another(was, is visit.State) bool {
	return is.Visit != was.Visit || is.Screen != was.Screen || is.Over != was.Over || is.Shows() != was.Shows() ||
		is.Ease.Lang != was.Ease.Lang || is.Other.Known() != was.Other.Known()
}

// focus says the button that a key has moved to.
func (v *voice) focus(text string) { v.speaker.Say(v.utter(text)) }

// utter is text in the language of the visit, with its voice.
func (v *voice) utter(text ...string) []speech.Utterance {
	lang := v.last.Ease.Lang
	if lang == "" {
		lang = v.house
	}
	name, _ := speech.Voice(lang)
	var out []speech.Utterance
	for _, t := range text {
		out = append(out, speech.Utterance{Text: t, Lang: lang, Voice: name})
	}
	return out
}

// focused is called by the screen when a key has moved the focus.
func (k *kiosk) focused(text string) {
	if k.voice == nil {
		return
	}
	select {
	case k.todo <- func(context.Context) error { k.voice.focus(text); return nil }:
	default: // the desk is behind; the next move of the focus is said again
	}
}

// jackSession looks at the headset's jack.
func (k *kiosk) jackSession(ctx context.Context) error {
	watch.From(ctx).Rest() // it waits for somebody's plug
	return speech.WatchJack(ctx, k.cfg.Speech.Jack, func(in bool) {
		k.status.failed("headset jack", nil)
		k.headset(ctx, in)
	})
}

// headset tells the visit that a headset went in or came out.
func (k *kiosk) headset(ctx context.Context, in bool) {
	k.status.setHeadset(in)
	k.told(ctx)
}
