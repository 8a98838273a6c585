package ledger

import (
	"errors"
	"fmt"
	"os"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

// defaultReserve is what lies beside the ledger so that a full disk can still
// take returns, and tell what became of a commit that met it: room for some
// thousands of them.
const defaultReserve = 4 << 20

// reservePath is a file of the reserve's size and no content.
func (l *Ledger) reservePath() string { return l.path + "-reserve" }

// hasReserve makes the reserve if it is missing, and says whether it is there.
// Issues are taken only while it is.
func (l *Ledger) hasReserve() bool {
	size := l.o.Reserve
	if size == 0 {
		size = defaultReserve
	}
	if have, err := os.Stat(l.reservePath()); err == nil && have.Size() == size {
		return true
	}
	// Not the last bytes: with them gone, not even a return could be written.
	var disk unix.Statfs_t
	if err := unix.Statfs(l.path, &disk); err != nil || int64(disk.Bavail)*disk.Bsize < 2*size {
		return false
	}
	if err := allocate(l.reservePath(), size); err != nil {
		os.Remove(l.reservePath())
		return false
	}
	return true
}

func allocate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep a reserve on the disk: %w", err)
	}
	defer f.Close()
	return unix.Fallocate(int(f.Fd()), 0, 0, size)
}

// spend gives the reserve to the ledger if the disk is full, and says whether
// there was any.
func (l *Ledger) spend(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code != sqlite3.ErrFull && e.SystemErrno != unix.ENOSPC {
		return false
	}
	return os.Remove(l.reservePath()) == nil
}
