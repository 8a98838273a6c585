package policy_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"nightdesk/agent/circ"
	"nightdesk/agent/policy"
)

// week is a calendar that is the same every day.
func week(h circ.DayHours) circ.Calendar {
	var c circ.Calendar
	for i := range c.Weekly {
		c.Weekly[i] = h
	}
	return c
}

func except(c circ.Calendar, date string, h circ.DayHours) circ.Calendar {
	c.Days = map[string]circ.DayHours{date: h}
	return c
}

// stamp is a time as the tables have it; "-" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("Mon 02 15:04 MST")
}

func TestOpen(t *testing.T) {
	day := week(circ.DayHours{OpenFrom: "08:00", OpenTo: "20:00"})
	weekend := day
	weekend.Weekly[time.Saturday] = circ.DayHours{OpenFrom: "10:00", OpenTo: "13:00"}
	weekend.Weekly[time.Sunday] = circ.DayHours{Closed: true}
	lateFriday := day
	lateFriday.Weekly[time.Friday] = circ.DayHours{OpenFrom: "08:00"}
	lateFriday.Weekly[time.Saturday] = circ.DayHours{OpenTo: "02:00"}
	holiday := weekend
	holiday.Closed = map[string]bool{"2026-03-27": true}

	// 2026-03-27 is a Friday. In London the clocks go forward on Sunday
	// 29 March 2026 at 01:00, and back on Sunday 25 October at 02:00.
	for _, c := range []struct {
		name   string
		cal    circ.Calendar
		at     string
		open   bool
		closes string
		opens  string
	}{
		{"no calendar: open all day, every day", circ.Calendar{}, "2026-03-27 03:00", true, "-", "-"},
		{"before the doors open", day, "2026-03-27 07:59", false, "-", "Fri 27 08:00 GMT"},
		{"as the doors open", day, "2026-03-27 08:00", true, "Fri 27 20:00 GMT", "-"},
		{"as the doors close", day, "2026-03-27 20:00", false, "-", "Sat 28 08:00 GMT"},
		{"a short day, then a closed one", weekend, "2026-03-28 13:00", false, "-", "Mon 30 08:00 BST"},
		{"a closed day", weekend, "2026-03-29 12:00", false, "-", "Mon 30 08:00 BST"},
		{"a holiday", holiday, "2026-03-27 12:00", false, "-", "Sat 28 10:00 GMT"},
		{"an exception opens longer", except(day, "2026-03-27", circ.DayHours{OpenFrom: "08:00", OpenTo: "22:00"}), "2026-03-27 21:00", true, "Fri 27 22:00 GMT", "-"},
		{"an exception closes", except(day, "2026-03-27", circ.DayHours{Closed: true}), "2026-03-27 12:00", false, "-", "Sat 28 08:00 GMT"},
		{"an exception on a closed weekday", except(weekend, "2026-03-29", circ.DayHours{OpenFrom: "12:00", OpenTo: "14:00"}), "2026-03-28 15:00", false, "-", "Sun 29 12:00 BST"},
		{"through midnight", lateFriday, "2026-03-27 23:00", true, "Sat 28 02:00 GMT", "-"},
		{"after midnight", lateFriday, "2026-03-28 01:59", true, "Sat 28 02:00 GMT", "-"},
		{"24:00 is the day's end", week(circ.DayHours{OpenFrom: "08:00", OpenTo: "24:00"}), "2026-03-27 23:59", true, "Sat 28 00:00 GMT", "-"},
		{"always open but for one day", except(circ.Calendar{}, "2026-04-03", circ.DayHours{Closed: true}), "2026-03-27 12:00", true, "Fri 03 00:00 BST", "-"},
		{"never open", week(circ.DayHours{Closed: true}), "2026-03-27 12:00", false, "-", "-"},

		{"the night before the clocks go forward", day, "2026-03-28 21:00", false, "-", "Sun 29 08:00 BST"},
		{"opens in the hour that is skipped", week(circ.DayHours{OpenFrom: "01:30", OpenTo: "05:00"}), "2026-03-29 00:30", false, "-", "Sun 29 02:00 BST"},
		{"as it opens there", week(circ.DayHours{OpenFrom: "01:30", OpenTo: "05:00"}), "2026-03-29 02:00", true, "Sun 29 05:00 BST", "-"},
		{"closes in the hour that is skipped", week(circ.DayHours{OpenTo: "01:30"}), "2026-03-29 00:30", true, "Sun 29 02:00 BST", "-"},
		{"opens in the hour that comes twice", week(circ.DayHours{OpenFrom: "01:30", OpenTo: "05:00"}), "2026-10-25 00:30", false, "-", "Sun 25 01:30 BST"},
		{"closes in the hour that comes twice", week(circ.DayHours{OpenTo: "01:30"}), "2026-10-25 00:30", true, "Sun 25 01:30 BST", "-"},
		{"the evening after the clocks went back", day, "2026-10-25 19:59", true, "Sun 25 20:00 GMT", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, london(t))
			if err != nil {
				t.Fatal(err)
			}
			open, closes, opens := policy.Open(at, c.cal)
			if open != c.open || stamp(closes) != c.closes || stamp(opens) != c.opens {
				t.Errorf("got %v, closes %s, opens %s; want %v, %s, %s", open, stamp(closes), stamp(opens), c.open, c.closes, c.opens)
			}
		})
	}
}

