package malice

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/mosquitto"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture/house"
)

// A house under attack: each rig does its harm to the same running programs,
// and in the end the witnesses must agree as if nothing had been done.
func TestHouse(t *testing.T) {
	a := openHouse(t)
	b := house.NewBorrower(a.House, 1)
	visit := func(t *testing.T) {
		t.Helper()
		for range 2 {
			if err := b.Borrow(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(b.Story, "\n"))
			}
		}
	}
	visit(t)
	if err := a.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.genuine = len(a.heard)
	a.mu.Unlock()
	for _, rig := range []struct {
		name string
		do   func(*testing.T, *attacked)
	}{
		{"ForgedToTheKiosk", forgedToTheKiosk},
		{"ForgedToCentral", forgedToCentral},
		{"ReplayedToCentral", replayedToCentral},
		{"RetainedFlood", retainedFlood},
		{"Web", web},
		{"Barcodes", barcodes},
		{"HostileBroker", func(t *testing.T, a *attacked) { hostileBroker(t, a, b) }},
	} {
		t.Run(rig.name, func(t *testing.T) {
			rig.do(t, a)
			if err := a.Fell(); err != nil {
				t.Fatal(err)
			}
			took, err := peak(a.Kiosk.PID())
			if err != nil || took > mostMemory {
				t.Errorf("the kiosk took %s, want at most %s (%v)", mb(took), mb(mostMemory), err)
			}
		})
	}
	visit(t)
	if err := a.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Judge(t.Context(), b); err != nil {
		t.Error(err)
	}
}

// attacked is a house with somebody at its broker who may read and write
// everything.
type attacked struct {
	*house.House
	line   *hostile // between the kiosk and the broker
	client mqtt.Client
	epoch  circ.Epoch                     // of what oadby-1 says
	cred   contract.Credential            // of the kiosk
	other  map[string]contract.Credential // of kiosks that are only names here: oadby-1, and gone-1 which is revoked

	titledBook int // in Stock.Books

	mu      sync.Mutex // guards what follows
	heard   []heard
	genuine int // how many of heard came before the first attack
}

const mallory = "mallory"

