// Package doctor is the checks that a technician reads: one line each, and
// the next step where something is wrong. It changes nothing, and it never
// opens a device that a running kiosk is using.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
)

// Level is how bad a finding is.
type Level string

// From good to bad.
const (
	OK   Level = "OK"
	Warn Level = "WARN"
	Fail Level = "FAIL"
)

// Finding is one check's line. ID is stable: help pages and tickets name it.
type Finding struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Try   string `json:"try,omitempty"` // the next step
}

// The checks. Their numbers never change their meaning.
const (
	Config    = "D-001"
	Ledger    = "D-002"
	Cache     = "D-003"
	Pads      = "D-004"
	Scanner   = "D-005"
	Broker    = "D-006"
	Clock     = "D-007"
	Program   = "D-008"
	Printer   = "D-009"
	Headset   = "D-010"
	Lines     = "D-011" // lamp, help button, headset's switch, building's contact
	Languages = "D-012"
	Display   = "D-013"
	Mode      = "D-014"
	Disk      = "D-015"
	Central   = "D-016" // when it was last heard
	Ends      = "D-017" // how the last runs ended
)

// Fine is a check that found nothing wrong.
func Fine(id, name, format string, args ...any) Finding {
	return Finding{ID: id, Name: name, Level: OK, Text: fmt.Sprintf(format, args...)}
}

// Bad is a finding of a level, with the next step.
func Bad(level Level, id, name, text, try string) Finding {
	return Finding{ID: id, Name: name, Level: level, Text: text, Try: try}
}

// ExitCode is 0 if all is well, 1 if something needs attention, 2 if something
// does not work.
func ExitCode(findings []Finding) int {
	code := 0
	for _, f := range findings {
		switch f.Level {
		case Warn:
			code = max(code, 1)
		case Fail:
			code = 2
		}
	}
	return code
}

// Print writes the findings for people.
func Print(w io.Writer, findings []Finding) error {
	bad := 0
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "%-5s %-8s %s\n", f.Level, f.Name, f.Text); err != nil {
			return err
		}
		if f.Level == OK {
			continue
		}
		bad++
		if _, err := fmt.Fprintf(w, "      try:     %s   (%s)\n", f.Try, f.ID); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s\n", summary(bad, ExitCode(findings)))
	return err
}

func summary(bad, code int) string {
	switch bad {
	case 0:
		return "all is well"
	case 1:
		return fmt.Sprintf("1 check needs attention · exit code %d", code)
	}
	return fmt.Sprintf("%d checks need attention · exit code %d", bad, code)
}

// PrintJSON writes the findings for programs.
func PrintJSON(w io.Writer, findings []Finding) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		V        int       `json:"v"`
		Exit     int       `json:"exit"`
		Findings []Finding `json:"findings"`
	}{1, ExitCode(findings), findings})
}
