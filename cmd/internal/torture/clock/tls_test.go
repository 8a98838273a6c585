package clock

import (
	"context"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/branch"
)

const year = 365 * 24 * time.Hour

// patient is how long a kiosk may take to have said everything.
const patient = 30 * time.Second

// dial is a kiosk with a clock of this quality that says this time, at a broker
// with a certificate.
type dial struct {
	name     string
	wall     time.Time
	quality  circ.ClockQuality
	from, to time.Time     // the certificate's
	later    time.Duration // how long after the branch opened it really is
	want     string        // in the error; "": everything is said
}

var dials = []dial{
	{name: "a right clock", wall: branch.Opened},
	{name: "1970", wall: time.Unix(0, 0)},
	{name: "1970, without a battery", wall: time.Unix(0, 0), quality: circ.Restored},
	{name: "2000", wall: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
	{name: "2120", wall: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)},
	{name: "an hour back", wall: branch.Opened.Add(-time.Hour)},
	{name: "a day on", wall: branch.Opened.Add(24 * time.Hour)},
	{name: "ten years on", wall: branch.Opened.AddDate(10, 0, 0)},
	{name: "2120, and others keep it there", wall: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC), quality: circ.Synced, want: "set the clock"},
	{name: "two years in a box, and the certificate is new", wall: branch.Opened.Add(2 * year), later: 2 * year,
		from: branch.Opened.Add(year), to: branch.Opened.Add(3 * year)},
	{name: "expired, and the clock is right", wall: branch.Opened, to: branch.Opened.Add(-24 * time.Hour), want: "needs a new certificate"},
	{name: "expired, and the clock is put back before that", wall: branch.Opened.Add(-48 * time.Hour), to: branch.Opened.Add(-24 * time.Hour), want: "needs a new certificate"},
	{name: "expired, and the clock is in 1970", wall: time.Unix(0, 0), to: branch.Opened.Add(-24 * time.Hour), want: "needs a new certificate"},
	{name: "expired, and the clock is in 2120", wall: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC), to: branch.Opened.Add(-24 * time.Hour), want: "needs a new certificate"},
	{name: "expired while the kiosk was off, and the clock has stopped", wall: branch.Opened, later: 100 * 24 * time.Hour,
		to: branch.Opened.Add(50 * 24 * time.Hour), want: "needs a new certificate"},
}

// A wrong clock keeps no kiosk from central for longer than it must, and lets
// no expired certificate pass.
func TestTLS(t *testing.T) {
	run := torture.Start(t, torture.Rig{
		Harm: "TLS to the broker with the kiosk's clock wrong, and with expired certificates", Unit: "dials",
		Target: "everything is said, or the reason is told in plain words; no expired certificate passes; all is well when the clock is right",
		Short:  len(dials), Long: len(dials),
	})
	said, told := 0, 0
	for _, d := range dials {
		t.Run(d.name, func(t *testing.T) {
			if err := d.run(t, run); err == nil {
				said++
			} else {
				told++
			}
		})
	}
	run.Reached("%d said everything, %d were refused in plain words and then mended", said, told)
}

func (d dial) run(t *testing.T, run *torture.Run) error {
	b := branch.New(t, run.Stream(1), 6)
	k := b.Enrol("syston-1")
	b.Must(k.Talk())
	k.Issue(b.Somebody(), false, b.Where(true)[:3]...)
	b.Pass(d.later)
	if d.from.IsZero() {
		d.from = branch.Opened.Add(-year)
	}
	if d.to.IsZero() {
		d.to = branch.Opened.Add(year)
	}
	if d.quality == "" {
		d.quality = circ.RTC
	}
	r := newBroker(t, b, d.from, d.to)
	k.Cred.Broker.CA = r.ca
	err := d.session(t, k, r.address, d.wall)
	if d.want == "" && err != nil || d.want != "" && (err == nil || !strings.Contains(err.Error(), d.want)) {
		t.Errorf("got %v, want %q", err, d.want)
	}
	if d.want != "" {
		good := newBroker(t, b, b.Now.Add(-year), b.Now.Add(year))
		k.Cred.Broker.CA = good.ca
		if err := d.session(t, k, good.address, b.Now); err != nil {
			t.Errorf("with clock and certificate right: %v", err)
		}
	}
	k.SwitchOff()
	return err
}

// session is one run of the kiosk's program with its clock at a time: it ends
// when everything is said, or with the reason why it cannot be.
func (d dial) session(t *testing.T, k *branch.Kiosk, address string, wall time.Time) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	start := time.Now()
	floor, err := k.Cache.Floor(ctx)
	k.Must(err)
	clock := agent.ReadClock(agent.Hands{Wall: func() time.Time { return wall.Add(time.Since(start)) },
		Quality: func() circ.ClockQuality { return d.quality }}, floor)
	u := uplink.New(uplink.Config{Credential: k.Cred, Broker: address, Now: clock.Now}, k.Ledger, k.Cache)
	end := make(chan error, 1)
	go func() { end <- u.Session(ctx) }()
	for {
		p, err := k.Ledger.Position(ctx)
		k.Must(err)
		if p.Acked == p.Last && p.Last > 0 {
			cancel()
			return <-end
		}
		select {
		case err := <-end:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
