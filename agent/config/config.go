// Package config reads kiosk.toml: one struct, its defaults, and a reading so
// strict that a misspelt key is an error with its place and what to write
// instead, all errors at once. It refuses to open, look for or change
// anything that the file names, and holds no secret: those are in the
// credential file.
package config

import (
	"log/slog"
	"time"

	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// Config is kiosk.toml. packaging/kiosk.toml explains every key.
type Config struct {
	Name       string   `toml:"name"`       // shown at the top of the screen
	Credential string   `toml:"credential"` // path of the file from central
	Data       string   `toml:"data"`       // directory of ledger and cache
	Broker     Broker   `toml:"broker"`
	Pads       []Pad    `toml:"pad"` // none: a kiosk for barcodes only
	Scanner    Scanner  `toml:"scanner"`
	Barcodes   Barcodes `toml:"barcodes"`
	Tags       Tags     `toml:"tags"`
	Screen     Screen   `toml:"screen"`
	Visit      Visit    `toml:"visit"`
	Log        Log      `toml:"log"`

	warnings []problem
}

// Broker is where central is reached.
type Broker struct {
	URL string `toml:"url"` // mqtt:// or mqtts://; "" is what the credential says
}

// Pad is an RFID reader. One without a path is left out by Load.
type Pad struct {
	Name   string     `toml:"name"`
	Driver string     `toml:"driver"`
	Path   string     `toml:"path"`
	Baud   int        `toml:"baud"`   // bits per second
	Parity string     `toml:"parity"` // none, even or odd
	Role   visit.Role `toml:"role"`
}

// Scanner is the barcode scanner.
type Scanner struct {
	Path   string   `toml:"path"` // "": there is none
	Baud   int      `toml:"baud"` // bits per second
	Suffix string   `toml:"suffix"`
	Gap    Duration `toml:"gap"` // silence that ends a code
}

// Barcodes say which numbers are cards and which are items.
type Barcodes struct {
	Card      []Rule `toml:"card"`
	Item      []Rule `toml:"item"`
	AllowISBN bool   `toml:"allow_isbn"` // take a shop's barcode for an item number
}

// Rule is one form of number.
type Rule struct {
	Pattern     string      `toml:"pattern"` // regular expression for the whole number
	Check       string      `toml:"check"`   // check digit: none, luhn, mod11, mod43
	Symbologies []Symbology `toml:"symbologies"`
}

// Tags say what the gate listens for.
type Tags struct {
	InStock AFI      `toml:"in_stock"` // loud
	OnLoan  AFI      `toml:"on_loan"`  // quiet
	Card501 []string `toml:"card_501"` // regular expressions for whole RFID 501 identifiers that are cards
}

// Screen is the page on this computer's own browser.
type Screen struct {
	Listen   string `toml:"listen"` // loopback host and port; port 0 takes a free one
	Language string `toml:"language"`
	Phone    string `toml:"phone"` // to call for help; "" if there is none
	Help     string `toml:"help"`  // where help is found; "" if nowhere
}

// Visit holds the times of a borrower's visit.
type Visit struct {
	Quiet   Duration `toml:"quiet"`   // nothing happens for so long: "do you need more time?"
	Warning Duration `toml:"warning"` // how long that question stands
}

// Log says how much is told.
type Log struct {
	Level slog.Level `toml:"level"`
}

// Default is the configuration of an empty file.
func Default() Config {
	return Config{
		Name:       "Self-service",
		Credential: "/etc/nightdesk/credential.json",
		Data:       "/var/lib/nightdesk",
		Scanner:    Scanner{Baud: 9600, Suffix: "cr", Gap: Duration{100 * time.Millisecond}},
		Barcodes: Barcodes{
			Card: []Rule{{Pattern: `2\d{13}`, Check: "none"}},
			Item: []Rule{{Pattern: `3\d{13}`, Check: "none"}},
		},
		Tags:   Tags{InStock: AFI{drivers.AFI(0x07)}, OnLoan: AFI{drivers.AFI(0xC2)}},
		Screen: Screen{Listen: "127.0.0.1:8017", Language: "en-GB"},
		Visit:  Visit{Quiet: Duration{60 * time.Second}, Warning: Duration{20 * time.Second}},
	}
}

// defaultPad is what a [[pad]] says that does not say otherwise. 38400 bit/s
// and even parity are what FEIG's factory configures.
func defaultPad() Pad {
	return Pad{Driver: "feig", Baud: 38400, Parity: "even", Role: visit.RoleBoth}
}

// Warnings are what Load found that works and should yet be changed, one line
// each.
func (c Config) Warnings() []string {
	var lines []string
	for _, p := range c.warnings {
		lines = append(lines, p.line())
	}
	return lines
}
