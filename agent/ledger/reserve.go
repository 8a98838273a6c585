package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

// defaultReserve is what lies beside the ledger so that a full disk can still
// take returns, and tell what became of a commit that met it: room for some
// thousands of them.
const defaultReserve = 4 << 20

// reservePath is a file of the reserve's size and no content.
func (l *Ledger) reservePath() string { return l.path + "-reserve" }

// slack is what one transaction may need, in the log and around it.
const slack = 256 << 10

// room says whether the disk has room for one more transaction, and for
// writing the whole log back into the file behind it. A commit that finds
// none is in doubt, and the doubt could not be settled either; so nothing is
// begun that would run into that. The caller holds mu.
func (l *Ledger) room(ctx context.Context) bool {
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(l.path), &disk); err != nil {
		return true // the disk itself will say
	}
	free := int64(disk.Bavail) * disk.Bsize
	if free > 64*slack || l.db == nil {
		return true
	}
	var pages int64
	file, err := os.Stat(l.path)
	if err != nil || l.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages) != nil {
		return true
	}
	return free >= max(0, pages*pageSize-file.Size())+slack
}

// makeRoom gives the reserve to the ledger if there is no room without it.
func (l *Ledger) makeRoom(ctx context.Context) error {
	if l.room(ctx) || os.Remove(l.reservePath()) == nil && l.room(ctx) {
		return nil
	}
	return errNoRoom
}

var errNoRoom = errors.New("the disk is full, and nothing is written until there is room")

// hasReserve makes the reserve if it is missing, and says whether it is there
// and untouched. Issues are taken only while it is.
func (l *Ledger) hasReserve(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.room(ctx) && l.keepReserve()
}

func (l *Ledger) keepReserve() bool {
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
