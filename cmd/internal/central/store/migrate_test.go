package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A central that is put back goes on with what the newer program only added,
// and with nothing else.
func TestAnOlderCentral(t *testing.T) {
	for text, want := range map[string]string{
		"-- oldest: 4\nCREATE TABLE bus (id INTEGER PRIMARY KEY) STRICT;\n": "",
		"ALTER TABLE event RENAME COLUMN body TO bytes;\n":                  "install the newer nightdesk-central",
	} {
		path := filepath.Join(t.TempDir(), "central.db")
		if err := Create(t.Context(), path, "leics", time.Now()); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path, Options{Serving: true})
		if err != nil {
			t.Fatal(err)
		}
		files := fstest.MapFS{}
		names, _ := fs.Glob(migrations, "migrations/*.sql")
		for _, name := range names {
			body, _ := migrations.ReadFile(name)
			files[name] = &fstest.MapFile{Data: body}
		}
		files[fmt.Sprintf("migrations/%04d_next.sql", len(names)+1)] = &fstest.MapFile{Data: []byte(text)}
		if err := s.migrate(t.Context(), files); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Open(t.Context(), path, Options{Serving: true})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("after %q: got %v, want %q", text, err, want)
		}
		if err == nil {
			again.Close()
		}
	}
}
