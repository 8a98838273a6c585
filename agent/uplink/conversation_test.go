package uplink

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

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
func (d *desk) Done() <-chan struct{}    { return nil }
func (d *desk) Err() error               { return nil }

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
	if len(d.stored) != len(d.out.events) || d.out.acked != uint64(len(d.out.events)) || d.epoch != d.out.epoch ||
		d.hashAt(uint64(len(d.stored))) != d.out.hash(uint64(len(d.out.events))) {
		t.Errorf("central has %d events of epoch %s; the kiosk %d of %s, %d acknowledged",
			len(d.stored), d.epoch, len(d.out.events), d.out.epoch, d.out.acked)
	}
}

func lose(kind contract.Kind, up bool) func(contract.Kind, bool) bool {
	return func(k contract.Kind, u bool) bool { return k == kind && u == up }
}

func nothing(contract.Kind, bool) bool { return false }

func TestDrain(t *testing.T) {
	d := newDesk(250)
	d.connect(t)
	d.want(t, "online true, hello 1-250, batch 1-100, batch 101-200, batch 201-250")
	d.agree(t)

	d.out.record(2)
	d.poke(t)
	d.want(t, "batch 251-252")
	d.poke(t)
	d.want(t, "")
	d.agree(t)
}

// A publish that the broker took and lost is nothing to build on: the same
// bytes go out until central's own word has come.
func TestLostBatch(t *testing.T) {
	d := newDesk(3)
	d.drop = lose(contract.KindBatch, true)
	d.connect(t)
	d.want(t, "online true, hello 1-3, batch lost")
	first := d.talk.stream.batch.msg
	d.out.record(1)
	d.poke(t)
	d.pass(t, 20*time.Second)
	d.want(t, "")
	d.pass(t, 20*time.Second)
	d.want(t, "batch lost")
	if string(d.talk.stream.batch.msg) != string(first) {
		t.Error("the batch was sent again with other bytes")
	}
	d.drop = nothing
	d.pass(t, 2*time.Minute)
	if got := d.heard(); !strings.HasSuffix(got, "batch 1-3, batch 4-4") {
		t.Errorf("central heard: got %q, want it to end in the batch and what was recorded meanwhile", got)
	}
	d.agree(t)
}

func TestLostAcks(t *testing.T) {
	d := newDesk(3)
	d.connect(t)
	d.heard()
	d.drop = lose(contract.KindAck, false)
	d.out.record(1)
	d.poke(t)
	d.pass(t, 40*time.Second)
	d.want(t, "batch 4-4, batch 4-4")
	if d.out.acked != 3 {
		t.Errorf("got %d events retired, want 3: nobody has acknowledged more", d.out.acked)
	}
	d.drop = nothing
	d.pass(t, 5*time.Minute)
	d.agree(t)
}

// The wait doubles up to a quarter of an hour.
func TestPatience(t *testing.T) {
	d := newDesk(1)
	d.drop = lose(contract.KindBatch, true)
	d.connect(t)
	d.pass(t, 10*time.Hour)
	tries := strings.Count(d.heard(), "batch lost")
	if tries < 33 || tries > 60 {
		t.Errorf("got %d tries in ten hours, want about 4 an hour", tries)
	}
	d.drop = nothing
	d.pass(t, 80*time.Second) // the next heartbeat's hello tells that central is back
	d.agree(t)
}

func TestHelloComesFirst(t *testing.T) {
	d := newDesk(1)
	d.drop = lose(contract.KindAck, false)
	d.connect(t)
	d.poke(t)
	d.pass(t, 40*time.Second)
	d.want(t, "online true, hello 1-1, hello 1-1")
}

// Central was restored from an older copy: it is fed again what it had
// acknowledged once.
func TestRestoredCentral(t *testing.T) {
	d := newDesk(450)
	d.connect(t)
	d.heard()
	d.stored = d.stored[:120]
	d.out.record(7)
	d.connect(t)
	d.want(t, "online true, hello 1-457, batch 121-220, batch 221-320, batch 321-420, batch 421-457")
	d.agree(t)
}

