// Package kill is the rig with real programs: the kiosk, central and a
// Mosquitto as child processes, a pad and a scanner on pseudo-terminals, and a
// scripted borrower at the screen, while one of the three is killed with
// SIGKILL again and again. In the end tags, ledger and central must agree with
// each other and with what the borrowers were told.
package kill

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

// Houses wait far more than they work, so more of them stand at the same time
// than there are processors.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	house.Main(m)
}
