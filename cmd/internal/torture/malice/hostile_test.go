package malice

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/torture"
)

// Whatever a broker does, the kiosk's end of the line and central's stay
// small, stay alive, and take up their work with the next broker that is one.
func TestHostileBroker(t *testing.T) {
	for _, who := range []string{"kiosk", "central"} {
		t.Run(who, func(t *testing.T) {
			r := torture.Start(t, torture.Rig{
				Harm: "a hostile MQTT broker, at the line of " + who, Unit: "connections",
				Target: "no crash, never above 128 MB, in service with the next honest broker", Short: 150, Long: 20_000,
			})
			c, cred, dir := authority(t)
			b := newHostile(t, choose(r), r.Stream)
			b.honest = otherEnd(t, who, c, cred)
			l, took := play(t, b, who, dir)
			if l.Goroutines > 15 || l.Files > 20 {
				t.Errorf("in the end %d goroutines and %d open files are left", l.Goroutines, l.Files)
			}
			if took > mostMemory {
				t.Errorf("it took %s, want at most %s", mb(took), mb(mostMemory))
			}
			r.Reached("%s at most, %d sessions, none of them the last", mb(took), l.Sessions)
		})
	}
}

// The MQTT library as it comes does not survive what the rig does.
func TestTheBrokerIsHostile(t *testing.T) {
	for _, c := range []string{"sends what it says are 256 MB", "a subscription with too many answers", "a flood that is never released"} {
		t.Run(c, func(t *testing.T) {
			var tricks []trick
			for _, x := range slices.Concat(lightTricks(), heavyTricks()) {
				if x.name == c {
					tricks = slices.Repeat([]trick{x}, 50)
				}
			}
			b := newHostile(t, tricks, func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 0)) })
			v := startVictim(t, "trusting", orders{Broker: "mqtt://" + b.addr})
			most := 0
			for deadline := time.Now().Add(30 * time.Second); most <= mostMemory && !v.dead(); time.Sleep(5 * time.Millisecond) {
				if now, err := peak(v.cmd.Process.Pid); err == nil {
					most = now
				}
				if time.Now().After(deadline) {
					t.Fatalf("it is alive and has taken %s: the rig does no harm", mb(most))
				}
			}
		})
	}
}

// choose draws the tricks of a run: each at least once, heavy ones seldom.
func choose(r *torture.Run) []trick {
	light, heavy := lightTricks(), heavyTricks()
	all := slices.Concat(light, heavy)
	for len(all) < r.Count {
		if r.Rand.IntN(50) == 0 {
			all = append(all, heavy[r.Rand.IntN(len(heavy))])
			continue
		}
		all = append(all, light[r.Rand.IntN(len(light))])
	}
	all = all[:r.Count]
	r.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// authority is a central with one kiosk, whose credential lies in the folder.
func authority(t *testing.T) (*central.Central, contract.Credential, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "central")
	if err := central.Create(t.Context(), dir, "leics", time.Now()); err != nil {
		t.Fatal(err)
	}
	c, err := central.Open(t.Context(), dir, central.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	cred, err := c.AddKiosk(t.Context(), central.Enrolment{Name: "syston-1", Venue: "syston"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(cred)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "credential.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return c, cred, dir
}

// otherEnd is whom the victim is to speak with in the end.
func otherEnd(t *testing.T, who string, c *central.Central, cred contract.Credential) other {
	t.Helper()
	if who == "kiosk" {
		return other{answer: func(topic string, payload []byte) (says []heard, content bool) {
			outs, _ := c.Handle(t.Context(), topic, payload)
			for _, o := range outs {
				says = append(says, heard{o.Topic, o.Payload})
			}
			return says, strings.HasSuffix(topic, "up/hi")
		}}
	}
	hello, err := contract.Encode(contract.KindHello, contract.Hello{V: contract.Version, Kiosk: cred.Kiosk, Epoch: circ.Epoch(uuid.New()), First: 1, Sent: time.Now().UTC()}, cred.Key())
	if err != nil {
		t.Fatal(err)
	}
	return other{
		greeting: []heard{{cred.Topics().Hi(), hello}},
		answer:   func(topic string, _ []byte) ([]heard, bool) { return nil, topic == cred.Topics().Ak() },
	}
}

// play plays all tricks to a victim, then serves it honestly, and says what it
// said last and the most memory that it took.
func play(t *testing.T, b *hostile, who, dir string) (l last, took int) {
	t.Helper()
	v := startVictim(t, who, orders{Broker: "mqtt://" + b.addr, Dir: dir})
	deadline := time.After(time.Duration(30+len(b.tricks)/5) * time.Second)
	for waiting := true; waiting; {
		select {
		case <-b.done:
			waiting = false
		case <-deadline:
			t.Errorf("after %s it is not in service", b.latest())
			waiting = false
		case <-time.After(20 * time.Millisecond):
			waiting = !v.dead()
		}
	}
	took, err := peak(v.cmd.Process.Pid)
	l, fate := v.end()
	if err := errors.Join(fate, err); err != nil {
		t.Fatalf("after %s: %v", b.latest(), err)
	}
	return l, took
}
