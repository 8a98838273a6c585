package screen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// constants reads the values of all string constants of one type from the
// source of a package, so that a new one cannot be forgotten here.
func constants(t *testing.T, dir, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, isType := spec.Type.(*ast.Ident)
			value, isLit := spec.Values[0].(*ast.BasicLit)
			if isType && isLit && kind.Name == typeName {
				if s, err := strconv.Unquote(value.Value); err == nil && s != "" {
					out = append(out, s)
				}
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Fatalf("no constants of type %s in %s", typeName, dir)
	}
	return out
}

func TestEveryConstantHasWords(t *testing.T) {
	d := testDrawer(t)
	for _, c := range []struct{ dir, kind, key string }{
		{"../visit", "Note", "note.*"},
		{"../visit", "Service", "service.*"},
		{"../visit", "Screen", "screen.*.help"},
		{"../circ", "Reason", "reason.*"},
		{"../circ", "Shelf", "shelf.*"},
		{"../circ", "Kind", "line.word.done.*"},
		{"../circ", "Kind", "line.word.refused.*"},
	} {
		for _, value := range constants(t, c.dir, c.kind) {
			if key := strings.ReplaceAll(c.key, "*", value); !d.Has(key) {
				t.Errorf("%s %q has no words under %s", c.kind, value, key)
			}
		}
	}
}

// TestEveryLineHasWords draws every state of a line for every act, decided for
// every reason.
func TestEveryLineHasWords(t *testing.T) {
	d := testDrawer(t)
	kinds := append(constants(t, "../circ", "Kind"), "")
	reasons := append(constants(t, "../circ", "Reason"), "")
	shelves := append(constants(t, "../circ", "Shelf"), "")
	for _, state := range constants(t, "../visit", "LineState") {
		for _, k := range kinds {
			for _, r := range reasons {
				for _, s := range shelves {
					for _, due := range []time.Time{{}, tuesday} {
						l := visit.Line{Item: "1", State: visit.LineState(state), Kind: circ.Kind(k),
							Decision: circ.Decision{Reason: circ.Reason(r), Shelf: circ.Shelf(s), Due: due}}
						out := d.line(l, 0, visit.State{Devices: all})
						if said := out.Title + out.Word + out.Text + out.Put; strings.Contains(said, "[") || strings.Contains(said, "{") {
							t.Fatalf("%+v says %q", l, said)
						}
						if out.Word == "" || out.Tone == "" {
							t.Fatalf("%+v has no word or no tone: %+v", l, out)
						}
					}
				}
			}
		}
	}
}

// TestEveryScreenAndButtonIsDrawn walks the gallery: a screen or a button that
// visit knows and that is never drawn is one that no borrower can reach.
func TestEveryScreenAndButtonIsDrawn(t *testing.T) {
	d := testDrawer(t)
	var screens, buttons []string
	for _, p := range drawings() {
		v := d.view(p.state, p.at)
		screens = append(screens, string(v.Screen))
		if v.Heading == "" || len(v.Help) == 0 {
			t.Errorf("%s has no heading or no help", p.name)
		}
		for _, b := range v.Buttons {
			buttons = append(buttons, string(b.Button))
			if b.Label == "" || strings.Contains(b.Label, "[") {
				t.Errorf("%s: button %s says %q", p.name, b.Button, b.Label)
			}
		}
	}
	for _, s := range constants(t, "../visit", "Screen") {
		if !slices.Contains(screens, s) {
			t.Errorf("no picture of screen %s", s)
		}
	}
	for _, b := range constants(t, "../visit", "Button") {
		if !slices.Contains(buttons, b) {
			t.Errorf("button %s is on no screen", b)
		}
	}
}
