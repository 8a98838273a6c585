package uplink

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// script is a connection that delivers bytes, one read at a time or all at once.
type script struct {
	net.Conn
	r      io.Reader
	closed bool
}

func (s *script) Read(p []byte) (int, error) { return s.r.Read(p) }
func (s *script) Close() error               { s.closed = true; return nil }

// packet is an MQTT PUBLISH of n bytes behind its header.
func packet(n int) []byte {
	b := []byte{0x30}
	for left := n; ; {
		digit := byte(left % 128)
		if left /= 128; left == 0 {
			b = append(b, digit)
			break
		}
		b = append(b, digit|0x80)
	}
	return append(b, make([]byte, n)...)
}

func TestPacketsAreLimited(t *testing.T) {
	const most = contract.MaxMessage + packetSlack
	ping := []byte{0xd0, 0}
	for _, c := range []struct {
		name   string
		stream []byte
		pass   int // bytes that may come through
		want   error
	}{
		{"small ones", bytes.Join([][]byte{ping, packet(1), ping, packet(127), packet(128), packet(16384), ping}, nil), -1, nil},
		{"the largest", append(packet(most), ping...), -1, nil},
		{"one byte more", packet(most + 1), 3, errPacket},
		{"256 MB in five bytes", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, 4, errPacket},
		{"after good ones", append(append(ping, packet(300)...), 0x30, 0xff, 0xff, 0xff, 0x7f), 2 + 303 + 4, errPacket},
		{"a length that does not end", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, 5, errPacket},
		{"what a session begins with", []byte{0x20, 2, 0, 0, 0x90, 4, 0, 1, 1, 1, 0x40, 2, 0, 2, 0x32, 3, 0, 1, 'x', 0xd0, 0}, -1, nil},
		{"a message of QoS 2, which would be kept until it is released", []byte{0x34, 3, 0, 1, 'x'}, 1, errPacket},
		{"a subscription with more answers than filters", []byte{0x90, 5, 0, 1, 0, 0, 0}, 1, errPacket},
		{"what only a client says", []byte{0x82, 6, 0, 1, 0, 1, 'x', 1}, 1, errPacket},
	} {
		for _, single := range []bool{true, false} {
			s := &script{r: bytes.NewReader(c.stream)}
			if single {
				s.r = iotest.OneByteReader(s.r)
			}
			var told error
			got, err := io.ReadAll(&limited{Conn: s, over: func(err error) { told = err }, left: headerNext})
			if !errors.Is(err, c.want) || told != err || s.closed != (c.want != nil) {
				t.Errorf("%s: got %v, closed %v, want %v", c.name, err, s.closed, c.want)
			}
			if c.pass < 0 && !bytes.Equal(got, c.stream) || c.pass >= 0 && len(got) > c.pass {
				t.Errorf("%s: %d bytes came through", c.name, len(got))
			}
		}
	}
}

// play is a broker that accepts one connection and does with it as it is told.
func play(t *testing.T, part func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		part(conn)
	}()
	return "mqtt://" + l.Addr().String()
}

// A broker that announces 256 MB ends the session; nobody takes the memory.
func TestHugePacketEndsTheSession(t *testing.T) {
	address := play(t, func(conn net.Conn) {
		packets.ReadPacket(conn)
		conn.Write([]byte{0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f}) // CONNACK, and the announcement
		io.Copy(io.Discard, conn)
	})
	err := newUplink(address, newOutbox(0), newShelf()).Session(t.Context())
	if !errors.Is(err, errPacket) {
		t.Errorf("got %v, want %v", err, errPacket)
	}
}

// To paho a refused subscription is no error.
func TestSubscriptionIsDenied(t *testing.T) {
	address := play(t, func(conn net.Conn) {
		packets.ReadPacket(conn)
		conn.Write([]byte{0x20, 2, 0, 0})
		p, err := packets.ReadPacket(conn)
		if s, ok := p.(*packets.SubscribePacket); ok && err == nil {
			conn.Write([]byte{0x90, 4, byte(s.MessageID >> 8), byte(s.MessageID), 1, 0x80}) // SUBACK: granted, failure
		}
		io.Copy(io.Discard, conn)
	})
	if err := newUplink(address, newOutbox(0), newShelf()).Session(t.Context()); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want %v", err, errRefused)
	}
}

