package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// message is a PUBLISH with QoS 1.
func message(id byte, topic, text string) []byte {
	body := append([]byte{0, byte(len(topic))}, topic...)
	body = append(append(body, 0, id), text...)
	raw := []byte{publish<<4 | 2}
	n := len(body)
	for ; n > 127; n >>= 7 {
		raw = append(raw, byte(n)|0x80)
	}
	return append(append(raw, byte(n)), body...)
}

// pair is a client and a broker with the proxy between them.
type pair struct {
	*Proxy
	client, broker net.Conn
}

func newPair(t *testing.T, h Harm) *pair {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := New(l.Addr().String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Do(h)
	t.Cleanup(func() { p.Close() })
	c := &pair{Proxy: p}
	if c.client, err = net.Dial("tcp", p.Addr()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.client.Close() })
	if c.broker, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.broker.Close() })
	for _, s := range []net.Conn{c.client, c.broker} {
		_ = s.SetDeadline(time.Now().Add(20 * time.Second))
	}
	return c
}

func say(t *testing.T, to io.Writer, packets ...[]byte) {
	t.Helper()
	if _, err := to.Write(bytes.Join(packets, nil)); err != nil {
		t.Fatal(err)
	}
}

// heard is the next n packets at one end, each as its kind and its text.
func heard(t *testing.T, from net.Conn, n int) string {
	t.Helper()
	var all []string
	for in := bufio.NewReader(from); len(all) < n; {
		p, err := readPacket(in)
		if err != nil {
			t.Fatalf("after %v: %v", all, err)
		}
		_, payload, _ := p.split()
		if p.kind() != publish {
			payload = len(p.raw) - 1
		}
		all = append(all, fmt.Sprintf("%d:%s", p.kind(), strings.ToUpper(printable(p.raw[payload:]))))
	}
	return strings.Join(all, " ")
}

func printable(b []byte) string {
	if len(b) == 1 {
		return fmt.Sprint(b[0]) // an acknowledgement's identifier, below 256 here
	}
	return string(b)
}

// Each harm, as the two ends see it.
func TestHarms(t *testing.T) {
	a, b := message(1, "t", "aa"), message(2, "t", "bb")
	for _, c := range []struct {
		name   string
		harm   Harm
		broker string // what the broker gets
	}{
		{"none", Harm{}, "3:AA 3:BB"},
		{"byte by byte", Harm{Slice: 1}, "3:AA 3:BB"},
		{"slow", Harm{Rate: 200, Delay: 50 * time.Millisecond}, "3:AA 3:BB"},
		{"again", Harm{Twice: 1}, "3:AA 3:AA 3:BB 3:BB"},
		{"an older one", Harm{Stale: 1}, "3:AA 3:AA 3:BB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, c.harm)
			say(t, p.client, a, b)
			if got := heard(t, p.broker, len(strings.Fields(c.broker))); got != c.broker {
				t.Errorf("the broker got %s, want %s", got, c.broker)
			}
		})
	}
}

// What is lost is acknowledged all the same, either way.
func TestDropIsALie(t *testing.T) {
	p := newPair(t, Harm{Drop: 1})
	say(t, p.client, message(7, "t", "aa"))
	if got := heard(t, p.client, 1); got != "4:7" {
		t.Errorf("the client got %s, want the acknowledgement of 7", got)
	}
	say(t, p.broker, message(9, "t", "aa"))
	if got := heard(t, p.broker, 1); got != "4:9" {
		t.Errorf("the broker got %s, want the acknowledgement of 9", got)
	}
	p.Do(Harm{})
	say(t, p.client, message(8, "t", "cc"))
	if got := heard(t, p.broker, 1); got != "3:CC" {
		t.Errorf("the broker got %s, want only what came after the harm", got)
	}
}

// Some messages are overtaken, though their sender thinks that they are there.
// None is lost.
func TestSwap(t *testing.T) {
	p := newPair(t, Harm{Swap: 0.5})
	var all [][]byte
	for n := range byte(40) {
		all = append(all, message(n+1, "t", string([]byte{'A' + n})))
	}
	say(t, p.client, all...)
	got := strings.Fields(heard(t, p.broker, len(all)))
	if slices.IsSorted(got) {
		t.Errorf("got %v, want another order", got)
	}
	if slices.Sort(got); len(slices.Compact(got)) != len(all) {
		t.Errorf("got %v, want every message once", got)
	}
}

// A spoilt message differs in its payload and nowhere else.
func TestFlip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		raw := message(3, "topic", "payload")
		p, err := readPacket(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		bad, ok := p.flipped(rng)
		if !ok || bytes.Equal(bad.raw, raw) || bad.topic() != "topic" || !bytes.Equal(bad.raw[:len(raw)-7], raw[:len(raw)-7]) {
			t.Fatalf("got %x of %x", bad.raw, raw)
		}
	}
}

// A connection breaks at a byte, in the middle of a packet.
func TestBreakInsideAPacket(t *testing.T) {
	p := newPair(t, Harm{})
	p.Break(Up, 5, time.Minute)
	raw := message(1, "topic", "payload")
	say(t, p.client, raw)
	got, _ := io.ReadAll(p.broker) // an RST or an end, as chance has it
	if !bytes.Equal(got, raw[:5]) {
		t.Errorf("the broker got %x, want %x", got, raw[:5])
	}
	if _, err := io.ReadAll(p.client); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the client's connection: %v", err)
	}
	if n := p.Counts().Cut; n != 1 {
		t.Errorf("%d cuts were counted, want 1", n)
	}
}

// Half-open, nothing comes through and nobody hears of the other's end.
func TestHalfOpen(t *testing.T) {
	p := newPair(t, Harm{})
	say(t, p.client, message(3, "t", "cc"))
	if got := heard(t, p.broker, 1); got != "3:CC" {
		t.Errorf("got %s before any harm", got)
	}
	p.Mute(Up)
	say(t, p.client, message(1, "t", "aa"))
	say(t, p.broker, message(2, "t", "bb"))
	if got := heard(t, p.client, 1); got != "3:BB" {
		t.Errorf("got %s: the other way is open", got)
	}
	p.client.Close()
	_ = p.broker.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := p.broker.Read(make([]byte, 9)); n > 0 || err == nil || err == io.EOF {
		t.Errorf("the broker got %d bytes and %v, want silence", n, err)
	}
}

// Refused connections end at once.
func TestRefuse(t *testing.T) {
	p, err := New("127.0.0.1:1", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Do(Harm{Refuse: 1})
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v, want an end", err)
	}
}

// Whatever comes, the parser takes all of it or says that it is no packet.
func FuzzPackets(f *testing.F) {
	f.Add(append(message(1, "t", "aa"), message(2, "u", strings.Repeat("b", 300))...))
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, in []byte) {
		r, back := bufio.NewReader(bytes.NewReader(in)), []byte(nil)
		for {
			p, err := readPacket(r)
			back = append(back, p.raw...)
			if err != nil {
				break
			}
			p.topic()
			p.acknowledgement()
			p.flipped(rand.New(rand.NewPCG(1, 1)))
		}
		if !bytes.HasPrefix(in, back) {
			t.Errorf("%x came out of %x", back, in)
		}
	})
}
