package malice

import (
	"crypto/ed25519"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/torture"
)

// between is how many forgeries are sent before a genuine message must get
// through; the kiosk holds 64 at a time.
const between = 30

// forgedToTheKiosk sends the kiosk what central has not said, or has said to
// somebody else, or no longer says.
func forgedToTheKiosk(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "forged, altered, misdirected, expired and old messages to the kiosk, by somebody who owns the broker", Unit: "messages",
		Target: "every one refused, nothing changed, genuine ones between them taken", Short: 1500, Long: 50_000,
	})
	was := a.belongings(t)
	f := a.forger(t)
	_, before := a.refused(t)
	for sent := 0; sent < r.Count; sent++ {
		m := f.next(r.Rand)
		a.publish(t, m.topic, m.payload)
		if sent%between == between-1 {
			f.genuine(t, a)
		}
	}
	f.genuine(t, a)
	all, now := a.refused(t)
	for deadline := time.Now().Add(25 * time.Second); now-before != uint64(r.Count) && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		all, now = a.refused(t)
	}
	if now-before != uint64(r.Count) {
		t.Errorf("%d of %d were refused: %v", now-before, r.Count, all)
	}
	again := a.recorded("dn/ak", "dn/dt", "b/all/hd", "b/all/dt")
	r.Rand.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	again = again[:min(len(again), 200)]
	for i, m := range again {
		a.publish(t, m.topic, m.payload)
		if i%between == between-1 {
			f.genuine(t, a)
		}
	}
	f.genuine(t, a)
	unharmed(t, was, a.belongings(t))
	r.Reached("%d of %d refused for %d reasons, %d genuine ones taken between them, %d replayed without effect", now-before, r.Count, len(all), f.taken, len(again))
}

// forger has everything that may be heard, and central's key to make what
// central would not say.
type forger struct {
	central ed25519.PrivateKey
	others  []ed25519.PrivateKey
	bases   []heard // genuine messages to the kiosk
	head    contract.Head
	kiosk   string
	epoch   circ.Epoch
	taken   int // genuine ones that the kiosk has answered
}

func (a *attacked) forger(t *testing.T) *forger {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.CentralDir(), "sign.key"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{central: ed25519.NewKeyFromSeed(seed), kiosk: a.cred.Kiosk, bases: a.recorded("syston-1/dn/ak", "syston-1/dn/dt", "b/all/hd", "b/all/dt")}
	f.others = append(a.forgers(), a.cred.Key())
	heads, acks := a.recorded("b/all/hd"), a.recorded("syston-1/dn/ak")
	if len(heads) == 0 || len(acks) == 0 {
		t.Fatal("no head and no acknowledgement was heard: there is nothing to forge")
	}
	if f.head, err = contract.Decode[contract.Head](contract.KindHead, heads[len(heads)-1].payload, a.cred.Central()); err != nil {
		t.Fatal(err)
	}
	ack, err := contract.Decode[contract.Ack](contract.KindAck, acks[len(acks)-1].payload, a.cred.Central())
	if err != nil {
		t.Fatal(err)
	}
	f.epoch = ack.Epoch
	return f
}

// genuine says something new in central's name and waits until the kiosk has
// answered it: then it has looked at everything before.
func (f *forger) genuine(t *testing.T, a *attacked) {
	t.Helper()
	head, hellos := f.head, a.said("syston-1/up/hi")
	head.Statement = f.says(contract.KindHead, "shard:all")
	head.Birth = uuid.New()
	a.publish(t, "nd/1/leics/b/all/hd", encode(contract.KindHead, head, f.central))
	if err := a.await(t.Context(), hellos, "syston-1/up/hi"); err != nil {
		t.Fatalf("the kiosk takes no genuine message: %v", err)
	}
	f.taken++
}

func (f *forger) says(kind contract.Kind, to string) contract.Statement {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return contract.Statement{V: 1, Audience: to, Type: kind, Issued: now, Expires: now.Add(time.Minute), Birth: f.head.Birth}
}

func encode[T any](kind contract.Kind, v T, key ed25519.PrivateKey) []byte {
	msg, err := contract.Encode(kind, v, key)
	if err != nil {
		panic(err) // the test's own mistake
	}
	return msg
}

// next is a message that the kiosk must refuse: half of them a genuine one
// that was tampered with, half a well signed one that is not for now and here.
func (f *forger) next(r *rand.Rand) heard {
	if r.IntN(2) == 0 {
		all, base := forgeries(), f.bases[r.IntN(len(f.bases))]
		return heard{base.topic, all[r.IntN(len(all))].do(r, base.payload, f.others)}
	}
	all := f.misplaced()
	return all[r.IntN(len(all))](r)
}

