package watch

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
)

// Bounds of a dump, in bytes: of what is asked of the runtime, and of what is told.
const (
	rawStacks  = 1 << 20
	mostStacks = 16 << 10
)

// Stacks is where every goroutine is, those of this program first: names of
// functions, files and lines. The words that the runtime prints as a
// function's arguments are left out, for nobody can say what they are.
func Stacks() string {
	buf := make([]byte, rawStacks)
	return Plain(string(buf[:runtime.Stack(buf, true)]))
}

// Plain is a dump of the runtime's as it may be logged.
func Plain(dump string) string {
	goroutines := strings.Split(strings.TrimSpace(dump), "\n\n")
	slices.SortStableFunc(goroutines, func(a, b string) int { return cmp.Compare(foreign(a), foreign(b)) })
	var b strings.Builder
	for _, g := range goroutines {
		text := plainStack(g)
		if b.Len()+len(text) > mostStacks {
			b.WriteString("… and more\n")
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

func foreign(goroutine string) int {
	if strings.Contains(goroutine, "nightdesk/") {
		return 0
	}
	return 1
}

// plainStack is one goroutine: its head, then "function file:line" a line. A
// line that is neither is left out: after the last call of a panic the runtime
// may say more than one wants to know.
func plainStack(goroutine string) string {
	var b strings.Builder
	lines := strings.Split(goroutine, "\n")
	if !strings.HasPrefix(lines[0], "goroutine ") {
		return ""
	}
	b.WriteString(lines[0] + "\n")
	for i := 1; i+1 < len(lines); i++ {
		if place, ok := strings.CutPrefix(lines[i+1], "\t"); ok {
			b.WriteString("  " + function(lines[i]) + " " + lastFolder(place) + "\n")
			i++
		}
	}
	return b.String()
}

// function cuts the arguments off: "main.(*T).f(0xc0, {0x1, 0x2})" is main.(*T).f.
func function(line string) string {
	line, _, _ = strings.Cut(line, " in goroutine ")
	if at := strings.LastIndexByte(line, '('); at > 0 && !strings.HasPrefix(line[at:], "(*") {
		return line[:at]
	}
	return line
}

// lastFolder keeps "desk/desk.go:7" of "/home/…/desk/desk.go:7 +0x1d".
func lastFolder(place string) string {
	place, _, _ = strings.Cut(place, " ")
	parts := strings.Split(place, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}
