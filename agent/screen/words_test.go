package screen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
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
			if key := strings.ReplaceAll(c.key, "*", value); d.text[key] == "" {
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
						out := d.line(l, all)
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
	for _, p := range gallery() {
		v := d.view(p.state, drawnAt)
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

var banned = regexp.MustCompile(`(?i)\b(invalid|errors?|fail(s|ed|ure)?|LMS|check(ed|s)? out|check-?outs?|issued?|due)\b|!`)

func TestWordsArePlain(t *testing.T) {
	d := testDrawer(t)
	for key, text := range d.text {
		if bad := banned.FindString(text); bad != "" {
			t.Errorf("%s says %q: %s", key, bad, text)
		}
		for _, s := range regexp.MustCompile(`[.?]\s+`).Split(text, -1) {
			if n := len(strings.Fields(s)); n > 20 {
				t.Errorf("%s has a sentence of %d words: %s", key, n, s)
			}
		}
	}
	for _, text := range []string{"Checkout failed", "An error", "Ready!", "Check out here", "The LMS", "Invalid card"} {
		if !banned.MatchString(text) {
			t.Errorf("%q would be let through", text)
		}
	}
}

// TestLanguagesAgree compares every catalogue with the English one: the same
// keys, and the same things filled in.
func TestLanguagesAgree(t *testing.T) {
	english := testDrawer(t).words
	files, err := fs.Glob(catalogues, "words/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("catalogues: %v, %v", files, err)
	}
	holes := regexp.MustCompile(`\{[a-z]+\}`)
	for _, f := range files {
		lang := strings.TrimSuffix(filepath.Base(f), ".toml")
		w, err := loadWords(lang)
		if err != nil {
			t.Fatal(err)
		}
		if w.lang != lang || w.dir != "ltr" && w.dir != "rtl" {
			t.Errorf("%s calls itself %q, written %q", f, w.lang, w.dir)
		}
		for key, text := range english.text {
			a, b := holes.FindAllString(text, -1), holes.FindAllString(w.text[key], -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) || w.text[key] == "" {
				t.Errorf("%s: %s is %q, in English %q", lang, key, w.text[key], text)
			}
		}
		for key := range w.text {
			if !english.has(key) {
				t.Errorf("%s has words that English has not: %s", lang, key)
			}
		}
	}
}

func TestBadCatalogues(t *testing.T) {
	for name, text := range map[string]string{
		"not TOML":         "lang = ",
		"a number":         "lang = 3",
		"an unknown list":  "[page]\ntitle = [\"a\"]",
		"a list of others": "[date]\nmonths = [1, 2]",
		"no months":        "lang = \"xx\"\n[date]\nweekdays = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]",
	} {
		if _, err := parseWords([]byte(text)); err == nil {
			t.Errorf("%s is taken for a catalogue", name)
		}
	}
}
