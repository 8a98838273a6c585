package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/doctor"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/gpio"
)

var now = time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)

func TestWhatATechnicianReads(t *testing.T) {
	const day = 24 * time.Hour
	cases := []struct {
		name string
		got  doctor.Finding
		want doctor.Level
	}{
		{"an empty outbox", doctor.CheckLedger(doctor.LedgerReading{}, nil, now), doctor.OK},
		{"events of a minute ago", doctor.CheckLedger(doctor.LedgerReading{Waiting: 3, Oldest: now.Add(-time.Minute)}, nil, now), doctor.OK},
		{"events of yesterday", doctor.CheckLedger(doctor.LedgerReading{Waiting: 3, Oldest: now.Add(-day)}, nil, now), doctor.Warn},
		{"no ledger yet", doctor.CheckLedger(doctor.LedgerReading{Missing: true}, nil, now), doctor.Warn},
		{"a damaged ledger", doctor.CheckLedger(doctor.LedgerReading{}, errors.New("damaged"), now), doctor.Fail},
		{"a fresh cache", doctor.CheckCache(time.Hour, true, false, 7, 3*day, 14*day, nil), doctor.OK},
		{"a cache of four days", doctor.CheckCache(4*day, true, false, 7, 3*day, 14*day, nil), doctor.Warn},
		{"a cache of a month", doctor.CheckCache(30*day, true, false, 7, 3*day, 14*day, nil), doctor.Fail},
		{"never heard", doctor.CheckCache(0, false, false, 0, 3*day, 14*day, nil), doctor.Fail},
		{"a good clock", doctor.CheckClock(circ.Moment{Wall: now, Quality: circ.Synced}, now.Add(-day)), doctor.OK},
		{"a clock alone", doctor.CheckClock(circ.Moment{Wall: now, Quality: circ.RTC}, now.Add(-day)), doctor.Warn},
		{"a printer that is ready", doctor.CheckPrinter(printer(drivers.PrinterStatus{Online: true}), nil), doctor.OK},
		{"a roll near its end", doctor.CheckPrinter(printer(drivers.PrinterStatus{Online: true, PaperLow: true}), nil), doctor.Warn},
		{"no paper", doctor.CheckPrinter(printer(drivers.PrinterStatus{PaperOut: true}), nil), doctor.Fail},
		{"an open cover", doctor.CheckPrinter(printer(drivers.PrinterStatus{CoverOpen: true}), nil), doctor.Fail},
		{"a stuck cutter", doctor.CheckPrinter(printer(drivers.PrinterStatus{Online: true, CutterFault: true}), nil), doctor.Fail},
		{"a printer that is off line", doctor.CheckPrinter(printer(drivers.PrinterStatus{}), nil), doctor.Fail},
		{"a printer that is off", doctor.CheckPrinter(printer(drivers.PrinterStatus{}), drivers.ErrSilent), doctor.Fail},
		{"a printer that never answers", doctor.CheckPrinter(doctor.PrinterReading{OneWay: true}, drivers.ErrSilent), doctor.OK},
		{"a printer of another speed", doctor.CheckPrinter(printer(drivers.PrinterStatus{}), drivers.ErrGarbled), doctor.Fail},
		{"no printer", doctor.CheckPrinter(doctor.PrinterReading{OneWay: true}, errors.New("open /dev/usb/lp0: gone")), doctor.Fail},
		{"a headset", doctor.CheckHeadset(headset(doctor.HeadsetReading{In: new(bool)})), doctor.OK},
		{"a headset's sound that may be the loudspeaker's", doctor.CheckHeadset(doctor.HeadsetReading{Device: "default"}), doctor.Fail},
		{"no voice", doctor.CheckHeadset(headset(doctor.HeadsetReading{Voices: errors.New("pl cannot be spoken")})), doctor.Fail},
		{"nothing to play with", doctor.CheckHeadset(headset(doctor.HeadsetReading{Player: errors.New("aplay is not installed")})), doctor.Fail},
		{"no sound card", doctor.CheckHeadset(headset(doctor.HeadsetReading{Card: "Headset"})), doctor.Fail},
		{"no jack", doctor.CheckHeadset(headset(doctor.HeadsetReading{Jack: errors.New("no such file")})), doctor.Fail},
		{"a sound card in use", doctor.CheckHeadset(headset(doctor.HeadsetReading{Trouble: "aplay: busy"})), doctor.Fail},
		{"a computer without lines", doctor.CheckLine(doctor.LineReading{Key: "green"}, gpio.ErrNoChip), doctor.Fail},
		{"no such line", doctor.CheckLine(doctor.LineReading{Key: "help"}, errors.New("no GPIO line")), doctor.Fail},
		{"a lamp", doctor.CheckLamp(gpio.Idle, nil), doctor.OK},
		{"a lamp that cannot be lit", doctor.CheckLamp(gpio.Idle, errors.New("busy")), doctor.Fail},
		{"languages", doctor.CheckLanguages(doctor.LanguageReading{House: "en-GB", Offered: []string{"en-GB"}}), doctor.OK},
		{"a language that nobody read", doctor.CheckLanguages(doctor.LanguageReading{House: "en-GB", Left: left("pl", 467)}), doctor.Warn},
		{"a language without words", doctor.CheckLanguages(doctor.LanguageReading{House: "en-GB", Left: left("tlh", 0)}), doctor.Warn},
		{"a language on trial", doctor.CheckLanguages(doctor.LanguageReading{House: "en-GB", Unproven: []string{"pl"}}), doctor.Warn},
		{"a display", doctor.CheckDisplay(396, 500), doctor.OK},
		{"a display of any size", doctor.CheckDisplay(0, 500), doctor.Warn},
		{"in service", doctor.CheckMode(mode(visit.InService, visit.InService, visit.InService)), doctor.OK},
		{"in service, and not running", doctor.CheckMode(mode(visit.InService, "", "")), doctor.OK},
		{"closed by the calendar", doctor.CheckMode(mode(visit.InService, visit.Closed, visit.Closed)), doctor.OK},
		{"closed by a technician", doctor.CheckMode(mode(visit.Closed, visit.Closed, visit.Closed)), doctor.Warn},
		{"left for a technician", doctor.CheckMode(mode(visit.Tech, "", "")), doctor.Warn},
		{"without any reader", doctor.CheckMode(mode(visit.InService, visit.InService, visit.Out)), doctor.Fail},
		{"an alarm", doctor.CheckMode(mode(visit.InService, visit.Emergency, visit.Emergency)), doctor.Fail},
		{"room on the disk", doctor.CheckDisk(disk(2<<30, 4<<20, ""), nil), doctor.OK},
		{"no reserve yet", doctor.CheckDisk(disk(2<<30, 0, ""), nil), doctor.OK},
		{"a disk that fills", doctor.CheckDisk(disk(100<<20, 4<<20, ""), nil), doctor.Warn},
		{"a full disk", doctor.CheckDisk(disk(0, 0, ""), nil), doctor.Fail},
		{"a ledger that cannot write", doctor.CheckDisk(disk(2<<30, 4<<20, "database is locked"), nil), doctor.Fail},
		{"a disk that is gone", doctor.CheckDisk(disk(0, 0, ""), errors.New("input/output error")), doctor.Fail},
		{"central that speaks", doctor.CheckCentral(doctor.CentralReading{Online: true}, now), doctor.OK},
		{"central silent for an hour", doctor.CheckCentral(doctor.CentralReading{Heard: now.Add(-time.Hour)}, now), doctor.Warn},
		{"central that was never heard", doctor.CheckCentral(doctor.CentralReading{Began: now.Add(-day)}, now), doctor.Warn},
		{"a program that runs well", doctor.CheckEnds(doctor.EndsReading{}, nil, now), doctor.OK},
		{"one that ran well again for two days", doctor.CheckEnds(ends(0, -2*day), nil, now), doctor.OK},
		{"one that runs well again", doctor.CheckEnds(ends(0, -time.Hour), nil, now), doctor.Warn},
		{"two bad ends", doctor.CheckEnds(ends(2, -time.Minute), nil, now), doctor.Warn},
		{"three bad ends", doctor.CheckEnds(held(ends(3, -time.Minute)), nil, now), doctor.Fail},
		{"a kiosk without a ledger", doctor.CheckEnds(doctor.EndsReading{Shut: "the ledger is damaged"}, nil, now), doctor.Fail},
		{"a count that cannot be read", doctor.CheckEnds(doctor.EndsReading{}, errors.New("torn"), now), doctor.Warn},
		{"a damaged ledger that can be saved", doctor.CheckLedger(doctor.LedgerReading{Damaged: true}, errors.New("damaged"), now), doctor.Fail},
		{"a cache that was begun anew", doctor.CacheBegunAnew("cache.db.damaged-7"), doctor.Warn},
		{"a clock in the past", doctor.CheckClock(circ.Moment{Wall: now.AddDate(-5, 0, 0), Quality: circ.Unknown}, now), doctor.Fail},
	}
	for _, c := range cases {
		if c.got.Level != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, c.got.Level, c.got.Text, c.want)
		}
		if c.got.Level != doctor.OK && c.got.Try == "" {
			t.Errorf("%s: no next step", c.name)
		}
		var b bytes.Buffer
		if err := doctor.Print(&b, []doctor.Finding{c.got}); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(b.String(), "\n"); len(c.got.Name) > 8 || first != fmt.Sprintf("%-5s %-8s %s", c.got.Level, c.got.Name, c.got.Text) {
			t.Errorf("%s: not one line, or out of its column: %q", c.name, first)
		}
	}
}

