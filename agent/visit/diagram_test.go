package visit_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"nightdesk/agent/visit"
)

const (
	readme      = "../../README.md"
	diagramFrom = "<!-- the visit: made from agent/visit/testdata/states.table -->\n"
	diagramTo   = "<!-- end of the visit -->\n"
)

// TestDiagramInREADME compares the diagram that people look at with the table
// that the code is held against. -update draws it anew.
func TestDiagramInREADME(t *testing.T) {
	b, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), diagramFrom)
	have, after, ok2 := strings.Cut(rest, diagramTo)
	if !ok || !ok2 {
		t.Fatalf("README has no place for the diagram: %q … %q", diagramFrom, diagramTo)
	}
	want := diagram(readTable(t, "states.table"))
	if have == want {
		return
	}
	if !*update {
		t.Fatal("the diagram in README is not that of states.table: run with -update")
	}
	if err := os.WriteFile(readme, []byte(before+diagramFrom+want+diagramTo+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// diagram is the table as a Mermaid state diagram: one arrow for each pair of
// screens, with the events of it. What leads to the question about more time
// and back from it, emergencies and "then" are left out: they are everywhere.
func diagram(table map[row]bool) string {
	events := map[[2]string][]string{}
	for _, r := range sorted(table) {
		if r.from == "*" || r.from == "resume" || r.to == "resume" || r.event == "then" || r.to == string(visit.Warn) ||
			r.from == r.to || strings.HasPrefix(r.event, "mode_") {
			continue
		}
		pair := [2]string{r.from, r.to}
		events[pair] = append(events[pair], strings.ReplaceAll(strings.TrimPrefix(r.event, "touch_"), "_", " "))
	}
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> home\n")
	for _, from := range visit.Screens() {
		for _, to := range visit.Screens() {
			names := events[[2]string{string(from), string(to)}]
			if len(names) == 0 {
				continue
			}
			slices.Sort(names)
			names = slices.Compact(names)
			if len(names) > 3 {
				names = append(names[:3], "…")
			}
			fmt.Fprintf(&b, "    %s --> %s: %s\n", node(from), node(to), strings.Join(names, ", "))
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// node is a name that Mermaid takes.
func node(s visit.Screen) string { return strings.ReplaceAll(string(s), "-", "_") }
