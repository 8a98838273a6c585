// Package line is two hosts and the line between them: two network namespaces
// of the kernel, each with its own TCP, and packets that this process carries
// from one to the other, late, slowly or not at all. Nothing of it has a name
// in the system, so that all of it is gone with the process, however that ends.
package line

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Weather is what the line does to packets in each direction.
type Weather struct {
	Loss  float64       // chance that a packet is lost
	Delay time.Duration // of each packet
	Rate  int           // bytes a second; 0: as fast as can be
	Down  bool          // nothing comes through, and nobody is told
}

// Line is the two hosts and what is between them.
type Line struct {
	Near, Far *Host

	weather atomic.Pointer[Weather]
	carried atomic.Int64
	lost    atomic.Int64
	calls   atomic.Int64
	work    sync.WaitGroup
}

// Host is one end.
type Host struct {
	Addr string // its address on the line
	net  *os.File
	tun  *os.File
}

const (
	nearAddr = "192.0.2.1" // RFC 5737, for documentation: nobody's
	farAddr  = "192.0.2.2"
	mtu      = 1500
	queued   = 16 << 10 // bytes that wait on a slow line; what comes on top is lost
)

// Need is for tests that need two hosts. Where that is not allowed the test is
// skipped; under CI=true it may not.
func Need(t *testing.T) {
	t.Helper()
	err := inNew(func() error { return nil })
	if err == nil {
		_, err = os.Stat("/dev/net/tun")
	}
	if err == nil {
		return
	}
	say := fmt.Sprintf("this test needs network namespaces and /dev/net/tun, as root: %v", err)
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// New makes both hosts and a line on which nothing is lost. It ends with the test.
func New(t *testing.T, seed uint64) *Line {
	t.Helper()
	l := &Line{}
	l.weather.Store(&Weather{})
	var err error
	for i, addr := range []string{nearAddr, farAddr} {
		var h *Host
		if h, err = newHost(addr); err != nil {
			t.Fatalf("make host %d: %v", i+1, err)
		}
		t.Cleanup(h.close)
		if i == 0 {
			l.Near = h
		} else {
			l.Far = h
		}
	}
	t.Cleanup(func() {
		l.Near.tun.Close()
		l.Far.tun.Close()
		l.work.Wait()
	})
	l.work.Go(func() { l.carry(l.Near, l.Far, rand.New(rand.NewPCG(seed, 1))) })
	l.work.Go(func() { l.carry(l.Far, l.Near, rand.New(rand.NewPCG(seed, 2))) })
	return l
}

// Set is the weather from now on.
func (l *Line) Set(w Weather) { l.weather.Store(&w) }

// Packets says how many came through and how many were lost.
func (l *Line) Packets() (carried, lost int64) { return l.carried.Load(), l.lost.Load() }

// Calls is how many connections the near host has begun, or tried to: packets
// with SYN, repeated ones among them.
func (l *Line) Calls() int64 { return l.calls.Load() }

// packet is on its way.
type packet struct {
	bytes []byte
	due   time.Time
}

// carry carries what one host says to the other.
func (l *Line) carry(from, to *Host, rng *rand.Rand) {
	way := make(chan packet, 1024)
	l.work.Go(func() {
		for p := range way {
			time.Sleep(time.Until(p.due))
			if l.weather.Load().Down {
				l.lost.Add(1)
				continue
			}
			_, _ = to.tun.Write(p.bytes) // an interface that is down takes nothing
			l.carried.Add(1)
		}
	})
	defer close(way)
	var free time.Time // when the line has sent all that was put on it
	for buf := make([]byte, mtu+64); ; {
		n, err := from.tun.Read(buf)
		if errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrInvalid) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // the interface is down
			continue
		}
		if from == l.Near && syn(buf[:n]) {
			l.calls.Add(1)
		}
		w, now := l.weather.Load(), time.Now()
		if free.Before(now) {
			free = now
		}
		full := w.Rate > 0 && int(free.Sub(now).Seconds()*float64(w.Rate)) > queued
		if w.Down || full || rng.Float64() < w.Loss {
			l.lost.Add(1)
			continue
		}
		if w.Rate > 0 {
			free = free.Add(time.Duration(n) * time.Second / time.Duration(w.Rate))
		}
		select {
		case way <- packet{append([]byte(nil), buf[:n]...), free.Add(w.Delay)}:
		default:
			l.lost.Add(1)
		}
	}
}

// syn says whether an IPv4 packet begins a TCP connection (RFC 9293, 3.1).
func syn(p []byte) bool {
	if len(p) < 20 || p[0]>>4 != 4 || p[9] != unix.IPPROTO_TCP {
		return false
	}
	flags := int(p[0]&15)*4 + 13
	return len(p) > flags && p[flags]&0x12 == 0x02
}

// newHost makes a namespace with a loopback and one end of the line.
func newHost(addr string) (*Host, error) {
	h := &Host{Addr: addr}
	err := inNew(func() (err error) {
		if h.net, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return err
		}
		if h.tun, err = openTun(); err != nil {
			return err
		}
		if err := up("lo", "127.0.0.1", "255.0.0.0"); err != nil {
			return err
		}
		return up("line", addr, "255.255.255.0")
	})
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *Host) close() {
	for _, f := range []*os.File{h.net, h.tun} {
		if f != nil {
			f.Close()
		}
	}
}

// Run is the command that runs a program on this host.
func (h *Host) Run(args []string) []string {
	// nsenter of util-linux, which every Debian has: it becomes the program.
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/fd/%d", os.Getpid(), h.net.Fd()), "--"}, args...)
}

// Unplug takes the host's own interface down, or up again: unlike a line that
// is down, the host knows.
func (h *Host) Unplug(yes bool) error {
	return h.in(func() error {
		if yes {
			return flags("line", 0, unix.IFF_UP)
		}
		return flags("line", unix.IFF_UP, 0)
	})
}

// Dial connects to an address as this host sees it.
func (h *Host) Dial(addr string) (conn net.Conn, err error) {
	// A socket belongs to the namespace in which it was made, for good.
	err = h.in(func() error {
		conn, err = net.DialTimeout("tcp4", addr, 5*time.Second)
		return err
	})
	return conn, err
}

// in does something in the host's namespace.
func (h *Host) in(do func() error) error {
	return apart(func() error {
		if err := unix.Setns(int(h.net.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the namespace: %w", err)
		}
		return do()
	})
}

func inNew(do func() error) error {
	return apart(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a namespace: %w", err)
		}
		return do()
	})
}

// apart does something that changes its thread's namespace, and changes it
// back. Only if that fails does the thread end: with it would end the programs
// that it has started (PR_SET_PDEATHSIG).
func apart(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		before, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		defer before.Close()
		err = do()
		back := unix.Setns(int(before.Fd()), unix.CLONE_NEWNET)
		if back == nil {
			runtime.UnlockOSThread()
		}
		done <- errors.Join(err, back)
	}()
	return <-done
}
