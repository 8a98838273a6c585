package malice

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// hostile is a broker of our own. To each connection in turn it plays one
// trick; when they are used up it is honest.
type hostile struct {
	addr   string
	tricks []trick
	stream func(n uint64) *rand.Rand
	honest other
	onward string // address of a real broker that honest connections are put through to; "": honest

	mu      sync.Mutex // guards what follows
	played  int
	names   []string
	through map[net.Conn]bool // that are put through
	done    chan struct{}     // closed when honest is content
}

// other is who stands behind the broker when it is honest: central for a
// kiosk, a kiosk for central.
type other struct {
	greeting []heard                                                         // said to whoever has subscribed
	answer   func(topic string, payload []byte) (says []heard, content bool) // to a message
}

// heard is a message that central publishes.
type heard struct {
	topic   string
	payload []byte
}

// trick does one hostile thing with a connection, and is done within a moment.
type trick struct {
	name string
	do   func(*wire)
}

// wire is one connection under a hostile broker's hand.
type wire struct {
	net.Conn
	r      *rand.Rand
	topics []string // that the client has subscribed to
	sub    uint16   // id of its SUBSCRIBE
}

func newHostile(t *testing.T, tricks []trick, stream func(uint64) *rand.Rand) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &hostile{addr: l.Addr().String(), tricks: tricks, stream: stream, done: make(chan struct{}), through: map[net.Conn]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			all.Go(func() {
				defer stop()
				defer conn.Close()
				b.serve(conn)
			})
		}
	})
	return b
}

func (b *hostile) serve(conn net.Conn) {
	b.mu.Lock()
	n, tricks := b.played, b.tricks
	if n < len(tricks) {
		b.played++
		b.names = append(b.names, tricks[n].name)
	}
	b.mu.Unlock()
	switch {
	case n == len(tricks) && b.onward != "":
		b.putThrough(conn)
		return
	case n == len(tricks):
		b.beHonest(conn)
		return
	}
	conn.SetDeadline(time.Now().Add(time.Second))
	tricks[n].do(&wire{Conn: conn, r: b.stream(uint64(n) + 1)})
}

// left is how many tricks have not been played yet.
func (b *hostile) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tricks) - b.played
}

// latest says what was played last, for whoever looks into a failure.
func (b *hostile) latest() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%d of %d tricks (the latest: %s)", b.played, len(b.tricks), strings.Join(b.names[max(0, len(b.names)-3):], "; "))
}

// putThrough joins a connection with the real broker.
func (b *hostile) putThrough(conn net.Conn) {
	up, err := net.Dial("tcp", b.onward)
	if err != nil {
		return
	}
	defer up.Close()
	b.mu.Lock()
	b.through[conn] = true
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.through, conn)
	}()
	go func() {
		defer conn.Close()
		io.Copy(conn, up)
	}()
	io.Copy(up, conn)
}

// turn breaks the connections that there are, and plays tricks to the next ones.
func (b *hostile) turn(tricks []trick, stream func(uint64) *rand.Rand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tricks, b.stream, b.played, b.names = tricks, stream, 0, nil
	for conn := range b.through {
		conn.Close()
	}
}

// beHonest is a broker for one client, with central behind it.
func (b *hostile) beHonest(conn net.Conn) {
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *packets.ConnectPacket:
			conn.Write(packet(connack, 0, 0))
		case *packets.SubscribePacket:
			conn.Write(packet(suback, append(id(p.MessageID), make([]byte, len(p.Topics))...)...))
			say(conn, b.honest.greeting)
		case *packets.PingreqPacket:
			conn.Write(packet(pingresp))
		case *packets.PublishPacket:
			if p.Qos > 0 {
				conn.Write(packet(puback, id(p.MessageID)...))
			}
			b.answer(conn, p)
		}
	}
}

func (b *hostile) answer(conn net.Conn, p *packets.PublishPacket) {
	if b.honest.answer == nil {
		return
	}
	says, content := b.honest.answer(p.TopicName, p.Payload)
	say(conn, says)
	if !content {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.done:
	default:
		close(b.done)
	}
}

func say(conn net.Conn, all []heard) {
	for _, m := range all {
		conn.Write(message(m.topic, 0, 0, m.payload))
	}
}

// greet takes the CONNECT and says what is given.
func (w *wire) greet(say ...byte) bool {
	if _, err := packets.ReadPacket(w); err != nil {
		return false
	}
	w.Write(say)
	return true
}

// listening lets the client in and takes its SUBSCRIBE.
func (w *wire) listening() bool {
	if !w.greet(packet(connack, 0, 0)...) {
		return false
	}
	for {
		p, err := packets.ReadPacket(w)
		if err != nil {
			return false
		}
		if s, ok := p.(*packets.SubscribePacket); ok {
			w.topics, w.sub = s.Topics, s.MessageID
			return true
		}
	}
}

// subscribed lets the client subscribe, too, and takes what it says from then on.
func (w *wire) subscribed() bool {
	if !w.listening() {
		return false
	}
	w.Write(packet(suback, append(id(w.sub), make([]byte, len(w.topics))...)...))
	return true
}

// linger reads what the client says until it goes, for a moment at most.
func (w *wire) linger(d time.Duration) {
	w.SetReadDeadline(time.Now().Add(d))
	io.Copy(io.Discard, w.Conn)
}

// flood writes n messages of size bytes and gives up when the client has gone.
func (w *wire) flood(n, size int, qos byte) {
	payload := bytesOf(w.r, size)
	drain := make(chan struct{})
	go func() { defer close(drain); io.Copy(io.Discard, w.Conn) }()
	for i := range n {
		binary.BigEndian.PutUint32(payload, uint32(i))
		if _, err := w.Write(message(w.topic(), qos, uint16(i+1), payload)); err != nil {
			break
		}
	}
	w.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	<-drain
}
