package main

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"nightdesk/agent"
	"nightdesk/agent/doctor"
)

// faults looks at what the program needs and at how it has been; told is the
// report of a running kiosk, or empty.
func (p *patient) faults(told agent.Report) {
	if r, err := p.disk(told); !errors.Is(err, fs.ErrNotExist) { // before it has run there is nothing to look at
		p.find(doctor.CheckDisk(r, err))
	}
	ends, err := agent.ReadEnds(p.cfg)
	p.find(doctor.CheckEnds(doctor.EndsReading{Bad: ends.Bad, Held: ends.Held, Last: lastEnd(ends), At: ends.At, Shut: told.Shut,
		Service: "nightdesk mode service --config " + p.path}, err, p.clock.Now().Wall))
}

// lastEnd says in words how the program last ended badly.
func lastEnd(e agent.Ends) string {
	switch e.Last {
	case agent.EndStuck:
		return e.What + " stood still, and the watchdog ended it"
	case agent.EndPanic:
		return "a fault in " + e.What
	case agent.EndDied:
		return "a fault that Go's runtime found, or a signal that asks for a dump"
	}
	return e.What
}

func (p *patient) disk(told agent.Report) (doctor.DiskReading, error) {
	r := doctor.DiskReading{Where: p.cfg.Data, Full: told.Full}
	var disk unix.Statfs_t
	if err := unix.Statfs(r.Where, &disk); err != nil {
		return r, &os.PathError{Op: "look at the disk of", Path: r.Where, Err: err}
	}
	r.Free = int64(disk.Bavail) * disk.Bsize
	_, err := os.Stat(agent.LedgerPath(p.cfg))
	r.Ledger = err == nil
	if reserve, err := os.Stat(agent.LedgerPath(p.cfg) + "-reserve"); err == nil {
		r.Reserve = reserve.Size()
	}
	return r, nil
}
