package agent

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"nightdesk/agent/config"
	"nightdesk/agent/visit"
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
func (k *kiosk) report() {
	b, err := json.Marshal(k.reported())
	if err == nil {
		err = renameio.WriteFile(reportPath(k.cfg), b, 0o600)
	}
	if err != nil {
		k.log.Warn("the report for doctor cannot be written", "err", err)
	}
}

// reportNews writes the report if something in it has changed.
func (k *kiosk) reportNews() {
	r := k.reported()
	r.At = time.Time{}
	if reflect.DeepEqual(r, k.said) {
		return
	}
	k.said = r
	k.report()
}

// reported is the report of this instant. Only the desk's goroutine asks for it.
func (k *kiosk) reported() Report {
	now := k.desk.State()
	r := Report{V: ReportVersion, At: k.clock.Now().Wall, PID: os.Getpid(), Mode: cmp.Or(now.Mode, visit.InService), Shows: now.Shows(),
		Online: k.desk.Online()}
	if k.hasLamp() {
		r.Lamp = lampSays(now)
	}
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
