package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/doctor"
	"nightdesk/agent/speech"
	"nightdesk/agent/visit"
	"nightdesk/agent/words"
	"nightdesk/drivers"
	"nightdesk/drivers/catalog"
	"nightdesk/drivers/gpio"
)

// Times that one device may take of doctorTime.
const (
	printerTime = 3 * time.Second
	voiceTime   = 4 * time.Second
	jackTime    = time.Second
	lineTime    = time.Second
)

// toldError is an error of the running kiosk, of which only the text is left.
type toldError struct {
	text  string
	cause error // as far as the end of the text tells
}

func (e toldError) Error() string { return e.text }
func (e toldError) Unwrap() error { return e.cause }

// toldTrouble is the trouble that the running kiosk has with a device, or nil.
func toldTrouble(told agent.Report, device string) error {
	why := told.Trouble[device]
	if why == "" {
		return nil
	}
	e := toldError{text: why}
	for _, cause := range []error{drivers.ErrSilent, drivers.ErrGarbled, gpio.ErrNoChip} {
		if strings.HasSuffix(why, cause.Error()) {
			e.cause = cause
		}
	}
	return e
}

func (p *patient) printer() doctor.PrinterReading {
	c := p.cfg.Printer
	return doctor.PrinterReading{Where: c.Path, Width: c.Width, OneWay: c.OneWay}
}

// tryPrinter asks the printer itself how it is.
func (p *patient) tryPrinter(ctx context.Context) {
	c := p.cfg.Printer
	if c.Path == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, printerTime)
	defer cancel()
	r := p.printer()
	printer, err := catalog.OpenPrinter(ctx, c.Driver, catalog.PrinterLine{
		Line: catalog.Line{Path: c.Path, Baud: c.Baud}, Flow: c.Flow, OneWay: c.OneWay})
	if err != nil {
		p.find(doctor.CheckPrinter(r, err))
		return
	}
	defer printer.Close()
	r.Where = printer.Set()
	r.Status, err = printer.Status(ctx)
	p.find(doctor.CheckPrinter(r, err))
}

// askPrinter tells what the running kiosk knows of the printer.
func (p *patient) askPrinter(told agent.Report) {
	if p.cfg.Printer.Path == "" {
		return
	}
	r, err := p.printer(), error(nil)
	switch told.Printer {
	case agent.PrinterReady:
		r.Status.Online = true
	case agent.PrinterLow:
		r.Status.Online, r.Status.PaperLow = true, true
	case string(visit.PrinterPaper):
		r.Status.PaperOut = true
	case string(visit.PrinterCover):
		r.Status.CoverOpen = true
	default:
		err = toldTrouble(told, "printer")
	}
	p.find(doctor.CheckPrinter(r, err))
}

// speaks looks at all of speech that no running kiosk has to itself.
func (p *patient) speaks(ctx context.Context) doctor.HeadsetReading {
	ctx, cancel := context.WithTimeout(ctx, voiceTime)
	defer cancel()
	r := doctor.HeadsetReading{Device: p.cfg.Speech.Device}
	c := speech.Config{Voices: map[string]string{}}
	offered, _ := p.offered()
	for _, l := range offered {
		if w, err := words.Load(l.Tag); err == nil {
			c.Voices[l.Tag] = w.Voice()
		}
		r.Languages = append(r.Languages, l.Tag)
		if err := c.Check(ctx, l.Tag); err != nil && r.Voices == nil {
			r.Voices = fmt.Errorf("%s cannot be spoken: %w", l.Tag, err)
		}
	}
	if _, err := exec.LookPath("aplay"); err != nil {
		r.Player = errors.New("aplay is not installed")
	}
	if card := soundCard(r.Device); card != "" {
		if _, err := os.Stat("/proc/asound/" + card); err != nil {
			r.Card = card
		}
	}
	return r
}

