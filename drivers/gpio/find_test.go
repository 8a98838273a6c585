package gpio

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	chips := []Chip{
		{Name: "gpiochip0", Label: "pinctrl-rp1", Path: "/dev/gpiochip0", Lines: []string{"ID_SDA", "ID_SCL", "GPIO17", "2712_WAKE", "", "4"}},
		{Name: "gpiochip10", Label: "gpio-brcmstb", Path: "/dev/gpiochip10", Lines: []string{"2712_WAKE", "", "", "", "", ""}},
	}
	for _, test := range []struct {
		chip, line string
		c, n       int
		err        string
	}{
		{"", "GPIO17", 0, 2, ""},
		{"pinctrl-rp1", "GPIO17", 0, 2, ""},
		{"gpiochip10", "2712_WAKE", 1, 0, ""},
		{"/dev/gpiochip10", "3", 1, 3, ""},
		{"pinctrl-rp1", "0", 0, 0, ""},
		{"pinctrl-rp1", "4", 0, 5, ""}, // a name before a number
		{"", "3", 0, 0, `no GPIO line "3"; there is chip pinctrl-rp1 with 6 lines, chip gpio-brcmstb with 6 lines`},
		{"", "2712_WAKE", 0, 0, `GPIO line "2712_WAKE" is on pinctrl-rp1 and on gpio-brcmstb: say which chip`},
		{"pinctrl-rp1", "6", 0, 0, `no GPIO line "6" on chip "pinctrl-rp1"`},
		{"pinctrl-rp1", "-1", 0, 0, `no GPIO line "-1"`},
		{"gpio-brcmstb", "", 0, 0, `no GPIO line ""`},
		{"other", "GPIO17", 0, 0, `no GPIO line "GPIO17" on chip "other"`},
	} {
		c, n, err := find(chips, test.chip, test.line)
		if test.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.err) {
				t.Errorf("%q %q: got %v, want %s", test.chip, test.line, err, test.err)
			}
			continue
		}
		if err != nil || c != test.c || n != test.n {
			t.Errorf("%q %q: got chip %d line %d and %v, want %d and %d", test.chip, test.line, c, n, err, test.c, test.n)
		}
	}
}

// Most computers that run this test have no GPIO, and none has this line.
func TestOpenWhatIsNotThere(t *testing.T) {
	if l, err := Open("no such chip", "no such line"); err == nil {
		t.Errorf("got %v, want an error", l)
	}
}
