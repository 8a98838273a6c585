package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parse is Parse of a text in /etc/nightdesk.
func parse(t *testing.T, text string) Config {
	t.Helper()
	c, err := Parse("/etc/nightdesk/kiosk.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// same compares configurations; how they came to be does not count.
func same(t *testing.T, want, got Config) {
	t.Helper()
	want.warnings, got.warnings = nil, nil
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Config{})); d != "" {
		t.Error(d)
	}
}

func TestEmptyFileIsDefault(t *testing.T) {
	for _, text := range []string{"", "\n# nothing\n", "\uFEFF", "[visit]\n[barcodes]\n"} {
		c := parse(t, text)
		same(t, Default(), c)
		if w := c.Warnings(); len(w) > 0 {
			t.Errorf("%q: warnings %q", text, w)
		}
	}
}

func TestWholeFile(t *testing.T) {
	got := parse(t, `
name = "Syston"
credential = "k1.json"
data = "../../srv/nightdesk"
broker.url = "mqtts://broker.example:8883"
scanner = { path = "/dev/serial/by-id/scan", baud = 115200, suffix = "none", gap = "50ms" }
log.level = "debug"

[[pad]]
name = "left"
path = "pads/left"

[[pad]]
name = "returns"
driver = "feig"
path = "/dev/serial/by-id/usb-FEIG-if00"
baud = 115200
parity = "none"
role = "return"

[barcodes]
allow_isbn = true

[[barcodes.card]]
pattern = 'L\d{6}'
symbologies = ["code39", "qr"]

[[barcodes.card]]
pattern = '2\d{13}'
check = "luhn"

[tags]
in_stock = "9e"
on_loan = "9A"
card_501 = ['^K\d+$']

[screen]
listen = "[::1]:0"
language = "de"
phone = "0116 200 0000"
help = "Frag im Café nebenan."

[visit]
quiet = "3m"
warning = "20s"
`)
	want := Default()
	want.Name, want.Credential, want.Data = "Syston", "/etc/nightdesk/k1.json", "/srv/nightdesk"
	want.Broker.URL = "mqtts://broker.example:8883"
	want.Scanner = Scanner{Path: "/dev/serial/by-id/scan", Baud: 115200, Suffix: "none", Gap: Duration{50 * time.Millisecond}}
	want.Log.Level = -4
	want.Pads = []Pad{
		{Name: "left", Driver: "feig", Path: "/etc/nightdesk/pads/left", Baud: 38400, Parity: "even", Role: visit.RoleBoth},
		{Name: "returns", Driver: "feig", Path: "/dev/serial/by-id/usb-FEIG-if00", Baud: 115200, Parity: "none", Role: visit.RoleReturn},
	}
	want.Barcodes.AllowISBN = true
	want.Barcodes.Card = []Rule{
		{Pattern: `L\d{6}`, Check: "none", Symbologies: []Symbology{'A', 'Q'}},
		{Pattern: `2\d{13}`, Check: "luhn"},
	}
	want.Tags = Tags{InStock: AFI{drivers.AFI(0x9E)}, OnLoan: AFI{drivers.AFI(0x9A)}, Card501: []string{`^K\d+$`}}
	want.Screen.Listen, want.Screen.Language, want.Screen.Phone, want.Screen.Help = "[::1]:0", "de", "0116 200 0000", "Frag im Café nebenan."
	want.Visit.Quiet = Duration{3 * time.Minute}
	same(t, want, got)
}

func TestNoRulesAtAll(t *testing.T) {
	c := parse(t, "barcodes = { card = [], item = [] }")
	if len(c.Barcodes.Card)+len(c.Barcodes.Item) != 0 {
		t.Errorf("got %+v, want no rules", c.Barcodes)
	}
}

// Each testdata/errors/*.toml is a file as a technician might write it; the
// .golden beside it is what Load says of it.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.toml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("kiosk.toml", text)
			var all *Errors
			if !errors.As(err, &all) {
				t.Fatalf("got %v, want errors", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a password is shown")
			}
			golden(t, strings.TrimSuffix(file, ".toml")+".golden", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
}

func TestWarnings(t *testing.T) {
	c := parse(t, `
broker.url = "mqtt://127.0.0.1:1883"
[scanner]
path = "/dev/ttyACM1"
[[pad]]
name = "left"
[[pad]]
name = "right"
path = "/dev/serial/by-id/r"
`)
	want := []string{
		`/etc/nightdesk/kiosk.toml:4:8 scanner.path: "/dev/ttyACM1" may be another device after a restart; use "/dev/serial/by-id/…": "ls /dev/serial/by-id" lists them`,
		`/etc/nightdesk/kiosk.toml:5:3 pad[0].path: is empty, so this pad is not used; write "/dev/serial/by-id/…", or take the pad out`,
	}
	if d := cmp.Diff(want, c.Warnings()); d != "" {
		t.Error(d)
	}
	if len(c.Pads) != 1 || c.Pads[0].Name != "right" {
		t.Errorf("pads: got %+v, want right alone", c.Pads)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kiosk.toml")
	if _, err := Load(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
	if err := os.WriteFile(file, []byte(`data = "data"`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil || c.Data != filepath.Join(dir, "data") {
		t.Errorf("got %q (%v)", c.Data, err)
	}
	if err := os.WriteFile(file, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "larger than 256 KiB") {
		t.Errorf("a huge file: got %v", err)
	}
}

// Many mistakes are told, and not without end.
func TestErrorsAreBounded(t *testing.T) {
	_, err := Parse("kiosk.toml", []byte(strings.Repeat("[[pod]]\n", 100)+strings.Repeat("#", 300)+"\n"))
	if err == nil || !strings.Contains(err.Error(), "1 error") {
		t.Errorf("got %v", err)
	}
	var text strings.Builder
	for i := range 100 {
		text.WriteString(strings.Repeat("x", i+1) + " = 1\n")
	}
	_, err = Parse("kiosk.toml", []byte(text.String()))
	if err == nil || !strings.HasSuffix(err.Error(), "and 60 more\n100 errors. The configuration was not taken over.") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/errors/*.toml")
	for _, file := range append(files, "../../packaging/kiosk.toml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("kiosk.toml", text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		c.Warnings()
		if c.Visit.Warning.Duration < 20*time.Second {
			t.Errorf("a warning of %v was taken", c.Visit.Warning)
		}
	})
}
