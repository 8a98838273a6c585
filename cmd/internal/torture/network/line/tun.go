package line

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openTun makes the interface "line" in the present namespace. Each read and
// write is one IP packet (the kernel's Documentation/networking/tuntap.rst).
func openTun() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	ifr, err := unix.NewIfreq("line")
	if err == nil {
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make an interface: %w", err)
	}
	return os.NewFile(uintptr(fd), "line"), nil
}

// up gives an interface its address and takes it up.
func up(name, addr, mask string) error {
	for _, x := range []struct {
		what uint
		addr string
	}{{unix.SIOCSIFADDR, addr}, {unix.SIOCSIFNETMASK, mask}} {
		err := control(name, x.what, func(ifr *unix.Ifreq) error { return ifr.SetInet4Addr(parse(x.addr)) })
		if err != nil {
			return err
		}
	}
	return flags(name, unix.IFF_UP, 0)
}

// flags sets some of an interface's flags and clears others.
func flags(name string, set, clear uint16) error {
	var now uint16
	err := control(name, unix.SIOCGIFFLAGS, func(*unix.Ifreq) error { return nil }, func(ifr *unix.Ifreq) { now = ifr.Uint16() })
	if err != nil {
		return err
	}
	return control(name, unix.SIOCSIFFLAGS, func(ifr *unix.Ifreq) error {
		ifr.SetUint16(now&^clear | set)
		return nil
	})
}

// control makes one request about an interface (netdevice(7)).
func control(name string, what uint, ask func(*unix.Ifreq) error, then ...func(*unix.Ifreq)) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := ask(ifr); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(s, what, ifr); err != nil {
		return fmt.Errorf("set up interface %s: %w", name, err)
	}
	for _, f := range then {
		f(ifr)
	}
	return nil
}

func parse(addr string) []byte {
	var b [4]byte
	_, _ = fmt.Sscanf(addr, "%d.%d.%d.%d", &b[0], &b[1], &b[2], &b[3]) // ours, and right
	return b[:]
}
