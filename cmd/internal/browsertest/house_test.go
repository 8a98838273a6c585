// Package browsertest is one test: a borrower borrows and returns through
// Chromium, on the page that agent.Run serves, while the books go down through
// a pseudo-terminal and the loans go up through a real Mosquitto to a real
// central. It looks only at what a person could: the page, the tags' memories,
// and central's list of loans.
package browsertest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/drivers/sim"
)

// programs finds what the test cannot do without. Where it may be missing, the
// test is skipped; under CI=true it may not.
func programs(t *testing.T) (chromium, mosquitto string) {
	t.Helper()
	chromium, missing := exec.LookPath("chromium")
	for _, name := range []string{"/usr/sbin/mosquitto", "mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			mosquitto = path
		}
	}
	if missing == nil && mosquitto != "" {
		return chromium, mosquitto
	}
	const say = "this test needs Chromium and Mosquitto; run: apt-get install chromium mosquitto"
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
	return "", ""
}

// house is the whole building: the shelf with its books, the kiosk in its
// corner, the network, and central far away.
type house struct {
	t       *testing.T // the part of the test that is being played
	log     *slog.Logger
	table   *sim.Table
	reader  *sim.Reader
	scanner *sim.Scanner
	central *central.Central
	broker  *broker
	config  config.Config
	kiosk   *kiosk
}

// build puts everything in place; the kiosk is switched on and knows what
// central knows when it returns.
func build(t *testing.T, mosquitto string) *house {
	t.Helper()
	h := &house{t: t, log: slog.New(slog.NewTextHandler(t.Output(), nil)), table: sim.NewTable()}
	var err error
	if h.reader, err = sim.NewReader(h.table, pad, sim.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.reader.Close() })
	if h.scanner, err = sim.NewScanner(sim.ScannerOptions{Suffix: "\r"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.scanner.Close() })
	dir := t.TempDir()
	h.found(filepath.Join(dir, "central"))
	h.broker = newBroker(t, mosquitto, h.central)
	h.enrol(dir)
	h.broker.on(t)
	h.serve()
	h.switchOn()
	t.Cleanup(h.switchOff)
	h.eventually("the kiosk knows what central knows", h.filled)
	return h
}

// found makes central and gives it the library's export.
func (h *house) found(dir string) {
	h.t.Helper()
	ctx := h.t.Context()
	must(h.t, central.Create(ctx, dir, "leics", time.Now()))
	var err error
	h.central, err = central.Open(ctx, dir, central.Options{Now: time.Now, Log: h.log, Serving: true})
	must(h.t, err)
	h.t.Cleanup(func() { h.central.Close() })
	export := filepath.Join(dir, "export")
	must(h.t, os.Mkdir(export, 0o700))
	for name, text := range files() {
		must(h.t, os.WriteFile(filepath.Join(export, name), []byte(text), 0o600))
	}
	_, err = h.central.ImportFrom(ctx, export)
	must(h.t, err)
}

// enrol makes the kiosk's credential and its configuration.
func (h *house) enrol(dir string) {
	h.t.Helper()
	cred, err := h.central.AddKiosk(h.t.Context(), central.Enrolment{Name: "syston-1", Venue: "syston", BrokerURL: h.broker.url()})
	must(h.t, err)
	must(h.t, cred.Save(filepath.Join(dir, "credential.json")))
	path := filepath.Join(dir, "kiosk.toml")
	must(h.t, os.WriteFile(path, fmt.Appendf(nil, `name = "Syston Library"
credential = "credential.json"
data = "data"
[[pad]]
name = "pad"
path = %q
[scanner]
path = %q
[screen]
listen = "127.0.0.1:0"
`, h.reader.Path(), h.scanner.Path()), 0o600))
	h.config, err = config.Load(path)
	must(h.t, err)
}

// serve runs central until the test ends.
func (h *house) serve() {
	user, password := h.central.BrokerLogin()
	ctx, stop := context.WithCancel(context.Background()) // outlives t.Context, to be ended in order
	ended := make(chan error, 1)
	go func() {
		ended <- h.central.Run(ctx, receiver.Broker{URL: h.broker.url(), User: user, Password: password})
	}()
	h.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Errorf("central ended with %v", err)
		}
	})
}

// kiosk is one life of the kiosk's program.
type kiosk struct {
	url   string // of the screen
	stop  context.CancelFunc
	ended chan error
}

// switchOn starts the kiosk and waits for its screen.
func (h *house) switchOn() {
	h.t.Helper()
	ctx, stop := context.WithCancel(context.Background()) // outlives t.Context, to be ended in order
	ready := make(chan string, 1)
	k := &kiosk{stop: stop, ended: make(chan error, 1)}
	go func() {
		k.ended <- agent.Run(ctx, h.config, agent.RunOptions{Log: h.log, Program: "test",
			Ready:   func(url string) { ready <- url },
			Quality: func() circ.ClockQuality { return circ.Synced }}) // the words on the tiles must not depend on this computer's clock
	}()
	select {
	case k.url = <-ready:
	case err := <-k.ended:
		stop()
		h.t.Fatalf("the kiosk ended with %v before it had a screen", err)
	}
	h.kiosk = k
}

// switchOff ends the kiosk; it does nothing to one that is off.
func (h *house) switchOff() {
	h.t.Helper()
	if h.kiosk == nil {
		return
	}
	h.kiosk.stop()
	if err := <-h.kiosk.ended; err != nil {
		h.t.Errorf("the kiosk ended with %v", err)
	}
	h.kiosk = nil
}

// filled says whether both feeds have come in whole.
func (h *house) filled() bool {
	c, err := cache.Open(h.t.Context(), agent.CachePath(h.config))
	must(h.t, err)
	defer c.Close()
	items, own, err := c.Versions(h.t.Context())
	must(h.t, err)
	return items.Version > 0 && own.Version > 0
}

// broker is Mosquitto on a loopback port of its own, which stays the same when
// it goes down and comes back.
type broker struct {
	program, address, conf string
	log                    io.Writer
	cmd                    *exec.Cmd
}

// newBroker is a broker that is off. It will read the files that central keeps
// for it.
func newBroker(t *testing.T, program string, c *central.Central) *broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	b := &broker{log: t.Output(), program: program, address: l.Addr().String(), conf: filepath.Join(t.TempDir(), "mosquitto.conf")}
	must(t, l.Close())
	_, port, err := net.SplitHostPort(b.address)
	must(t, err)
	user := ""
	if os.Geteuid() == 0 { // it would become a user who cannot read the test's files
		user = "user root\n"
	}
	passwd, acl := c.BrokerFiles()
	must(t, os.WriteFile(b.conf, fmt.Appendf(nil, "%slistener %s 127.0.0.1\nallow_anonymous false\npassword_file %s\nacl_file %s\npersistence false\n",
		user, port, passwd, acl), 0o600))
	t.Cleanup(b.off)
	return b
}

func (b *broker) url() string { return "mqtt://" + b.address }

// on starts the broker and waits until it listens.
func (b *broker) on(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(b.program, "-c", b.conf)
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	must(t, b.cmd.Start())
	eventually(t, "the broker listens", func() bool {
		conn, err := net.Dial("tcp", b.address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// off kills the broker; it does nothing to one that is off.
func (b *broker) off() {
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Kill() // an error says that it is gone already
	_ = b.cmd.Wait()         // "killed"
	b.cmd = nil
}

func (h *house) eventually(what string, is func() bool) {
	h.t.Helper()
	eventually(h.t, what, is)
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain waited until %s", what)
		case <-tick.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
