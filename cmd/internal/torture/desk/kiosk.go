// Package desk is a whole kiosk and its central in one process, for the rigs
// that need a clock of their own or a pad that no cable could imitate. Desk,
// visit, ledger, cache, pads, uplink and central are the real ones on real
// files. The link between kiosk and central is in memory, and nothing here
// listens on a socket, so that all of it also runs in a testing/synctest bubble.
package desk

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

// What the gate listens for.
const (
	Loud  drivers.AFI = 0x07
	Quiet drivers.AFI = 0xC2
)

const kioskName = "syston-1"

// Options say what kind of house it is.
type Options struct {
	Items []Item
	Cards []circ.Card
	Rules string                        // more lines of policy.toml, below [default]
	Ask   uplink.Config                 // its times, if they are not to be the usual ones
	Emit  func(pads.Event)              // nil: the events wait for Station.Step
	Later func(pads.Ledger) pads.Ledger // a wrong ledger between it and the pads, for the controls
}

// Item is one item of the catalogue. Parts above 1 make it a set.
type Item struct {
	ID    circ.ItemID
	Parts int
}

// Kiosk is a kiosk that is switched on, and what stands behind it. Except for
// Uplink and Pads, it belongs to one goroutine.
type Kiosk struct {
	Dir     string
	Central *central.Central
	Ledger  *ledger.Ledger
	Cache   *cache.Cache
	Desk    *agent.Desk
	Pads    *pads.Presence
	Uplink  *uplink.Uplink
	State   visit.State // what the screen shows
	Told    []check.Told
	Saw     func(pads.Event) // hears every event of the pads first; may be nil
	Trail   []string         // the last screens, for whoever looks into a failure

	t      testing.TB
	cred   contract.Credential
	start  time.Time
	boot   uuid.UUID
	seen   []pads.Event
	last   map[circ.ItemID]check.Told
	step   string     // the last of Trail, without its time
	who    circ.Card  // whose visit it was last
	whose  circ.Visit // and which
	closed bool
}

// Open makes central and a kiosk in a directory of the test's, and lets the
// kiosk hear from central once.
func Open(t testing.TB, o Options) *Kiosk {
	t.Helper()
	k := &Kiosk{Dir: torture.Memory(t), t: t, start: time.Now(), boot: uuid.New(), last: map[circ.ItemID]check.Told{}}
	k.enrol(o)
	k.On(o)
	t.Cleanup(k.Close)
	return k
}

// Warm does once what must not be done in a bubble: the packing of messages
// keeps what it made at its first use, and that must belong to no bubble.
func Warm() error {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	msg, err := contract.Sign(contract.KindStatus, []byte(strings.Repeat("a", 4<<10)), key)
	if err != nil {
		return err
	}
	_, err = contract.Open(contract.KindStatus, msg, public)
	return err
}

// enrol does what the authority does once.
func (k *Kiosk) enrol(o Options) {
	ctx := context.Background()
	dir := filepath.Join(k.Dir, "central")
	k.must(central.Create(ctx, dir, "leics", time.Now()))
	var err error
	k.Central, err = central.Open(ctx, dir, central.Options{Now: time.Now, Serving: true})
	k.must(err)
	data := filepath.Join(k.Dir, "exports")
	k.must(os.Mkdir(data, 0o700))
	for name, text := range exports(o) {
		k.must(os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	_, err = k.Central.ImportFrom(ctx, data)
	k.must(err)
	k.cred, err = k.Central.AddKiosk(ctx, central.Enrolment{Name: kioskName, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	k.must(err)
}

func exports(o Options) map[string]string {
	var items, cards strings.Builder
	items.WriteString("item,title,class,owner,parts,age,not_for_loan\n")
	for _, x := range o.Items {
		var parts []string
		for n := range x.Parts {
			parts = append(parts, fmt.Sprintf("Disc %d", n+1))
		}
		if len(parts) < 2 {
			parts = nil
		}
		fmt.Fprintf(&items, "%s,A book,book,,%s,,\n", x.ID, strings.Join(parts, ";"))
	}
	cards.WriteString("card,category,blocked,expires,age_band,messages\n")
	for _, c := range o.Cards {
		fmt.Fprintf(&cards, "%s,adult,,,18,\n", string(c))
	}
	return map[string]string{
		"items.csv": items.String(), "borrowers.csv": cards.String(), "calendar.toml": "[default]\n",
		"policy.toml": "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" + o.Rules +
			"[default.classes.book]\ndays = 21\nrenewals = 5\n[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n",
	}
}

// On switches the kiosk on.
func (k *Kiosk) On(o Options) {
	ctx := context.Background()
	var err error
	k.Ledger, err = ledger.Open(ctx, k.LedgerPath(), ledger.Options{Kiosk: k.cred.Kiosk, Seal: k.cred.SealKey})
	k.must(err)
	k.Cache, err = cache.Open(ctx, filepath.Join(k.Dir, "cache.db"))
	k.must(err)
	link := o.Ask
	link.Credential, link.Now = k.cred, k.Now
	k.Uplink = uplink.New(link, k.Ledger, k.Cache)
	k.Desk = &agent.Desk{Ledger: k.Ledger, Facts: k.Cache, CardKey: k.cred.CardKey, Quiet: Quiet, Now: k.Now,
		Online: func() bool { return k.Uplink.Online(k.Now()) }, Poke: k.Uplink.Poke, Log: slog.New(slog.DiscardHandler),
		Show: k.show, House: visit.House{Count: visit.CountNever, Receipt: visit.ReceiptNever}}
	emit := o.Emit
	if emit == nil {
		emit = func(e pads.Event) { k.seen = append(k.seen, e) }
	}
	var between pads.Ledger = k.Ledger
	if o.Later != nil {
		between = o.Later(between)
	}
	k.Pads = pads.New(pads.Config{Security: pads.Security{Loud: Loud, Quiet: Quiet}, Now: k.Now, Visit: k.Desk.Visit, Emit: emit},
		between, memory{k.Cache})
	k.must(k.Desk.Handle(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true}))
}

// Close switches everything off; twice does nothing more.
func (k *Kiosk) Close() {
	if k.closed {
		return
	}
	k.closed = true
	for _, end := range []func() error{k.Ledger.Close, k.Cache.Close, k.Central.Close} {
		if err := end(); err != nil {
			k.t.Errorf("switch off: %v", err)
		}
	}
}

// LedgerPath is where the ledger lies.
func (k *Kiosk) LedgerPath() string { return filepath.Join(k.Dir, "ledger.db") }

// Now is the moment, by a clock that is known to be right.
func (k *Kiosk) Now() circ.Moment {
	return circ.Moment{Wall: time.Now(), Mono: time.Since(k.start), Boot: k.boot, Quality: circ.Synced}
}

func (k *Kiosk) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}
