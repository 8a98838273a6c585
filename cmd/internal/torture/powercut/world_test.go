// Package powercut is the test that carries the design: one visit again and
// again against a real ledger file, a real driver, a simulated reader behind a
// pty and a real central, with the power cut one step later each time. A step
// is every commit (before; and after, when nobody has heard of it yet), every
// serial write and read, every publish and every message that arrives.
package powercut

import (
	"context"
	"encoding/json"
	"errors"
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
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
	"nightdesk/drivers/feig"
	"nightdesk/drivers/iso28560"
	"nightdesk/drivers/label"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

const (
	loud  drivers.AFI = 0x07
	quiet drivers.AFI = 0xC2

	ada  circ.Card   = "21221012345671"
	book circ.ItemID = "31221012345679"
	set  circ.ItemID = "30234000517861"
)

// power counts the steps and is cut at one of them; then nothing works any more.
type power struct {
	at    int    // the step at which it is cut; 0: never
	name  string // or the name of the step
	after string // … once a step of this name has been; without a name the next one, whatever it is
	nth   int    // … the how manieth of them; 0: the first
	seen  int    // of them
	armed bool   // after has been
	steps int
	log   []string
	off   bool
	where string
}

func (p *power) step(name string) error {
	if p.off {
		return agent.ErrPowerCut
	}
	p.steps++
	p.log = append(p.log, name)
	if p.steps == p.at || p.named(name) {
		p.off, p.where = true, name
		return agent.ErrPowerCut
	}
	return nil
}

// named says whether this is the step that was asked for by name.
func (p *power) named(name string) bool {
	if p.after != "" && !p.armed {
		p.armed = name == p.after
		return false
	}
	if p.name == "" && p.after == "" || p.name != "" && p.name != name {
		return false
	}
	p.seen++
	return p.seen >= p.nth
}

func (p *power) BeforeWrite(b []byte) error { return p.step("serial write " + command(b)) }
func (p *power) AfterRead(b []byte) error   { return p.step("serial read") }

// command names a FEIG host command by its code, and an ISO one by its own.
func command(b []byte) string {
	switch {
	case len(b) > 3 && b[2] == 0xB0:
		return fmt.Sprintf("B0 %02X", b[3])
	case len(b) > 2:
		return fmt.Sprintf("%02X", b[2])
	}
	return "?"
}

// world is everything that outlives the kiosk's power: tags, reader, disk,
// central, and what the borrower was told.
type world struct {
	t       testing.TB
	table   *sim.Table
	reader  *sim.Reader
	dir     string
	central *central.Central
	cred    contract.Credential
	wall    time.Time
	mono    time.Duration
	told    map[circ.ItemID]circ.Receipt // what a screen showed as done, the newest
	swap    bool                         // swapped order: quiet before the loan is recorded
	lose    func(topic string) bool      // the broker loses what it has acknowledged
	quietly bool                         // central's own start is no step of the kiosk's
	orders  orders
	*kiosk
}

// kiosk is what the power holds up.
type kiosk struct {
	power  *power
	boot   uuid.UUID
	ledger *ledger.Ledger
	cache  *cache.Cache
	desk   *agent.Desk
	pads   *pads.Presence
	pad    *feig.Pad
	watch  *pads.Watch
	seen   []pads.Event
	state  visit.State
	uplink *uplink.Uplink
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, table: sim.NewTable(), dir: torture.Memory(t), wall: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		told: map[circ.ItemID]circ.Receipt{}}
	var err error
	if w.reader, err = sim.NewReader(w.table, "pad", sim.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.reader.Close() })
	w.enrol()
	return w
}

var files = map[string]string{
	"items.csv": "item,title,class,owner,parts,age,not_for_loan\n" +
		string(book) + ",Middlemarch,book,,,,\n" + string(set) + ",Under Milk Wood,audio,,Disc 1;Disc 2,,\n",
	"borrowers.csv": "card,category,blocked,expires,age_band,messages\n" + string(ada) + ",adult,,,18,\n",
	"policy.toml": "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" +
		"[default.classes.book]\ndays = 21\nrenewals = 5\n[default.classes.audio]\ndays = 21\nrenewals = 5\n" +
		"[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n",
	"calendar.toml": "[default]\n",
}

