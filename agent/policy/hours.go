package policy

import (
	"time"

	"nightdesk/agent/circ"
)

// Staffed says whether the calendar has staff at the venue at a time, which
// must be given in the venue's time zone.
func Staffed(at time.Time, cal circ.Calendar) bool {
	h := cal.On(at)
	if h.Closed || h.StaffedFrom == "" {
		return false
	}
	return !at.Before(clock(at, h.StaffedFrom)) && at.Before(clock(at, h.StaffedTo))
}

// Open says whether the venue's doors are open at a time, which must be given
// in the venue's time zone, when they close, and if they are shut, when they
// open next. A time is zero when nothing changes within sixty days. Days that
// follow on each other without a closed hour are one opening.
func Open(at time.Time, cal circ.Calendar) (open bool, closesAt, opensAt time.Time) {
	from, to, ok := opening(at, cal)
	if open = ok && !at.Before(from) && at.Before(to); open {
		return true, closing(at, to, cal), time.Time{}
	}
	if ok && at.Before(from) {
		return false, time.Time{}, from
	}
	for day, n := nextDay(at), 0; n < maxClosed; day, n = nextDay(day), n+1 {
		if from, _, ok := opening(day, cal); ok {
			return false, time.Time{}, from
		}
	}
	return false, time.Time{}, time.Time{}
}

// closing follows an opening over the midnights that it goes through.
func closing(at, to time.Time, cal circ.Calendar) time.Time {
	day := nextDay(at)
	for range maxClosed {
		if to.Before(day) {
			return to
		}
		from, next, ok := opening(day, cal)
		if !ok || from.After(day) {
			return to
		}
		to, day = next, nextDay(day)
	}
	return time.Time{}
}

// opening is when the doors open and close on the day of t; false on a day on
// which they stay shut.
func opening(t time.Time, cal circ.Calendar) (from, to time.Time, ok bool) {
	h := cal.On(t)
	from, to = clock(t, "00:00"), nextDay(t)
	if h.OpenFrom != "" {
		from = clock(t, h.OpenFrom)
	}
	if h.OpenTo != "" {
		to = clock(t, h.OpenTo)
	}
	return from, to, !h.Closed && from.Before(to)
}

// nextDay is the beginning of the day after t's.
func nextDay(t time.Time) time.Time { return clock(t, "24:00") }

// clock is when the clocks of the venue show "HH:MM" on the day of t. An hour
// that is skipped when the clocks go forward counts from where they go on; one
// that comes twice when they go back counts from its first time. What is no
// hour is the day's beginning: the import refuses it.
func clock(t time.Time, hhmm string) time.Time {
	hour, minute := 24, 0
	if hhmm != "24:00" {
		c, _ := time.Parse("15:04", hhmm)
		hour, minute = c.Hour(), c.Minute()
	}
	want := time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, time.UTC) // normalises 24:00
	got := time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, t.Location())
	begins, ends := got.ZoneBounds()
	switch shown := wall(got); {
	case shown.After(want): // skipped, and taken for the hour after the change
		return begins
	case shown.Before(want): // skipped, and taken for the hour before it
		return ends
	}
	if begins.IsZero() {
		return got
	}
	_, now := got.Zone()
	_, before := begins.Add(-time.Second).Zone()
	if first := got.Add(time.Duration(now-before) * time.Second); first.Before(begins) && wall(first).Equal(want) {
		return first
	}
	return got
}

// wall is what the clocks show, as if it were UTC, so that it can be compared.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
