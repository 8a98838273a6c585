package speech

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel's input-event-codes.h and input.h call the switch in a jack.
const (
	evSYN              = 0x00
	evSW               = 0x05
	synDropped         = 3 // the kernel's buffer ran over: what we know is old
	swHeadphoneInsert  = 0x02
	timeBytes          = 2 * bits.UintSize / 8 // seconds and microseconds, each a long
	eventBytes         = timeBytes + 2 + 2 + 4 // type, code, value
	switchBytes        = 8                     // room for 64 switches; there are 17
	iocRead            = 2
	eviocgsw           = iocRead<<30 | switchBytes<<16 | 'E'<<8 | 0x1b // EVIOCGSW(switchBytes)
	eventsInOneReading = 16
)

// WatchJack reads the switch of a headset's jack from an input device
// (/dev/input/event…, which ALSA makes for cards that can sense their jacks) and
// emits first how it is and then each change. It returns nil when ctx is done,
// else why the jack can no longer be watched; before that it emits false if it
// last emitted true, for nothing may be said to a jack that nobody watches.
// A path that is no input device but delivers its events, such as a named
// pipe, begins empty.
func WatchJack(ctx context.Context, path string, emit func(in bool)) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("watch the headset's jack: %w", err)
	}
	defer f.Close()
	j := jack{f: f, emit: emit}
	err = j.watch(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if j.in {
		emit(false)
	}
	return fmt.Errorf("watch the headset's jack: %w", err)
}

// jack is one watched jack.
type jack struct {
	f    *os.File
	emit func(bool)
	in   bool
}

func (j *jack) watch(ctx context.Context) error {
	end := context.AfterFunc(ctx, func() { _ = j.f.SetReadDeadline(time.Unix(1, 0)) })
	defer end()
	in, err := j.state()
	if err != nil {
		return err
	}
	j.in = in
	j.emit(in)
	buf := make([]byte, eventsInOneReading*eventBytes)
	rest := 0 // bytes of an event that is not whole yet; a device delivers only whole ones
	for {
		n, err := j.f.Read(buf[rest:])
		if err == nil && n == 0 || errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		n += rest
		whole := n / eventBytes * eventBytes
		for e := 0; e < whole; e += eventBytes {
			if err := j.event(buf[e+timeBytes : e+eventBytes]); err != nil {
				return err
			}
		}
		rest = copy(buf, buf[whole:n])
	}
}

// event is one event without its time.
func (j *jack) event(b []byte) (err error) {
	ne := binary.NativeEndian
	kind, code, value := ne.Uint16(b), ne.Uint16(b[2:]), ne.Uint32(b[4:])
	in := j.in
	switch {
	case kind == evSW && code == swHeadphoneInsert:
		in = value != 0
	case kind == evSYN && code == synDropped:
		if in, err = j.state(); err != nil {
			return err
		}
	}
	if in != j.in {
		j.in = in
		j.emit(in)
	}
	return nil
}

// state asks the device how the switch is now.
func (j *jack) state() (in bool, err error) {
	raw, err := j.f.SyscallConn()
	if err != nil {
		return false, err
	}
	var switches [switchBytes]byte
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, eviocgsw, uintptr(unsafe.Pointer(&switches)))
	})
	switch {
	case err != nil:
		return false, err
	case errno == unix.ENOTTY || errno == unix.EINVAL:
		return false, nil // no input device: a pipe
	case errno != 0:
		return false, fmt.Errorf("ask for the switches: %w", errno)
	}
	// The kernel keeps switches in longs of the machine's own byte order.
	long := binary.NativeEndian.Uint64(switches[:])
	return long>>swHeadphoneInsert&1 == 1, nil
}
