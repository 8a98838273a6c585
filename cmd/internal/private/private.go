// Package private keeps what is in a program's memory to the program. It is no
// help against whoever is root.
package private

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Keep makes the kernel leave no core dump of this program, whatever the
// computer is set to, and let no other program look into it but root's. Card
// numbers and PINs pass through its memory, and what Go has freed is not wiped
// (prctl(2), PR_SET_DUMPABLE; setrlimit(2), RLIMIT_CORE).
func Keep() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("close the memory to others: %w", err)
	}
	return nil
}
