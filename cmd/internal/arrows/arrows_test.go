// Package arrows tests who may know whom: the import rules of the house, read
// from the source with go/parser.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rule says that the packages under From import nothing that Bad finds.
type rule struct {
	name string
	from func(pkg string) bool
	bad  func(pkg, imported string) bool
}

func under(prefix string) func(string) bool {
	return func(pkg string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }
}

func anyOf(prefixes ...string) func(string) bool {
	return func(pkg string) bool {
		for _, p := range prefixes {
			if under(p)(pkg) {
				return true
			}
		}
		return false
	}
}

func not(f func(string) bool) func(string) bool { return func(p string) bool { return !f(p) } }

func imports(f func(string) bool) func(string, string) bool {
	return func(_, imported string) bool { return f(imported) }
}

const (
	agent   = "nightdesk/agent"
	dev     = "nightdesk/drivers"
	central = "nightdesk/cmd/internal/central"
)

var sql = anyOf("database/sql", "github.com/mattn/go-sqlite3")

func rules() []rule {
	everywhere := func(string) bool { return true }
	rooms := []string{agent + "/ledger", agent + "/cache", agent + "/pads", agent + "/uplink", agent + "/screen"}
	return []rule{
		{"drivers know nothing of the desk", under(dev), imports(under(agent))},
		{"policy and visit are pure", anyOf(agent+"/policy", agent+"/visit"), func(p, i string) bool {
			return strings.HasPrefix(i, "nightdesk/") && i != agent+"/circ" && i != dev && !under(i)(p) ||
				anyOf("os", "net", "io", "log", "database", "syscall", "math/rand", "context")(i)
		}},
		{"rooms do not know each other", anyOf(rooms...), func(p, i string) bool {
			return anyOf(rooms...)(i) && !under(i)(p)
		}},
		{"circ does nothing", under(agent + "/circ"), func(_, i string) bool {
			return strings.HasPrefix(i, "nightdesk/") && i != dev
		}},
		{"watch calls nobody", under(agent + "/watch"), func(_, i string) bool { return strings.HasPrefix(i, "nightdesk/") }},
		{"only wire and catalog know the serial library", not(anyOf(dev+"/wire", dev+"/catalog")), imports(under("go.bug.st/serial"))},
		{"only ledger, cache and central's store know SQL", not(anyOf(agent+"/ledger", agent+"/cache", central)), imports(sql)},
		{"only uplink and central's receiver know MQTT", not(anyOf(agent+"/uplink", central+"/receiver")), imports(under("github.com/eclipse/paho.mqtt.golang"))},
		{"central knows contract and circ alone", under(central), func(_, i string) bool {
			return under(agent)(i) && i != agent+"/contract" && i != agent+"/circ"
		}},
		{"the embedded broker is the demo's", not(under("nightdesk/cmd/nightdesk-demo")), imports(under("github.com/mochi-mqtt/server/v2"))},
		{"a simulator never imports what it plays", under(dev + "/sim"), imports(anyOf(dev+"/feig", dev+"/wire", dev+"/scanner", dev+"/escpos", dev+"/catalog"))},
		{"the agent knows nothing of the programs", anyOf(agent, dev), imports(under("nightdesk/cmd"))},
		{"nothing is fetched from a util", everywhere, func(_, i string) bool {
			return strings.HasPrefix(i, "nightdesk/") && anyOfName(i, "util", "utils", "common", "helpers", "manager")
		}},
	}
}

func anyOfName(path string, names ...string) bool {
	last := path[strings.LastIndex(path, "/")+1:]
	for _, n := range names {
		if last == n {
			return true
		}
	}
	return false
}

func TestArrows(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	seen := 0
	for _, top := range []string{"agent", "drivers", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			seen++
			return check(t, "nightdesk/"+filepath.ToSlash(rel), path)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were read: is the test looking in the right place?", seen)
	}
}

func check(t *testing.T, pkg, path string) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		for _, r := range rules() {
			if r.from(pkg) && r.bad(pkg, imported) {
				t.Errorf("%s imports %s: %s", filepath.Base(path), imported, r.name)
			}
		}
	}
	return nil
}

func TestTheRulesCanFail(t *testing.T) {
	wrong := map[string]string{
		dev + "/feig":         agent + "/circ",
		agent + "/policy":     "os",
		agent + "/ledger":     agent + "/cache",
		agent + "/screen":     "database/sql",
		central + "/inbox":    agent + "/ledger",
		"nightdesk/cmd/other": "github.com/mochi-mqtt/server/v2",
		dev + "/sim":          dev + "/feig",
		agent + "/pads":       "go.bug.st/serial",
		agent + "/watch":      agent + "/ledger",
	}
	for pkg, imported := range wrong {
		caught := false
		for _, r := range rules() {
			caught = caught || r.from(pkg) && r.bad(pkg, imported)
		}
		if !caught {
			t.Errorf("nothing forbids %s to import %s", pkg, imported)
		}
	}
}
