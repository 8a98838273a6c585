package doctor

import (
	"fmt"
	"time"
)

// Sizes of a disk, in bytes.
const (
	diskFull = 8 << 20   // below it the ledger keeps what is left for returns
	diskLow  = 256 << 20 // time to make room
)

// DiskReading is what is left on the disk of the data directory.
type DiskReading struct {
	Where   string
	Free    int64  // bytes that the kiosk may use
	Ledger  bool   // there is one
	Reserve int64  // bytes kept for returns; 0: none
	Full    string // why the running kiosk takes no issues; "": it does, or none runs
}

// CheckDisk judges whether everything can be written down.
func CheckDisk(r DiskReading, err error) Finding {
	const name = "disk"
	const room = "make room: journalctl --vacuum-size=100M, apt-get clean; du -xh / | sort -h shows what is large. The kiosk recovers by itself"
	switch {
	case err != nil:
		return Bad(Fail, Disk, name, err.Error(), "look whether the disk is there and can be written: findmnt, dmesg")
	case r.Full != "":
		return Bad(Fail, Disk, name, fmt.Sprintf("the ledger takes no issues, only returns: %s; %s free", r.Full, bytes(r.Free)), room)
	case r.Free < diskFull:
		return Bad(Fail, Disk, name, fmt.Sprintf("%s free in %s, %s kept for returns: no issues", bytes(r.Free), r.Where, bytes(r.Reserve)), room)
	case r.Free < diskLow:
		return Bad(Warn, Disk, name, fmt.Sprintf("%s free in %s", bytes(r.Free), r.Where), room)
	case r.Ledger && r.Reserve == 0:
		return Fine(Disk, name, "%s free; the reserve for returns is made with the next issue", bytes(r.Free))
	}
	return Fine(Disk, name, "%s free, %s kept for returns", bytes(r.Free), bytes(r.Reserve))
}

func bytes(n int64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GB", n>>30)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// CentralReading is when the running kiosk last heard central.
type CentralReading struct {
	Online bool
	Heard  time.Time // zero: not since Began
	Began  time.Time // of the run
}

// CheckCentral judges how long central has been silent. The kiosk lends on
// meanwhile: what it may is the cache's line.
func CheckCentral(r CentralReading, now time.Time) Finding {
	const name = "central"
	const try = "look at the broker's line: if that is well, ask whether central runs, and whether this kiosk was revoked"
	switch {
	case r.Online:
		return Fine(Central, name, "is heard")
	case r.Heard.IsZero():
		return Bad(Warn, Central, name, "has been silent since the kiosk was started, "+r.Began.Local().Format("2 Jan 15:04"), try)
	}
	return Bad(Warn, Central, name, fmt.Sprintf("has been silent since %s, for %s", r.Heard.Local().Format("2 Jan 15:04"), since(now.Sub(r.Heard))), try)
}

func since(d time.Duration) string {
	if d < 2*time.Hour {
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return days(d)
}

// EndsReading is how the last runs of the kiosk ended.
type EndsReading struct {
	Bad     int       // ends in a row that were a fault
	Held    bool      // too many: it waits for a technician
	Last    string    // the last bad end, in words: "the ledger stood still"; "": there was none
	At      time.Time // of the last bad end
	Shut    string    // why the running kiosk has no ledger or no cache; "": it has
	Service string    // how to put it right: "nightdesk mode service --config kiosk.toml"
}

// CheckEnds judges whether the program runs as it should.
func CheckEnds(r EndsReading, err error, now time.Time) Finding {
	const name = "restarts"
	last := fmt.Sprintf("the last on %s: %s", r.At.Local().Format("2 Jan 15:04"), r.Last)
	const journal = "journalctl -u nightdesk -p err tells more; send it to the service that runs the kiosks"
	switch {
	case err != nil:
		return Bad(Warn, Ends, name, err.Error(), "restart the kiosk: it begins a new count")
	case r.Shut != "":
		return Bad(Fail, Ends, name, "out of order: "+r.Shut, "see the ledger's and the disk's lines; the kiosk goes on by itself when both open, a damaged ledger apart")
	case r.Held:
		return Bad(Fail, Ends, name, fmt.Sprintf("out of order after %d in a row that were a fault, %s", r.Bad, last), "find the cause, then "+r.Service+". "+journal)
	case r.Bad > 0:
		return Bad(Warn, Ends, name, fmt.Sprintf("%d in a row that were a fault, %s", r.Bad, last), journal)
	case r.Last != "" && now.Sub(r.At) < 24*time.Hour:
		return Bad(Warn, Ends, name, "none now, "+last, journal)
	}
	return Fine(Ends, name, "none in a row that were a fault")
}
