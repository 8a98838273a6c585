package doctor

import (
	"fmt"
	"time"

	"nightdesk/agent/circ"
)

// LedgerReading is what a ledger file says of itself.
type LedgerReading struct {
	Missing bool
	Damaged bool   // what is wrong is not that it cannot be read
	Waiting uint64 // events that central has not acknowledged
	Oldest  time.Time
	Open    int // tags that must still become something
}

// CheckLedger judges a ledger.
func CheckLedger(r LedgerReading, err error, now time.Time) Finding {
	const name = "ledger"
	switch {
	case err != nil && r.Damaged:
		return Bad(Fail, Ledger, name, err.Error()+": out of order", "stop the kiosk, keep every file, and save what can be: nightdesk outbox salvage")
	case err != nil:
		return Bad(Fail, Ledger, name, err.Error(), "keep the file, do not delete it; send it to the service that runs the kiosks")
	case r.Missing:
		return Bad(Warn, Ledger, name, "there is none yet", "start the kiosk once: nightdesk run --config …")
	case r.Waiting > 0 && now.Sub(r.Oldest) > time.Hour:
		return Bad(Warn, Ledger, name, fmt.Sprintf("%d events wait for central, the oldest since %s", r.Waiting, r.Oldest.Local().Format("2 Jan 15:04")),
			"nothing is lost; look at the broker's line below")
	}
	return Fine(Ledger, name, "%d events wait for central, %d tags to be confirmed", r.Waiting, r.Open)
}

// CacheBegunAnew is the finding when the cache was damaged at the last start:
// nothing is lost by it, but a disk that does this may do it to the ledger.
func CacheBegunAnew(kept string) Finding {
	return Bad(Warn, Cache, "cache", "was damaged and is begun anew; the old one is "+kept, "nothing is lost, central fills it; if it happens again, change the disk")
}

// CheckCache judges the cache by its age against the ages of design D7.
func CheckCache(age time.Duration, heard, missing bool, items int, full, capped time.Duration, err error) Finding {
	const name = "cache"
	switch {
	case err != nil:
		return Bad(Warn, Cache, name, err.Error(), "restart the kiosk: it begins a new cache and central fills it")
	case missing || !heard:
		return Bad(Fail, Cache, name, "central has never been heard: returns only", "look at the broker's line, and whether this kiosk is enrolled")
	case age > capped:
		return Bad(Fail, Cache, name, fmt.Sprintf("%s old: returns only", days(age)), "bring the network back; see the broker's line")
	case age > full:
		return Bad(Warn, Cache, name, fmt.Sprintf("%s old: issues are limited", days(age)), "bring the network back; see the broker's line")
	}
	return Fine(Cache, name, "%d items, as of %s ago", items, age.Round(time.Second))
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// CheckClock judges how far the clock can be believed.
func CheckClock(at circ.Moment, floor time.Time) Finding {
	const name = "clock"
	switch {
	case at.Wall.Before(floor):
		return Bad(Fail, Clock, name, fmt.Sprintf("says %s and central's last word is of %s: due dates are provisional", at.Wall.Format(time.DateTime), floor.Format(time.DateTime)),
			"set the clock, or connect the network so that it is set: timedatectl")
	case at.Quality == circ.Synced:
		return Fine(Clock, name, "%s, kept right by the network", at.Wall.Format(time.DateTime))
	case at.Quality == circ.RTC:
		return Bad(Warn, Clock, name, at.Wall.Format(time.DateTime)+", from its battery; nothing keeps it right", "switch on time synchronisation: timedatectl set-ntp true")
	}
	return Bad(Warn, Clock, name, at.Wall.Format(time.DateTime)+", not to be trusted: due dates are provisional", "fit a clock with a battery, and switch on time synchronisation: timedatectl set-ntp true")
}
