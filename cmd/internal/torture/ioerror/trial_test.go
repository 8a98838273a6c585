package ioerror

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/crashdisk"
)

// fault is what goes wrong in one trial.
type fault struct {
	room  string
	kind  crashdisk.Fault
	at    int // the operation, as SQLite counts them in this room
	times int // below zero: until the disk is mended
}

func (f fault) String() string {
	often := "once"
	if f.times < 0 {
		often = "and ever after"
	}
	return fmt.Sprintf("%s, %s at operation %d %s", f.room, f.kind, f.at, often)
}

// trial is one room on a disk that fails.
type trial struct {
	t      testing.TB
	p      *tape
	f      fault
	chance *rand.Rand
	dir    string
	again  string // where it is found after a power cut
	disk   *crashdisk.Disk
	mended bool
	what   string // is being done
	cuts   int    // of the power
	harms  []string
	end    string // what the room held at last, without what differs by chance
	hit    int    // operations that failed
	tries  int    // and all that could have

	credulous bool // for a control: an error is taken for a yes
	twice     bool // for a control: what was answered with yes is done once more
}

func (x *trial) harm(format string, args ...any) {
	x.harms = append(x.harms, fmt.Sprintf("%s: %s: ", x.f, x.what)+fmt.Sprintf(format, args...))
}

// run runs the trial in a fresh folder.
func (x *trial) run(do func(*trial)) {
	defer func() {
		if r := recover(); r != nil {
			x.harm("panic: %v\n%s", r, debug.Stack())
		}
	}()
	x.dir, x.again = torture.Memory(x.t), torture.Memory(x.t)
	defer os.RemoveAll(x.dir)
	defer os.RemoveAll(x.again)
	if x.f.room == "central" {
		must(x.t, copyDir(x.p.central, filepath.Join(x.dir, "central")))
	}
	var err error
	x.disk, err = crashdisk.Watch(x.dir)
	must(x.t, err)
	defer x.disk.Forget()
	x.disk.Fail(x.f.kind, x.f.at, x.f.times)
	do(x)
	x.hit = x.disk.Failed()
}

// try does something until it is answered with yes. What fails once is tried
// once more; what fails for ever, once more before the disk is mended and once
// after. after hears of each error.
func (x *trial) try(what string, do func() error, after func(error)) bool {
	for n := 0; ; n++ {
		x.what = what
		err := do()
		if err == nil && x.twice {
			err = do()
		}
		if err == nil || x.credulous && x.disk.Failed() > 0 {
			return true
		}
		if n > 0 && x.f.times > 0 || x.mended && n > 2 {
			x.harm("it does not work again: %v", err)
			return false
		}
		if n == 1 {
			x.mend()
		}
		if after != nil {
			after(err)
		}
	}
}

func (x *trial) mend() {
	x.mended = true
	x.disk.Mend()
}

// finish is when nothing fails any more, and it is seen what has become of all.
func (x *trial) finish() {
	x.what, x.tries = "at the end", x.disk.Tries()
	x.mend()
}

// same wants something to be what it is where nothing fails.
func (x *trial) same(what, got, want string) {
	if got != want {
		x.harm("%s is\n%s, not\n%s", what, got, want)
	}
}

// hurt says that something has failed and been answered with yes at last, for
// the first time: it is then that the power goes.
func (x *trial) hurt() bool {
	if x.cuts > 0 || x.disk.Failed() == 0 {
		return false
	}
	x.what = "after " + x.what
	x.mend()
	return true
}

// fates is how often the power is cut: once, or more often if a sync has failed,
// for then much is left to chance.
func (x *trial) fates() int {
	for _, o := range x.disk.Log() {
		if o.Kind == crashdisk.SyncFailed {
			return 8
		}
	}
	return 1
}

// lights is the folder as it is found after a power cut, with half lost of all
// that was on its way when a sync failed.
func (x *trial) lights() string {
	log := x.disk.Log()
	replay := x.disk.Replay(log)
	replay.Forgets = x.chance
	replay.To(len(log))
	x.cuts++
	dir := filepath.Join(x.again, fmt.Sprint(x.cuts)) // not below the watched folder
	if x.f.room == "central" {
		must(x.t, copyDir(x.p.central, dir))
		must(x.t, os.Remove(filepath.Join(dir, "central.db")))
	} else {
		must(x.t, os.Mkdir(dir, 0o700))
	}
	for name, content := range replay.Cut(x.chance) {
		must(x.t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), content, 0o600))
	}
	return dir
}

// text is a value with all that is in it.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of these types can fail
	}
	return string(b)
}
