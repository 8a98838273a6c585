package agent

import (
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/config"
	"nightdesk/agent/visit"
)

var evening = time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)

// A life is what happens to a kiosk, in one letter each:
//
//	s it is started    x it ends with an error       w its watchdog ends it
//	d the runtime      c it is told to end           g it works for ten minutes
//	  ends it          t a technician says service
//
// A run that is still going on when it is started again was killed, or its power
// was cut.
func live(life string) Ends {
	var e Ends
	died := false
	for _, what := range life {
		switch what {
		case 's':
			e = e.began(died, evening)
			died = false
			e.Held = e.Held || e.tooMany(3)
		case 'x':
			e = e.ended(EndError, "screen", evening)
		case 'w':
			e = e.ended(EndStuck, "ledger", evening)
		case 'd':
			died = true
		case 'c':
			e = e.well(false)
		case 'g':
			e = e.well(true)
		case 't':
			e.Held, e.Bad = false, 0
		}
	}
	return e
}

func TestWhichEndsCount(t *testing.T) {
	cases := []struct {
		name, life string
		bad        int
		held       bool
		last       End
	}{
		{"the first start", "s", 0, false, ""},
		{"one that is told to end", "scscscscs", 0, false, ""},
		{"a vehicle whose power is cut each evening", "ssssss", 0, false, ""},
		{"the runtime ends it again and again", "sdsds", 2, false, EndDied},
		{"and once more", "sdsdsds", 3, true, EndDied},
		{"an error, a death and the watchdog", "sxsdswsx", 4, true, EndError},
		{"faults with good work in between", "swsgwsgwsgw", 1, false, EndStuck},
		{"a fault, and an orderly end", "swswscsw", 1, false, EndStuck},
		{"faults with power cuts in between", "swsswssw", 3, false, EndStuck},
		{"and the start after it", "swsswssws", 3, true, EndStuck},
		{"held, and told to end: nobody has looked", "swswswscs", 3, true, EndStuck},
		{"held, and at work for long: nobody has looked", "swswswsgs", 3, true, EndStuck},
		{"a technician has looked", "swswswstcs", 0, false, EndStuck},
		{"and it is no better", "swswswstwswsws", 3, true, EndStuck},
	}
	for _, c := range cases {
		if e := live(c.life); e.Bad != c.bad || e.Held != c.held || e.Last != c.last {
			t.Errorf("%s (%s): %d bad, held %v, last %q; want %d, %v, %q", c.name, c.life, e.Bad, e.Held, e.Last, c.bad, c.held, c.last)
		}
	}
}

func TestZeroRestartsIsNever(t *testing.T) {
	if (Ends{Bad: 100}).tooMany(0) || !(Ends{Bad: 3}).tooMany(3) || (Ends{Bad: 2}).tooMany(3) {
		t.Error("it counts wrongly")
	}
}

func testConfig(t *testing.T) config.Config {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	return cfg
}

func startDiary(t *testing.T, cfg config.Config) *diary {
	t.Helper()
	d, err := openDiary(cfg, "", func() time.Time { return evening })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestThreeErrorsInARowHoldItUntilServiceIsSaid(t *testing.T) {
	cfg := testConfig(t)
	for n := range 3 {
		d := startDiary(t, cfg)
		if d.known().Held {
			t.Fatalf("held after %d bad ends", n)
		}
		if err := d.ended(t.Context(), errors.New("the screen's address is taken")); err != nil {
			t.Fatal(err)
		}
	}
	d := startDiary(t, cfg)
	if !d.known().Held || ReadMode(cfg) != visit.Out {
		t.Errorf("held %v, mode %s; want it held, and out", d.known().Held, ReadMode(cfg))
	}
	if got := d.known().What; got != "the screen's address is taken" {
		t.Errorf("it was %q", got)
	}
	if released(cfg) {
		t.Error("released, and nobody said so")
	}
	if err := d.ended(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if d := startDiary(t, cfg); !d.known().Held {
		t.Error("an orderly restart released it")
	}
	if err := os.Remove(ModePath(cfg)); err != nil { // nightdesk mode service
		t.Fatal(err)
	}
	if d := startDiary(t, cfg); d.known().Held || d.known().Bad != 0 {
		t.Error("a technician said service, and it is held")
	}
}

func TestADiaryThatCannotBeReadIsBegunAnew(t *testing.T) {
	cfg := testConfig(t)
	if err := os.WriteFile(EndsPath(cfg), []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDiary(cfg, "", func() time.Time { return evening }); err == nil || !strings.Contains(err.Error(), "how the last runs ended") {
		t.Errorf("got %v, want it told", err)
	}
	if e, err := ReadEnds(cfg); err != nil || !e.Running || e.Bad != 0 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestALongErrorIsCut(t *testing.T) {
	e := Ends{}.ended(EndError, strings.Repeat("ü", 500), evening)
	if len(e.What) > 200 || strings.ContainsRune(e.What, '\uFFFD') {
		t.Errorf("%d bytes: %q", len(e.What), e.What)
	}
}

// What the runtime says of its end is told once, and no value of it stays.
func TestLastWordsAreTakenOnce(t *testing.T) {
	cfg := testConfig(t)
	if err := os.WriteFile(lastWordsPath(cfg), []byte("fatal error: all is lost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) })
	for _, want := range []string{"fatal error: all is lost\n", ""} {
		if got, err := takeLastWords(cfg); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