// soundCard is the name under /proc/asound of the card in an ALSA name, "" if
// it has none: "Headset" in plughw:CARD=Headset,DEV=0, "card1" in hw:1,0.
func soundCard(device string) string {
	_, list, found := strings.Cut(device, ":")
	if !found {
		return ""
	}
	card, _, _ := strings.Cut(list, ",")
	card = strings.TrimPrefix(card, "CARD=")
	switch {
	case card == "" || strings.ContainsAny(card, "=/:'\"{} "):
		return ""
	case strings.Trim(card, "0123456789") == "":
		return "card" + card
	}
	return card
}

func (p *patient) tryHeadset(ctx context.Context) {
	if p.cfg.Speech.Device == "" {
		return
	}
	r := p.speaks(ctx)
	if p.cfg.Speech.Jack != "" {
		ctx, cancel := context.WithTimeout(ctx, jackTime)
		defer cancel()
		r.Jack = speech.WatchJack(ctx, p.cfg.Speech.Jack, func(in bool) {
			if r.In == nil {
				r.In = &in
			}
			cancel()
		})
	}
	p.find(doctor.CheckHeadset(r))
}

func (p *patient) askHeadset(ctx context.Context, told agent.Report) {
	if p.cfg.Speech.Device == "" {
		return
	}
	r := p.speaks(ctx)
	r.In, r.Trouble = told.Headset, told.Trouble["speech"]
	r.Jack = toldTrouble(told, "headset jack")
	p.find(doctor.CheckHeadset(r))
}

// gpioLine is one line of [gpio] that is set up.
type gpioLine struct{ key, line string }

func gpioLines(g config.GPIO) (set []gpioLine) {
	for _, l := range []gpioLine{{"green", g.Green}, {"yellow", g.Yellow}, {"red", g.Red},
		{"help", g.Help}, {"headset", g.Headset}, {"emergency", g.Emergency}} {
		if l.line != "" {
			set = append(set, l)
		}
	}
	return set
}

func isLight(key string) bool { return key == "green" || key == "yellow" || key == "red" }

// tryLines looks for each line. Contacts are read; the lamp is left alone.
func (p *patient) tryLines(ctx context.Context) {
	for _, l := range gpioLines(p.cfg.GPIO) {
		p.find(doctor.CheckLine(tryLine(ctx, p.cfg.GPIO.Chip, l)))
	}
}

func tryLine(ctx context.Context, chip string, l gpioLine) (doctor.LineReading, error) {
	pin, err := catalog.OpenPin("gpio", chip, l.line)
	if err != nil {
		return doctor.LineReading{Key: l.key, Where: l.line}, err
	}
	defer pin.Close()
	return readLine(ctx, l.key, pin)
}

// readLine waits until a contact has settled, as the kiosk does.
func readLine(ctx context.Context, key string, pin catalog.Pin) (doctor.LineReading, error) {
	r := doctor.LineReading{Key: key, Where: pin.Name()}
	if isLight(key) {
		return r, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lineTime)
	defer cancel()
	err := gpio.Contact{Input: gpio.Input{Pin: pin}}.Run(ctx, func(s gpio.State) {
		if r.Closed == nil {
			r.Closed = &s.Active
		}
		cancel()
	})
	return r, err
}

// askLines tells what the running kiosk knows of its lines.
func (p *patient) askLines(told agent.Report) {
	lamp := false
	for _, l := range gpioLines(p.cfg.GPIO) {
		if isLight(l.key) {
			if !lamp {
				p.find(doctor.CheckLamp(told.Lamp, toldTrouble(told, "lamp")))
			}
			lamp = true
			continue
		}
		p.find(doctor.CheckLine(doctor.LineReading{Key: l.key, Where: l.line}, toldTrouble(told, lineSession(l.key))))
	}
}

// lineSession is what the running kiosk calls what watches a line.
func lineSession(key string) string {
	switch key {
	case "help":
		return "help button"
	case "headset":
		return "headset switch"
	}
	return "emergency contact"
}
