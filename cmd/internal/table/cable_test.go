package table

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo answers every byte until the test ends.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func dialCable(t *testing.T, c *Cable) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// carries says whether a byte comes back.
func carries(conn net.Conn) bool {
	if _, err := conn.Write([]byte{'x'}); err != nil {
		return false
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err == nil
}

func TestACableCanBeCutAndMended(t *testing.T) {
	c, err := NewCable(withTimeout(t), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first := dialCable(t, c)
	if !carries(first) {
		t.Fatal("a whole cable carries nothing")
	}
	c.Cut()
	if c.Whole() || carries(first) {
		t.Error("a cut cable carries what was connected")
	}
	if carries(dialCable(t, c)) {
		t.Error("a cut cable connects")
	}
	c.Mend()
	if !c.Whole() || !carries(dialCable(t, c)) {
		t.Error("a mended cable carries nothing")
	}
}

func TestClosingACableEndsWhatItCarries(t *testing.T) {
	c, err := NewCable(withTimeout(t), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	conn := dialCable(t, c)
	if !carries(conn) {
		t.Fatal("a whole cable carries nothing")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if carries(conn) {
		t.Error("a closed cable carries")
	}
}
