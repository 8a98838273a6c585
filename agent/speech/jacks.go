package speech

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Jack is an input device that senses a headphone jack.
type Jack struct {
	Name string // as the sound card's driver calls it: "HDA Intel PCH Headphone"
	Path string // "/dev/input/event5"; the number changes from start to start
}

// Jacks lists the jacks of a computer, whose /sys is given, by name.
func Jacks(sys fs.FS) ([]Jack, error) {
	dirs, err := fs.Glob(sys, "class/input/event*")
	if err != nil {
		return nil, fmt.Errorf("look for headset jacks: %w", err)
	}
	var jacks []Jack
	for _, dir := range dirs {
		mask, err := fs.ReadFile(sys, dir+"/device/capabilities/sw")
		if err != nil {
			continue // gone since
		}
		// Hexadecimal longs, the highest first.
		words := strings.Fields(string(mask))
		if len(words) == 0 {
			continue
		}
		low, err := strconv.ParseUint(words[len(words)-1], 16, 64)
		if err != nil || low>>swHeadphoneInsert&1 == 0 {
			continue
		}
		name, err := fs.ReadFile(sys, dir+"/device/name")
		if err != nil {
			continue
		}
		jacks = append(jacks, Jack{strings.TrimSpace(string(name)), "/dev/input/" + path.Base(dir)})
	}
	slices.SortFunc(jacks, func(a, b Jack) int { return strings.Compare(a.Name+a.Path, b.Name+b.Path) })
	return jacks, nil
}

// FindJack is the path of the jack with that name. Its error lists what there is.
func FindJack(sys fs.FS, name string) (string, error) {
	jacks, err := Jacks(sys)
	if err != nil {
		return "", err
	}
	var names []string
	for _, j := range jacks {
		if j.Name == name {
			return j.Path, nil
		}
		names = append(names, strconv.Quote(j.Name))
	}
	if len(names) == 0 {
		return "", fmt.Errorf("no headset jack %q: this computer senses none", name)
	}
	return "", fmt.Errorf("no headset jack %q; there is %s", name, strings.Join(names, ", "))
}