// The same, and central notices only when a batch comes.
func TestGap(t *testing.T) {
	d := newDesk(5)
	d.connect(t)
	d.heard()
	d.stored = d.stored[:2]
	d.out.record(1)
	d.poke(t)
	d.want(t, "batch 6-6, batch 3-6")
	d.agree(t)
}

// Central lost what this kiosk has pruned. They must not shout at each other.
func TestGapThatCannotBeFilled(t *testing.T) {
	d := newDesk(5)
	d.connect(t)
	d.stored, d.out.kept = nil, 3
	d.out.record(1)
	d.heard()
	d.poke(t)
	d.pass(t, 10*time.Minute)
	if n := strings.Count(d.heard(), "batch"); n < 3 || n > 12 {
		t.Errorf("got %d batches in ten minutes, want a few", n)
	}
}

// The kiosk was restored from an older copy, and has used numbers again that
// central knows for other events.
func TestRestoredKiosk(t *testing.T) {
	d := newDesk(5)
	d.connect(t)
	d.heard()
	old := d.epoch
	d.out.events, d.out.acked = d.out.events[:2], 2
	d.out.epochs = 7 // its new events differ
	d.out.record(2)
	d.connect(t)
	d.want(t, "online true, hello 1-4, hello 1-2, batch 1-2")
	if d.epoch == old {
		t.Error("the epoch is the same")
	}
	d.agree(t)
}

// The same, but it has recorded more than central has: only the batch shows it.
func TestForkedKiosk(t *testing.T) {
	d := newDesk(5)
	d.connect(t)
	d.heard()
	d.out.events, d.out.acked = d.out.events[:2], 2
	d.out.epochs = 7
	d.out.record(6)
	d.connect(t)
	d.want(t, "online true, hello 1-8, batch 3-8, hello 1-6, batch 1-6")
	d.agree(t)
}

// Two acks with the same order are one order.
func TestNewEpochOnce(t *testing.T) {
	d := newDesk(3)
	d.connect(t)
	old := d.out.epoch
	d.ack(old, differs)
	d.ack(old, differs)
	d.settle(t)
	if d.out.epochs != 1 {
		t.Errorf("got %d new epochs, want 1", d.out.epochs)
	}
	d.ack(uuid.New(), differs)
	d.settle(t)
	if d.out.epochs != 1 {
		t.Errorf("an order for another epoch was followed")
	}
}

// A central that likes no epoch does not make the kiosk spin.
func TestNewEpochForEver(t *testing.T) {
	d := newDesk(3)
	d.order = contract.NewEpoch
	d.connect(t)
	d.pass(t, 10*time.Minute)
	if d.out.epochs < 2 || d.out.epochs > 15 {
		t.Errorf("got %d new epochs in ten minutes, want a few", d.out.epochs)
	}
	d.order = ""
	d.pass(t, 2*time.Minute)
	d.agree(t)
}

func TestStop(t *testing.T) {
	d := newDesk(3)
	d.order = contract.Stop
	d.connect(t)
	d.poke(t)
	d.want(t, "online true, hello 1-3")
	if got := d.up.Order(); got != contract.Stop {
		t.Errorf("got order %q, want %q", got, contract.Stop)
	}
	if n := strings.Count(d.log.String(), "staff must look"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, d.log.String())
	}
	d.pass(t, 10*time.Minute)
	if strings.Contains(d.heard(), "batch") {
		t.Error("a batch was sent in spite of the order")
	}
	d.order = ""
	d.pass(t, 20*time.Minute)
	if got := d.up.Order(); got != "" {
		t.Errorf("got order %q, want none", got)
	}
	d.agree(t)
}

