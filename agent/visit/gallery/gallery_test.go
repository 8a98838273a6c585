package gallery

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"nightdesk/agent/visit"
)

// constants reads the values of all constants of one type from the source of
// visit, so that a new one cannot be forgotten here. The empty one is left out.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
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
			if s, ok := constant(n, typeName); ok && s != "" {
				out = append(out, s)
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Fatalf("no constants of type %s", typeName)
	}
	return out
}

func constant(n ast.Node, typeName string) (string, bool) {
	spec, ok := n.(*ast.ValueSpec)
	if !ok || len(spec.Values) != 1 {
		return "", false
	}
	kind, isType := spec.Type.(*ast.Ident)
	value, isLit := spec.Values[0].(*ast.BasicLit)
	if !isType || !isLit || kind.Name != typeName {
		return "", false
	}
	s, err := strconv.Unquote(value.Value)
	return s, err == nil
}

// TestEverythingIsPictured walks what visit knows: what is in no picture is
// drawn by nobody and looked at by nobody.
func TestEverythingIsPictured(t *testing.T) {
	seen := map[string]map[string]bool{}
	saw := func(kind, value string) {
		if seen[kind] == nil {
			seen[kind] = map[string]bool{}
		}
		seen[kind][value] = true
	}
	for _, p := range All() {
		s := p.State
		saw("Screen", string(s.Screen))
		saw("Overlay", string(s.Over))
		saw("Mode", string(s.Shows()))
		saw("Note", string(s.Note))
		saw("PrinterFault", string(s.Paper.Fault))
		saw("PayResult", string(s.Owed))
		saw("Task", string(s.Task))
		for _, l := range s.Lines {
			saw("LineState", string(l.State))
		}
	}
	for kind, want := range map[string][]string{"Screen": list(visit.Screens()), "LineState": list(visit.LineStates())} {
		if got := constants(t, kind); len(got) != len(want) {
			t.Errorf("visit lists %d of its %d constants of type %s", len(want), len(got), kind)
		}
	}
	for _, kind := range []string{"Screen", "LineState", "Overlay", "Mode", "Note", "PrinterFault", "PayResult", "Task"} {
		for _, value := range constants(t, kind) {
			if !seen[kind][value] {
				t.Errorf("no picture shows the %s %q", kind, value)
			}
		}
	}
}

func list[T ~string](of []T) []string {
	var out []string
	for _, v := range of {
		out = append(out, string(v))
	}
	return out
}

func TestEveryReasonToStopHasItsWhy(t *testing.T) {
	for _, r := range StopReasons() {
		for _, why := range []bool{false, true} {
			if !slices.ContainsFunc(All(), func(p Picture) bool {
				return p.State.Screen == visit.Stop && p.State.Standing.Reason == r && p.State.Why == why
			}) {
				t.Errorf("no picture of a stop for %s, why %v", r, why)
			}
		}
	}
}

func TestNames(t *testing.T) {
	form, names := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`), map[string]bool{}
	for _, p := range All() {
		if names[p.Name] || !form.MatchString(p.Name) {
			t.Errorf("%q is not a name of its own, fit for a file", p.Name)
		}
		names[p.Name] = true
	}
}

// TestAPictureStandsStill proves that no picture shows what a kiosk would leave
// in the same instant: a tick changes nothing that anybody could see.
func TestAPictureStandsStill(t *testing.T) {
	for _, p := range All() {
		was := p.State
		is, _ := was.Next(p.At, visit.Tick{})
		if is.Screen != was.Screen || is.Over != was.Over || is.Note != was.Note || is.Visit != was.Visit || len(is.Lines) != len(was.Lines) {
			t.Errorf("%s: a tick makes it screen %q, overlay %q, note %q", p.Name, is.Screen, is.Over, is.Note)
			continue
		}
		for i := range was.Lines {
			if is.Lines[i].State != was.Lines[i].State {
				t.Errorf("%s: a tick makes item %s %q", p.Name, was.Lines[i].Item, is.Lines[i].State)
			}
		}
	}
}

// TestPicturesAreTheCallersOwn proves that a test which changes a state does
// not change it for the next one.
func TestPicturesAreTheCallersOwn(t *testing.T) {
	for i, p := range All() {
		if len(p.State.Lines) == 0 {
			continue
		}
		p.State.Lines[0].Title = "changed"
		if All()[i].State.Lines[0].Title == "changed" {
			t.Fatalf("%s is shared", p.Name)
		}
	}
}
