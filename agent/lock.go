package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"nightdesk/agent/config"
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

// Report is what a running kiosk leaves in its data directory for doctor:
// which devices work. It holds nothing of borrowers.
type Report struct {
	At      time.Time         `json:"at"`
	PID     int               `json:"pid"`
	Pads    map[string]bool   `json:"pads"`
	Scanner bool              `json:"scanner"`
	Online  bool              `json:"online"`
	Trouble map[string]string `json:"trouble,omitempty"` // last error, by device
}

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
	return r, nil
}

func reportPath(cfg config.Config) string { return filepath.Join(cfg.Data, "status.json") }

// report writes the report; a disk that is full is told of elsewhere.
func (k *kiosk) report() {
	k.status.mu.Lock()
	r := Report{At: k.clock.Now().Wall, PID: os.Getpid(), Pads: k.status.pads, Scanner: k.status.scanner,
		Online: k.desk.Online(), Trouble: k.status.trouble}
	b, err := json.Marshal(r)
	k.status.mu.Unlock()
	if err == nil {
		err = renameio.WriteFile(reportPath(k.cfg), b, 0o600)
	}
	if err != nil {
		k.log.Warn("the report for doctor cannot be written", "err", err)
	}
}
