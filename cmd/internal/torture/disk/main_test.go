package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"nightdesk/cmd/internal/torture/house"
)

// nightdesk is the program itself, built once.
var nightdesk string

func TestMain(m *testing.M) {
	code, err := build(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func build(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "nightdesk-disk")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	nightdesk = filepath.Join(dir, "nightdesk")
	if err := house.BuildPrograms(dir, "."); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
