package uplink

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/contract"
)

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
	if got := d.heard(); !strings.Contains(got, "batch 1-3, batch 4-4") {
		t.Errorf("central heard: got %q, want the batch and then what was recorded meanwhile in it", got)
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

// The wait doubles up to a quarter of an hour: a broker that denies this topic
// is not hammered.
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
	d.pass(t, 18*time.Minute)
	d.agree(t)
}

// When central is back after a long silence, nobody waits a quarter of an hour.
func TestCentralComesBack(t *testing.T) {
	d := newDesk(1)
	d.connect(t)
	d.drop = func(contract.Kind, bool) bool { return true }
	d.out.record(1)
	d.poke(t)
	d.pass(t, 10*time.Hour)
	d.drop = nothing
	d.pass(t, 80*time.Second) // the next hello is answered
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

// A broker delivers a hello twice, the second time when central has stored what
// came after it. The order that central gives then is not followed: what it has
// is this kiosk's own, and would be there twice.
func TestLateHello(t *testing.T) {
	d := newDesk(3)
	d.connect(t)
	d.drop = lose(contract.KindAck, false)
	d.out.record(2)
	d.poke(t)
	d.drop = nothing
	d.heard()
	d.ack(d.epoch, func(a *contract.Ack) { a.Through, a.Hash, a.Order = 3, d.hashAt(3), contract.NewEpoch })
	d.settle(t)
	d.want(t, "hello 1-5")
	if d.out.epochs != 0 {
		t.Errorf("got %d new epochs, want none", d.out.epochs)
	}
	d.pass(t, time.Minute)
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
	d.pass(t, 5*time.Minute)
	d.ack(old, differs) // a broker says it again, much later
	d.settle(t)
	if d.out.epochs != 1 {
		t.Errorf("an old order was followed again")
	}
	d.agree(t)
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

// What was on its way to a run of central that died goes to the next at once.
func TestCentralRestarts(t *testing.T) {
	d := newDesk(1)
	d.connect(t)
	d.heard()
	d.drop = lose(contract.KindBatch, true)
	d.out.record(1)
	d.poke(t)
	d.drop = nothing
	d.birth = uuid.New()
	d.head(nil)
	d.settle(t)
	d.want(t, "batch lost, hello 1-2, batch 2-2")
	d.agree(t)
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
