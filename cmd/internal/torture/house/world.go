// Package house is the whole building as processes: the kiosk, central and
// Mosquitto are the programs that are sold, pad and scanner hang on
// pseudo-terminals, and a scripted borrower stands at the screen. The rigs do
// their harm to it, and in the end read what three witnesses say.
package house

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
	Loud  drivers.AFI = 0x07
	Quiet drivers.AFI = 0xC2
)

// KioskName is what the kiosk is called.
const KioskName = "syston-1"

// Longest is more than anything here may take that is waited for. Central and
// kiosk wait longer and longer for a broker that comes and goes.
const Longest = 40 * time.Second

// Options say what is not as it usually is. The zero Options are the usual.
type Options struct {
	Seed     uint64                  // of the stock of books
	Listen   string                  // address on which the broker listens; "": a free one on 127.0.0.1
	Dial     string                  // address at which the kiosk looks for the broker, a proxy for instance; "": Listen
	Command  func(*Program) []string // what to run instead of Args, "ip netns exec …" for instance; nil: Args
	Broker   []string                // further lines of Mosquitto's configuration
	Config   string                  // further lines of kiosk.toml, sections only
	Whole    bool                    // the kiosk has a printer and asks whatever there is to ask
	Programs string                  // folder of other builds of the programs; "": those that Main has built
	CoreDump bool                    // the programs may leave one where they stand
	Breaks   string                  // a promise of package wrong that one of the programs breaks; "": none
}

// House is what is harmed, and what outlives it.
type House struct {
	Dir        string
	Stock      table.Stock
	Room       *table.Room
	Config     config.Config
	ConfigPath string
	BrokerAddr string // where the broker listens
	Broker     *Program
	Central    *Program
	Kiosk      *Program

	options Options
	mu      sync.Mutex // guards pile
	pile    []table.Book
}

// New builds a house in which nothing runs yet. Whatever runs in it ends with
// the test.
func New(t *testing.T, o Options) *House {
	t.Helper()
	NeedBroker(t)
	h := &House{Dir: t.TempDir(), options: o}
	var err error
	if h.Stock, err = table.NewStock(o.Seed); err != nil {
		t.Fatal(err)
	}
	if h.Room, err = table.NewRoom(h.Dir, h.Stock, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Room.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range h.Programs() {
			p.Kill()
			if t.Failed() {
				t.Log(p.LastWords())
			}
		}
	})
	return h
}

