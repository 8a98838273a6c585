package malice

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

// mostMemory is what neither kiosk nor central may ever take, whatever is done
// to them: peak of the resident set, in bytes.
const mostMemory = 128 << 20

func TestMain(m *testing.M) {
	if who := os.Getenv(victimVar); who != "" {
		os.Exit(beVictim(who))
	}
	house.Main(m)
}

// peak is the most memory that a process has ever held (proc_pid_status(5), VmHWM).
func peak(pid int) (bytes int, err error) { return memory(pid, "VmHWM:") }

// memory is one line of a process's status, in bytes.
func memory(pid int, line string) (bytes int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(text), line)
	if !found {
		return 0, fmt.Errorf("process %d has no line %s", pid, line)
	}
	var kb int
	if _, err := fmt.Sscanf(after, "%d kB", &kb); err != nil {
		return 0, err
	}
	return kb << 10, nil
}

func mb(bytes int) string { return fmt.Sprintf("%d MB", bytes>>20) }
