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
	Display    Display  `toml:"display"`
	Visit      Visit    `toml:"visit"`
	Printer    Printer  `toml:"printer"`
	Speech     Speech   `toml:"speech"`
	GPIO       GPIO     `toml:"gpio"`
	Watch      Watch    `toml:"watch"`
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
	Listen     string   `toml:"listen"` // loopback host and port; port 0 takes a free one
	Language   string   `toml:"language"`
	Languages  []string `toml:"languages"`  // that a borrower can choose besides
	Unreviewed bool     `toml:"unreviewed"` // also those that nobody has reviewed
	Titles     bool     `toml:"titles"`     // items by title, until a borrower hides them
	Volume     int      `toml:"volume"`     // of the short sounds, in per cent
	Phone      string   `toml:"phone"`      // to call for help; "" if there is none
	Help       string   `toml:"help"`       // where help is found; "" if nowhere
	Keys       Keys     `toml:"keys"`
}

// Keys are the four keys of a keypad, as the browser names them
// (KeyboardEvent.key, UI Events). An empty one is what every keyboard has.
type Keys struct {
	Next   string `toml:"next"`
	Before string `toml:"before"`
	Select string `toml:"select"`
	Back   string `toml:"back"`
}

// Display is the panel. With its size the screen keeps buttons at 20 mm and
// text at 0.7 degrees (EN 301 549, 5.1.4).
type Display struct {
	Diagonal int `toml:"diagonal_mm"` // of the picture; 0: not known
	Viewing  int `toml:"viewing_mm"`  // from the eye to the panel
}

// Printer is the receipt printer.
type Printer struct {
	Path   string `toml:"path"` // "": there is none
	Driver string `toml:"driver"`
	Baud   int    `toml:"baud"` // bits per second; of no matter on USB
	Flow   string `toml:"flow"` // none, xonxoff or cts
	Width  int    `toml:"width_mm"`
	OneWay bool   `toml:"one_way"` // it never answers
}

// Speech is the headset.
type Speech struct {
	Device string `toml:"device"` // ALSA's name of the headset's own output; "": nothing is spoken
	Jack   string `toml:"jack"`   // input device that tells whether it is plugged in; "": gpio.headset, or always
}

// GPIO is what hangs on the computer's own lines. An empty line is not there.
type GPIO struct {
	Chip      string `toml:"chip"`
	Green     string `toml:"green"` // the lamp's lights
	Yellow    string `toml:"yellow"`
	Red       string `toml:"red"`
	Help      string `toml:"help"`      // button
	Headset   string `toml:"headset"`   // the jack's switch
	Emergency string `toml:"emergency"` // the building's contact; it opens to say fire
	LampLow   bool   `toml:"lamp_low"`  // a light is lit when its line is low
}

// Watch is what the program does about its own faults.
type Watch struct {
	Stuck    Duration `toml:"stuck"`    // a part that stands still for so long is stuck
	Restarts int      `toml:"restarts"` // bad ends in a row, and then it is out of order; 0: never
}

// Visit holds the times of a borrower's visit.
type Visit struct {
	Quiet   Duration `toml:"quiet"`   // nothing happens for so long: "do you need more time?"
	Warning Duration `toml:"warning"` // how long that question stands
	Count   string   `toml:"count"`   // unstaffed, always or never
	Receipt string   `toml:"receipt"` // ask, always or never
	Large   int      `toml:"large"`   // staff are told of a visit with more items; 0: never
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
		Tags:    Tags{InStock: AFI{drivers.AFI(0x07)}, OnLoan: AFI{drivers.AFI(0xC2)}},
		Screen:  Screen{Listen: "127.0.0.1:8017", Language: "en-GB", Titles: true, Volume: 50},
		Display: Display{Viewing: 500},
		Visit: Visit{Quiet: Duration{60 * time.Second}, Warning: Duration{20 * time.Second},
			Count: "unstaffed", Receipt: "ask", Large: 20},
		Printer: Printer{Driver: "escpos", Baud: 9600, Flow: "xonxoff", Width: 80},
		Watch:   Watch{Stuck: Duration{20 * time.Second}, Restarts: 3},
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
