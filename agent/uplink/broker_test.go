package uplink

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// broker is a real Mosquitto on the loopback, of this test alone.
type broker struct {
	t    *testing.T
	path string
	port int
	conf string
	cmd  *exec.Cmd
}

// mosquitto starts a broker. The Debian package "mosquitto" is needed: without
// it CI fails, and a developer's computer goes without this test.
func mosquitto(t *testing.T, settings ...string) *broker {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
		_, err = os.Stat(path)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mosquitto is not installed, and CI must test against a real broker")
		}
		t.Skip("mosquitto is not installed; install the package to test against a real broker")
	}
	b := &broker{t: t, path: path, port: freePort(t), conf: filepath.Join(t.TempDir(), "mosquitto.conf")}
	// Started by root it would drop its rights and not read its own files here.
	lines := append([]string{"user root", fmt.Sprintf("listener %d 127.0.0.1", b.port), "allow_anonymous true", "set_tcp_nodelay true"}, settings...)
	if err := os.WriteFile(b.conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	t.Cleanup(b.kill)
	return b
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// start returns when the broker takes connections.
func (b *broker) start() {
	b.t.Helper()
	b.cmd = exec.Command(b.path, "-c", b.conf)
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	poll(b.t, "the broker to start", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port))
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// kill is SIGKILL: what the broker held in memory is gone.
func (b *broker) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

func (b *broker) url(scheme string) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, b.port) }

// poll waits until something has come true, at most 20 seconds.
func poll(t *testing.T, what string, true func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !true() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited 20 s in vain for %s", what)
		case <-tick.C:
		}
	}
}

// receiver is central at the broker: a client that comes back by itself.
type receiver struct {
	mu      sync.Mutex // guards central
	central *central
	client  paho.Client
}

func receive(t *testing.T, b *broker, c *central) *receiver {
	r := &receiver{central: c}
	options := paho.NewClientOptions().AddBroker(b.url("tcp")).SetClientID("central").SetOrderMatters(true).
		SetWriteTimeout(200 * time.Millisecond).SetConnectRetry(true).SetConnectRetryInterval(20 * time.Millisecond).SetMaxReconnectInterval(50 * time.Millisecond).
		SetOnConnectHandler(func(cl paho.Client) {
			cl.Subscribe(contract.UpFilter(own.Authority), 1, func(_ paho.Client, m paho.Message) {
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(m.Payload()) > 0 {
					r.central.hear(context.Background(), m.Topic(), m.Payload())
				}
			})
		})
	r.client = paho.NewClient(options)
	// Published in paho's own goroutine, an answer would wait for a reconnect
	// that waits for the answer.
	answers := make(chan Message, 10_000)
	c.tell = func(m Message) { answers <- m }
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range answers {
			r.client.Publish(m.Topic, 1, false, m.Payload)
		}
	}()
	if tok := r.client.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatalf("central at the broker: %v", tok.Error())
	}
	t.Cleanup(func() {
		r.client.Disconnect(100)
		r.mu.Lock()
		c.tell = func(Message) {}
		r.mu.Unlock()
		close(answers)
		<-done
	})
	return r
}

func (r *receiver) stored() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.central.stored)
}

// keep runs sessions one after the other, as the agent does.
func keep(t *testing.T, u *Uplink) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := u.Session(ctx); err != nil {
				t.Log(err)
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// The broker is killed again and again while the kiosk drains; nothing is lost.
func TestBrokerIsKilled(t *testing.T) {
	b := mosquitto(t)
	out, c := newOutbox(2000), newCentral(time.Now)
	c.rows[contract.FeedItems] = strings.Fields("i1 i2 i3 i4 i5 i6 i7")
	r := receive(t, b, c)
	cache := newShelf()
	u := newUplink(b.url("mqtt"), out, cache)
	end := keep(t, u)
	for i := range 3 {
		poll(t, "some events to arrive", func() bool { return r.stored() > 500*i })
		b.kill()
		out.record(100)
		b.start()
	}
	poll(t, "all events to arrive", func() bool {
		u.Poke()
		p, err := out.Position(t.Context())
		return err == nil && p.Acked == 2300
	})
	poll(t, "all items to arrive", func() bool {
		items, _, err := cache.Versions(t.Context())
		return err == nil && items.Version == 7
	})
	end()
	poll(t, "the goodbye", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(c.said) > 0 && c.said[len(c.said)-1] == "online false"
	})
	if c.hashAt(2300) != out.hash(2300) {
		t.Error("central has other events than the kiosk")
	}
}

