package policy

import "time"

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
		if !c.facts.Calendar.On(d).Closed {
			return d, true
		}
	}
	return time.Time{}, false
}

// staffed says whether staff are here now. With a clock that is not to be
// trusted nobody can tell, and so they are not.
func (c question) staffed() bool {
	return c.at.Quality.Trusted() && Staffed(c.local(), c.facts.Calendar)
}
