package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Cable is the network between the kiosk and the broker: a TCP relay that can
// be cut and mended. It keeps its address while it is cut, so that no other
// program can take it; whoever connects then is dropped at once.
type Cable struct {
	to       string
	listener net.Listener
	work     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	cut   bool
	ended bool
	lines map[net.Conn]bool
}

// dialFor is how long the relay waits for the broker.
const dialFor = 2 * time.Second

// NewCable relays from a free loopback port to a broker's host and port. It
// ends with Close.
func NewCable(ctx context.Context, to string) (*Cable, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay the network cable: %w", err)
	}
	c := &Cable{to: to, listener: l, lines: map[net.Conn]bool{}}
	c.work.Go(c.accept)
	return c, nil
}

// Addr is the host and port that the kiosk connects to.
func (c *Cable) Addr() string { return c.listener.Addr().String() }

// Cut drops every connection, and all that come until Mend.
func (c *Cable) Cut() { c.set(true) }

// Mend lets connections through again.
func (c *Cable) Mend() { c.set(false) }

func (c *Cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut {
		c.dropAll()
	}
}

// dropAll is called with mu held. Closing with no linger drops what is under way.
func (c *Cable) dropAll() {
	for conn := range c.lines {
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = conn.Close()
	}
	clear(c.lines)
}

// Whole says whether the cable is not cut.
func (c *Cable) Whole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.cut
}

// Close ends the relay and all its connections.
func (c *Cable) Close() error {
	err := c.listener.Close()
	c.mu.Lock()
	c.ended = true
	c.dropAll()
	c.mu.Unlock()
	c.work.Wait()
	return err
}

func (c *Cable) accept() {
	for {
		conn, err := c.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			c.work.Go(func() { c.relay(conn) })
		}
	}
}

// add takes a connection in, unless the cable is cut.
func (c *Cable) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut || c.ended {
		return false
	}
	c.lines[conn] = true
	return true
}

func (c *Cable) drop(conn net.Conn) {
	c.mu.Lock()
	delete(c.lines, conn)
	c.mu.Unlock()
	_ = conn.Close()
}

func (c *Cable) relay(near net.Conn) {
	defer c.drop(near)
	if !c.add(near) {
		return
	}
	far, err := net.DialTimeout("tcp", c.to, dialFor)
	if err != nil {
		return
	}
	defer c.drop(far)
	if !c.add(far) {
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(near, far)
		c.drop(near)
	}()
	_, _ = io.Copy(far, near)
	c.drop(far)
	<-back
}
