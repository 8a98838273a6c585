package killtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
	"nightdesk/drivers"
)

// What the gate listens for, as table writes its tags and its configuration.
const (
	loud  drivers.AFI = 0x07
	quiet drivers.AFI = 0xC2
)

const kioskName = "syston-1"

// longest is more than anything here may take that is waited for. Central and
// kiosk wait longer and longer for a broker that comes and goes.
const longest = 40 * time.Second

// world is everything of the test: what is killed, and what outlives it.
type world struct {
	dir     string
	stock   table.Stock
	room    *table.Room
	cfg     config.Config
	broker  *child
	central *child
	kiosk   *child

	mu   sync.Mutex // guards pile
	pile []table.Book
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	if _, err := os.Stat(mosquitto); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mosquitto is not installed, and CI must test against a real broker")
		}
		t.Skip("mosquitto is not installed; install the package to test against a real broker")
	}
	w := &world{dir: t.TempDir()}
	var err error
	if w.stock, err = table.NewStock(seed); err != nil {
		t.Fatal(err)
	}
	if w.room, err = table.NewRoom(w.dir, w.stock, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.room.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range w.children() {
			c.kill()
			if t.Failed() {
				t.Log(c.lastWords())
			}
		}
	})
	for _, c := range w.children() {
		if err := c.start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) children() []*child { return []*child{w.broker, w.central, w.kiosk} }

// install does what an operator does once, with the real commands.
func (w *world) install(ctx context.Context) error {
	venue, err := table.FindVenue("syston")
	if err != nil {
		return err
	}
	exports := filepath.Join(w.dir, "exports")
	if _, err := w.stock.Export(exports, venue); err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "--authority", "leics"},
		{"import", "--from", exports},
		{"kiosk", "add", kioskName, "--venue", venue.Slug, "--broker", "mqtt://" + addr, "--out", filepath.Join(w.dir, "credential.json")},
	} {
		out, err := exec.CommandContext(ctx, program("nightdesk-central"), append(args, "--dir", w.centralDir())...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("nightdesk-central %s: %w: %s", args[0], err, out)
		}
	}
	conf, err := w.brokerConf(addr)
	if err != nil {
		return err
	}
	path, cfg, err := table.WriteConfig(w.dir, venue, addr)
	if err != nil {
		return err
	}
	w.cfg = cfg
	w.broker = &child{name: "broker", args: []string{mosquitto, "-c", conf}, log: filepath.Join(w.dir, "broker.log"), ready: answers(addr)}
	w.central = &child{name: "central", log: filepath.Join(w.dir, "central.log"),
		args: []string{program("nightdesk-central"), "run", "--dir", w.centralDir(), "--broker", "mqtt://" + addr}}
	w.kiosk = &child{name: "kiosk", log: filepath.Join(w.dir, "kiosk.log"), announce: "screen ",
		args: []string{program("nightdesk"), "run", "--config", path}}
	return nil
}

func (w *world) centralDir() string { return filepath.Join(w.dir, "central") }

// brokerConf writes Mosquitto's configuration: with the password and access
// files that central wrote, and in memory alone, as a broker may lose it all.
func (w *world) brokerConf(addr string) (string, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	lines := []string{
		"listener " + port + " 127.0.0.1", "allow_anonymous false",
		"password_file " + filepath.Join(w.centralDir(), "mosquitto", "passwd"),
		"acl_file " + filepath.Join(w.centralDir(), "mosquitto", "acl"),
		"set_tcp_nodelay true", "max_queued_messages 100000", "persistence false", "log_dest stderr",
	}
	if os.Geteuid() == 0 {
		lines = append(lines, "user root") // else it drops its rights and cannot read those files
	}
	path := filepath.Join(w.dir, "mosquitto.conf")
	return path, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// freeAddr finds a loopback port below those that the kernel hands out, so
// that nobody takes it while the broker is down.
func freeAddr() (string, error) {
	var last error
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
		last = err
	}
	return "", last
}

// answers waits until something listens there.
func answers(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := within(ctx, 10*time.Second)
		defer cancel()
		var d net.Dialer
		for {
			conn, err := d.DialContext(ctx, "tcp", addr)
			if err == nil {
				return conn.Close()
			}
			if ctx.Err() != nil {
				return errors.Join(context.Cause(ctx), err)
			}
			pause(ctx.Done(), 5*time.Millisecond)
		}
	}
}

// onPad notes what the borrower handles now.
func (w *world) onPad(books []table.Book) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pile = books
}

func (w *world) handled() []table.Book {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pile
}

// read takes the three readings, the ledger first: what it says central has
// acknowledged, central must have had by then.
func (w *world) read(ctx context.Context) (check.Reading, error) {
	var r check.Reading
	var err error
	if r.Ledger, err = ledger.Audit(ctx, agent.LedgerPath(w.cfg)); err != nil {
		return r, err
	}
	c, err := central.Open(ctx, w.centralDir(), central.Options{Now: time.Now})
	if err != nil {
		return r, err
	}
	r.Central, err = check.AtCentral(ctx, c, kioskName)
	if err := errors.Join(err, c.Close()); err != nil {
		return r, err
	}
	r.Tags, err = check.Memories(w.room.Table, check.Security{Loud: loud, Quiet: quiet})
	return r, err
}

// filled waits until the kiosk has every item from central, as doctor sees it
// beside the running kiosk: before that it rightly refuses what it does not know.
func (w *world) filled(ctx context.Context) error {
	ctx, cancel := within(ctx, longest)
	defer cancel()
	want := fmt.Sprintf("%d items", len(w.stock.Books))
	for {
		// The exit code speaks of the clock and the like, too.
		out, _ := exec.CommandContext(ctx, w.kiosk.args[0], "doctor", "--config", w.kiosk.args[len(w.kiosk.args)-1]).CombinedOutput()
		if strings.Contains(string(out), want) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fill the cache: %w: doctor says\n%s", context.Cause(ctx), out)
		}
		pause(ctx.Done(), 50*time.Millisecond)
	}
}

// drained waits until the ledger has nothing left to send and no tag to mend.
func (w *world) drained(ctx context.Context) error {
	ctx, cancel := within(ctx, longest)
	defer cancel()
	for {
		r, err := ledger.Audit(ctx, agent.LedgerPath(w.cfg))
		if err == nil && r.Unacked() == 0 && len(r.Wishes) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d events are not acknowledged and %d tags are open: %w", r.Unacked(), len(r.Wishes), errors.Join(context.Cause(ctx), err))
		}
		pause(ctx.Done(), 50*time.Millisecond)
	}
}
