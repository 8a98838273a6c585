package branch

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/central"
	"nightdesk/drivers"
)

// Kiosk is one computer. What its disk holds lies in Dir.
type Kiosk struct {
	*Branch
	Name string
	Dir  string
	Cred contract.Credential

	// The computer's own clock: how far it is from the right time, and what the
	// computer says of it. No setting of it moves the monotonic one.
	Off     time.Duration
	Quality circ.ClockQuality

	// Of the life that is going on.
	Clock  *agent.Clock
	Ledger *ledger.Ledger
	Cache  *cache.Cache
	Uplink *uplink.Uplink
	Desk   *agent.Desk
	State  visit.State
	began  time.Time

	// Wrong puts something wrong between parts, for the controls.
	Wrong Wrong
}

// Wrong is what is wrong with a kiosk on purpose; nil: nothing.
type Wrong struct {
	Now    func(circ.Moment) circ.Moment                                                  // a clock as another program would read it
	Handle func(ctx context.Context, topic string, payload []byte) ([]central.Out, error) // another central
}

// Enrol makes a kiosk of that name, and switches it on.
func (b *Branch) Enrol(name string) *Kiosk {
	b.T.Helper()
	cred, err := b.Central.AddKiosk(context.Background(), central.Enrolment{Name: name, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	b.Must(err)
	k := &Kiosk{Branch: b, Name: name, Dir: filepath.Join(b.Dir, name), Cred: cred, Quality: circ.RTC}
	b.Must(os.MkdirAll(k.Dir, 0o700))
	k.On()
	return k
}

// Resume is a kiosk whose disk lies in the branch's folder already.
func (b *Branch) Resume(cred contract.Credential) *Kiosk {
	b.T.Helper()
	k := &Kiosk{Branch: b, Name: cred.Kiosk, Dir: filepath.Join(b.Dir, cred.Kiosk), Cred: cred, Quality: circ.RTC}
	k.On()
	return k
}

// Twin is another computer with a copy of this one's disk.
func (k *Kiosk) Twin() *Kiosk {
	k.T.Helper()
	dir := k.Dir + "-twin"
	k.Copy(k.Dir, dir)
	twin := &Kiosk{Branch: k.Branch, Name: k.Name, Dir: dir, Cred: k.Cred, Quality: k.Quality}
	twin.On()
	return twin
}

// LedgerPath is where the ledger lies.
func (k *Kiosk) LedgerPath() string { return filepath.Join(k.Dir, "ledger.db") }

// On switches the kiosk on.
func (k *Kiosk) On() {
	k.T.Helper()
	ctx := context.Background()
	k.began, k.boots = k.Now.Add(-time.Second), k.boots+1
	var err error
	k.Ledger, err = ledger.Open(ctx, k.LedgerPath(), ledger.Options{Kiosk: k.Name, Seal: k.Cred.SealKey, Reserve: 4096})
	k.Must(err)
	k.Cache, err = cache.Open(ctx, filepath.Join(k.Dir, "cache.db"))
	k.Must(err)
	floor, err := k.Cache.Floor(ctx)
	k.Must(err)
	k.Clock = agent.ReadClock(agent.Hands{
		Wall:    func() time.Time { return k.Now.Add(k.Off) },
		Mono:    func() time.Duration { return k.Now.Sub(k.began) },
		Quality: func() circ.ClockQuality { return k.Quality },
	}, floor)
	k.Clock.Raise(k.Cred.Issued)
	k.Uplink = uplink.New(uplink.Config{Credential: k.Cred, Now: k.Moment}, k.Ledger, k.Cache)
	k.State = visit.State{}
	k.Desk = &agent.Desk{Ledger: k.Ledger, Facts: k.Cache, CardKey: k.Cred.CardKey, Quiet: quiet, Now: k.Moment,
		Online: func() bool { return !k.Down && k.Uplink.Online(k.Moment()) }, Poke: func() {}, Log: slog.New(slog.DiscardHandler),
		Show:  func(s visit.State, _ circ.Moment) { k.State = s },
		House: visit.House{Count: visit.CountNever, Receipt: visit.ReceiptNever}}
	k.Must(k.Desk.Handle(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true}))
}

const quiet drivers.AFI = 0xC2

// Moment is what the kiosk takes the time for.
func (k *Kiosk) Moment() circ.Moment {
	m := k.Clock.Now()
	if k.Wrong.Now != nil {
		return k.Wrong.Now(m)
	}
	return m
}

// Computer is the computer's own clock, whatever the kiosk makes of it.
func (k *Kiosk) Computer() time.Time { return k.Now.Add(k.Off) }

// Set sets the computer's clock.
func (k *Kiosk) Set(wall time.Time) { k.Off = wall.Sub(k.Now) }

// SwitchOff closes the kiosk's files.
func (k *Kiosk) SwitchOff() {
	k.T.Helper()
	k.Must(k.Ledger.Close())
	k.Must(k.Cache.Close())
}

// Restart switches off, lets time pass, and switches on again.
func (k *Kiosk) Restart(after time.Duration) {
	k.T.Helper()
	k.SwitchOff()
	k.Pass(after)
	k.On()
}

// Heard is what the kiosk's program does when central has said something.
func (k *Kiosk) heard() {
	floor, err := k.Cache.Floor(context.Background())
	k.Must(err)
	k.Clock.Raise(floor)
	if signed, came, ok := k.Uplink.Heard(); ok {
		k.Clock.Compare(signed, came)
	}
	if signed, came, ok := k.Uplink.Answered(); ok {
		k.Clock.Set(signed, came)
	}
}

// Hour lets an hour pass, with what the kiosk's program does every hour.
func (k *Kiosk) Hour() {
	k.T.Helper()
	k.Pass(time.Hour)
	k.Must(k.Cache.RaiseFloor(context.Background(), k.Clock.Floor()))
	_, err := k.Ledger.Prune(context.Background(), k.Moment())
	k.Must(err)
}
