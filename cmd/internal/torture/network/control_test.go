package network

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/cmd/internal/torture/network/proxy"
)

// believesPuback is a session of a kiosk as most are built: what the broker has
// taken is crossed off.
func believesPuback(ctx context.Context, s *street) error {
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + s.proxy.Addr()).SetClientID("naive").
		SetProtocolVersion(4).SetAutoReconnect(false).SetWriteTimeout(time.Second))
	if t := c.Connect(); !t.WaitTimeout(10*time.Second) || t.Error() != nil {
		return fmt.Errorf("connect: %w", t.Error())
	}
	defer c.Disconnect(10)
	for ctx.Err() == nil {
		b, err := s.ledger.Unsent(ctx, 7)
		if err != nil {
			return err
		}
		if len(b.Events) == 0 {
			house.Pause(ctx.Done(), 20*time.Millisecond)
			continue
		}
		b.V, b.Kiosk, b.Sent = contract.Version, s.cred.Kiosk, time.Now().UTC().Truncate(time.Millisecond)
		msg, err := contract.Encode(contract.KindBatch, b, s.cred.Key())
		if err != nil {
			return err
		}
		if t := c.Publish(s.cred.Topics().Ev(), 1, false, msg); !t.WaitTimeout(10*time.Second) || t.Error() != nil {
			return fmt.Errorf("publish: %w", t.Error())
		}
		if err := s.ledger.Acked(ctx, b.Epoch, b.To, b.Prev.Walk(b.From, b.Raw())); err != nil {
			return err
		}
	}
	return nil
}

// forgetful is a central that stores the batches from the given one on where
// nobody looks again, up to the other; it acknowledges them all the same.
type forgetful struct {
	receiver.Desk
	elsewhere *central.Central
	from, to  int
	seen      int
}

// Handle takes one message.
func (f *forgetful) Handle(ctx context.Context, topic string, payload []byte) ([]receiver.Out, error) {
	if kind, err := contract.PeekKind(payload); err == nil && kind == contract.KindBatch {
		if f.seen++; f.seen >= f.from && f.seen <= f.to {
			return f.elsewhere.Handle(ctx, topic, payload)
		}
	}
	return f.Desk.Handle(ctx, topic, payload)
}

// twin is a copy of a street's central, with its keys.
func (s *street) twin(ctx context.Context) (*central.Central, error) {
	at := filepath.Join(s.dir, "twin")
	if err := os.CopyFS(at, os.DirFS(filepath.Join(s.dir, "central"))); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(at, "*.*"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		do := func() error { return os.Chmod(path, 0o600) } // a copy is readable to all
		if strings.HasPrefix(filepath.Base(path), "central.db") {
			do = func() error { return os.Remove(path) }
		}
		if err := do(); err != nil {
			return nil, err
		}
	}
	if err := s.central.Backup(ctx, filepath.Join(at, "central.db")); err != nil {
		return nil, err
	}
	return central.Open(ctx, at, central.Options{Now: time.Now, Serving: true})
}

// The rig finds what a wrong program loses; and a right one behind the same
// broker loses nothing.
func TestTheRigCanFail(t *testing.T) {
	beside(t)
	broker := plainBroker(t)
	const never, always = 1 << 30, 1 << 30
	for i, c := range []struct {
		name     string
		harm     proxy.Harm
		naive    bool
		from, to int // batches that central forgets
		found    func(check.Verdict) bool
	}{
		{"a kiosk that believes the broker", proxy.Harm{Drop: 0.2}, true, never, 0, func(v check.Verdict) bool { return v.Lost > 0 }},
		{"a central that acknowledges and stores nothing", proxy.Harm{}, false, 1, always, func(v check.Verdict) bool { return v.Lost > 0 }},
		{"a central that forgets the newest batches", proxy.Harm{}, false, 8, always, func(v check.Verdict) bool { return v.Lost > 0 }},
		{"a central that forgot one batch, and is told so by the next", proxy.Harm{}, false, 2, 2, check.Verdict.OK},
		{"all are right", proxy.Harm{Drop: 0.2, Twice: 0.3}, false, never, 0, check.Verdict.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := openStreet(t.Context(), t.TempDir(), broker, uint64(1_000_000+i))
			if err != nil {
				t.Fatal(err)
			}
			twin, err := s.twin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.desk = func(d receiver.Desk) receiver.Desk {
				return &forgetful{Desk: d, elsewhere: twin, from: c.from, to: c.to}
			}
			if c.naive {
				s.session = believesPuback
			}
			v, err := oneSeed(t.Context(), s, c.harm)
			if err != nil {
				t.Fatal(err)
			}
			if !c.found(v) {
				t.Errorf("the check says %s, %v", v, v.Harms[:min(3, len(v.Harms))])
			}
			for _, end := range []func() error{s.close, twin.Close} {
				if err := end(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
