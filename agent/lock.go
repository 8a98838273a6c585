package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"nightdesk/agent/config"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
	"nightdesk/drivers/gpio"
)

// ErrRunning says that another kiosk runs on the same data directory.
var ErrRunning = errors.New("a kiosk is running on this data directory already")

// Lock takes the data directory for this program, or says who has it. The
// kernel lets go of it when the program ends, however it ends. The holder
// closes the file.
func Lock(cfg config.Config) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(cfg.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return f, nil
}

// ReportVersion is the version of Report. Doctor believes no other: after an
// update the old program may still be running.
const ReportVersion = 2

// Report is what a running kiosk leaves in its data directory for doctor:
// what it is for, and which devices work. It holds nothing of borrowers. What
// is not set up is left out.
type Report struct {
	V       int               `json:"v"` // ReportVersion
	At      time.Time         `json:"at"`
	PID     int               `json:"pid"`
	Mode    visit.Mode        `json:"mode"`              // what it was told to be, by technician, calendar or building
	Shows   visit.Mode        `json:"shows"`             // what it is: without a pad and a scanner it is out
	Pads    map[string]bool   `json:"pads"`              // that work, by name
	Scanner bool              `json:"scanner"`           // works
	Printer string            `json:"printer"`           // "ready", "low" or a visit.PrinterFault; "" without one
	Headset *bool             `json:"headset"`           // plugged in, as far as anything tells; null: nothing is spoken
	Lamp    gpio.Pattern      `json:"lamp"`              // what it is to say; "" without one
	Online  bool              `json:"online"`            // central has been heard
	Trouble map[string]string `json:"trouble,omitempty"` // last error, by device
	Refused map[string]uint64 `json:"refused,omitempty"` // messages that were not believed since the start, by channel and reason
	Began   time.Time         `json:"began,omitzero"`    // of this run
	Heard   time.Time         `json:"heard,omitzero"`    // when central last said something, in this run; zero: never
	Held    bool              `json:"held,omitempty"`    // out of order after too many bad ends
	Shut    string            `json:"shut,omitempty"`    // why there is no ledger or no cache
	Kept    string            `json:"kept,omitempty"`    // where the damaged cache lies, in whose place a new one was begun
	Full    string            `json:"full,omitempty"`    // why the ledger takes no issues
}

// Report.Printer of a printer that prints.
const (
	PrinterReady = "ready"
	PrinterLow   = "low" // the paper is near its end
)

// ReadReport reads what the running kiosk left.
func ReadReport(cfg config.Config) (Report, error) {
	var r Report
	b, err := os.ReadFile(reportPath(cfg))
	if err != nil {
		return r, fmt.Errorf("read the running kiosk's report: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("read the running kiosk's report: %w", err)
	}
	if r.V != ReportVersion {
		return Report{}, fmt.Errorf("read the running kiosk's report: it has version %d, and this program reads %d", r.V, ReportVersion)
	}
	return r, nil
}

func reportPath(cfg config.Config) string { return filepath.Join(cfg.Data, "status.json") }

// report writes the report; a disk that is full is told of elsewhere.
func (k *kiosk) report(ctx context.Context) {
	r := k.reported()
	r.Refused = k.uplink.Refused() // no news: else a stranger could have the disk written all the time
	b, err := json.Marshal(r)
	if err == nil {
		leave := k.disk.Enter(watch.From(ctx))
		err = renameio.WriteFile(reportPath(k.cfg), b, 0o600)
		leave()
	}
	if err != nil {
		k.log.Warn("the report for doctor cannot be written", "err", err)
	}
}

// reportNews writes the report if something in it has changed.
func (k *kiosk) reportNews(ctx context.Context) {
	r := k.reported()
	r.At = time.Time{}
	if reflect.DeepEqual(r, k.said) {
		return
	}
	k.said = r
	k.report(ctx)
	k.tell("STATUS=" + r.line())
}

// reported is the report of this instant. Only the desk's goroutine asks for it.
func (k *kiosk) reported() Report {
	now := k.desk.State()
	r := Report{V: ReportVersion, At: k.clock.Now().Wall, PID: os.Getpid(), Mode: cmp.Or(now.Mode, visit.InService), Shows: now.Shows(),
		Online: k.desk.Online()}
	if k.hasLamp() {
		r.Lamp = lampSays(now)
	}
	k.troubles(&r)
	k.status.mu.Lock()
	defer k.status.mu.Unlock()
	r.Pads, r.Scanner, r.Trouble = maps.Clone(k.status.pads), k.status.scanner, maps.Clone(k.status.trouble)
	if k.status.hasPaper {
		r.Printer = cmp.Or(string(k.status.printer), PrinterReady)
		if k.status.low && r.Printer == PrinterReady {
			r.Printer = PrinterLow
		}
	}
	if k.voice != nil {
		in := k.status.headset
		r.Headset = &in
		if err := k.voice.speaker.Trouble(); err != nil {
			r.Trouble["speech"] = err.Error()
		}
	}
	return r
}

// troubles is what of the report is about the kiosk itself.
func (k *kiosk) troubles(r *Report) {
	at := k.clock.Now()
	r.Began, r.Held = k.diary.began, k.held
	if _, came, ok := k.uplink.Heard(); ok {
		r.Heard = at.Wall.Add(came - at.Mono).Truncate(time.Minute)
	}
	if k.shut != nil {
		r.Shut = k.shut.Error()
	} else {
		r.Kept = k.cache.c.Kept()
	}
	if k.desk.doubt != nil {
		r.Full = k.desk.doubt.Error()
	}
}

// line is the report in one line, for the service manager.
func (r Report) line() string {
	text := "shows " + string(r.Shows)
	if r.Online {
		text += ", central is heard"
	} else {
		text += ", central is silent"
	}
	switch {
	case r.Shut != "":
		text += "; " + r.Shut
	case r.Held:
		text += "; too many ends that were a fault"
	}
	return strings.Join(strings.Fields(text), " ")
}
