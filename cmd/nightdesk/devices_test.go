package main

import (
	"testing"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"nightdesk/agent/doctor"
)

// contact is a line with a contact to ground, held as it is.
type contact struct {
	*gpiotest.Pin
	closed bool
}

func (c contact) Read() periph.Level { return periph.Level(!c.closed) }
func (c contact) Close() error       { return nil }

func TestAContactIsReadAndTheLampLeftAlone(t *testing.T) {
	for _, c := range []struct {
		key    string
		closed bool
		want   string
	}{
		{"help", false, "OK help on GPIO17 is not pressed"},
		{"help", true, "WARN help on GPIO17 is pressed"},
		{"headset", true, "OK headset on GPIO17; a headset is plugged in"},
		{"emergency", true, "OK emergency on GPIO17 is closed: no alarm"},
		{"emergency", false, "WARN emergency on GPIO17 is open: the screen will say leave now"},
		{"green", true, "OK green on GPIO17"},
	} {
		pin := contact{&gpiotest.Pin{N: "GPIO17", L: periph.Low, P: periph.Float}, c.closed}
		f := doctor.CheckLine(readLine(t.Context(), c.key, pin))
		if got := string(f.Level) + " " + f.Text; got != c.want {
			t.Errorf("%s, closed %v: got %q, want %q", c.key, c.closed, got, c.want)
		}
		if c.key == "green" && pin.P != periph.Float {
			t.Errorf("the lamp's line was made an input")
		}
	}
}

func TestTheSoundCardOfAnALSAName(t *testing.T) {
	for name, want := range map[string]string{
		"plughw:CARD=Headset,DEV=0":  "Headset",
		"sysdefault:CARD=Headset":    "Headset",
		"hw:1,0":                     "card1",
		"plughw:Headset":             "Headset",
		"plug:'dmix:CARD=Headset'":   "",
		"plug:SLAVE='hw:1'":          "",
		"borrowers":                  "",
		"plughw:CARD=../../etc/motd": "",
	} {
		if got := soundCard(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