func TestFeedsComeInChunks(t *testing.T) {
	d := newDesk(1)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	d.rows[contract.FeedOwn] = []string{"rules"}
	d.folds = &contract.Folded{Epoch: d.out.epoch, N: 1}
	d.connect(t)
	got := d.heard()
	for _, pull := range []string{`pull items from 0 at ""`, `pull items from 0 at "2"`, `pull items from 0 at "4"`, `pull own from 0 at ""`} {
		if strings.Count(got, pull) != 1 {
			t.Errorf("central heard %q, want %q once in it", got, pull)
		}
	}
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
	d.holds(t, contract.FeedOwn, "rules")
	if d.out.folded != *d.folds {
		t.Errorf("folded: got %+v, want %+v", d.out.folded, *d.folds)
	}
	select {
	case <-d.up.Changed():
	default:
		t.Error("nobody was told of the change")
	}

	d.change(contract.FeedItems, "i6") // the broadcast is the delta
	d.pass(t, 5*time.Second)
	d.want(t, "")
	d.change(contract.FeedOwn, "borrower") // the head asks for a pull
	d.settle(t)
	d.want(t, "")
	d.pass(t, 5*time.Second)
	d.want(t, `pull own from 1 at ""`)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5 i6")
	d.holds(t, contract.FeedOwn, "rules borrower")
}

func (d *desk) holds(t *testing.T, f contract.Feed, want string) {
	t.Helper()
	if got := strings.Join(d.shelf.rows[f], " "); got != want {
		t.Errorf("feed %s: got %q, want %q", f, got, want)
	}
}

// A broadcast that did not come shows when the next one does.
func TestMissedBroadcast(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1"}
	d.connect(t)
	d.drop = func(k contract.Kind, up bool) bool { return !up }
	d.change(contract.FeedItems, "i2")
	d.drop = nothing
	d.heard()
	d.change(contract.FeedItems, "i3")
	d.settle(t)
	d.want(t, `pull items from 1 at ""`)
	d.holds(t, contract.FeedItems, "i1 i2 i3")
}

// A restored central starts a new generation, and everything is loaded anew.
func TestNewGeneration(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3"}
	d.connect(t)
	d.gen, d.rows[contract.FeedItems] = 2, []string{"j1"}
	d.head(nil)
	d.settle(t)
	d.pass(t, 5*time.Second)
	d.holds(t, contract.FeedItems, "j1")
}

func TestLostChunks(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3"}
	d.drop = lose(contract.KindChunk, false)
	d.connect(t)
	d.heard()
	d.pass(t, 40*time.Second)
	if got := d.heard(); !strings.Contains(got, `pull items from 0 at ""`) {
		t.Errorf("central heard %q, want the pull again", got)
	}
	d.drop = nothing
	d.pass(t, 3*time.Minute)
	d.holds(t, contract.FeedItems, "i1 i2 i3")
}

func TestDuplicateChunks(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	var again []Message
	d.tell = func(m Message) {
		d.wire = append(d.wire, m, m)
		again = append(again, m)
	}
	d.connect(t)
	d.wire = append(d.wire, again...)
	d.settle(t)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
	if got := strings.Count(d.heard(), "pull items"); got != 3 {
		t.Errorf("got %d pulls, want 3", got)
	}
}

// The transfer goes on where it was, not from the beginning.
func TestPullGoesOnAfterABreak(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	left := 2
	d.drop = func(k contract.Kind, up bool) bool {
		if k == contract.KindChunk {
			left--
		}
		return k == contract.KindChunk && left < 0
	}
	d.connect(t)
	d.drop = nothing
	d.heard()
	d.connect(t)
	d.want(t, `online true, hello 1-0, pull items from 0 at "4"`)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
}