// Start starts everything and waits until the kiosk knows what central knows.
func (h *House) Start(t *testing.T) {
	t.Helper()
	for _, p := range h.Programs() {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Filled(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Programs are the three, in the order in which they are started.
func (h *House) Programs() []*Program { return []*Program{h.Broker, h.Central, h.Kiosk} }

// Fell says which of the programs ended although nobody wanted it.
func (h *House) Fell() error {
	return errors.Join(h.Broker.Fell(), h.Central.Fell(), h.Kiosk.Fell())
}

// Stop ends kiosk and central in good order.
func (h *House) Stop(ctx context.Context) error {
	ctx, cancel := Within(ctx, 15*time.Second)
	defer cancel()
	return errors.Join(h.Fell(), h.Kiosk.Stop(ctx), h.Central.Stop(ctx))
}

// install does what an operator does once, with the real commands.
func (h *House) install(ctx context.Context) error {
	venue, err := table.FindVenue("syston")
	if err != nil {
		return err
	}
	exports := filepath.Join(h.Dir, "exports")
	if _, err := h.Stock.Export(exports, venue); err != nil {
		return err
	}
	if h.BrokerAddr = h.options.Listen; h.BrokerAddr == "" {
		if h.BrokerAddr, err = FreeAddr(); err != nil {
			return err
		}
	}
	dial := h.options.Dial
	if dial == "" {
		dial = h.BrokerAddr
	}
	for _, args := range [][]string{
		{"init", "--authority", "leics"},
		{"import", "--from", exports},
		{"kiosk", "add", KioskName, "--venue", venue.Slug, "--broker", "mqtt://" + dial, "--out", filepath.Join(h.Dir, "credential.json")},
	} {
		if _, err := h.CentralCommand(ctx, args...); err != nil {
			return err
		}
	}
	conf, err := h.brokerConf()
	if err != nil {
		return err
	}
	if err := h.configure(venue, dial); err != nil {
		return err
	}
	h.Broker = &Program{Name: "broker", Args: []string{Mosquitto, "-c", conf}, ready: answers(h.BrokerAddr)}
	h.Central = &Program{Name: "central", Args: []string{h.Path("nightdesk-central"), "run", "--dir", h.CentralDir(), "--broker", "mqtt://" + h.BrokerAddr}}
	h.Kiosk = &Program{Name: "kiosk", announce: "screen ", Args: []string{h.Path("nightdesk"), "run", "--config", h.ConfigPath}}
	for _, p := range h.Programs() {
		p.Log, p.command, p.core = filepath.Join(h.Dir, p.Name+".log"), h.options.Command, h.options.CoreDump
	}
	return h.breaking(h.options.Breaks)
}

func (h *House) configure(venue table.Venue, dial string) (err error) {
	write := table.WriteConfig
	if h.options.Whole {
		write = table.WriteWholeConfig
	}
	h.ConfigPath, h.Config, err = write(h.Dir, venue, dial)
	if err != nil || h.options.Config == "" {
		return err
	}
	text, err := os.ReadFile(h.ConfigPath)
	if err != nil {
		return err
	}
	if err := os.WriteFile(h.ConfigPath, append(text, "\n"+h.options.Config...), 0o600); err != nil {
		return err
	}
	h.Config, err = config.Load(h.ConfigPath)
	return err
}

// Path is where a program lies.
func (h *House) Path(name string) string {
	if h.options.Programs != "" {
		return filepath.Join(h.options.Programs, name)
	}
	return filepath.Join(programs, name)
}

// CentralCommand runs a command of nightdesk-central.
func (h *House) CentralCommand(ctx context.Context, args ...string) (said string, err error) {
	out, err := exec.CommandContext(ctx, h.Path("nightdesk-central"), append(args, "--dir", h.CentralDir())...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("nightdesk-central %s: %w: %s", args[0], err, out)
	}
	return string(out), err
}

// KioskCommand runs a command of nightdesk. Its exit code is beside what it
// says, for doctor's speaks of the clock and the like, too.
func (h *House) KioskCommand(ctx context.Context, args ...string) (said string, err error) {
	out, err := exec.CommandContext(ctx, h.Path("nightdesk"), append(args, "--config", h.ConfigPath)...).CombinedOutput()
	return string(out), err
}

// CentralDir is where central keeps everything.
func (h *House) CentralDir() string { return filepath.Join(h.Dir, "central") }

// brokerConf writes Mosquitto's configuration: with the password and access
// files that central wrote, and in memory alone, as a broker may lose it all.
func (h *House) brokerConf() (string, error) {
	host, port, err := net.SplitHostPort(h.BrokerAddr)
	if err != nil {
		return "", err
	}
	lines := []string{
		"listener " + port + " " + host, "allow_anonymous false",
		"password_file " + filepath.Join(h.CentralDir(), "mosquitto", "passwd"),
		"acl_file " + filepath.Join(h.CentralDir(), "mosquitto", "acl"),
		"set_tcp_nodelay true", "max_queued_messages 100000", "persistence false", "log_dest stderr",
	}
	if os.Geteuid() == 0 {
		lines = append(lines, "user root") // else it drops its rights and cannot read those files
	}
	lines = append(lines, h.options.Broker...)
	path := filepath.Join(h.Dir, "mosquitto.conf")
	return path, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// FreeAddr finds a loopback port below those that the kernel hands out, so
// that nobody takes it while the broker is down.
func FreeAddr() (string, error) {
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
		ctx, cancel := Within(ctx, 10*time.Second)
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
			Pause(ctx.Done(), 5*time.Millisecond)
		}
	}
}

// onPad notes what the borrower handles now.
func (h *House) onPad(books []table.Book) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pile = books
}

// Handled is what the borrower handles now.
func (h *House) Handled() []table.Book {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pile
}

// Read takes the three readings, the ledger first: what it says central has
// acknowledged, central must have had by then.
func (h *House) Read(ctx context.Context) (check.Reading, error) {
	var r check.Reading
	var err error
	if r.Ledger, err = ledger.Audit(ctx, agent.LedgerPath(h.Config)); err != nil {
		return r, err
	}
	c, err := central.Open(ctx, h.CentralDir(), central.Options{Now: time.Now})
	if err != nil {
		return r, err
	}
	r.Central, err = check.AtCentral(ctx, c, KioskName)
	if err := errors.Join(err, c.Close()); err != nil {
		return r, err
	}
	r.Tags, err = check.Memories(h.Room.Table, check.Security{Loud: Loud, Quiet: Quiet})
	return r, err
}

// Filled waits until the kiosk has every item from central, as doctor sees it
// beside the running kiosk: before that it rightly refuses what it does not knoh.
func (h *House) Filled(ctx context.Context) error {
	ctx, cancel := Within(ctx, Longest)
	defer cancel()
	want := fmt.Sprintf("%d items", len(h.Stock.Books))
	for {
		// The exit code speaks of the clock and the like, too.
		out, _ := h.KioskCommand(ctx, "doctor")
		if strings.Contains(string(out), want) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fill the cache: %w: doctor says\n%s", context.Cause(ctx), out)
		}
		Pause(ctx.Done(), 50*time.Millisecond)
	}
}

// Drained waits until the ledger has nothing left to send and no tag to mend.
func (h *House) Drained(ctx context.Context) error {
	ctx, cancel := Within(ctx, Longest)
	defer cancel()
	for {
		r, err := ledger.Audit(ctx, agent.LedgerPath(h.Config))
		if err == nil && r.Unacked() == 0 && len(r.Wishes) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d events are not acknowledged and %d tags are open: %w", r.Unacked(), len(r.Wishes), errors.Join(context.Cause(ctx), err))
		}
		Pause(ctx.Done(), 50*time.Millisecond)
	}
}
