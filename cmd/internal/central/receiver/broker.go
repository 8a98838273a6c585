package receiver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/sys/unix"

	"nightdesk/agent/contract"
)

// Broker is where the broker is and how central proves itself to it.
type Broker struct {
	URL      string // mqtt://host:port or mqtts://host:port
	User     string
	Password string
	CA       string // PEM file: who may have signed the broker's certificate; "": the system's authorities
	Cert     string // PEM file of central's client certificate; "": none
	Key      string // PEM file of its key
}

func (b Broker) check() error {
	if err := contract.CheckBroker(b.URL); err != nil {
		return fmt.Errorf("broker %q: %w", b.URL, err)
	}
	_, err := b.tls("")
	return err
}

// tls reads the files anew for every session, so that a renewed certificate
// is used without a restart.
func (b Broker) tls(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if b.CA != "" {
		pem, err := os.ReadFile(b.CA)
		if err != nil {
			return nil, fmt.Errorf("read the broker's authority: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", b.CA)
		}
	}
	if b.Cert != "" || b.Key != "" {
		pair, err := tls.LoadX509KeyPair(b.Cert, b.Key)
		if err != nil {
			return nil, fmt.Errorf("read central's certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func (r *Receiver) options(s *session) (*mqtt.ClientOptions, error) {
	u, err := url.Parse(r.broker.URL)
	if err != nil {
		return nil, fmt.Errorf("broker %q: %w", r.broker.URL, err)
	}
	config, err := r.broker.tls(u.Hostname())
	if err != nil {
		return nil, err
	}
	o := mqtt.NewClientOptions().AddBroker(r.broker.URL).SetClientID(r.id).
		SetUsername(r.broker.User).SetPassword(r.broker.Password).
		SetProtocolVersion(4).SetCleanSession(true).SetOrderMatters(true).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(10 * time.Second).
		SetKeepAlive(30 * time.Second).SetPingTimeout(10 * time.Second).SetWriteTimeout(5 * time.Second)
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.drop(err) })
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		return dial(u, config)
	})
	return o, nil
}

// dial opens the connection itself: no proxy from the environment, a dead
// peer noticed by the kernel, and no packet larger than any that is ours.
func dial(u *url.URL, config *tls.Config) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second, Control: userTimeout}
	port := u.Port()
	if port == "" {
		port = map[string]string{"mqtt": "1883", "mqtts": "8883"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "mqtts" {
		c, err := tls.DialWithDialer(&d, "tcp", address, config)
		if err != nil {
			return nil, err
		}
		return &limited{Conn: c}, nil
	}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &limited{Conn: c}, nil
}

// userTimeout ends a connection on which data has not been acknowledged for
// 20 s (tcp(7), TCP_USER_TIMEOUT, milliseconds).
func userTimeout(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 20_000)
	})
	return errors.Join(err, set)
}

// limited watches the headers of the packets that come in. The client library
// would take up to 256 MB into memory because a header says so; it keeps
// messages of QoS 2 until they are released; and it panics at a SUBACK with
// more answers than were asked for.
type limited struct {
	net.Conn
	first  byte // type and flags of the present packet
	skip   int  // bytes of the present packet still to come
	length int  // being read
	digit  uint // of the length: 0 while the type is awaited, then 1 to 4
}

var errPacket = errors.New("the broker sent a packet that none of ours can be")

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if bad := l.watch(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

// watch follows the fixed headers: a type, then the remaining length in up to
// four digits of seven bits, the lowest first (MQTT 3.1.1, 2.2.3).
func (l *limited) watch(p []byte) error {
	for len(p) > 0 {
		if l.skip > 0 {
			n := min(l.skip, len(p))
			l.skip, p = l.skip-n, p[n:]
			continue
		}
		b := p[0]
		p = p[1:]
		if l.digit == 0 {
			l.first, l.digit, l.length = b, 1, 0
			continue
		}
		l.length |= int(b&0x7f) << (7 * (l.digit - 1))
		if l.length > maxPacket || l.digit == 4 && b >= 0x80 || b < 0x80 && !expected(l.first, l.length) {
			return errPacket
		}
		if l.digit++; b < 0x80 {
			l.skip, l.digit = l.length, 0
		}
	}
	return nil
}

// expected says whether a broker may send central a packet of this type, with
// these flags, of this length (MQTT 3.1.1, 2.2 and 3.2 to 3.13).
func expected(first byte, length int) bool {
	switch first {
	case 0x20, 0x40: // CONNACK, PUBACK
		return length == 2
	case 0x90: // SUBACK: central subscribes to one filter
		return length == 3
	case 0xd0: // PINGRESP
		return length == 0
	}
	return first&0xf0 == 0x30 && first&0x04 == 0 // PUBLISH, at QoS 0 or 1 as was subscribed
}
