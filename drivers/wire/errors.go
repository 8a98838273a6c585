package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"go.bug.st/serial"

	"nightdesk/drivers"
)

// Why a line cannot be opened or used, in words for the person at the cable.
var (
	ErrMissing      = errors.New("there is no such device: is the cable plugged in?")
	ErrPermission   = errors.New("this user may not use the device: is it in the group dialout?")
	ErrBusy         = errors.New("another program is using the device")
	ErrNotSerial    = errors.New("this is not a serial device")
	ErrNotSupported = errors.New("this serial device does not support that")
	// ErrClosed says that the line was closed here. It is nobody's fault but
	// the caller's.
	ErrClosed = errors.New("the line is closed")
)

// openError sorts what opening can say. The serial library mixes its own
// type with bare errno values, and its type has no Unwrap.
func openError(err error) error {
	var port *serial.PortError
	if errors.As(err, &port) {
		switch port.Code() {
		case serial.PortNotFound:
			return ErrMissing
		case serial.PermissionDenied:
			return ErrPermission
		case serial.PortBusy:
			return ErrBusy
		case serial.InvalidSerialPort:
			return ErrNotSerial
		}
		return err
	}
	switch {
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.EIO):
		// The node stands, the device behind it does not.
		return ErrMissing
	case errors.Is(err, fs.ErrNotExist):
		return ErrMissing
	case errors.Is(err, fs.ErrPermission):
		return ErrPermission
	case errors.Is(err, syscall.EBUSY):
		return ErrBusy
	case errors.Is(err, syscall.ENOTTY):
		return ErrNotSerial
	}
	return err
}

// useError sorts what using an open line can say. A hang-up reads as
// PortClosed and writes as EIO; the rest are what USB drivers say.
func useError(err error) error {
	if err == nil {
		return nil
	}
	var port *serial.PortError
	if errors.As(err, &port) && port.Code() == serial.PortClosed {
		return drivers.ErrUnplugged
	}
	for _, gone := range []syscall.Errno{syscall.EIO, syscall.ENXIO, syscall.ENODEV, syscall.EBADF} {
		if errors.Is(err, gone) {
			return fmt.Errorf("%w (%w)", drivers.ErrUnplugged, gone)
		}
	}
	if errors.Is(err, syscall.ENOTTY) {
		return ErrNotSupported
	}
	return err
}
