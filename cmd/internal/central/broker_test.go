package central_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/mosquitto"
	"nightdesk/cmd/internal/central/receiver"
)

// mosquittoPath finds the real broker, or skips where it may be missing.
func mosquittoPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("mosquitto is not installed; run: apt-get install mosquitto")
	}
	t.Skip("mosquitto is not installed; run: apt-get install mosquitto")
	return ""
}

// broker is a Mosquitto with the files that central wrote, on a loopback port.
type broker struct {
	path, conf, address string
	cmd                 *exec.Cmd
	log                 bytes.Buffer
}

// startBroker runs a broker until the test ends. It keeps nothing on a disk,
// unless the settings say otherwise.
func startBroker(t *testing.T, c *central.Central, settings ...string) *broker {
	t.Helper()
	b := &broker{path: mosquittoPath(t)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	_, port, _ := net.SplitHostPort(b.address)
	l.Close()
	passwd, acl := c.BrokerFiles()
	b.conf = filepath.Join(t.TempDir(), "mosquitto.conf")
	user := "" // as root it would become a user who cannot read the test's files
	if os.Geteuid() == 0 {
		user = "user root\n"
	}
	text := fmt.Sprintf("%slistener %s 127.0.0.1\nallow_anonymous false\npassword_file %s\nacl_file %s\nset_tcp_nodelay true\n%s\n",
		user, port, passwd, acl, strings.Join(append(settings, fmt.Sprintf("persistence %v", len(settings) > 0)), "\n"))
	if err := os.WriteFile(b.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	t.Cleanup(func() {
		b.kill()
		if t.Failed() {
			t.Log(b.log.String())
		}
	})
	return b
}

func (b *broker) url() string { return "mqtt://" + b.address }

func (b *broker) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(b.path, "-c", b.conf)
	b.cmd.Stdout, b.cmd.Stderr = &b.log, &b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening(t, b.address)
}

func (b *broker) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

// listening waits until something accepts connections.
func listening(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the broker does not listen: %v", err)
		case <-tick.C:
		}
	}
}

// join connects to the broker as somebody; what comes arrives on the channel.
func join(t *testing.T, url, user, password string, filters ...string) (mqtt.Client, chan mqtt.Message, error) {
	t.Helper()
	in := make(chan mqtt.Message, 100)
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID("test-" + user).SetUsername(user).SetPassword(password).
		SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetWriteTimeout(5 * time.Second)
	c := mqtt.NewClient(o)
	if err := settled(c.Connect()); err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { c.Disconnect(0) })
	for _, f := range filters {
		if err := settled(c.Subscribe(f, 1, func(_ mqtt.Client, m mqtt.Message) { in <- m })); err != nil {
			t.Fatal(err)
		}
	}
	return c, in, nil
}

func settled(token mqtt.Token) error {
	if !token.WaitTimeout(10 * time.Second) {
		return context.DeadlineExceeded
	}
	return token.Error()
}

// next waits for a message on a topic and passes over others.
func next(t *testing.T, in chan mqtt.Message, topic string) []byte {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case m := <-in:
			if m.Topic() == topic {
				return m.Payload()
			}
		case <-timeout:
			t.Fatalf("nothing came on %s", topic)
		}
	}
}

