package agent

import (
	"cmp"
	"context"
	"time"

	pin "periph.io/x/conn/v3/gpio"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
	"nightdesk/drivers/catalog"
	"nightdesk/drivers/gpio"
)

// lampSays is what the lamp tells from afar: the same as the screen.
func lampSays(s visit.State) gpio.Pattern {
	switch {
	case s.Shows() == visit.Emergency:
		return gpio.NeedsYou
	case s.Calling:
		return gpio.Help
	case s.Shows() != visit.InService:
		return gpio.Out
	case s.Busy():
		return gpio.Working
	case s.NeedsYou() > 0 || s.Other.Known() || s.Screen == visit.Warn:
		return gpio.NeedsYou
	case s.Screen == visit.Bye || s.Screen == visit.Receipt || s.Issued() > 0:
		return gpio.Done
	}
	return gpio.Idle
}

// lampSession lights the lamp until a line fails.
func (k *kiosk) lampSession(ctx context.Context) error {
	lamp := gpio.Lamp{ActiveLow: k.cfg.GPIO.LampLow}
	lines := []struct {
		name string
		set  func(catalog.Pin)
	}{
		{k.cfg.GPIO.Green, func(p catalog.Pin) { lamp.Green = p }},
		{k.cfg.GPIO.Yellow, func(p catalog.Pin) { lamp.Yellow = p }},
		{k.cfg.GPIO.Red, func(p catalog.Pin) { lamp.Red = p }},
	}
	for _, l := range lines {
		if l.name == "" {
			continue
		}
		pin, err := k.pin(l.name)
		if err != nil {
			return err
		}
		defer pin.Close()
		l.set(light{pin, watch.From(ctx)})
	}
	k.status.failed("lamp", nil)
	watch.From(ctx).Rest() // but while a line is set
	return lamp.Run(ctx, k.pattern(), k.lamp)
}

// light is a line of the lamp, watched while it is set.
type light struct {
	catalog.Pin
	loop *watch.Loop
}

func (l light) Out(level pin.Level) error {
	l.loop.Beat()
	defer l.loop.Rest()
	return l.Pin.Out(level)
}

// pattern is what the lamp was last told to say.
func (k *kiosk) pattern() gpio.Pattern {
	select {
	case p := <-k.lamp:
		return p
	default:
		p, _ := k.shone.Load().(gpio.Pattern)
		return cmp.Or(p, gpio.Idle)
	}
}

// pin opens one line.
func (k *kiosk) pin(line string) (catalog.Pin, error) {
	return catalog.OpenPin("gpio", k.cfg.GPIO.Chip, line)
}

// shine tells the lamp what to say. Only the newest pattern counts.
func (k *kiosk) shine(s visit.State) {
	p := lampSays(s)
	k.shone.Store(p)
	for {
		select {
		case k.lamp <- p:
			return
		default:
		}
		select {
		case <-k.lamp:
		default:
		}
	}
}

// helpSession is the button beside the screen.
func (k *kiosk) helpSession(ctx context.Context) error {
	pin, err := k.pin(k.cfg.GPIO.Help)
	if err != nil {
		return err
	}
	defer pin.Close()
	k.status.failed("help button", nil)
	return gpio.Button{Input: gpio.Input{Pin: pin}}.Run(ctx, func(p gpio.Press) {
		read := k.clock.Now().Mono - time.Since(p.At)
		k.send(ctx, func(ctx context.Context) error { return k.desk.Handle(ctx, visit.HelpPressed{Read: read}) })
	})
}

// headsetSession is the switch in the headset's jack. While nobody can say
// whether a headset is there, none is.
func (k *kiosk) headsetSession(ctx context.Context) error {
	pin, err := k.pin(k.cfg.GPIO.Headset)
	if err != nil {
		return err
	}
	defer pin.Close()
	k.status.failed("headset switch", nil)
	defer k.headset(ctx, false)
	return gpio.Contact{Input: gpio.Input{Pin: pin}}.Run(ctx, func(s gpio.State) { k.headset(ctx, s.Active) })
}

// emergencySession only looks at the building's contact. A loop that opens, or
// a wire that is cut, says leave; a line that this computer can no longer read
// says nothing, and the screen stays as it was. No door waits for this.
func (k *kiosk) emergencySession(ctx context.Context) error {
	pin, err := k.pin(k.cfg.GPIO.Emergency)
	if err != nil {
		return err
	}
	defer pin.Close()
	k.status.failed("emergency contact", nil)
	return gpio.Contact{Input: gpio.Input{Pin: pin}, NormallyClosed: true}.Run(ctx, func(s gpio.State) {
		k.status.setAlarm(s.Active)
		k.send(ctx, k.lookAround)
	})
}

// hasLamp says whether any light is there.
func (k *kiosk) hasLamp() bool {
	g := k.cfg.GPIO
	return g.Green != "" || g.Yellow != "" || g.Red != ""
}

// show is what happens when the visit is in a new state: the screen draws it,
// the lamp and the headset say it.
func (k *kiosk) show(s visit.State, at circ.Moment) {
	k.screen.Show(s, at)
	if k.hasLamp() {
		k.shine(s)
	}
	if k.voice != nil {
		k.voice.show(s, at, k.screen)
	}
}
