package wire

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nightdesk/drivers"
)

// ErrNotDevice says that the path leads to an ordinary file or a folder.
var ErrNotDevice = errors.New("this is not a device")

// Flow is how a device says that it can take no more for the moment.
type Flow byte

// The ways that printers use. The kernel minds them while it sends.
const (
	XonXoff Flow = iota // in the answers: 13 stops, 11 goes on; does no harm where neither comes
	CTS                 // by a wire; a cable without it would stop for ever
	NoFlow
)

// ParseFlow reads "xonxoff", "cts" or "none"; "" is xonxoff.
func ParseFlow(s string) (Flow, error) {
	switch s {
	case "", "xonxoff":
		return XonXoff, nil
	case "cts":
		return CTS, nil
	case "none":
		return NoFlow, nil
	}
	return XonXoff, fmt.Errorf("flow control %q is not xonxoff, cts or none", s)
}

// OpenFile opens a device that is mostly written to and may stop taking: a
// printer on a serial line, or of the USB printer class (/dev/usb/lp0), for which
// mode and flow mean nothing. The serial library is not used, for its Write waits
// as long as the device pleases; File's Write does not. Errors are Open's, or
// ErrNotDevice.
func OpenFile(path string, mode Mode, flow Flow) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, fileError(err))
	}
	file := &File{f: f, wait: mode.Poll}
	if file.wait == 0 {
		file.wait = poll
	}
	if err := file.set(mode, flow); err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, fmt.Errorf("set up %s: %w", path, openError(err))
	}
	return file, nil
}

func fileError(err error) error {
	if errors.Is(err, syscall.EISDIR) {
		return ErrNotDevice
	}
	return openError(err)
}

// File is an open device of which neither Read nor Write waits long. One
// goroutine owns it.
type File struct {
	f      *os.File
	wait   time.Duration // the longest that a Read or a Write takes
	line   string        // what was asked of a serial line; "" if it is none
	closed bool
}

// set sets a serial line up and leaves other devices as they are.
func (f *File) set(mode Mode, flow Flow) error {
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if info.Mode()&(fs.ModeCharDevice|fs.ModeNamedPipe|fs.ModeSocket) == 0 {
		return ErrNotDevice
	}
	err = f.control(func(fd int) error { return setLine(fd, mode, flow) })
	switch {
	case err == nil:
		f.line = mode.String()
		return f.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCEXCL, 0) })
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
		return nil // no serial line
	}
	return err
}

// setLine is cfmakeraw(3) with a speed, a parity and flow control.
func setLine(fd int, mode Mode, flow Flow) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
	if err != nil {
		return err
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON | unix.IXOFF | unix.IXANY
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag &^= unix.CSIZE | unix.PARENB | unix.PARODD | unix.CSTOPB | unix.CRTSCTS | unix.CBAUD
	t.Cflag |= unix.CS8 | unix.CREAD | unix.CLOCAL | unix.BOTHER
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	t.Ispeed, t.Ospeed = uint32(mode.Baud), uint32(mode.Baud)
	switch mode.Parity {
	case Even:
		t.Cflag |= unix.PARENB
	case Odd:
		t.Cflag |= unix.PARENB | unix.PARODD
	}
	switch flow {
	case XonXoff:
		t.Iflag |= unix.IXON
	case CTS:
		t.Cflag |= unix.CRTSCTS
	}
	return unix.IoctlSetTermios(fd, unix.TCSETS2, t)
}

// String says what was asked of a serial line, "" for other devices.
func (f *File) String() string { return f.line }

// Read returns what has come, or (0, nil) if nothing came in Mode.Poll.
func (f *File) Read(b []byte) (int, error) {
	if f.closed {
		return 0, ErrClosed
	}
	if err := f.f.SetReadDeadline(time.Now().Add(f.wait)); err != nil {
		return 0, useError(err)
	}
	n, err := f.f.Read(b)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, nil
	case errors.Is(err, io.EOF) && f.line == "":
		// A USB printer answers with an empty packet when it has nothing to say.
		time.Sleep(f.wait)
		return 0, nil
	case errors.Is(err, io.EOF):
		return 0, drivers.ErrUnplugged
	}
	return n, useError(err)
}

// Write sends what the device takes in Mode.Poll and says how much that was.
// If it was not all, the error is os.ErrDeadlineExceeded, and the rest may be
// tried again.
func (f *File) Write(b []byte) (int, error) {
	if f.closed {
		return 0, ErrClosed
	}
	if err := f.f.SetWriteDeadline(time.Now().Add(f.wait)); err != nil {
		return 0, useError(err)
	}
	n, err := f.f.Write(b)
	return n, useError(err)
}

// Pending is how many bytes wait in this computer to be sent; 0 where the
// system does not tell.
func (f *File) Pending() (n int, err error) {
	if f.closed {
		return 0, ErrClosed
	}
	err = f.control(func(fd int) (err error) { n, err = unix.IoctlGetInt(fd, unix.TIOCOUTQ); return err })
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return 0, nil
	}
	return n, useError(err)
}

// Discard drops the bytes that wait to be sent and lets a stopped line go on.
func (f *File) Discard() error {
	if f.closed {
		return ErrClosed
	}
	err := f.control(func(fd int) error {
		if err := unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH); err != nil {
			return err
		}
		// TCOON ends only what TCOOFF began; the two together end an XOFF.
		if err := unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF); err != nil {
			return err
		}
		return unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
	})
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return useError(err)
}

// control runs do on the descriptor. File.Fd is not used: it would put the file
// into blocking mode, in which there are no deadlines.
func (f *File) control(do func(fd int) error) error {
	conn, err := f.f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}

// Close drops what is not sent yet and closes the device; closing twice does
// nothing more.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	_ = f.Discard() // or the kernel would wait for a device that does not take it, up to 30 s
	f.closed = true
	return f.f.Close()
}
