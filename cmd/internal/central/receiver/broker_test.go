package receiver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
)

// stream is a connection that gives what was put into it, n bytes at a time.
type stream struct {
	net.Conn
	r io.Reader
	n int
}

func (s stream) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }

func packet(length int) []byte {
	b := []byte{0x30}
	for n := length; ; {
		digit := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			b = append(b, digit|0x80)
			continue
		}
		return append(append(b, digit), make([]byte, length)...)
	}
}

func TestLargePacketsEndTheSession(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"ours", append(append(packet(0), packet(300)...), packet(maxPacket)...), nil},
		{"one byte too many", append(packet(5), packet(maxPacket+1)...), errPacket},
		{"256 MB announced", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, errPacket},
		{"what a session begins with", []byte{0x20, 2, 0, 0, 0x90, 3, 0, 1, 1, 0x40, 2, 0, 2, 0x32, 3, 0, 1, 'x', 0xd0, 0}, nil},
		{"a message of QoS 2, which would be kept until it is released", []byte{0x34, 3, 0, 1, 'x'}, errPacket},
		{"a subscription with more answers than filters", []byte{0x90, 4, 0, 1, 0, 0}, errPacket},
		{"what only a client says", []byte{0x82, 6, 0, 1, 0, 1, 'x', 1}, errPacket},
		{"a length without an end", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, errPacket},
	} {
		for _, n := range []int{1, 7, 1 << 20} {
			got, err := io.ReadAll(&limited{Conn: stream{r: bytes.NewReader(c.in), n: n}})
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %d at a time: got %v, want %v", c.name, n, err, c.want)
			}
			if c.want == nil && !bytes.Equal(got, c.in) {
				t.Errorf("%s: got %d bytes, want %d", c.name, len(got), len(c.in))
			}
		}
	}
}

func TestBrokerIsChecked(t *testing.T) {
	for _, b := range []Broker{
		{}, {URL: "tcp://x:1883"}, {URL: "mqtt://"}, {URL: "mqtts://x:8883", CA: "/nowhere"}, {URL: "mqtts://x:8883", Cert: "/nowhere"},
	} {
		if _, err := New(nil, b, "test", "id", nil); err == nil {
			t.Errorf("%+v: got no error", b)
		}
	}
}
