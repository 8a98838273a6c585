package central_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain asks rapid for fewer runs than it makes by default, unless somebody
// says how many: each run here opens several databases.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "10"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