func TestCacheInTrouble(t *testing.T) {
	d := newDesk(3)
	d.rows[contract.FeedItems] = []string{"i1"}
	d.shelf.broken = errors.New("disk I/O error")
	d.connect(t)
	d.pass(t, 10*time.Minute)
	d.agree(t) // events go on draining
	if n := strings.Count(d.log.String(), "disk I/O error"); n == 0 || n > 5 {
		t.Errorf("got %d lines in the log, want a few:\n%s", n, d.log.String())
	}
}

func TestNothingIsNew(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems], d.rows[contract.FeedOwn] = []string{"i1"}, []string{"rules"}
	d.connect(t)
	d.pass(t, time.Hour)
	if age := d.central.now().Sub(d.shelf.confirmed); age > 2*noteEvery {
		t.Errorf("the cache was last told that nothing is new %v ago, want at most %v", age, 2*noteEvery)
	}
	if !d.up.Online(d.clock.now()) {
		t.Error("offline although central answers")
	}
}

func TestOnline(t *testing.T) {
	d := newDesk(0)
	if d.up.Online(d.clock.now()) {
		t.Error("online before a word was heard")
	}
	d.connect(t)
	if !d.up.Online(d.clock.now()) {
		t.Error("not online although central has answered")
	}
	d.ack(d.epoch, nil)
	kept := d.wire[0]
	d.settle(t)
	d.drop = func(k contract.Kind, up bool) bool { return !up }
	d.pass(t, 89*time.Second)
	if !d.up.Online(d.clock.now()) {
		t.Error("offline after 89 s")
	}
	d.wire = append(d.wire, kept) // a broker says it again
	d.settle(t)
	d.pass(t, 2*time.Second)
	if d.up.Online(d.clock.now()) {
		t.Error("online after 91 s without a new word")
	}
	d.drop = nothing
	d.head(nil)
	d.wire[0].Retained = true
	d.settle(t)
	if d.up.Online(d.clock.now()) {
		t.Error("online because of what the broker had kept")
	}
	d.pass(t, 2*time.Minute)
	if !d.up.Online(d.clock.now()) {
		t.Error("offline although central answers again")
	}
}

// A new run of central is told what the kiosk holds; several receivers that
// speak in turn are each told once.
func TestCentralsBirth(t *testing.T) {
	d := newDesk(0)
	d.connect(t)
	d.heard()
	births := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	for i := range 12 {
		d.birth = births[i%3]
		d.head(nil)
		d.settle(t)
	}
	d.want(t, "hello 1-0, hello 1-0, hello 1-0")
}

// A kiosk that was there before central hears of its start.
func TestCentralStartsLater(t *testing.T) {
	d := newDesk(2)
	d.drop = lose(contract.KindHello, true)
	d.connect(t)
	d.drop = nothing
	d.heard()
	d.head(nil)
	d.settle(t)
	d.want(t, "hello 1-2, batch 1-2")
}

