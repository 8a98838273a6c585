package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/doctor"
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
		{"a clock in the past", doctor.CheckClock(circ.Moment{Wall: now.AddDate(-5, 0, 0), Quality: circ.Unknown}, now), doctor.Fail},
	}
	for _, c := range cases {
		if c.got.Level != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, c.got.Level, c.got.Text, c.want)
		}
		if c.got.Level != doctor.OK && c.got.Try == "" {
			t.Errorf("%s: no next step", c.name)
		}
	}
}

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