// What the broker is to say when the kiosk has just gone.
func TestWill(t *testing.T) {
	o, err := newUplink("mqtt://127.0.0.1:1", newOutbox(0), newShelf()).options(&link{}, boot)
	if err != nil {
		t.Fatal(err)
	}
	s, err := contract.Decode[contract.Status](contract.KindStatus, o.WillPayload, kioskKey.Public().(ed25519.PublicKey))
	if err != nil || s.Online || s.Session != boot || s.Kiosk != own.Kiosk || o.WillTopic != own.St() || !o.WillRetained || o.WillQos != 1 {
		t.Errorf("got %+v, %v on %s", s, err, o.WillTopic)
	}
	if !o.CleanSession || o.AutoReconnect || o.ConnectRetry || o.WriteTimeout == 0 || o.ProtocolVersion != 4 || !o.Order {
		t.Errorf("got options %+v", o)
	}
}

// newUplink has the computer's own clock.
func newUplink(broker string, out Outbox, feeds Feeds) *Uplink {
	start := time.Now()
	return New(Config{
		Credential: credential(), Broker: broker, AckTimeout: 300 * time.Millisecond,
		Now: func() circ.Moment {
			return circ.Moment{Wall: time.Now(), Mono: time.Since(start), Boot: boot, Quality: circ.Synced}
		},
	}, out, feeds)
}

func TestSessionWithoutABroker(t *testing.T) {
	for _, address := range []string{"", "http://localhost:1", "mqtt://127.0.0.1:1"} {
		if err := newUplink(address, newOutbox(0), newShelf()).Session(t.Context()); err == nil {
			t.Errorf("%q: got no error", address)
		}
	}
}

// A broker that takes the connection and says nothing does not hold up the end.
func TestSessionEndsWhileConnecting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := play(t, func(conn net.Conn) {
		packets.ReadPacket(conn)
		cancel()
		io.Copy(io.Discard, conn)
	})
	began := time.Now()
	if err := newUplink(address, newOutbox(0), newShelf()).Session(ctx); err != nil {
		t.Errorf("got %v, want nil: it was asked to end", err)
	}
	if took := time.Since(began); took > connectTimeout/2 {
		t.Errorf("it took %v", took)
	}
}

// Messages that nobody takes end the session instead of the memory.
func TestFlood(t *testing.T) {
	l := &link{messages: make(chan Message, 2), done: make(chan struct{})}
	for range 2 {
		l.receive(nil, published{})
	}
	if err := l.Err(); err != nil {
		t.Errorf("got %v with room left, want nil", err)
	}
	l.receive(nil, published{})
	l.broke(errors.New("something later"))
	if err := l.Err(); !errors.Is(err, errFlood) {
		t.Errorf("got %v, want %v", err, errFlood)
	}
}

// What a broker has kept where nothing is kept, and what is on no topic of this
// kiosk, is counted and takes nobody's place: thousands come at once when a
// session begins.
func TestKeptMessagesAreNotWaitedFor(t *testing.T) {
	u := newUplink("mqtt://127.0.0.1:1", newOutbox(0), newShelf())
	for _, c := range []struct {
		topic  string
		kept   bool
		reason string // "": it is looked at
	}{
		{own.ShardHd(), true, ""},
		{own.Ak(), false, ""},
		{own.ShardDt(), false, ""},
		{own.Ak(), true, "dn/ak: kept"},
		{own.ShardDt(), true, "b/dt: kept"},
		{own.Ak() + "x", true, "another topic: topic"},
		{strings.Replace(own.Ak(), own.Kiosk, "another", 1), false, "another topic: topic"},
	} {
		before := u.Refused()[c.reason]
		if got := u.unwanted(Message{Topic: c.topic, Retained: c.kept}); got != (c.reason != "") || got && u.Refused()[c.reason] != before+1 {
			t.Errorf("%s, kept %v: unwanted %v, counts %v, want %q", c.topic, c.kept, got, u.Refused(), c.reason)
		}
	}
}

// published is an empty message of paho's.
type published struct{}

func (published) Duplicate() bool   { return false }
func (published) Qos() byte         { return 1 }
func (published) Retained() bool    { return false }
func (published) Topic() string     { return "" }
func (published) MessageID() uint16 { return 1 }
func (published) Payload() []byte   { return nil }
func (published) Ack()              {}
