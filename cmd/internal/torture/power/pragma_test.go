package power

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// connections are those that the driver has opened to the files of an evening.
// So a control can change how a room's own connection writes, after the room
// has made sure that it is as it must be.
var connections = &register{of: map[string][]*sqlite3.SQLiteConn{}}

type register struct {
	mu sync.Mutex // guards of
	of map[string][]*sqlite3.SQLiteConn
}

func TestMain(m *testing.M) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		panic(err)
	}
	db.Driver().(*sqlite3.SQLiteDriver).ConnectHook = connections.add
	db.Close()
	m.Run()
}

// collect begins to keep the connections to files below a folder.
func (r *register) collect(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[dir+string(filepath.Separator)] = nil
}

func (r *register) add(c *sqlite3.SQLiteConn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for dir, all := range r.of {
		if strings.HasPrefix(c.GetFilename("main"), dir) {
			r.of[dir] = append(all, c)
		}
	}
	return nil
}

// run runs a statement on every connection to a folder's files that is open.
// Nobody may be using them.
func (r *register) run(dir, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.of[dir+string(filepath.Separator)] {
		if c.GetFilename("main") == "" {
			continue // closed
		}
		if _, err := c.Exec(text, nil); err != nil {
			return err
		}
	}
	return nil
}
