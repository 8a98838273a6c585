package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/proxy"
)

// patience is the uplink's here. It waits half a minute for an acknowledgement
// where it is sold, and thousands of lost messages would take a week.
const patience = 250 * time.Millisecond

// street is a kiosk's ledger, cache and uplink and a central, without their
// programs, with a real broker and a proxy between them.
type street struct {
	name    string
	dir     string
	central *central.Central
	cred    contract.Credential
	ledger  *ledger.Ledger
	uplink  *uplink.Uplink // while it lives
	proxy   *proxy.Proxy
	broker  string
	began   time.Time
	boot    uuid.UUID
	desk    func(receiver.Desk) receiver.Desk    // a wrong central, for the controls; nil: the true one
	session func(context.Context, *street) error // a wrong uplink, for the controls; nil: the true one
}

// openStreet makes an authority of its own, so that streets with one broker do
// not hear each other.
func openStreet(ctx context.Context, dir, broker string, seed uint64) (*street, error) {
	s := &street{name: fmt.Sprintf("a%d", seed), dir: dir, broker: broker, began: time.Now(), boot: uuid.New()}
	at := filepath.Join(dir, "central")
	if err := central.Create(ctx, at, s.name, s.began); err != nil {
		return nil, err
	}
	var err error
	if s.central, err = central.Open(ctx, at, central.Options{Now: time.Now, Serving: true}); err != nil {
		return nil, err
	}
	s.cred, err = s.central.AddKiosk(ctx, central.Enrolment{Name: house.KioskName, Venue: "syston", BrokerURL: "mqtt://" + broker})
	if err != nil {
		return nil, err
	}
	if s.proxy, err = proxy.New(broker, seed); err != nil {
		return nil, err
	}
	s.ledger, err = ledger.Open(ctx, s.ledgerPath(), ledger.Options{Kiosk: s.cred.Kiosk, Seal: s.cred.SealKey})
	return s, err
}

func (s *street) ledgerPath() string { return filepath.Join(s.dir, "ledger.db") }

func (s *street) close() error {
	return errors.Join(s.proxy.Close(), s.ledger.Close(), s.central.Close())
}

func (s *street) now() circ.Moment {
	return circ.Moment{Wall: time.Now(), Mono: time.Since(s.began), Boot: s.boot, Quality: circ.Synced}
}

// smallBatches is an outbox that gives few events at a time, so that few
// events make many messages.
type smallBatches struct {
	*ledger.Ledger
	most int
}

func (b smallBatches) Unsent(ctx context.Context, most int) (contract.Batch, error) {
	return b.Ledger.Unsent(ctx, min(most, b.most))
}

func (b smallBatches) From(ctx context.Context, n uint64, most int) (contract.Batch, error) {
	return b.Ledger.From(ctx, n, min(most, b.most))
}

