package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nightdesk/agent/contract"
)

// packetSlack is what an MQTT PUBLISH adds to its payload: the topic, which is
// shorter than 200 bytes here, and the packet identifier.
const packetSlack = 1 << 10

// errPacket says that the broker announced a packet that no honest one sends a
// kiosk: larger than any message, or of a form that nothing here has asked for.
var errPacket = errors.New("the broker announces a packet that none of ours can be")

// open connects to the broker. No proxy of the environment is asked: the
// address is the credential's or the configuration's. Until connected is
// closed, the end of ctx closes the connection too.
func (u *Uplink) open(ctx context.Context, l *link, connected <-chan struct{}, to *url.URL) (net.Conn, error) {
	limit, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if to.Scheme != "mqtts" {
		conn, err := u.plain(ctx, limit, l, connected, to)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}
	var errs []error
	for _, at := range u.tlsTimes() {
		conn, err := u.plain(ctx, limit, l, connected, to)
		if err != nil {
			return nil, err
		}
		secure, err := u.secure(limit, l, conn.Conn, to.Hostname(), at)
		if err == nil {
			conn.Conn = secure
			return conn, nil
		}
		conn.Close()
		if errs = append(errs, err); !ofAnotherTime(err) {
			break
		}
	}
	return nil, errs[0]
}

// plain connects, and reads along.
func (u *Uplink) plain(ctx, limit context.Context, l *link, connected <-chan struct{}, to *url.URL) (*limited, error) {
	port := to.Port()
	if port == "" {
		port = map[string]string{"mqtt": "1883", "mqtts": "8883"}[to.Scheme]
	}
	dialer := net.Dialer{KeepAlive: 15 * time.Second, Control: userTimeout}
	conn, err := dialer.DialContext(limit, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil {
		return nil, err
	}
	go func() { // ends with the connecting, one way or the other
		select {
		case <-ctx.Done():
			conn.Close()
		case <-connected:
		}
	}()
	return &limited{Conn: conn, over: l.broke, left: headerNext}, nil
}

// userTimeout lets the kernel give up on a peer that acknowledges nothing:
// keep-alive probes are not sent while data is waiting (tcp(7)).
func userTimeout(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 20_000)
	})
	return errors.Join(err, failed)
}

// secure shakes hands as the credential says, with certificates that are good
// at that time.
func (u *Uplink) secure(ctx context.Context, l *link, conn net.Conn, host string, at time.Time) (net.Conn, error) {
	cfg, err := tlsConfig(u.cfg.Credential.Broker, host)
	if err != nil {
		return nil, err
	}
	cfg.Time = func() time.Time { return at }
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, u.dated(at, fmt.Errorf("agree on TLS: %w", err))
	}
	l.valid = again(secure.ConnectionState(), cfg)
	return secure, nil
}

func tlsConfig(b contract.Broker, host string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if b.CA != "" {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM([]byte(b.CA)) {
			return nil, errors.New("the credential's ca_pem holds no certificate")
		}
	}
	if b.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(b.Cert), []byte(b.Key))
		if err != nil {
			return nil, fmt.Errorf("the credential's client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// limited reads along in the stream of MQTT packets and ends it at a header
// that no honest broker sends. paho would believe the header, which can say
// 256 MB, and take the memory before a byte of it has come; it keeps messages
// of QoS 2 until they are released; and it panics at a SUBACK with more answers
// than were asked for.
type limited struct {
	net.Conn
	over  func(error) // hears of it before the connection is closed
	first byte        // the packet's type and flags
	left  int         // bytes of the packet's body still to come; headerNext or lengthNext in its header
	shift int         // bits of the remaining length read so far
	size  int         // the remaining length read so far
}

const (
	headerNext = -1 // the next byte is a packet's first
	lengthNext = -2 // the next byte belongs to the remaining length
)

// Read passes on only what is within the limit.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if e := l.follow(p[:n]); e != nil {
		l.over(e)
		l.Close()
		return 0, e
	}
	return n, err
}

// follow finds the packets' boundaries: one byte of type and flags, then the
// remaining length in one to four bytes of 7 bits, least significant first
// (MQTT 3.1.1, 2.2).
func (l *limited) follow(p []byte) error {
	for len(p) > 0 {
		switch {
		case l.left > 0:
			n := min(l.left, len(p))
			l.left, p = l.left-n, p[n:]
			if l.left == 0 {
				l.left = headerNext
			}
			continue
		case l.left == headerNext:
			l.first, l.left, l.shift, l.size = p[0], lengthNext, 0, 0
		default:
			if err := l.length(p[0]); err != nil {
				return err
			}
		}
		p = p[1:]
	}
	return nil
}

// length takes one byte of the remaining length.
func (l *limited) length(b byte) error {
	if l.shift > 21 {
		return errPacket
	}
	l.size |= int(b&0x7f) << l.shift
	l.shift += 7
	if l.size > contract.MaxMessage+packetSlack {
		return errPacket
	}
	switch {
	case b&0x80 != 0:
	case !expected(l.first, l.size):
		return errPacket
	case l.size == 0:
		l.left = headerNext
	default:
		l.left = l.size
	}
	return nil
}

// expected says whether a broker may send a kiosk a packet of this type, with
// these flags, of this size (MQTT 3.1.1, 2.2 and 3.2 to 3.13).
func expected(first byte, size int) bool {
	switch first {
	case 0x20, 0x40: // CONNACK, PUBACK
		return size == 2
	case 0x90: // SUBACK: an answer to each filter
		return size == 2+len(contract.Topics{}.Filters())
	case 0xd0: // PINGRESP
		return size == 0
	}
	return first&0xf0 == 0x30 && first&0x04 == 0 // PUBLISH, at QoS 0 or 1 as was subscribed
}
