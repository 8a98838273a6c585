package uplink

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// failer is a testing.T or a rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

// desk is a kiosk and central with nothing but memory between them. Time
// stands still unless a test moves it.
type desk struct {
	*central
	clock *clock
	out   *outbox
	shelf *shelf
	up    *Uplink
	talk  *Conversation
	wire  []Message // towards the kiosk, not yet handled
	log   strings.Builder
	fail  error // what Publish returns
}

func (d *desk) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	if d.fail != nil {
		return d.fail
	}
	d.hear(ctx, topic, payload)
	return nil
}

func (d *desk) Messages() <-chan Message { return nil }

func (d *desk) Done() <-chan struct{} { return nil }

func (d *desk) Err() error { return nil }

func newDesk(events int) *desk {
	d := &desk{clock: &clock{wall: evening, quality: circ.Synced}, out: newOutbox(events), shelf: newShelf()}
	d.central = newCentral(func() time.Time { return evening.Add(d.clock.mono) })
	d.tell = func(m Message) { d.wire = append(d.wire, m) }
	d.up = New(Config{Credential: credential(), Program: "1.0.0", Now: d.clock.now, Log: slog.New(slog.NewTextHandler(&d.log, nil))}, d.out, d.shelf)
	return d
}

// connect begins a session, as after a broken one.
func (d *desk) connect(t failer) {
	t.Helper()
	talk, err := d.up.Conversation(d)
	if err != nil {
		t.Fatal(err)
	}
	d.wire, d.talk = nil, talk
	if err := talk.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
}

// settle handles all that central has said, and what it says to that.
func (d *desk) settle(t failer) {
	t.Helper()
	for steps := 0; len(d.wire) > 0; steps++ {
		if steps > 1000 {
			t.Fatalf("they do not come to an end: %s", strings.Join(d.said[len(d.said)-10:], ", "))
		}
		m := d.wire[0]
		d.wire = d.wire[1:]
		if err := d.talk.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// pass lets time go by, with all that becomes due in it.
func (d *desk) pass(t failer, span time.Duration) {
	t.Helper()
	for end := d.clock.mono + span; ; {
		d.clock.mono = min(max(d.talk.Wake(), d.clock.mono), end)
		if err := d.talk.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.settle(t)
		if d.clock.mono == end {
			return
		}
	}
}

func (d *desk) poke(t failer) {
	t.Helper()
	if err := d.talk.Poked(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
}

// heard gives what central heard since the last call, heartbeats left out.
func (d *desk) heard() string {
	said := slices.DeleteFunc(d.said, func(s string) bool { return s == "heartbeat" })
	d.said = nil
	return strings.Join(said, ", ")
}

func (d *desk) want(t *testing.T, heard string) {
	t.Helper()
	if got := d.heard(); got != heard {
		t.Errorf("central heard: got %q, want %q", got, heard)
	}
}

// agree says whether both ends hold the same events, all of them acknowledged.
func (d *desk) agree(t failer) {
	t.Helper()
	if !d.agreed() {
		t.Errorf("central has %d events of epoch %s; the kiosk %d of %s, %d acknowledged",
			len(d.stored), d.epoch, len(d.out.events), d.out.epoch, d.out.acked)
	}
}

func (d *desk) agreed() bool {
	n := uint64(len(d.out.events))
	return len(d.stored) == len(d.out.events) && d.out.acked == n && d.epoch == d.out.epoch && d.hashAt(n) == d.out.hash(n)
}

func lose(kind contract.Kind, up bool) func(contract.Kind, bool) bool {
	return func(k contract.Kind, u bool) bool { return k == kind && u == up }
}

func nothing(contract.Kind, bool) bool { return false }
