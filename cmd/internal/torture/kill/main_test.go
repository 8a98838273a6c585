// Package kill is the rig with real programs: the kiosk, central and a
// Mosquitto as child processes, a pad and a scanner on pseudo-terminals, and a
// scripted borrower at the screen, while one of the three is killed with
// SIGKILL again and again. In the end tags, ledger and central must agree with
// each other and with what the borrowers were told.
package kill

import (
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

func TestMain(m *testing.M) { house.Main(m) }
