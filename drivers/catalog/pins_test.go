package catalog

import (
	"strings"
	"testing"
)

func TestPins(t *testing.T) {
	_, err := OpenPin("relay", "", "GPIO17")
	if err == nil || err.Error() != `no line driver "relay"; there is gpio` {
		t.Errorf("got %v, want the drivers there are", err)
	}
	if pin, err := OpenPin("gpio", "no such chip", "no such line"); err == nil || pin != nil {
		t.Errorf("got %v and %v, want no pin and an error", pin, err)
	}
	for name, d := range Pins() {
		if d.About == "" || strings.Contains(d.About, "\n") {
			t.Errorf("%s: about %q is not one line", name, d.About)
		}
	}
}