// pki is an authority and the certificates it has signed.
type pki struct {
	dir string
	ca  *x509.Certificate
	key *ecdsa.PrivateKey
	pem string
}

func newPKI(t *testing.T, from, to time.Time) *pki {
	t.Helper()
	p := &pki{dir: t.TempDir()}
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &p.key.PublicKey, p.key)
	if err != nil {
		t.Fatal(err)
	}
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	p.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return p
}

// issue signs a certificate for a client or for the loopback.
func (p *pki) issue(t *testing.T, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: p.ca.NotBefore, NotAfter: p.ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, p.ca, &k.PublicKey, p.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

// file writes a text where only this user's processes find it.
func (p *pki) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLS(t *testing.T) {
	ours := newPKI(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	theirs := newPKI(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	cert, key := ours.issue(t, "broker")
	b := mosquitto(t, "cafile "+ours.file(t, "ca.pem", ours.pem), "certfile "+ours.file(t, "cert.pem", cert),
		"keyfile "+ours.file(t, "key.pem", key), "require_certificate true", "use_identity_as_username true")
	clientCert, clientKey := ours.issue(t, own.Kiosk)
	strangeCert, strangeKey := theirs.issue(t, own.Kiosk)
	const refused = "by the broker" // TLS 1.3 lets it say why after the handshake, or just close

	dead := func() circ.Moment { return circ.Moment{Wall: time.Unix(1000, 0), Boot: boot, Quality: circ.Unknown} }

	for _, c := range []struct {
		name   string
		broker contract.Broker
		now    func() circ.Moment
		floor  time.Time
		want   string // in the error; empty: it connects
	}{
		{"good", contract.Broker{CA: ours.pem, Cert: clientCert, Key: clientKey}, nil, time.Time{}, ""},
		{"another authority's broker", contract.Broker{CA: theirs.pem, Cert: clientCert, Key: clientKey}, nil, time.Time{}, "unknown authority"},
		{"the system's authorities", contract.Broker{Cert: clientCert, Key: clientKey}, nil, time.Time{}, "unknown authority"},
		{"no client certificate", contract.Broker{CA: ours.pem}, nil, time.Time{}, refused},
		{"another authority's client", contract.Broker{CA: ours.pem, Cert: strangeCert, Key: strangeKey}, nil, time.Time{}, refused},
		{"1970 and no floor", contract.Broker{CA: ours.pem, Cert: clientCert, Key: clientKey}, dead, time.Time{}, "not yet valid"},
		{"1970 and a floor", contract.Broker{CA: ours.pem, Cert: clientCert, Key: clientKey}, dead, time.Now(), ""},
		{"a floor after the certificate's end", contract.Broker{CA: ours.pem, Cert: clientCert, Key: clientKey}, dead, time.Now().Add(2 * time.Hour), "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := newShelf()
			cache.floor = c.floor
			u := newUplink(b.url("mqtts"), newOutbox(0), cache)
			u.cfg.Credential.Broker = c.broker
			if c.now != nil {
				u.cfg.Now = c.now
			}
			u.loadFloor(t.Context())
			l, err := u.connect(t.Context(), boot)
			if err == nil {
				l.client.Disconnect(disconnectWait)
			}
			if (c.want == "") != (err == nil) || err != nil && c.want != refused && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