func TestWithMosquitto(t *testing.T) {
	mosquittoPath(t)
	h := newHouse(t, smallLibrary(t), "a", "b")
	a, b := h.kiosks["a"], h.kiosks["b"]
	url := startBroker(t, h.c).url()
	h.serve(url)

	client, in, err := join(t, url, "a", a.cred.Broker.Password, a.cred.Topics().Filters()...)
	if err != nil {
		t.Fatal(err)
	}
	// b listens to its own, and tries to listen to a's.
	_, overheard, err := join(t, url, "b", b.cred.Broker.Password, append(b.cred.Topics().Filters(), a.cred.Topics().Filters()[0], "nd/#")...)
	if err != nil {
		t.Fatal(err)
	}

	head, err := contract.Decode[contract.Head](contract.KindHead, next(t, in, a.cred.Topics().ShardHd()), a.cred.Central())
	if err != nil || head.Items.Version == 0 {
		t.Fatalf("got head %+v, %v", head, err)
	}
	say := func(topic string, msg []byte) {
		t.Helper()
		if err := settled(client.Publish(topic, 1, false, msg)); err != nil {
			t.Fatal(err)
		}
	}
	say(a.cred.Topics().Hi(), a.sign(contract.KindHello, a.hello()))
	next(t, in, a.cred.Topics().Ak())
	a.issue("B1", "C1", noon)
	say(b.cred.Topics().Ev(), b.sign(contract.KindHello, b.hello())) // denied by the access list
	say(a.cred.Topics().Ev(), a.batch(1, 1))
	ack, err := contract.Decode[contract.Ack](contract.KindAck, next(t, in, a.cred.Topics().Ak()), a.cred.Central())
	if err != nil || ack.Through != 1 {
		t.Fatalf("got through %d, %v", ack.Through, err)
	}
	say(a.cred.Topics().Hi(), a.sign(contract.KindPull, contract.Pull{V: 1, Kiosk: "a", Feed: contract.FeedOwn}))
	if c, err := contract.Decode[contract.Chunk](contract.KindChunk, next(t, in, a.cred.Topics().Dt()), a.cred.Central()); err != nil || !c.Last {
		t.Fatalf("got %v, %v", c.Last, err)
	}
	head, err = contract.Decode[contract.Head](contract.KindHead, next(t, in, a.cred.Topics().ShardHd()), a.cred.Central())
	if err != nil || head.Own.Before(ack.Own) {
		t.Fatalf("got head %v, want at least %v: %v", head.Own, ack.Own, err)
	}
	if n := h.c.Counts()["refused-kind"]; n != 0 {
		t.Errorf("the broker let a kiosk write in another's name: %v", h.c.Counts())
	}

	// The head proves that the broker has delivered what came before it.
	next(t, overheard, b.cred.Topics().ShardHd())
	for len(overheard) > 0 {
		if m := <-overheard; !strings.HasPrefix(m.Topic(), "nd/1/test/b/all/") {
			t.Errorf("kiosk b could read %s", m.Topic())
		}
	}
}

// serve runs central against a broker until the test ends.
func (h *house) serve(url string) {
	h.t.Helper()
	h.t.Cleanup(h.serveUntil(url))
}

// serveUntil runs central against a broker until what it returns is called.
func (h *house) serveUntil(url string) (end func()) {
	user, password := h.c.BrokerLogin()
	ctx, stop := context.WithCancel(h.ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.c.Run(ctx, receiver.Broker{URL: url, User: user, Password: password}) }()
	return sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Errorf("run ended with %v", err)
		}
	})
}

// A broker that is killed and started again has forgotten everything; central
// comes back by itself and says again where it stands.
func TestBrokerIsKilled(t *testing.T) {
	mosquittoPath(t)
	h := newHouse(t, smallLibrary(t), "a")
	k := h.kiosks["a"]
	b := startBroker(t, h.c)
	h.serve(b.url())
	for range 2 {
		client, in, err := join(t, b.url(), "a", k.cred.Broker.Password, k.cred.Topics().Filters()...)
		if err != nil {
			t.Fatal(err)
		}
		next(t, in, k.cred.Topics().ShardHd())
		if err := settled(client.Publish(k.cred.Topics().Hi(), 1, false, k.sign(contract.KindHello, k.hello()))); err != nil {
			t.Fatal(err)
		}
		next(t, in, k.cred.Topics().Ak())
		b.kill()
		b.start(t)
	}
}

func TestMosquittoKnowsTheKiosks(t *testing.T) {
	h := newHouse(t, "", "a", "gone")
	gone := h.kiosks["gone"].cred
	if err := h.c.RevokeKiosk(h.ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	url := startBroker(t, h.c).url()
	for _, c := range []struct {
		name, user, password string
		welcome              bool
	}{
		{"the kiosk's own password", "a", h.kiosks["a"].cred.Broker.Password, true},
		{"a wrong password", "a", "guess", false},
		{"another's name", "b", h.kiosks["a"].cred.Broker.Password, false},
		{"a revoked kiosk", "gone", gone.Broker.Password, false},
		{"nobody", "", "", false},
	} {
		_, _, err := join(t, url, c.user, c.password)
		if (err == nil) != c.welcome {
			t.Errorf("%s: got %v, want welcome %v", c.name, err, c.welcome)
		}
	}
}

// The line is the one that Mosquitto's own program makes, but for the salt.
func TestPasswordLine(t *testing.T) {
	line, err := mosquitto.Line("a", "secret")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(line, "$")
	if len(parts) != 5 || parts[0] != "a:" || parts[1] != "7" || parts[2] != "101" || len(parts[3]) != 16 || len(parts[4]) != 88 {
		t.Errorf("got %q", line)
	}
}

func TestACL(t *testing.T) {
	got := mosquitto.ACL("leics", []mosquitto.User{{Name: "a", Shard: "north"}})
	want := `# Written by nightdesk-central; changes made here are lost.

user nightdesk-central
topic readwrite nd/1/leics/#

user a
topic read nd/1/leics/b/north/#

pattern write nd/1/leics/k/%u/up/#
pattern read nd/1/leics/k/%u/dn/#
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