// misplaced are messages with central's good signature that the kiosk must not
// believe.
func (f *forger) misplaced() []func(*rand.Rand) heard {
	const own, shard = "nd/1/leics/k/syston-1/dn/", "nd/1/leics/b/all/"
	ack := func(topic string, change func(*contract.Ack)) heard {
		m := contract.Ack{Statement: f.says(contract.KindAck, f.kiosk), Kiosk: f.kiosk, Epoch: f.epoch, Through: 1, Items: f.head.Items, Own: f.head.Own}
		change(&m)
		return heard{topic, encode(contract.KindAck, m, f.central)}
	}
	head := func(topic string, change func(*contract.Head)) heard {
		m := f.head
		m.Statement = f.says(contract.KindHead, "shard:all")
		change(&m)
		return heard{topic, encode(contract.KindHead, m, f.central)}
	}
	chunk := func(topic, to string, change func(*contract.Chunk)) heard {
		m := contract.Chunk{Statement: f.says(contract.KindChunk, to), Feed: contract.FeedItems, To: circ.FeedVersion{Generation: 1, Version: 1}, Reset: true, Last: true, Rows: []contract.Row{}}
		change(&m)
		return heard{topic, encode(contract.KindChunk, m, f.central)}
	}
	return []func(*rand.Rand) heard{
		func(*rand.Rand) heard { return ack(own+"ak", func(m *contract.Ack) { m.Audience = "oadby-1" }) },
		func(*rand.Rand) heard { return ack(own+"ak", func(m *contract.Ack) { m.Kiosk = "oadby-1" }) },
		func(r *rand.Rand) heard {
			return ack(own+"ak", func(m *contract.Ack) {
				m.Expires = time.Now().Add(-time.Duration(r.IntN(1e6)) * time.Second)
				m.Order = contract.Stop
			})
		},
		func(*rand.Rand) heard { return ack(shard+"hd", func(*contract.Ack) {}) },
		func(r *rand.Rand) heard {
			return ack(own+[]string{"dt", "answer", "jb", "xx", "ak/ak", "AK"}[r.IntN(6)], func(*contract.Ack) {})
		},
		func(*rand.Rand) heard { return head(own+"ak", func(*contract.Head) {}) },
		func(*rand.Rand) heard { return head(shard+"hd", func(m *contract.Head) { m.Audience = "shard:west" }) },
		func(*rand.Rand) heard { return head(shard+"hd", func(m *contract.Head) { m.Shard = "west" }) },
		func(*rand.Rand) heard { return head(shard+"hd", func(m *contract.Head) { m.Audience = f.kiosk }) },
		func(*rand.Rand) heard { return head(shard+"hd", func(m *contract.Head) { m.Own.Version-- }) },
		func(*rand.Rand) heard {
			return head(shard+"hd", func(m *contract.Head) { m.Items.Generation--; m.Items.Version += 1000 })
		},
		func(*rand.Rand) heard {
			return head(shard+"hd", func(m *contract.Head) { m.Expires = m.Issued.Add(-time.Hour) })
		},
		func(*rand.Rand) heard { return chunk(own+"dt", f.kiosk, func(*contract.Chunk) {}) }, // of an old generation
		func(*rand.Rand) heard {
			return chunk(own+"dt", "shard:all", func(m *contract.Chunk) { m.To = f.head.Items })
		},
		func(*rand.Rand) heard {
			return chunk(shard+"dt", "shard:all", func(m *contract.Chunk) { m.To = f.head.Items })
		},
		func(*rand.Rand) heard {
			return chunk(shard+"dt", "shard:all", func(m *contract.Chunk) { m.Reset, m.Feed = false, contract.FeedOwn })
		},
		func(*rand.Rand) heard {
			return chunk(own+"dt", f.kiosk, func(m *contract.Chunk) { m.Feed = "everything" })
		},
		func(*rand.Rand) heard {
			return heard{own + "answer", encode(contract.KindAnswer, contract.Answer{Statement: f.says(contract.KindAnswer, f.kiosk), ID: uuid.New(), Result: contract.AskOK}, f.central)}
		},
		func(*rand.Rand) heard {
			return heard{own + "ak", sealed("application/vnd.nightdesk.ack.v1+json", []byte(`{"v":1,"aud":"syston-1","type":"head"}`), f.central).join()}
		},
		func(*rand.Rand) heard {
			return heard{own + "ak", sealed("application/vnd.nightdesk.ack.v1+json", []byte(`{"v":2,"aud":"syston-1","type":"ack"}`), f.central).join()}
		},
	}
}