// live runs central and kiosk beside each other until ctx is done, while do
// happens.
func (s *street) live(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var desk receiver.Desk = s.central
	if s.desk != nil {
		desk = s.desk(desk)
	}
	user, password := s.central.BrokerLogin()
	r, err := receiver.New(desk, receiver.Broker{URL: "mqtt://" + s.broker, User: user, Password: password}, s.name, "central-"+s.name, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	feeds, err := cache.Open(ctx, filepath.Join(s.dir, "cache.db"))
	if err != nil {
		return err
	}
	s.uplink = uplink.New(uplink.Config{Credential: s.cred, Broker: "mqtt://" + s.proxy.Addr(), Now: s.now, AckTimeout: patience,
		Heartbeat: time.Second}, smallBatches{s.ledger, 3}, feeds)
	session := s.uplink.Session
	if s.session != nil {
		session = func(ctx context.Context) error { return s.session(ctx, s) }
	}
	var g errgroup.Group
	g.Go(func() error { return r.Run(ctx) })
	g.Go(func() error {
		for ctx.Err() == nil {
			_ = session(ctx) // that it broke is what this rig is for
			house.Pause(ctx.Done(), 20*time.Millisecond)
		}
		return nil
	})
	err = do(ctx)
	cancel()
	return errors.Join(err, g.Wait(), feeds.Close())
}

// work records four events now and then, for a while: two items are lent and
// returned.
func (s *street) work(ctx context.Context, visits int, each time.Duration) error {
	items := []circ.ItemID{"31221012345679", "30234000517861"}
	for range visits {
		if err := past(ctx, s.ledger, s.cred, "21221012345671", items, len(items), 2*len(items)); err != nil {
			return err
		}
		s.uplink.Poke()
		house.Pause(ctx.Done(), each)
	}
	return nil
}

// drained waits until every event is acknowledged.
func (s *street) drained(ctx context.Context) error {
	var p contract.Hello
	err := until(ctx, house.Longest, func() bool {
		var err error
		p, err = s.ledger.Position(ctx)
		return err == nil && p.Acked == p.Last && p.Last > 0
	})
	if err != nil {
		return fmt.Errorf("%d of %d events are acknowledged: %w", p.Acked, p.Last, err)
	}
	return nil
}

// judge is what ledger and central say of the same events. Nobody has put a disk
// back here, so there is no reason to number anything anew.
func (s *street) judge(ctx context.Context) (check.Verdict, error) {
	var r check.Reading
	var err error
	if r.Ledger, err = ledger.Audit(ctx, s.ledgerPath()); err != nil {
		return check.Verdict{}, err
	}
	if r.Central, err = check.AtCentral(ctx, s.central, s.cred.Kiosk); err != nil {
		return check.Verdict{}, err
	}
	v := check.AtRest(r)
	if epochs := len(r.Ledger.Acked); epochs > 1 {
		v.Harms = append(v.Harms, check.Harm{Rule: "a broker cannot make a kiosk number anew", What: fmt.Sprintf("there are %d epochs", epochs)})
	}
	return v, nil
}

// plainBroker is a Mosquitto for streets: it lets everybody in.
func plainBroker(t *testing.T) string {
	t.Helper()
	house.NeedBroker(t)
	addr, err := house.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	lines := "listener " + addr[strings.LastIndex(addr, ":")+1:] + " 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_type none\n"
	if os.Geteuid() == 0 {
		lines += "user root\n"
	}
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(house.Mosquitto, "-c", conf)
	cmd.Stderr, cmd.Stdout = io.Discard, io.Discard
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return addr
}

// one seed: a kiosk records while the harm is done, then the proxy is honest.
func oneSeed(ctx context.Context, s *street, h proxy.Harm) (check.Verdict, error) {
	err := s.live(ctx, func(ctx context.Context) error {
		s.proxy.Do(h)
		if err := s.work(ctx, 30, 30*time.Millisecond); err != nil {
			return err
		}
		s.proxy.Do(proxy.Harm{})
		return s.drained(ctx)
	})
	if err != nil {
		return check.Verdict{}, err
	}
	return s.judge(ctx)
}

// harms are what a seed may meet, one of them or all together.
var harms = []proxy.Harm{
	{Break: 0.8, Refuse: 0.2, Slice: 5},
	{Drop: 0.15},
	{DropAck: 0.2, ThenCut: true},
	{Twice: 0.4, Later: 0.5, Stale: 0.4},
	{Swap: 0.5, Later: 0.2},
	{Flip: 0.3},
	{Drop: 0.08, DropAck: 0.03, Flip: 0.08, Twice: 0.2, Later: 0.25, Stale: 0.15, Swap: 0.2, Break: 0.3, ThenCut: true},
	{Drop: 0.2, Stale: 0.7, Break: 0.7, ThenCut: true}, // an old hello makes central look ahead of a kiosk that has missed its answer
}

// The same lies and cuts, to ledger, uplink and central without their programs
// and with a shorter patience: many seeds.
func TestManySeeds(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "kiosk's uplink and central in one process behind a broker that lies and breaks, each seed another evening", Unit: "seeds",
		Target: "nothing lost, nothing doubled", Short: 24, Long: 5_000,
	})
	broker := plainBroker(t)
	var g errgroup.Group
	g.SetLimit(4) // they wait more than they work
	lies, cuts, acked := make([]int, run.Count), make([]int, run.Count), make([]int, run.Count)
	for i := range run.Count {
		g.Go(func() error {
			seed := run.Seed + uint64(i)
			v, n, err := seedOf(t, broker, seed)
			if err = errors.Join(err, house.Harms(v)); err != nil {
				return fmt.Errorf("seed %d alone (NIGHTDESK_SEED=%d NIGHTDESK_COUNT=1), %+v: %w", seed, seed, harms[seed%uint64(len(harms))], err)
			}
			lies[i], cuts[i], acked[i] = n.Lies(), n.Cut, v.Acked
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	run.Reached("%d events acknowledged through %d lies and %d cuts, 0 lost, 0 doubled", total(acked), total(lies), total(cuts))
}

func seedOf(t *testing.T, broker string, seed uint64) (check.Verdict, proxy.Counts, error) {
	s, err := openStreet(t.Context(), t.TempDir(), broker, seed)
	if err != nil {
		return check.Verdict{}, proxy.Counts{}, err
	}
	v, err := oneSeed(t.Context(), s, harms[seed%uint64(len(harms))])
	return v, s.proxy.Counts(), errors.Join(err, s.close())
}

func total(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}
