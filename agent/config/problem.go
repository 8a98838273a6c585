package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxShown is how many problems are told at once, and maxSource how much of a
// line is shown, in characters.
const (
	maxShown  = 40
	maxSource = 160
)

// problem is one thing wrong with the file, or one to be warned of.
type problem struct {
	at     span // for the order
	file   string
	row    int // from 1
	column int // from 1, in characters
	width  int // of the carets
	source string
	warn   bool
	say    string
	hint   string // what to write instead
}

// problem begins one that stands at a place in the file.
func (d *document) problem(at span) problem {
	line := d.lines(span{at.from, at.from})
	before := d.text[line.from:at.from]
	to := min(max(at.to, at.from), line.to)
	return problem{
		at:     at,
		row:    bytes.Count(d.text[:at.from], []byte("\n")) + 1,
		column: utf8.RuneCount(before) + 1,
		width:  max(1, utf8.RuneCount(d.text[at.from:to])),
		source: showable(strings.TrimSuffix(string(d.text[line.from:line.to]), "\r")),
	}
}

var (
	secretKey = regexp.MustCompile(`(?i)((?:password|passwd|secret|token|pin)[\w"']*[=:\s]+).*`)
	userInfo  = regexp.MustCompile(`://[^/@\s"']*@`)
)

// showable is a line as it may be printed: no control characters, not too
// long, and without a password that somebody wrote there.
func showable(line string) string {
	line = secretKey.ReplaceAllString(line, "$1…")
	line = userInfo.ReplaceAllString(line, "://…@")
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == utf8.RuneError {
			return ' '
		}
		return r
	}, line)
	if r := []rune(line); len(r) > maxSource {
		line = string(r[:maxSource]) + "…"
	}
	return line
}

func (p problem) level() string {
	if p.warn {
		return "warn "
	}
	return "error"
}

// line tells the problem on one line.
func (p problem) line() string {
	return fmt.Sprintf("%s:%d:%d %s; %s", p.file, p.row, p.column, p.say, p.hint)
}

// String tells the problem, shows the line, and says what to write.
func (p problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d  %s  %s\n", p.file, p.row, p.column, p.level(), p.say)
	shown := utf8.RuneCountInString(p.source)
	if shown == 0 || p.column > shown {
		fmt.Fprintf(&b, "        %s", p.hint)
		return b.String()
	}
	fmt.Fprintf(&b, "%5d | %s\n", p.row, p.source)
	carets := strings.Repeat("^", min(p.width, shown-p.column+1))
	fmt.Fprintf(&b, "      | %s%s  %s", strings.Repeat(" ", p.column-1), carets, p.hint)
	return b.String()
}

// Errors is everything that is wrong with a file.
type Errors struct {
	problems []problem // warnings among them, in the order of the file
}

// Error tells every problem, and then how many there are.
func (e *Errors) Error() string {
	var b strings.Builder
	errors, warnings := 0, 0
	for i, p := range e.problems {
		if i < maxShown {
			b.WriteString(p.String() + "\n")
		}
		if p.warn {
			warnings++
		} else {
			errors++
		}
	}
	if more := len(e.problems) - maxShown; more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	b.WriteString(count(errors, "error"))
	if warnings > 0 {
		b.WriteString(", " + count(warnings, "warning"))
	}
	b.WriteString(". The configuration was not taken over.")
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// inOrder sorts by place and names the file.
func inOrder(problems []problem, file string) []problem {
	for i := range problems {
		problems[i].file = file
	}
	slices.SortStableFunc(problems, func(a, b problem) int { return a.at.from - b.at.from })
	return problems
}
