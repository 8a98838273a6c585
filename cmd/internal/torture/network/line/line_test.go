package line

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// talk is a connection from the near host to one that listens on the far one.
func talk(t *testing.T, l *Line) (near, far net.Conn) {
	t.Helper()
	var at net.Listener
	err := l.Far.in(func() (err error) {
		at, err = net.Listen("tcp4", net.JoinHostPort(l.Far.Addr, "0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	got := make(chan net.Conn, 1)
	go func() {
		c, _ := at.Accept()
		got <- c
	}()
	if near, err = l.Near.Dial(at.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	if far = <-got; far == nil {
		t.Fatal("nobody came")
	}
	t.Cleanup(func() { far.Close() })
	return near, far
}

// What TCP promises holds on a line that loses every tenth packet and is slow.
func TestBadWeather(t *testing.T) {
	Need(t)
	l := New(t, 1)
	near, far := talk(t, l)
	l.Set(Weather{Loss: 0.1, Delay: 20 * time.Millisecond, Rate: 100_000})
	text := strings.Repeat("all of it, in order. ", 2000)
	go func() {
		_, _ = io.WriteString(near, text)
		near.Close()
	}()
	_ = far.SetDeadline(time.Now().Add(time.Minute))
	got, err := io.ReadAll(far)
	if err != nil || string(got) != text {
		t.Errorf("got %d bytes and %v, want %d", len(got), err, len(text))
	}
	if carried, lost := l.Packets(); lost == 0 || carried == 0 {
		t.Errorf("%d packets came through and %d were lost: that was no bad weather", carried, lost)
	}
}

// A line that is down is silence, not an end; then all goes on.
func TestDown(t *testing.T) {
	Need(t)
	l := New(t, 1)
	near, far := talk(t, l)
	l.Set(Weather{Down: true})
	if _, err := io.WriteString(near, "hello"); err != nil {
		t.Fatal(err)
	}
	_ = far.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := far.Read(make([]byte, 5)); n > 0 || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %d bytes and %v through a line that is down", n, err)
	}
	l.Set(Weather{})
	_ = far.SetReadDeadline(time.Now().Add(30 * time.Second))
	got := make([]byte, 5)
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "hello" {
		t.Errorf("got %q and %v when it was up again", got, err)
	}
}

// An interface that is down is known to the host itself.
func TestUnplug(t *testing.T) {
	Need(t)
	l := New(t, 1)
	if err := l.Near.Unplug(true); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Near.Dial(net.JoinHostPort(l.Far.Addr, "9")); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("got %v, want no way to the far host", err)
	}
	if err := l.Near.Unplug(false); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Near.Dial(net.JoinHostPort(l.Far.Addr, "9")); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want the far host to refuse", err)
	}
}
