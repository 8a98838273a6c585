package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"nightdesk/agent/circ"
)

// Export writes the files that central imports, as a library system would,
// and returns their paths.
func (s Stock) Export(dir string, v Venue) ([]string, error) {
	files := []struct {
		name string
		text []byte
	}{
		{"policy.toml", []byte(s.policy(v))},
		{"calendar.toml", []byte(s.calendar())},
		{"items.csv", s.items()},
		{"borrowers.csv", s.borrowers()},
		{"holds.csv", s.holds(v)},
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
	rows := [][]string{{"item", "title", "class", "owner", "parts", "tagged"}}
	for _, b := range s.Books {
		tagged := ""
		if len(b.Tags) < len(b.Parts) {
			tagged = strconv.Itoa(len(b.Tags))
		}
		rows = append(rows, []string{string(b.ID), b.Title, b.Class, owner, strings.Join(b.Parts, ";"), tagged})
	}
	return csvText(rows)
}

// borrowers has PINs only where they are asked for.
func (s Stock) borrowers() []byte {
	rows := [][]string{{"card", "category", "age_band", "messages"}}
	for _, p := range s.People {
		rows = append(rows, []string{string(p.Card), p.Category, strconv.Itoa(p.Band), strings.Join(p.Messages, ";")})
	}
	if s.PIN {
		rows[0] = append(rows[0], "pin")
		for i, p := range s.People {
			rows[i+1] = append(rows[i+1], p.PIN)
		}
	}
	return csvText(rows)
}

func (s Stock) holds(v Venue) []byte {
	rows := [][]string{{"item", "card", "ready"}}
	for _, h := range s.Holds {
		rows = append(rows, []string{string(h.Item), string(h.Card), v.Slug})
	}
	return csvText(rows)
}

func csvText(rows [][]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(rows) // a buffer takes everything
	return b.Bytes()
}

// policy is a plain rule book: three weeks for books, one for films, which only
// staff may hand out; of a story sack somebody must look whether it is whole.
func (s Stock) policy(v Venue) string {
	pin := circ.PINNever
	if s.PIN {
		pin = circ.PINOnline
	}
	return fmt.Sprintf(`[default]
venue = %q
timezone = "Europe/London"
pin = {ask = %q}

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
staff_hours_only = true

[default.classes.audio]
days = 21
renewals = 2

[default.classes.kit]
days = 21
renewals = 1
sets = "note"

[default.categories.adult]
limit = 20

[default.categories.child]
limit = 12

[default.offline]
full_days = 3
capped_days = 14
max_items = 5
`, v.Name, pin)
}

// calendar has the doors always open, and staff there on weekdays or never.
func (s Stock) calendar() string {
	text := "[default]\n"
	if !s.Staffed {
		return text
	}
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday"} {
		text += "weekly." + day + ` = {staffed_from = "09:30", staffed_to = "17:00"}` + "\n"
	}
	return text
}
