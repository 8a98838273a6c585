package killtest

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lines are the kiosk's ends of the pseudo-terminals. A kiosk takes its lines
// for itself alone (TIOCEXCL, tty_ioctl(2)). A real line is free again when
// its holder is gone. These are held open by the devices, too, so that a kiosk
// without rights over others would find them taken by the one killed before it.
type lines []*os.File

func openLines(paths ...string) (all lines, err error) {
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			return all, errors.Join(err, all.close())
		}
		all = append(all, f)
	}
	return all, nil
}

// free does what the kernel does for a real line.
func (l lines) free() error {
	var errs []error
	for _, f := range l {
		errs = append(errs, unix.IoctlSetInt(int(f.Fd()), unix.TIOCNXCL, 0))
	}
	return errors.Join(errs...)
}

func (l lines) close() error {
	var errs []error
	for _, f := range l {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
