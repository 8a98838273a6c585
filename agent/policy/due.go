package policy

import (
	"time"

	"nightdesk/agent/circ"
)

// maxClosed is how many closed days in a row a due date is moved over. A
// calendar with no open day for longer is a mistake, not a holiday.
const maxClosed = 60

// due is the last second of the day that many days from today, in the venue,
// moved forward past closed days. It counts dates, not hours, so that a night
// in which the clocks change is as long as any other. False: no open day.
func (c question) due(days int) (time.Time, bool) {
	today := c.local()
	for i := 0; i <= maxClosed; i++ {
		d := time.Date(today.Year(), today.Month(), today.Day()+days+i, 23, 59, 59, 0, today.Location())
		if !closed(c.facts.Calendar, d) {
			return d, true
		}
	}
	return time.Time{}, false
}

func closed(cal circ.Calendar, day time.Time) bool {
	return cal.Weekly[day.Weekday()].Closed || cal.Closed[day.Format(time.DateOnly)]
}

// staffed says whether staff are here now. With a clock that is not to be
// trusted nobody can tell, and so they are not.
func (c question) staffed() bool {
	now := c.local()
	h := c.facts.Calendar.Weekly[now.Weekday()]
	if !c.at.Quality.Trusted() || closed(c.facts.Calendar, now) || h.StaffedFrom == "" {
		return false
	}
	clock := now.Format("15:04")
	return h.StaffedFrom <= clock && clock < h.StaffedTo
}
