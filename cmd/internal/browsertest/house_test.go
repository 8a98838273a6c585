// Package browsertest lets borrowers come: through Chromium, on the page of a
// kiosk that is a process of its own, while the books go down through a
// pseudo-terminal, the receipts come out of another, and the loans go up
// through a real Mosquitto to a real central. It looks at what a person could
// see: the page, the tags' memories, the paper, and central's lists.
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
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
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

const kioskName = "syston-1"

// house is the whole building: the demonstration's room and stock, the kiosk
// in its corner, the network, and central far away.
type house struct {
	*table.Desk
	t       *testing.T // the part of the test that is being played
	dir     string
	log     *slog.Logger
	central *central.Central
	broker  *broker
	kiosk   contract.Credential
	path    string // of kiosk.toml
	quiet   time.Duration
	told    []check.Told
	heard   int       // events of central that a part of the test has looked at
	papers  int       // receipts likewise
	card    circ.Card // the last one that was shown, and when
	shown   time.Time
}

// build puts everything in place; the kiosk is switched on and knows what
// central knows when it returns. Other than 0, quiet is how long a borrower may
// be quiet on its screen.
func build(t *testing.T, mosquitto string, quiet time.Duration) *house {
	t.Helper()
	h := &house{t: t, quiet: quiet, dir: t.TempDir(), log: slog.New(slog.NewTextHandler(t.Output(), nil)), Desk: &table.Desk{Kiosk: kioskName, Now: time.Now}}
	stock, err := table.NewStock(1)
	must(t, err)
	h.Venue, err = table.FindVenue("syston")
	must(t, err)
	h.Room, err = table.NewRoom(h.dir, stock.Enliven(), false)
	must(t, err)
	t.Cleanup(func() { h.Room.Close() })
	must(t, h.Room.PlugPrinter())
	h.found()
	h.broker = newBroker(t, mosquitto, h.central)
	h.enrol()
	h.broker.on(t)
	h.serve()
	h.Power = table.NewPower([]string{os.Args[0], "kiosk", "-config", h.path, "-quiet", quiet.String()}, t.Output())
	h.switchOn()
	t.Cleanup(h.switchOff)
	h.eventually("the kiosk knows what central knows", h.filled)
	return h
}

// found makes central and gives it the library's export.
func (h *house) found() {
	h.t.Helper()
	dir := filepath.Join(h.dir, "central")
	ctx := h.t.Context()
	must(h.t, central.Create(ctx, dir, "leics", time.Now()))
	var err error
	h.central, err = central.Open(ctx, dir, central.Options{Now: time.Now, Log: h.log, Serving: true})
	must(h.t, err)
	h.Central = h.central
	h.t.Cleanup(func() { h.central.Close() })
	h.export(false)
}

// export gives central the library's files. Nobody is ever there in this
// library, so that the hour of the test does not matter.
func (h *house) export(pin bool) {
	h.t.Helper()
	dir, stock := filepath.Join(h.dir, "export"), h.Room.Stock
	stock.PIN, stock.Staffed = pin, false
	_, err := stock.Export(dir, h.Venue)
	must(h.t, err)
	_, err = h.central.ImportFrom(h.t.Context(), dir)
	must(h.t, err)
}

// enrol makes the kiosk's credential and its configuration.
func (h *house) enrol() {
	h.t.Helper()
	var err error
	h.kiosk, err = h.central.AddKiosk(h.t.Context(), central.Enrolment{Name: kioskName, Venue: h.Venue.Slug, BrokerURL: h.broker.url()})
	must(h.t, err)
	must(h.t, h.kiosk.Save(filepath.Join(h.dir, "credential.json")))
	h.path, h.Config, err = table.WriteWholeConfig(h.dir, h.Venue, h.broker.address)
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

// switchOn gives power to the devices and the kiosk, and waits for its screen.
func (h *house) switchOn() {
	h.t.Helper()
	must(h.t, h.PowerOn(h.t.Context()))
}

// switchOff ends the kiosk; it does nothing to one that is off.
func (h *house) switchOff() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.Power.Off(ctx); err != nil {
		h.t.Errorf("the kiosk ended with %v", err)
	}
}

// asCached looks into the kiosk's cache.
func (h *house) asCached(look func(context.Context, *cache.Cache) bool) bool {
	h.t.Helper()
	c, err := cache.Open(h.t.Context(), agent.CachePath(h.Config))
	must(h.t, err)
	defer c.Close()
	return look(h.t.Context(), c)
}

// filled says whether both feeds have come in whole.
func (h *house) filled() bool {
	return h.asCached(func(ctx context.Context, c *cache.Cache) bool {
		items, own, err := c.Versions(ctx)
		must(h.t, err)
		return items.Version > 0 && own.Version > 0
	})
}

// knows waits until the kiosk has heard something of a card, or of the rules.
func (h *house) knows(what string, who table.Person, is func(circ.Facts) bool) {
	h.t.Helper()
	b := circ.Borrower{Card: who.Card, Key: contract.CardKey(h.kiosk.CardKey, who.Card)}
	h.eventually(what, func() bool {
		return h.asCached(func(ctx context.Context, c *cache.Cache) bool {
			f, err := c.Facts(ctx, circ.Moment{Wall: time.Now()}, h.kiosk.CardKey, b, nil)
			must(h.t, err)
			return is(f)
		})
	})
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