func openHouse(t *testing.T) *attacked {
	t.Helper()
	addr, err := house.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	a := &attacked{line: newHostile(t, nil, nil), epoch: circ.Epoch(uuid.New()), other: map[string]contract.Credential{}}
	a.line.onward = addr
	a.House = house.New(t, house.Options{Listen: addr, Dial: a.line.addr})
	a.cred = a.credential(t, "credential.json")
	for _, name := range []string{"oadby-1", "gone-1"} {
		if _, err := a.CentralCommand(t.Context(), "kiosk", "add", name, "--venue", "oadby", "--broker", "mqtt://"+addr, "--out", filepath.Join(a.Dir, name)); err != nil {
			t.Fatal(err)
		}
		a.other[name] = a.credential(t, name)
	}
	if _, err := a.CentralCommand(t.Context(), "kiosk", "revoke", "gone-1"); err != nil {
		t.Fatal(err)
	}
	a.retitle(t)
	a.letIn(t)
	if err := a.Broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.connect(t)
	if err := a.Central.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); a.said("b/all/hd") == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	a.genuineHello(t) // the first one of a kiosk is news for all; so it is said before anything is compared
	if err := a.Kiosk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Filled(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// retitle gives the last film, which nobody here borrows, a title with markup.
func (a *attacked) retitle(t *testing.T) {
	t.Helper()
	for i, b := range a.Stock.Books {
		if b.Class == "dvd" && len(b.Tags) == 1 {
			a.titledBook = i
		}
	}
	a.Stock.Books[a.titledBook].Title = markup
	venue, err := table.FindVenue("syston")
	if err != nil {
		t.Fatal(err)
	}
	exports := filepath.Join(a.Dir, "exports")
	if _, err := a.Stock.Export(exports, venue); err != nil {
		t.Fatal(err)
	}
	if _, err := a.CentralCommand(t.Context(), "import", "--from", exports); err != nil {
		t.Fatal(err)
	}
}

func (a *attacked) credential(t *testing.T, name string) contract.Credential {
	t.Helper()
	c, err := contract.LoadCredential(filepath.Join(a.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// letIn gives the attacker an account at the broker that may do everything.
func (a *attacked) letIn(t *testing.T) {
	t.Helper()
	line, err := mosquitto.Line(mallory, mallory)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"passwd": line + "\n", "acl": "\nuser mallory\ntopic readwrite #\ntopic read $SYS/#\n"} {
		f, err := os.OpenFile(filepath.Join(a.CentralDir(), "mosquitto", name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func (a *attacked) connect(t *testing.T) {
	t.Helper()
	o := mqtt.NewClientOptions().AddBroker("mqtt://" + a.BrokerAddr).SetClientID(mallory).SetUsername(mallory).SetPassword(mallory).SetProtocolVersion(4)
	a.client = mqtt.NewClient(o)
	a.must(t, a.client.Connect())
	t.Cleanup(func() { a.client.Disconnect(100) })
	a.must(t, a.client.Subscribe("nd/#", 1, func(_ mqtt.Client, m mqtt.Message) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.heard = append(a.heard, heard{m.Topic(), m.Payload()})
	}))
}

func (a *attacked) must(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(20 * time.Second) {
		t.Fatal("the broker does not answer")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

func (a *attacked) publish(t *testing.T, topic string, payload []byte) {
	t.Helper()
	a.must(t, a.client.Publish(topic, 1, false, payload))
}

// recorded are the genuine messages that were heard on topics that end so.
func (a *attacked) recorded(ends ...string) []heard {
	a.mu.Lock()
	defer a.mu.Unlock()
	return on(a.heard[:a.genuine], ends)
}

// said is how many messages were heard so far on topics that end so.
func (a *attacked) said(end string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(on(a.heard, []string{end}))
}

func on(some []heard, ends []string) (all []heard) {
	for _, m := range some {
		for _, end := range ends {
			if strings.HasSuffix(m.topic, end) {
				all = append(all, m)
			}
		}
	}
	return all
}

// await waits until more than n messages have been heard on topics that end so.
func (a *attacked) await(ctx context.Context, n int, end string) error {
	for deadline := time.Now().Add(20 * time.Second); a.said(end) <= n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("nothing more comes on %s", end)
		}
	}
	return nil
}

// belongings are what no attack may change at the kiosk.
type belongings struct {
	Epoch                          circ.Epoch
	Events, Unacked, Loans, Wishes int
	Items, Own                     cache.FeedStatus
	Rows                           map[string]int
}

func (a *attacked) belongings(t *testing.T) belongings {
	t.Helper()
	r, err := ledger.Audit(t.Context(), agent.LedgerPath(a.Config))
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.Open(t.Context(), agent.CachePath(a.Config))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, e := range r.Events {
		if e.Type != contract.StaffNotice { // a barcode that does not read is told of
			events++
		}
	}
	s.Items.AsOf, s.Own.AsOf = time.Time{}, time.Time{} // central goes on speaking
	return belongings{r.Epoch, events, int(r.Unacked()), len(r.Loans), len(r.Wishes), s.Items, s.Own, s.Rows}
}

// unharmed holds two looks against each other.
func unharmed(t *testing.T, was, is any) {
	t.Helper()
	if !reflect.DeepEqual(was, is) {
		t.Errorf("it has changed something: it was\n%+v\nand is\n%+v", was, is)
	}
}

// refused is what the kiosk has told doctor of messages that it did not believe.
func (a *attacked) refused(t *testing.T) (all map[string]uint64, sum uint64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.Config.Data, "status.json"))
	var r agent.Report
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range r.Refused {
		sum += n
	}
	return r.Refused, sum
}

// forgers are the keys of others.
func (a *attacked) forgers() []ed25519.PrivateKey {
	return []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, 32)), a.other["oadby-1"].Key(), a.other["gone-1"].Key()}
}
