// Package network is the rig between the programs: a network that breaks,
// stalls and lies, and a broker that loses what it has acknowledged. Kiosk,
// central and Mosquitto are real; between them stands a proxy that knows MQTT,
// or a line between two hosts that loses packets. Whatever it does, in the end
// nothing is lost, nothing doubled, and the tags agree.
package network

import (
	"flag"
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

// atOnce is how many rigs run beside each other: they wait more than they work.
const atOnce = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	house.Main(m)
}
