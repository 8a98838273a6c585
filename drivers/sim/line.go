package sim

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// line is a cable: a pseudo-terminal of which the device holds the master.
// The device keeps the slave open too, or the driver's closing it would look
// like a hang-up to the device.
type line struct {
	master *os.File
	slave  *os.File
	link   string        // a name that follows the device; "" for none
	gone   chan struct{} // closed when the cable is pulled
	pull   sync.Once
}

// patience is how long a write waits for a computer that does not read.
const patience = time.Second

func plug(link string) (*line, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	l := &line{slave: slave, link: link, gone: make(chan struct{})}
	l.master, err = pollable(master)
	if err == nil {
		err = raw(slave)
	}
	if err == nil && link != "" {
		err = renameio.Symlink(slave.Name(), link)
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("set up the pseudo-terminal %s: %w", slave.Name(), err)
	}
	return l, nil
}

// pollable reopens the master for reads with deadlines: asking it for its
// name has put it into blocking mode, in which Close would wait for a byte.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// raw takes echo and line discipline off, as cfmakeraw(3) does: bytes that
// come before the driver has set the line up must pass unchanged too.
func raw(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		t, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		if err != nil {
			failed = err
			return
		}
		t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	return errors.Join(err, failed)
}

func (l *line) path() string {
	if l.link != "" {
		return l.link
	}
	return l.slave.Name()
}

// slice is how often a waiting read lets go of the terminal (free).
const slice = 100 * time.Millisecond

// read waits for bytes, at most as long as quiet if that is not zero; it then
// answers (0, nil).
func (l *line) read(b []byte, quiet time.Duration) (int, error) {
	end := time.Now().Add(quiet)
	for {
		next := time.Now().Add(slice)
		if quiet > 0 && end.Before(next) {
			next = end
		}
		if err := l.master.SetReadDeadline(next); err != nil {
			return 0, err
		}
		n, err := l.master.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if quiet > 0 && !time.Now().Before(end) {
			return 0, nil
		}
		if err := l.free(); err != nil {
			return 0, err
		}
	}
}

// free ends a claim to be the terminal's only user. A driver that was killed
// cannot end it itself, and a real device's claim ends with its last user; here
// the simulator is one, so that nobody but root could open the terminal again.
func (l *line) free() error {
	conn, err := l.slave.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.IoctlSetInt(int(fd), unix.TIOCNXCL, 0) })
	return errors.Join(err, failed)
}

func (l *line) write(b []byte) error {
	if err := l.master.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := l.master.Write(b)
	return err
}

// until waits for a point in time, or for the cable to be pulled, and says
// whether it is still there.
func (l *line) until(at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.gone:
		return false
	}
}

// close pulls the cable: whoever has the slave open gets a hang-up.
func (l *line) close() {
	l.pull.Do(func() {
		close(l.gone)
		if l.link != "" {
			// Only our own name: after a replug it may lead elsewhere already.
			if to, err := os.Readlink(l.link); err == nil && to == l.slave.Name() {
				_ = os.Remove(l.link)
			}
		}
		if l.master != nil {
			_ = l.master.Close()
		}
		_ = l.slave.Close()
	})
}

// hungUp says whether an error is the cable's end and nothing else.
func hungUp(err error) bool {
	return errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EIO)
}
