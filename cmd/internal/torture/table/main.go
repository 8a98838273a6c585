// Command table puts the results of the rigs together: torture.json for
// programs, and a page for people, on standard output or into README between
// its two marks.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightdesk/cmd/internal/torture"
)

func main() {
	results := flag.String("results", "", "folder with one file of results for each rig")
	out := flag.String("json", "torture.json", "where to write all of them")
	readme := flag.String("readme", "", "a file with the two marks that is to show the page; \"\": standard output")
	flag.Parse()
	ok, err := run(*results, *out, *readme)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// Page is everything that torture.json holds.
type Page struct {
	At      time.Time        `json:"at"` // when the first rig began
	Machine Machine          `json:"machine"`
	Rigs    []torture.Result `json:"rigs"`
}

func run(dir, out, readme string) (ok bool, err error) {
	p := Page{Machine: thisMachine()}
	if p.Rigs, err = read(dir); err != nil {
		return false, err
	}
	ok = true
	for _, r := range p.Rigs {
		ok = ok && r.OK
		if p.At.IsZero() || r.At.Before(p.At) {
			p.At = r.At
		}
	}
	body, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(out, append(body, '\n'), 0o644); err != nil {
		return false, err
	}
	if readme == "" {
		fmt.Print(p.Markdown())
		return ok, nil
	}
	return ok, between(readme, p.Markdown())
}

// read reads every result in dir, in the order of the rigs' names.
func read(dir string) (all []torture.Result, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no results in %q: no rig has run", dir)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var r torture.Result
		if err := json.Unmarshal(body, &r); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b torture.Result) int { return cmp.Compare(a.Rig, b.Rig) })
	return all, nil
}

// Markdown is the page for people.
func (p Page) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run on %s: %s.\n\n", p.At.Format("2 January 2006"), p.Machine)
	b.WriteString("| what was done | how often | what had to hold | what was reached | seed | time |\n|---|--:|---|---|--:|--:|\n")
	for _, r := range p.Rigs {
		reached := r.Reached
		if !r.OK {
			reached = strings.TrimSuffix("**failed** "+reached, " ")
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s | %d | %s |\n", r.Harm, thousands(r.Done), r.Unit, r.Target, reached, r.Seed,
			(time.Duration(r.Seconds*10) * time.Second / 10).Round(time.Second/10))
	}
	return b.String()
}

// thousands is a number as people read it: 20 000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// The marks in README. What lies between them is written by this program.
const (
	begin = "<!-- torture: begin -->\n"
	end   = "<!-- torture: end -->"
)

func between(path, page string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for the page: it needs the lines %q and %q", path, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(path, []byte(head+begin+page+end+tail), 0o644)
}