func printer(s drivers.PrinterStatus) doctor.PrinterReading {
	return doctor.PrinterReading{Where: "/dev/usb/lp0", Width: 80, Status: s}
}

func headset(r doctor.HeadsetReading) doctor.HeadsetReading {
	r.Device, r.Languages = "plughw:CARD=Headset,DEV=0", []string{"en-GB", "pl"}
	return r
}

func disk(free, reserve int64, full string) doctor.DiskReading {
	return doctor.DiskReading{Where: "/var/lib/nightdesk", Free: free, Reserve: reserve, Full: full, Ledger: true}
}

func ends(bad int, ago time.Duration) doctor.EndsReading {
	return doctor.EndsReading{Bad: bad, Last: "ledger stood still, and the watchdog ended it", At: now.Add(ago), Service: "nightdesk mode service"}
}

func held(r doctor.EndsReading) doctor.EndsReading { r.Held = true; return r }

func left(tag string, texts int) []doctor.LeftLanguage {
	return []doctor.LeftLanguage{{Tag: tag, Texts: texts}}
}

func mode(told, is, shows visit.Mode) doctor.ModeReading {
	return doctor.ModeReading{Told: told, Is: is, Shows: shows, Program: "nightdesk mode service"}
}

func TestOneWhoCannotReadTheHousesLanguageIsTold(t *testing.T) {
	f := doctor.CheckLanguages(doctor.LanguageReading{House: "ur", Left: []doctor.LeftLanguage{{"ur", 467}, {"pl", 3}}})
	if want := "left out, because no person has reviewed them: ur (467 texts), pl (3 texts); the screen speaks English instead"; f.Text != want {
		t.Errorf("got %q, want %q", f.Text, want)
	}
}

func TestEveryPatternOfTheLampIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range gpio.Patterns() {
		_, how, _ := strings.Cut(doctor.CheckLamp(p, nil).Text, ": ")
		if seen[how] || how == "a rhythm of its own" {
			t.Errorf("%s looks like another, or like nothing: %q", p, how)
		}
		seen[how] = true
	}
}

func TestNumbersAreGivenWhereTheyHelp(t *testing.T) {
	for want, f := range map[string]doctor.Finding{
		"3 MB free in /var/lib/nightdesk, 4 MB kept for returns: no issues": doctor.CheckDisk(disk(3<<20, 4<<20, ""), nil),
		"has been silent since 2 Mar 17:30, for 90 minutes":                 doctor.CheckCentral(doctor.CentralReading{Heard: local(17, 30)}, local(19, 0)),
		"out of order after 3 in a row that were a fault, the last on 2 Mar 18:59: ledger stood still, and the watchdog ended it": doctor.CheckEnds(
			doctor.EndsReading{Bad: 3, Held: true, Last: "ledger stood still, and the watchdog ended it", At: local(18, 59)}, nil, local(19, 0)),
	} {
		if f.Text != want {
			t.Errorf("got %q, want %q", f.Text, want)
		}
	}
}

func local(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.Local) }

func TestTheWorstFindingIsTheExitCode(t *testing.T) {
	fine, warn := doctor.Fine("D-1", "a", "well"), doctor.Bad(doctor.Warn, "D-2", "b", "so", "do")
	fail := doctor.Bad(doctor.Fail, "D-3", "c", "bad", "mend")
	for want, list := range map[int][]doctor.Finding{0: {fine}, 1: {warn, fine}, 2: {fail, warn, fine}} {
		if got := doctor.ExitCode(list); got != want {
			t.Errorf("exit code %d, want %d", got, want)
		}
	}
}

func TestJSONSaysTheSame(t *testing.T) {
	list := []doctor.Finding{doctor.Bad(doctor.Fail, doctor.Pads, "pad", "left is silent", "check the cable")}
	var b bytes.Buffer
	if err := doctor.PrintJSON(&b, list); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Exit     int
		Findings []doctor.Finding
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Exit != 2 || len(got.Findings) != 1 || got.Findings[0] != list[0] {
		t.Errorf("%s, %v", b.String(), err)
	}
}
