// Package crashdisk is a disk that loses power: it stands between SQLite and
// its files, keeps a list of every write, sync, truncation and deletion in
// order, and makes of it the files as a power cut could have left them. It can
// also let an operation fail. It is for tests, and knows nothing of what the
// files hold.
package crashdisk

/*
#include <stdlib.h>
#include "disk.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"unsafe"
)

// Kind is what an operation did.
type Kind int

// The operations that leave a mark.
const (
	Create     Kind = C.OP_CREATE
	Write      Kind = C.OP_WRITE
	Truncate   Kind = C.OP_TRUNCATE
	Sync       Kind = C.OP_SYNC
	SyncFailed Kind = C.OP_SYNC_FAILED
	Delete     Kind = C.OP_DELETE
)

func (k Kind) String() string {
	return [...]string{"?", "create", "write", "truncate", "sync", "failed sync", "delete"}[k]
}

// Op is one operation.
type Op struct {
	Kind   Kind
	File   string // relative to the folder
	At     int64  // of a write: where; of a truncation: the size
	Data   []byte // of a write
	Folder bool   // of a sync or deletion: the folder was synced with it
}

func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %d bytes at %d of %s", len(o.Data), o.At, o.File)
	case Truncate:
		return fmt.Sprintf("truncate %s to %d", o.File, o.At)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.File)
}

// Disk is a watched folder.
type Disk struct {
	n     C.int
	start map[string][]byte
}

var install = sync.OnceValue(func() error {
	if C.disk_install() != 0 {
		return errors.New("put a disk under SQLite: this program has no SQLite in it")
	}
	return nil
})

// Watch begins to write down what SQLite does to the files in a folder and
// those below. Files that are open already are not seen.
func Watch(folder string) (*Disk, error) {
	if err := install(); err != nil {
		return nil, err
	}
	d := &Disk{start: map[string][]byte{}}
	if err := d.read(folder); err != nil {
		return nil, fmt.Errorf("watch a folder: %w", err)
	}
	name := C.CString(folder + "/")
	defer C.free(unsafe.Pointer(name))
	if d.n = C.disk_watch(name); d.n < 0 {
		return nil, errors.New("watch a folder: too many are watched")
	}
	return d, nil
}

// read takes the files of databases that are there already, with their logs and
// journals: they are durable.
func (d *Disk) read(folder string) error {
	database := regexp.MustCompile(`\.db(-wal|-journal)?$`)
	return filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !database.MatchString(path) {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil {
			d.start[name], err = os.ReadFile(path)
		}
		return err
	})
}

// Forget ends the watch. No file in the folder may be open.
func (d *Disk) Forget() { C.disk_forget(d.n) }

// Ops is how many operations there have been.
func (d *Disk) Ops() int { return int(C.disk_ops(d.n)) }

// Log is every operation so far, in order. Nothing may be written meanwhile.
func (d *Disk) Log() []Op {
	var names []string
	for i := range C.disk_names(d.n) {
		names = append(names, C.GoString(C.disk_name(d.n, i)))
	}
	log := make([]Op, d.Ops())
	for i := range log {
		o := C.disk_op(d.n, C.longlong(i))
		log[i] = Op{Kind: Kind(o.kind), File: names[o.file], At: int64(o.at), Folder: o.dir != 0}
		if o.n > 0 {
			log[i].Data = C.GoBytes(unsafe.Pointer(o.data), o.n)
		}
	}
	return log
}

// Fault is how an operation fails.
type Fault int

// The ways to fail. A full disk still reads, and a short write, which puts half
// of the bytes down and says that it failed, is a write: what cannot fail in
// this way does not, and the next that can does.
const (
	IOError Fault = C.FAULT_IO
	Full    Fault = C.FAULT_FULL
	Short   Fault = C.FAULT_SHORT
)

func (f Fault) String() string {
	return [...]string{"nothing", "I/O error", "full disk", "short write"}[f]
}

// Tries counts the operations that can fail: those of the log and, beside
// them, opening, reading, asking for the size, and mapping shared memory.
func (d *Disk) Tries() int { return int(C.disk_tries(d.n)) }

// Failed counts those that did.
func (d *Disk) Failed() int { return int(C.disk_failed(d.n)) }

// Fail lets the try with this number fail, and as many in all as times says;
// below zero it never ends.
func (d *Disk) Fail(f Fault, at, times int) {
	C.disk_fail(d.n, C.int(f), C.longlong(at), C.longlong(times))
}

// Mend ends the faults.
func (d *Disk) Mend() { d.Fail(0, 0, 0) }