func TestPublishErrorsEndTheSession(t *testing.T) {
	d := newDesk(1)
	d.connect(t)
	d.out.record(1)
	d.fail = errors.New("connection reset")
	if err := d.talk.Poked(t.Context()); !errors.Is(err, d.fail) || !strings.Contains(err.Error(), "publish a batch") {
		t.Errorf("got %v, want %v", err, d.fail)
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	good := func(d *desk) contract.Ack {
		return contract.Ack{Statement: d.says(contract.KindAck, own.Kiosk), Kiosk: own.Kiosk, Epoch: d.out.epoch, Through: 1, Hash: d.out.hash(1)}
	}
	sign := func(t *testing.T, a contract.Ack, key ed25519.PrivateKey) []byte {
		msg, err := contract.Encode(contract.KindAck, a, key)
		if err != nil {
			t.Fatal(err)
		}
		return msg
	}
	for _, c := range []struct {
		reason string
		make   func(*testing.T, *desk) Message
	}{
		{"dn/ak: signature", func(t *testing.T, d *desk) Message {
			return Message{Topic: own.Ak(), Payload: sign(t, good(d), strangeKey)}
		}},
		{"dn/ak: unsigned", func(t *testing.T, d *desk) Message {
			msg := string(sign(t, good(d), centralKey))
			return Message{Topic: own.Ak(), Payload: []byte(msg[:strings.Index(msg, `"signatures"`)] + `"signatures":[]}`)}
		}},
		{"dn/ak: audience", func(t *testing.T, d *desk) Message {
			a := good(d)
			a.Audience = "kiosk-2"
			return Message{Topic: own.Ak(), Payload: sign(t, a, centralKey)}
		}},
		{"dn/ak: expired", func(t *testing.T, d *desk) Message {
			a := good(d)
			a.Expires = d.central.now()
			return Message{Topic: own.Ak(), Payload: sign(t, a, centralKey)}
		}},
		{"dn/ak: kind", func(t *testing.T, d *desk) Message {
			d.head(nil)
			m := Message{Topic: own.Ak(), Payload: d.wire[0].Payload}
			d.wire = nil
			return m
		}},
		{"dn/ak: malformed", func(*testing.T, *desk) Message {
			return Message{Topic: own.Ak(), Payload: []byte("OK 1")}
		}},
		{"dn/ak: too-large", func(*testing.T, *desk) Message {
			return Message{Topic: own.Ak(), Payload: make([]byte, contract.MaxMessage+1)}
		}},
		{"another topic: topic", func(t *testing.T, d *desk) Message {
			other := own
			other.Kiosk = "kiosk-2"
			return Message{Topic: other.Ak(), Payload: sign(t, good(d), centralKey)}
		}},
		{"dn/jb: topic", func(t *testing.T, d *desk) Message {
			return Message{Topic: own.DnJb(), Payload: sign(t, good(d), centralKey)}
		}},
		{"b/dt: malformed", func(t *testing.T, d *desk) Message {
			msg, err := contract.Encode(contract.KindChunk, contract.Chunk{
				Statement: d.says(contract.KindChunk, contract.ShardAudience(own.Shard)), Feed: contract.FeedOwn, Last: true,
				To: circ.FeedVersion{Generation: 9, Version: 9}, Rows: []contract.Row{{Kind: contract.RowBorrower, Key: "x", Ver: 9}},
			}, centralKey)
			if err != nil {
				t.Fatal(err)
			}
			return Message{Topic: own.ShardDt(), Payload: msg}
		}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			d := newDesk(1)
			d.drop = lose(contract.KindAck, false)
			d.connect(t)
			for range 3 {
				m := c.make(t, d)
				if err := d.talk.Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if got := d.up.Refused(); got[c.reason] != 3 || len(got) != 1 {
				t.Errorf("got %v, want 3 of %q", got, c.reason)
			}
			if d.out.acked != 0 || d.up.Online(d.clock.now()) || len(d.shelf.rows) != 0 || !d.shelf.floor.IsZero() {
				t.Error("it had an effect all the same")
			}
			if n := strings.Count(d.log.String(), "not believed"); n != 1 {
				t.Errorf("got %d lines in the log, want 1:\n%s", n, d.log.String())
			}
		})
	}
}

func TestHeadGoesBack(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2"}
	d.connect(t)
	d.heard()
	d.head(func(h *contract.Head) { h.Items.Version = 1 })
	d.settle(t)
	d.pass(t, 5*time.Second)
	d.want(t, "")
	if got := d.up.Refused(); got["b/hd: back"] != 1 {
		t.Errorf("got %v, want one of b/hd: back", got)
	}
}

// A kiosk whose clock battery is dead wakes up in 1970: what has expired by
// the newest signed time it ever saw stays expired.
func TestTimeIsDoubtful(t *testing.T) {
	for _, c := range []struct {
		name    string
		wall    time.Time
		quality circ.ClockQuality
		floor   time.Time
		believe bool
	}{
		{"a good clock", evening, circ.Synced, time.Time{}, true},
		{"a good clock that is ahead", evening.Add(time.Hour), circ.Synced, time.Time{}, false},
		{"1970, no floor", time.Unix(0, 0), circ.Unknown, time.Time{}, true},
		{"1970, a floor before the message", time.Unix(0, 0), circ.Unknown, evening.Add(-time.Hour), true},
		{"1970, a floor after the message", time.Unix(0, 0), circ.Unknown, evening.Add(time.Hour), false},
		{"a good clock behind the floor", evening, circ.RTC, evening.Add(time.Hour), true},
	} {
		d := newDesk(1)
		d.clock.wall, d.clock.quality, d.shelf.floor = c.wall, c.quality, c.floor
		d.connect(t)
		if got := d.up.Online(d.clock.now()); got != c.believe {
			t.Errorf("%s: believed %v, want %v", c.name, got, c.believe)
		}
	}
}

func TestFloor(t *testing.T) {
	d := newDesk(0)
	d.connect(t)
	if !d.shelf.floor.Equal(evening) {
		t.Errorf("got floor %v, want %v", d.shelf.floor, evening)
	}
	d.pass(t, time.Minute)
	if !d.shelf.floor.Equal(evening) {
		t.Error("the floor is written again and again")
	}
	d.pass(t, 10*time.Minute)
	if got := d.clock.wall.Add(d.clock.mono).Sub(d.shelf.floor); got > 2*noteEvery {
		t.Errorf("the floor is %v behind, want at most %v", got, 2*noteEvery)
	}
	before := d.shelf.floor
	d.central.now = func() time.Time { return evening.AddDate(70, 0, 0) }
	d.ack(d.epoch, nil)
	d.settle(t)
	if !d.shelf.floor.Equal(before) {
		t.Errorf("a central from the future raised the floor to %v", d.shelf.floor)
	}
}

func TestHeartbeat(t *testing.T) {
	d := newDesk(0)
	d.connect(t)
	d.said = nil
	d.pass(t, 30*time.Minute)
	beats := 0
	for _, s := range d.said {
		if s == "heartbeat" {
			beats++
		}
	}
	if beats < 25 || beats > 38 {
		t.Errorf("got %d heartbeats in half an hour, want about 30", beats)
	}
}

// Whatever gets lost, comes twice or breaks, in the end both ends agree and
// nothing was stored twice or out of order.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(rapid.IntRange(0, 120).Draw(r, "events"))
		d.page = 1
		dice := rapid.IntRange(0, 9)
		d.drop = func(contract.Kind, bool) bool { return dice.Draw(r, "drop") < 2 }
		d.tell = func(m Message) {
			d.wire = append(d.wire, m)
			if dice.Draw(r, "twice") == 0 {
				d.wire = append(d.wire, m)
			}
		}
		d.connect(r)
		for i := range 12 {
			switch rapid.IntRange(0, 6).Draw(r, "step") {
			case 0:
				d.connect(r)
			case 1:
				d.out.record(rapid.IntRange(1, 150).Draw(r, "more"))
				d.poke(r)
			case 2:
				d.stored = d.stored[:rapid.IntRange(0, len(d.stored)).Draw(r, "restored to")]
				d.birth = uuid.New()
				d.head(nil)
			case 3:
				d.change(contract.FeedItems, fmt.Sprint("i", i))
			case 4:
				d.change(contract.FeedOwn, fmt.Sprint("o", i))
			default:
				d.pass(r, time.Duration(rapid.IntRange(1, 100).Draw(r, "seconds"))*time.Second)
			}
			d.settle(r)
		}
		d.drop = nothing
		d.pass(r, time.Hour)
		d.agree(r)
		for _, f := range []contract.Feed{contract.FeedItems, contract.FeedOwn} {
			if got, want := fmt.Sprint(d.shelf.rows[f]), fmt.Sprint(d.rows[f]); got != want {
				r.Errorf("feed %s: got %s, want %s", f, got, want)
			}
		}
	})
}
