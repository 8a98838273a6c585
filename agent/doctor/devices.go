package doctor

import (
	"errors"
	"fmt"
	"strings"

	"nightdesk/agent/speech"
	"nightdesk/drivers"
	"nightdesk/drivers/gpio"
)

// PrinterReading is what is known of the receipt printer.
type PrinterReading struct {
	Where  string // "/dev/usb/lp0"
	Width  int    // of the paper, in millimetres
	OneWay bool   // it is set never to answer
	Status drivers.PrinterStatus
}

// CheckPrinter judges a printer by what it says, or by why it says nothing.
func CheckPrinter(r PrinterReading, err error) Finding {
	const name = "printer"
	bad := func(level Level, text, try string) Finding { return Bad(level, Printer, name, r.Where+": "+text, try) }
	switch {
	case r.OneWay && (err == nil || errors.Is(err, drivers.ErrSilent)):
		return Fine(Printer, name, "%s can be opened; it is set never to answer, so look yourself whether it has paper", r.Where)
	case errors.Is(err, drivers.ErrSilent):
		return bad(Fail, "does not answer", "switch it on, and check its cable and printer.baud; if it prints all the same, set printer.one_way = true")
	case errors.Is(err, drivers.ErrGarbled):
		return bad(Fail, "its answer is noise", "set printer.baud and printer.flow as the printer's self-test prints them: hold FEED while switching it on")
	case err != nil:
		return Bad(Fail, Printer, name, err.Error(), "check cable and power, and that no other program has it open")
	case r.Status.PaperOut:
		return bad(Fail, "has no paper", fmt.Sprintf("put a new roll of %d mm in, and shut the cover; until then the screen shows the list instead", r.Width))
	case r.Status.CoverOpen:
		return bad(Fail, "its cover is open", "shut it until it clicks")
	case r.Status.CutterFault:
		return bad(Fail, "its cutter is stuck", "switch it off, take the torn paper out of the cutter, switch it on")
	case !r.Status.Online:
		return bad(Fail, "is off line and does not say why", "press its FEED button, or switch it off and on")
	case r.Status.PaperLow:
		return bad(Warn, "the paper is nearly at its end", fmt.Sprintf("put a new roll of %d mm in before nobody is here", r.Width))
	}
	return Fine(Printer, name, "%s is ready", r.Where)
}

// HeadsetReading is what is known of what speaks. The first thing that is
// wrong is told: those behind it may be wrong because of it.
type HeadsetReading struct {
	Device    string   // ALSA's name
	Languages []string // that are spoken
	Voices    error    // why one of them cannot be spoken
	Player    error    // why nothing can be played
	Card      string   // a sound card that is not there
	Jack      error    // why its switch cannot be read
	Trouble   string   // of the running kiosk
	In        *bool    // plugged in; nil: not known
}

// CheckHeadset judges the way from a text to the ear.
func CheckHeadset(r HeadsetReading) Finding {
	const name = "headset"
	bad := func(text, try string) Finding { return Bad(Fail, Headset, name, text, try) }
	if err := speech.CheckDevice(r.Device); err != nil {
		return bad(err.Error(), "set speech.device to the headset's own output; aplay -L lists them")
	}
	switch {
	case r.Voices != nil:
		return bad(r.Voices.Error(), "apt install espeak-ng; espeak-ng --voices lists its languages")
	case r.Player != nil:
		return bad(r.Player.Error(), "apt install alsa-utils")
	case r.Card != "":
		return bad(fmt.Sprintf("%s: there is no sound card %q", r.Device, r.Card), "plug the headset's sound card in; aplay -l lists those that are there")
	case r.Jack != nil:
		return bad(r.Jack.Error(), "set speech.jack as ls /dev/input/by-path says; this user must be in the group input")
	case r.Trouble != "":
		return bad(r.Trouble, "see that no other program plays on the headset's card: fuser -v /dev/snd/*")
	}
	return Fine(Headset, name, "%s speaks %s%s", r.Device, strings.Join(r.Languages, ", "), plugged(r.In))
}

func plugged(in *bool) string {
	switch {
	case in == nil:
		return ""
	case *in:
		return "; a headset is plugged in"
	}
	return "; no headset is plugged in"
}

// LineReading is what is known of one of the computer's own lines.
type LineReading struct {
	Key    string // under [gpio]: green, yellow, red, help, headset or emergency
	Where  string // "GPIO17 of pinctrl-rp1"
	Closed *bool  // the contact; nil: not looked at
}

// noChip is the next step on a computer that shows no lines.
const noChip = "add the kiosk's user to the group gpio; on a computer without lines leave [gpio] out"

// CheckLine judges one line.
func CheckLine(r LineReading, err error) Finding {
	name := lineName(r.Key)
	closed := r.Closed != nil && *r.Closed
	switch {
	case errors.Is(err, gpio.ErrNoChip):
		return Bad(Fail, Lines, name, r.Key+": "+err.Error(), noChip)
	case err != nil:
		return Bad(Fail, Lines, name, r.Key+": "+err.Error(), "gpioinfo lists the lines, and who uses them: write gpio.chip and gpio."+r.Key+" as it does")
	case r.Key == "help" && closed:
		return Bad(Warn, Lines, name, "help on "+r.Where+" is pressed", "let it go and ask again; if it stays so, the button jams or its wire touches ground")
	case r.Key == "emergency" && r.Closed != nil && !closed:
		return Bad(Warn, Lines, name, "emergency on "+r.Where+" is open: the screen will say leave now", "if there is no alarm, look for a broken wire between contact and line")
	}
	return Fine(Lines, name, "%s on %s%s", r.Key, r.Where, lineSays(r))
}

// lineName is what hangs on a line.
func lineName(key string) string {
	switch key {
	case "help":
		return "button"
	case "headset":
		return "headset"
	case "emergency":
		return "contact"
	}
	return "lamp"
}

func lineSays(r LineReading) string {
	switch {
	case r.Closed == nil:
		return ""
	case r.Key == "help":
		return " is not pressed"
	case r.Key == "emergency":
		return " is closed: no alarm"
	}
	return plugged(r.Closed)
}

// CheckLamp judges the lamp of a running kiosk: whether it lights, only the
// eye can tell.
func CheckLamp(now gpio.Pattern, err error) Finding {
	switch {
	case errors.Is(err, gpio.ErrNoChip):
		return Bad(Fail, Lines, "lamp", err.Error(), noChip)
	case err != nil:
		return Bad(Fail, Lines, "lamp", err.Error(), "gpioinfo lists the lines, and who uses them: write gpio.chip, green, yellow and red as it does")
	}
	return Fine(Lines, "lamp", "says %q: %s", now, rhythm(now))
}

// rhythm is how a pattern of drivers/gpio looks.
func rhythm(p gpio.Pattern) string {
	switch p {
	case gpio.Idle:
		return "a wink every four seconds"
	case gpio.Working:
		return "slowly on and off"
	case gpio.Done:
		return "steady light"
	case gpio.NeedsYou:
		return "two flashes and a pause"
	case gpio.Help:
		return "long, short"
	case gpio.Out:
		return "on, with a short gap every two seconds"
	}
	return "a rhythm of its own"
}
