package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/line"
)

// village is a house in two: the kiosk on one host, Mosquitto and central on
// another.
type village struct {
	*house.House
	line    *line.Line
	longest time.Duration // until the kiosk noticed that the line was dead
}

func newVillage(t *testing.T, run *torture.Run) *village {
	t.Helper()
	line.Need(t)
	v := &village{line: line.New(t, run.Seed)}
	broker, err := house.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := house.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(broker)
	v.House = house.New(t, house.Options{
		Seed: run.Seed, Listen: broker, Dial: net.JoinHostPort(v.line.Far.Addr, port),
		Broker: []string{"listener " + port + " " + v.line.Far.Addr},
		Command: func(p *house.Program) []string {
			if p.Name == "kiosk" {
				return v.line.Near.Run(p.Args)
			}
			return v.line.Far.Run(p.Args)
		},
	})
	text, err := os.ReadFile(v.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	fixed := strings.Replace(string(text), "127.0.0.1:0", screen, 1)
	if err := os.WriteFile(v.ConfigPath, []byte(fixed), 0o600); err != nil {
		t.Fatal(err)
	}
	window(t, screen, v.line.Near)
	window(t, broker, v.line.Far)
	return v
}

// window shows what listens on a host's loopback at the same address here: the
// borrower stands at the screen, and the house asks whether the broker is up.
func window(t *testing.T, addr string, host *line.Host) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			here, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			go look(here, addr, host)
		}
	}()
}

func look(here net.Conn, addr string, host *line.Host) {
	defer here.Close()
	there, err := host.Dial(addr)
	if err != nil {
		return
	}
	defer there.Close()
	go func() {
		_, _ = io.Copy(there, here)
		there.Close()
	}()
	_, _ = io.Copy(here, there)
}

// spell is one sort of weather for a while.
type spell struct {
	name string
	do   func(context.Context, *village) error
}

func weather(w line.Weather, d time.Duration) func(context.Context, *village) error {
	return func(ctx context.Context, v *village) error {
		v.line.Set(w)
		house.Pause(ctx.Done(), d)
		return nil
	}
}

var spells = []spell{
	{"clean", weather(line.Weather{}, 2*time.Second)},
	{"30 % of packets lost", weather(line.Weather{Loss: 0.3}, 4*time.Second)},
	{"64 kbit/s and a long way", weather(line.Weather{Rate: 8000, Delay: 300 * time.Millisecond}, 3*time.Second)},
	{"the line down for ten seconds", weather(line.Weather{Down: true}, 10*time.Second)},
	{"the line down until the kiosk has noticed", noticed},
	{"the kiosk's own interface down", unplugged},
	{"30 % lost on a slow line", weather(line.Weather{Loss: 0.3, Rate: 8000, Delay: 100 * time.Millisecond}, 5*time.Second)},
}

// noticed takes the line down, with nobody told, until the kiosk calls anew.
func noticed(ctx context.Context, v *village) error {
	v.line.Set(line.Weather{})
	if err := v.caughtUp(ctx); err != nil { // so there is a session to die
		return err
	}
	v.line.Set(line.Weather{Down: true})
	began, calls := time.Now(), v.line.Calls()
	if err := until(ctx, time.Minute, func() bool { return v.line.Calls() > calls }); err != nil {
		return fmt.Errorf("the kiosk did not notice that the line is dead: %w", err)
	}
	v.longest = max(v.longest, time.Since(began))
	return nil
}

func unplugged(ctx context.Context, v *village) error {
	v.line.Set(line.Weather{})
	if err := v.line.Near.Unplug(true); err != nil {
		return err
	}
	house.Pause(ctx.Done(), 3*time.Second)
	return v.line.Near.Unplug(false)
}

// Kiosk and central on two hosts, each with a TCP of its own, and a line
// between them on which packets are lost, late, or come to nothing.
func TestTwoHosts(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "kiosk and central on two hosts: 30 % of packets lost, 64 kbit/s, the line dead without a word, interface down", Unit: "spells",
		Target: target, Short: 5, Long: 300,
	})
	v := newVillage(t, run)
	v.Start(t)
	b := house.NewBorrower(v.House, run.Seed)
	err := v.Evening(t.Context(), b, func(ctx context.Context) error {
		for i := range run.Count {
			s := spells[i%len(spells)]
			if err := s.do(ctx, v); err != nil {
				return fmt.Errorf("spell %d, %s: %w", i+1, s.name, err)
			}
		}
		v.line.Set(line.Weather{})
		return v.caughtUp(ctx)
	})
	if err != nil {
		t.Fatalf("%v\nthe last of the borrower:\n%s", err, strings.Join(b.Story, "\n"))
	}
	verdict, _, err := v.Judge(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	carried, lost := v.line.Packets()
	if carried == 0 || lost == 0 {
		t.Errorf("%d packets came through and %d did not: nothing was tested", carried, lost)
	}
	run.Reached("%d visits, %d events acknowledged, %d lost, %d doubled; %d packets came through, %d did not; a dead line was given up after %.0f s",
		b.Visits, verdict.Acked, verdict.Lost, verdict.Doubled, carried, lost, v.longest.Seconds())
}

// caughtUp waits until the kiosk has said all. After many broken sessions it
// waits up to a minute before the next.
func (v *village) caughtUp(ctx context.Context) error {
	var err error
	for range 4 {
		if err = v.Drained(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}
