package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// shape holds every entry of a file against the struct: keys that it does not
// have, and values of another type. All are found in one pass, which the
// decoder alone would not do.
type shape struct {
	doc      *document
	problems []problem
	bad      []span   // expressions that the decoder must not see
	under    []string // paths below which nothing more is said
}

func (s *shape) walk() {
	for _, e := range s.doc.entries {
		if s.told(e.path) {
			s.bad = append(s.bad, e.expr)
			continue
		}
		if f := s.look(e); f.say != "" {
			p := s.doc.problem(f.at)
			p.say, p.hint = f.say, f.hint
			s.problems = append(s.problems, p)
			s.bad = append(s.bad, e.expr)
			s.under = append(s.under, f.path)
		}
	}
}

// told says whether something has been said of a path already.
func (s *shape) told(path string) bool {
	return slices.ContainsFunc(s.under, func(p string) bool { return within(path, p) })
}

// fault is what is wrong with an entry; the zero fault is nothing.
type fault struct {
	path      string // below it nothing more need be said
	say, hint string
	at        span
}

// within says whether a path is another one or below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// look follows an entry's path through the struct. It says nothing if all is well.
func (s *shape) look(e entry) fault {
	t := reflect.TypeFor[Config]()
	for i, st := range e.steps {
		if st.elem {
			if t.Kind() != reflect.Slice {
				return wrongType(e, t)
			}
			t = t.Elem()
			continue
		}
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
			name := pathOf(e.steps[:i])
			return fault{name, fmt.Sprintf("[%s] is a list", name), fmt.Sprintf("write [[%s]], once for each", name), e.key}
		}
		if t.Kind() != reflect.Struct || isText(t) {
			return wrongType(e, t)
		}
		f, ok := field(t, st.name)
		if !ok {
			return fault{pathOf(e.steps[:i+1]), fmt.Sprintf("unknown key %q", clip(st.name)), meant(t, st.name, pathOf(e.steps[:i])), e.key}
		}
		t = f.Type
	}
	return fits(e, t)
}

// fits holds a value against the type at the end of its path.
func fits(e entry, t reflect.Type) fault {
	if isText(t) {
		if e.kind != unstable.String {
			return wrongType(e, t)
		}
		v := reflect.New(t).Interface().(encoding.TextUnmarshaler)
		if err := v.UnmarshalText([]byte(e.data)); err != nil {
			what := err.Error()
			if !strings.HasPrefix(what, "is ") {
				what = "is not known here"
			}
			return fault{e.path, fmt.Sprintf("%s: %q %s", e.path, clip(e.data), what), hintFor(v), e.value}
		}
		return fault{}
	}
	ok := false
	switch t.Kind() {
	case reflect.String:
		ok = e.kind == unstable.String
	case reflect.Int:
		ok = e.kind == unstable.Integer
	case reflect.Bool:
		ok = e.kind == unstable.Bool
	case reflect.Slice:
		ok = e.kind == unstable.Array
	case reflect.Struct:
		ok = e.kind == unstable.Table || e.kind == unstable.ArrayTable || e.kind == unstable.InlineTable
	}
	if ok {
		return fault{}
	}
	return wrongType(e, t)
}

func wrongType(e entry, t reflect.Type) fault {
	hint := map[reflect.Kind]string{
		reflect.String: `write text in quotes: "…"`,
		reflect.Int:    "write a whole number without quotes",
		reflect.Bool:   "write true or false, without quotes",
		reflect.Slice:  "write a list in brackets: […]",
		reflect.Struct: fmt.Sprintf("begin a table: [%s]", e.path),
	}[t.Kind()]
	switch {
	case isText(t):
		hint = hintFor(reflect.New(t).Interface().(encoding.TextUnmarshaler))
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		hint = fmt.Sprintf("write [[%s]], once for each", e.path)
	}
	return fault{e.path, fmt.Sprintf("%s: %s is not what belongs here", e.path, kindName(e.kind)), hint, e.value}
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "text"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number with a point"
	case unstable.Bool:
		return "true or false"
	case unstable.Array, unstable.ArrayTable:
		return "a list"
	case unstable.Table, unstable.InlineTable:
		return "a table"
	}
	return "a date or time"
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func field(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range fields(t) {
		if f.Tag.Get("toml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// fields are the ones that the file has keys for.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("toml") != "" && !yield(f) {
				return
			}
		}
	}
}

// meant guesses what an unknown key was to be: one that looks like it, else
// the same key in another table, else all that there are.
func meant(t reflect.Type, key, table string) string {
	best, least := "", 1+max(1, len(key)/3)
	var here []string
	for f := range fields(t) {
		name := f.Tag.Get("toml")
		here = append(here, name)
		if d := distance(strings.ToLower(key), name); d < least {
			best, least = name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if tables := tablesWith(reflect.TypeFor[Config](), key, ""); len(tables) > 0 {
		return fmt.Sprintf("%q belongs under %s", key, strings.Join(tables, " or "))
	}
	if secretKey.MatchString(key + "=") {
		return "secrets are in the credential file: take it out here"
	}
	if table == "" {
		return "known here are " + strings.Join(here, ", ")
	}
	return fmt.Sprintf("known in %s are %s", table, strings.Join(here, ", "))
}

// tablesWith lists the tables that have a key, as their headers are written.
func tablesWith(t reflect.Type, key, path string) (tables []string) {
	for f := range fields(t) {
		at := strings.TrimPrefix(path+"."+f.Tag.Get("toml"), ".")
		sub, header := f.Type, "["+at+"]"
		if sub.Kind() == reflect.Slice {
			sub, header = sub.Elem(), "[["+at+"]]"
		}
		if sub.Kind() != reflect.Struct || isText(sub) {
			continue
		}
		if _, ok := field(sub, key); ok {
			tables = append(tables, header)
		}
		tables = append(tables, tablesWith(sub, key, at)...)
	}
	return tables
}

// distance is how many letters must be changed, put in, taken out or swapped
// with the next (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// clip keeps what a file says short enough to be said again.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
