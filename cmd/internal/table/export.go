package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Export writes the files that central imports, as a library system would,
// and returns their paths.
func (s Stock) Export(dir string, v Venue) ([]string, error) {
	files := []struct {
		name string
		text []byte
	}{
		{"policy.toml", []byte(policy(v))},
		{"items.csv", s.items()},
		{"borrowers.csv", s.borrowers()},
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the export's directory: %w", err)
	}
	var paths []string
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.text, 0o600); err != nil {
			return nil, fmt.Errorf("write the export: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func (s Stock) items() []byte {
	rows := [][]string{{"item", "title", "class", "owner", "parts"}}
	for _, b := range s.Books {
		rows = append(rows, []string{string(b.ID), b.Title, b.Class, owner, strings.Join(b.Parts, ";")})
	}
	return csvText(rows)
}

func (s Stock) borrowers() []byte {
	rows := [][]string{{"card", "category", "age_band"}}
	for _, p := range s.People {
		rows = append(rows, []string{string(p.Card), p.Category, strconv.Itoa(p.Band)})
	}
	return csvText(rows)
}

func csvText(rows [][]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(rows) // a buffer takes everything
	return b.Bytes()
}

// policy is a plain rule book: three weeks for books, one for films.
func policy(v Venue) string {
	return fmt.Sprintf(`[default]
venue = %q
timezone = "Europe/London"

[default.classes.book]
days = 21
renewals = 3

[default.classes.child]
days = 21
renewals = 3

[default.classes.dvd]
days = 7
renewals = 1
limit = 6

[default.classes.audio]
days = 21
renewals = 2

[default.categories.adult]
limit = 20

[default.categories.child]
limit = 12

[default.offline]
full_days = 3
capped_days = 14
max_items = 5
`, v.Name)
}