func (w *world) enrol() {
	ctx := context.Background()
	dir := filepath.Join(w.dir, "central")
	must(w.t, central.Create(ctx, dir, "leics", w.wall))
	c, err := openCentral(w, dir)
	must(w.t, err)
	w.t.Cleanup(func() { w.central.Close() })
	w.central = c
	data := filepath.Join(w.dir, "data")
	must(w.t, os.Mkdir(data, 0o700))
	for name, text := range files {
		must(w.t, os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	_, err = c.ImportFrom(ctx, data)
	must(w.t, err)
	w.cred, err = c.AddKiosk(ctx, central.Enrolment{Name: "syston-1", Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	must(w.t, err)
}

func openCentral(w *world, dir string) (*central.Central, error) {
	return central.Open(context.Background(), dir, central.Options{Now: func() time.Time { return w.wall }, Serving: true,
		Step: func(name string) error {
			if w.kiosk == nil || w.power == nil || w.quietly {
				return nil
			}
			return w.power.step("central " + name)
		}})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func uidOf(n byte) drivers.UID { return drivers.UID{0xE0, 0x04, 0x01, 0, 0, 0, 0, n} }

// put lays a tag of an item on the pad: a 28560-3 basic block.
func (w *world) put(n byte, item circ.ItemID, part, of byte, afi drivers.AFI) {
	data := make([]byte, 112)
	data[0], data[1], data[2] = 0x11, of, part
	copy(data[3:19], item)
	copy(data[21:34], "GBLEI")
	crc := iso28560.BlockCRC([34]byte(data[:34]))
	data[19], data[20] = byte(crc), byte(crc>>8)
	w.table.Put("pad", drivers.Tag{UID: uidOf(n), AFI: afi, BlockSize: 4, Data: data})
}

func (w *world) now() circ.Moment {
	return circ.Moment{Wall: w.wall, Mono: w.mono, Boot: w.boot, Quality: circ.Synced}
}

func (w *world) pass(d time.Duration) { w.wall, w.mono = w.wall.Add(d), w.mono+d }

// on switches the kiosk on.
func (w *world) on(p *power) error {
	ctx := context.Background()
	w.mono = time.Second
	w.kiosk = &kiosk{power: p, boot: uuid.New()}
	if p.off {
		return agent.ErrPowerCut
	}
	var err error
	w.ledger, err = ledger.Open(ctx, filepath.Join(w.dir, "ledger.db"),
		ledger.Options{Kiosk: w.cred.Kiosk, Seal: w.cred.SealKey, Step: func(s string) error { return p.step("ledger " + s) }})
	if err != nil {
		return err
	}
	w.cache, err = cache.Open(ctx, filepath.Join(w.dir, "cache.db"))
	must(w.t, err)
	w.desk = &agent.Desk{Ledger: w.ledger, Facts: w.cache, CardKey: w.cred.CardKey, Quiet: quiet,
		Now: w.now, Online: func() bool { return true }, Poke: func() {}, Log: slog.New(slog.DiscardHandler), Show: w.show}
	if w.orders.desk != nil {
		w.desk.Ledger = w.orders.desk(w.ledger)
	}
	w.pads = pads.New(pads.Config{Security: pads.Security{Loud: loud, Quiet: quiet}, Now: w.now, Visit: w.desk.Visit,
		Emit: func(e pads.Event) { w.seen = append(w.seen, e) }}, w.padLedger(), nothing{})
	w.uplink = uplink.New(uplink.Config{Credential: w.cred, Now: w.now}, w.ledger, w.cache)
	port, err := wire.Open(w.reader.Path(), wire.Mode{Baud: 38400, Parity: wire.Even})
	must(w.t, err)
	w.pad, err = feig.Open(ctx, wire.Tapped(port, p), feig.Options{Gap: -1, Response: 300 * time.Millisecond})
	if err != nil {
		return err
	}
	w.watch = w.pads.Watch("pad", w.pad)
	return w.desk.Handle(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true})
}

// dark is the kiosk after a cut: handles are gone, files and tags are as they are.
func (w *world) dark() {
	if w.pad != nil {
		w.pad.Close()
	}
	if w.ledger != nil {
		w.ledger.Close()
	}
	if w.cache != nil {
		w.cache.Close()
	}
	w.reader.Mend()
}

// show remembers what the borrower was told was done.
func (w *world) show(s visit.State, _ circ.Moment) {
	w.state = s
	for _, l := range s.Lines {
		if l.State == visit.LineDone && l.Decision.Verdict == circ.Yes {
			w.told[l.Item] = circ.Receipt{Tx: l.Tx, Kind: l.Kind, Item: l.Item}
		}
	}
}

// nothing is a memory that knows no tag.
type nothing struct{}

func (nothing) Recall(context.Context, circ.Moment, drivers.UID) (label.Label, bool, error) {
	return label.Label{}, false, nil
}

func (nothing) Learn(context.Context, circ.Moment, drivers.UID, label.Label, []byte) error {
	return nil
}

// padLedger is the ledger as the pads see it, or a wrong one for the controls.
func (w *world) padLedger() pads.Ledger {
	switch {
	case w.swap:
		return hasty{w.ledger}
	case w.orders.pads != nil:
		return w.orders.pads(w.ledger)
	}
	return w.ledger
}

// orders puts something wrong between two parts, for the controls; nil: nothing.
type orders struct {
	desk func(*ledger.Ledger) agent.Ledger
	pads func(*ledger.Ledger) pads.Ledger
	link func(*link) uplink.Link
}

// hasty is the order of systems that unlock first: whatever lies on the pad is
// made quiet before anything is recorded.
type hasty struct{ *ledger.Ledger }

func (h hasty) Wanted(ctx context.Context, v circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	wishes, err := h.Ledger.Wanted(ctx, v, uids)
	if len(wishes) > 0 || err != nil {
		return wishes, err
	}
	for _, u := range uids {
		wishes = append(wishes, circ.Wish{UID: u, Want: circ.Quiet})
	}
	return wishes, nil
}

// round looks at the pad once and carries every event to its end.
func (w *world) round() error {
	ctx := context.Background()
	w.pass(100 * time.Millisecond)
	if err := w.watch.Round(ctx); err != nil {
		return w.trouble(err)
	}
	events := w.seen
	w.seen = nil
	for _, e := range events {
		if err := w.desk.Pad(ctx, e, visit.RoleBoth); err != nil {
			return err
		}
	}
	return w.desk.Handle(ctx, visit.Tick{})
}

// trouble is what a pad's own error means: a power cut ends it all, anything
// else is tried again in the next round.
func (w *world) trouble(err error) error {
	if w.power.off || errors.Is(err, agent.ErrPowerCut) {
		return agent.ErrPowerCut
	}
	return nil
}

func (w *world) tap(b visit.Button) error {
	w.pass(time.Second)
	return w.desk.Handle(context.Background(), visit.Tapped{Button: b})
}

func (w *world) card() error {
	w.pass(time.Second)
	return w.desk.Handle(context.Background(), visit.CardShown{Read: w.mono, Who: w.desk.Borrower(ada)})
}

// rounds looks until something is so, or often enough.
func (w *world) rounds(most int, until func() bool) error {
	for range most {
		if until() {
			return nil
		}
		if err := w.round(); err != nil {
			return err
		}
	}
	return nil
}

// wait lets time pass, looking at the pad now and then.
func (w *world) wait(d time.Duration) error {
	for end := w.mono + d; w.mono < end; {
		w.pass(d / 8)
		if err := w.round(); err != nil {
			return err
		}
		if err := w.desk.Expire(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// link is a broker in memory: what is published reaches central at once, and
// its answers wait to be received.
type link struct {
	w   *world
	in  chan uplink.Message
	end chan struct{}
}

func (l *link) Messages() <-chan uplink.Message { return l.in }
func (l *link) Done() <-chan struct{}           { return l.end }
func (l *link) Err() error                      { return agent.ErrPowerCut }

func (l *link) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	kind := topic[strings.LastIndex(topic, "/")+1:]
	if err := l.w.power.step("publish " + kind); err != nil {
		return err
	}
	if l.w.lose != nil && l.w.lose(kind) {
		return nil
	}
	outs, err := l.w.central.Handle(ctx, topic, payload)
	if l.w.power.off {
		return agent.ErrPowerCut
	}
	if err != nil {
		return fmt.Errorf("central: %w", err)
	}
	l.answer(outs)
	return l.w.power.step("published " + kind)
}

// answer is what central publishes.
func (l *link) answer(outs []central.Out) {
	for _, o := range outs {
		if l.w.lose != nil && l.w.lose(o.Topic[strings.LastIndex(o.Topic, "/")+1:]) {
			continue
		}
		l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
	}
}

// sync is one session with central, until nobody has anything more to say.
func (w *world) sync() error {
	ctx := context.Background()
	l := &link{w: w, in: make(chan uplink.Message, 64), end: make(chan struct{})}
	c, err := w.uplink.Conversation(w.linked(l))
	must(w.t, err)
	if err := c.Open(ctx); err != nil {
		return w.cutOr(err)
	}
	for range 200 {
		select {
		case m := <-l.in:
			if err := w.power.step("receive " + m.Topic[strings.LastIndex(m.Topic, "/")+1:]); err != nil {
				return err
			}
			if err := c.Handle(ctx, m); err != nil {
				return w.cutOr(err)
			}
		default:
			return nil
		}
		w.pass(10 * time.Millisecond)
		if err := c.Tick(ctx); err != nil {
			return w.cutOr(err)
		}
	}
	return errors.New("the session with central does not end")
}

func (w *world) linked(l *link) uplink.Link {
	if w.orders.link != nil {
		return w.orders.link(l)
	}
	return l
}

func (w *world) cutOr(err error) error {
	if w.power.off {
		return agent.ErrPowerCut
	}
	return err
}

// Readings of what is true, each from its own source.

func (w *world) openLoans() map[circ.ItemID]record.Loan {
	w.t.Helper()
	loans, err := w.central.Loans(context.Background(), false)
	must(w.t, err)
	out := map[circ.ItemID]record.Loan{}
	for _, l := range loans {
		if _, twice := out[l.Item]; twice {
			w.t.Errorf("central holds two open loans of %s", l.Item)
		}
		out[l.Item] = l
	}
	return out
}

type fact struct {
	contract.Event
	Item circ.ItemID
}

// events are what central has stored, in order.
func (w *world) events() (out []fact) {
	w.t.Helper()
	list, err := w.central.Events(context.Background(), "", 1000)
	must(w.t, err)
	for _, e := range list {
		var f fact
		must(w.t, json.Unmarshal(e.Body, &f.Event))
		var d struct{ Item circ.ItemID }
		must(w.t, json.Unmarshal(f.Data, &d))
		f.Item = d.Item
		out = append(out, f)
	}
	return out
}

func (w *world) count(t contract.EventType, item circ.ItemID) (n int) {
	for _, e := range w.events() {
		if e.Type == t && e.Item == item {
			n++
		}
	}
	return n
}
