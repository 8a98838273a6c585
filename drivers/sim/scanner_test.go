package sim_test

import (
	"testing"
	"time"

	"nightdesk/drivers/sim"
)

func TestScannerShows(t *testing.T) {
	for _, test := range []struct {
		o    sim.ScannerOptions
		want string
	}{
		{sim.ScannerOptions{Suffix: "\r"}, "30234000517861\r"},
		{sim.ScannerOptions{Suffix: "\r\n", AIM: true}, "]F030234000517861\r\n"},
		{sim.ScannerOptions{}, "30234000517861"},
	} {
		s, err := sim.NewScanner(test.o)
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, s.Path())
		c.send("16540D") // taken, and no echo comes back
		if err := s.Show('F', '0', "30234000517861"); err != nil {
			t.Error(err)
		}
		if got := string(c.read(len(test.want), 5*time.Second)); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Show('F', '0', "1"); err == nil {
			t.Error("show to a pulled line: got no error, want one")
		}
	}
}
