// Package watchdog lets parts of the real kiosk stand still, and lets the
// program die again and again: somebody must notice, say which part it was,
// and end up with a screen that tells the truth.
package watchdog

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

// atATime is how many houses stand at a time: most of them only wait.
const atATime = "6"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atATime); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	house.Main(m)
}
