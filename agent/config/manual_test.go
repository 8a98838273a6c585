package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const manualFile = "../../packaging/kiosk.toml"

func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(manualFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// examples takes the "#" off lines that are examples.
func examples(text string) string {
	return regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(text, "$1")
}

// As it is delivered, the manual is the default.
func TestManualIsDefault(t *testing.T) {
	c, err := Load(manualFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Default(), c, cmp.AllowUnexported(Config{}), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}
}

// With its examples taken in, it is still right, and shows a pad's defaults.
func TestManualExamples(t *testing.T) {
	c := parse(t, examples(manual(t)))
	if len(c.Pads) != 1 {
		t.Fatalf("got %d pads, want 1", len(c.Pads))
	}
	want := defaultPad()
	want.Name, want.Path = c.Pads[0].Name, c.Pads[0].Path
	if c.Pads[0] != want || !strings.HasPrefix(want.Path, "/dev/serial/by-id/") {
		t.Errorf("got %+v, want %+v", c.Pads[0], want)
	}
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}
}

// Every key of the struct is in the manual, and each has its line of why.
func TestManualIsWhole(t *testing.T) {
	doc := index([]byte(examples(manual(t))))
	keys := keysOf(reflect.TypeFor[Config](), "")
	if len(keys) < 30 {
		t.Fatalf("only %d keys: %v", len(keys), keys)
	}
	lines := strings.Split(manual(t), "\n")
	for _, key := range keys {
		i, ok := doc.byPath[key]
		if !ok {
			t.Errorf("%s is not in the manual", key)
			continue
		}
		row := doc.problem(doc.entries[i].key).row
		if why := lines[row-2]; !strings.HasPrefix(why, "# ") || len(why) < 20 {
			t.Errorf("%s: the line above says not why: %q", key, why)
		}
	}
}

// keysOf lists the paths of all keys; of a list the first element's.
func keysOf(t reflect.Type, path string) (keys []string) {
	for f := range fields(t) {
		at := strings.TrimPrefix(path+"."+f.Tag.Get("toml"), ".")
		sub := f.Type
		if sub.Kind() == reflect.Slice && sub.Elem().Kind() == reflect.Struct {
			sub, at = sub.Elem(), at+"[0]"
		}
		if sub.Kind() == reflect.Struct && !isText(sub) {
			keys = append(keys, keysOf(sub, at)...)
		} else {
			keys = append(keys, at)
		}
	}
	return keys
}

// Every field that a file can fill has a key: one without would be passed over.
func TestEveryFieldHasAKey(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(t2 reflect.Type) {
		for i := range t2.NumField() {
			f := t2.Field(i)
			if f.IsExported() && f.Tag.Get("toml") == "" {
				t.Errorf("%s.%s has no key", t2, f.Name)
			}
			sub := f.Type
			if sub.Kind() == reflect.Slice {
				sub = sub.Elem()
			}
			if sub.Kind() == reflect.Struct && !isText(sub) && f.IsExported() {
				walk(sub)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}