// Zones west of Greenwich, a change of half an hour, and a day that begins at
// one o'clock because its midnight is skipped.
func TestOpenWhereTheClocksChangeOtherwise(t *testing.T) {
	for _, c := range []struct {
		zone, at string
		hours    circ.DayHours
		opens    string
	}{
		{"America/New_York", "2026-03-08 01:00", circ.DayHours{OpenFrom: "02:30"}, "2026-03-08T03:00:00-04:00"},
		{"America/New_York", "2026-11-01 00:30", circ.DayHours{OpenFrom: "01:30"}, "2026-11-01T01:30:00-04:00"},
		{"Australia/Lord_Howe", "2026-10-04 01:00", circ.DayHours{OpenFrom: "02:15"}, "2026-10-04T02:30:00+11:00"},
		{"America/Santiago", "2026-09-05 23:30", circ.DayHours{OpenTo: "23:00"}, "2026-09-06T01:00:00-03:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		if open, _, opens := policy.Open(at, week(c.hours)); open || opens.Format(time.RFC3339) != c.opens {
			t.Errorf("%s, %s: got %v, opens %s; want it shut until %s", c.zone, c.at, open, opens.Format(time.RFC3339), c.opens)
		}
	}
}

func TestStaffed(t *testing.T) {
	cal := week(circ.DayHours{OpenFrom: "08:00", OpenTo: "20:00", StaffedFrom: "09:30", StaffedTo: "17:00"})
	cal.Days = map[string]circ.DayHours{"2026-12-24": {OpenTo: "12:00", StaffedFrom: "10:00", StaffedTo: "12:00"}, "2026-12-27": {OpenFrom: "08:00"}}
	cal.Closed = map[string]bool{"2026-12-25": true}
	for _, c := range []struct {
		name string
		at   string
		want bool
	}{
		{"before they come", "2026-12-23 09:29", false},
		{"as they come", "2026-12-23 09:30", true},
		{"as they go", "2026-12-23 17:00", false},
		{"a shorter day", "2026-12-24 12:00", false},
		{"a closed day", "2026-12-25 12:00", false},
		{"open without staff", "2026-12-27 12:00", false},
		{"the day on which the clocks went forward", "2026-03-29 09:30", true},
		{"and before they came that day", "2026-03-29 09:29", false},
		{"the day on which the clocks went back", "2026-10-25 16:59", true},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, london(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := policy.Staffed(at, cal); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Wherever the clocks change: what Open says now is still so a minute before
// the change that it names, and not at that change.
func TestOpenHoldsUntilItsChange(t *testing.T) {
	hours := rapid.SampledFrom([]string{"", "00:30", "01:30", "02:30", "09:00"})
	late := rapid.SampledFrom([]string{"", "10:00", "23:30", "24:00"})
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(zones.Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1.2e9, 1.9e9).Draw(t, "now"), 0).In(zone)
		var cal circ.Calendar
		for i := range cal.Weekly {
			cal.Weekly[i] = circ.DayHours{OpenFrom: hours.Draw(t, "from"), OpenTo: late.Draw(t, "to"), Closed: flip.Draw(t, "closed")}
		}
		open, closes, opens := policy.Open(at, cal)
		change := closes
		if !open {
			change = opens
		}
		if change.IsZero() {
			return
		}
		if !change.After(at) {
			t.Fatalf("at %s: the change is at %s", at, change)
		}
		if still, _, _ := policy.Open(change.Add(-time.Second), cal); still != open {
			t.Fatalf("at %s: %v until %s, and a second before it is %v", at, open, change, still)
		}
		if now, _, _ := policy.Open(change, cal); now == open {
			t.Fatalf("at %s: %v until %s, and then still", at, open, change)
		}
	})
}
