package power

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/crashdisk"
)

// cutter cuts the power in one history, again and again, and looks at what is
// found afterwards.
type cutter struct {
	e       *evening
	history history
	log     []crashdisk.Op
	replay  *crashdisk.Replay
	dir     string // where the files are found again
	again   string // … and where after the power went once more; "" if it does not
	cuts    int
	harms   []string
}

func newCutter(t testing.TB, e *evening, log []crashdisk.Op) *cutter {
	t.Helper()
	c := &cutter{e: e, history: e.history, log: log, replay: e.disk.Replay(log), dir: torture.Memory(t), again: torture.Memory(t)}
	for _, dir := range []string{c.dir, c.again} {
		must(t, os.Mkdir(filepath.Join(dir, "kiosk"), 0o700))
		must(t, keys(filepath.Join(e.dir, "central"), filepath.Join(dir, "central")))
	}
	return c
}

// keys copies all of central's folder that is no database.
func keys(from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), "central.db") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), body, 0o600); err != nil {
			return err
		}
	}
	return err
}

// harm notes what must not be, with all that is needed to see it again.
func (c *cutter) harm(k int, format string, args ...any) {
	c.harms = append(c.harms, fmt.Sprintf("cut after operation %d of %d (%s): ", k, len(c.log), c.log[k-1])+fmt.Sprintf(format, args...))
}

// cut cuts the power of one machine after k operations, or of both, and looks
// at the rooms that had something on its way to the disk; now and then at all
// of them together.
func (c *cutter) cut(k int, chance *rand.Rand) {
	c.replay.To(k)
	c.cuts++
	if c.again != "" && chance.IntN(24) == 0 {
		c.whole(k, chance)
		return
	}
	machine, _, _ := strings.Cut(c.log[k-1].File, "/")
	rooms := map[room]bool{roomOf(c.log[k-1].File): true}
	for _, name := range c.replay.Unsure() {
		if strings.HasPrefix(name, machine) {
			rooms[roomOf(name)] = true
		}
	}
	files := c.replay.Cut(chance)
	for _, r := range slices.Sorted(maps.Keys(rooms)) {
		c.lay(r, k, files, chance)
		c.look(r, k, chance)
	}
}

func roomOf(file string) room {
	name, _, _ := strings.Cut(file, ".db")
	return room(name + ".db")
}

// lay puts a room's files where they are found again.
func (c *cutter) lay(r room, k int, files map[string][]byte, chance *rand.Rand) {
	for _, end := range []string{"", "-wal", "-journal", "-shm", "-reserve", "-last"} {
		name := string(r) + end
		content := files[name]
		switch end {
		case "-shm":
			content = anything(chance)
		case "-last":
			content = c.history.witness(r, k, chance)
		}
		path := filepath.Join(c.dir, name)
		if content != nil {
			must(c.e.t, os.WriteFile(path, content, 0o600))
		} else if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			c.e.t.Fatal(err)
		}
	}
}

// anything is what a power cut may leave of the log's index, which is shared
// memory: mostly nothing.
func anything(chance *rand.Rand) []byte {
	if chance.IntN(8) != 0 {
		return nil
	}
	content := make([]byte, 32768)
	for i := range content {
		content[i] = byte(chance.Uint32())
	}
	return content
}

// look opens a room that lost its power after k operations. Sometimes the power
// goes once more while it is being opened, or soon after.
func (c *cutter) look(r room, k int, chance *rand.Rand) {
	if c.again == "" || chance.IntN(48) != 0 {
		c.open(r, k, nil)
		return
	}
	disk, err := crashdisk.Watch(c.dir)
	must(c.e.t, err)
	defer disk.Forget()
	then, from := c.history.as(k), 0
	then.rooms[r] = nil
	c.open(r, k, func(has known, at clock) {
		to := disk.Ops()
		if then.rooms[r] == nil {
			to = 0 // it held that when the power came back
		}
		then.rooms[r] = append(then.rooms[r], moment{what: "go on", from: from, to: to, clock: at, known: has})
		from = disk.Ops()
	})
	second := cutter{e: c.e, history: then, log: disk.Log(), dir: c.again}
	second.replay = disk.Replay(second.log)
	for at := 1 + chance.IntN(6); at <= len(second.log) && len(c.harms) == 0; at += 1 + chance.IntN(6) {
		second.cut(at, chance)
	}
	c.cuts += second.cuts
	for _, h := range second.harms {
		c.harm(k, "and again while it was opened, %s", h)
	}
}
