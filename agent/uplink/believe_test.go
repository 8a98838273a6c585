package uplink

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

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
