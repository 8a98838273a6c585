package central_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nightdesk/agent/circ"
)

// I2 and I3: however a kiosk's batches are repeated, overlapped, held back and
// cut off by power failures on the way, the record comes out as if they had
// come once and in order.
func TestAnyReplayLeadsToTheSameRecord(t *testing.T) {
	base := newHouse(t, smallLibrary(t), "a")
	base.c.Close()
	cred := base.kiosks["a"].cred
	rapid.Check(t, func(rt *rapid.T) {
		k := &kiosk{h: &house{t: t, ctx: t.Context(), clock: base.clock}, cred: cred}
		k.newEpoch()
		n := rapid.IntRange(1, 12).Draw(rt, "events")
		for i := range n {
			draw(rt, k, i)
		}
		plain := base.copyOf(t, rt, k)
		plain.send(rt, k, 1, n)
		want := plain.picture(rt)

		k.acked = 0
		rough := base.copyOf(t, rt, k)
		for range rapid.IntRange(0, 10).Draw(rt, "tries") {
			rough.mangle(rt, k, n)
		}
		rough.send(rt, k, 1, n)
		if got := rough.picture(rt); got != want {
			rt.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		plain.c.Close()
		rough.c.Close()
	})
}

func draw(rt *rapid.T, k *kiosk, i int) {
	act := rapid.SampledFrom([]string{"issue", "issue", "return", "renew", "cancel", "incomplete", "unverified", "verified", "fault"}).Draw(rt, "act")
	item := rapid.SampledFrom([]circ.ItemID{"B1", "B2", "HELD", "NEW"}).Draw(rt, "item")
	card := rapid.SampledFrom([]circ.Card{"C1", "C2", "WHO"}).Draw(rt, "card")
	if i > 0 && rapid.IntRange(0, 9).Draw(rt, "again") == 0 {
		act = "again"
	}
	hour := rapid.IntRange(-20, 0).Draw(rt, "hour")
	do(k, act, item, card, noon.Add(time.Duration(hour)*time.Hour), circ.Synced)
}

// copyOf is a house of its own on a copy of a closed one's directory.
func (h *house) copyOf(t *testing.T, rt *rapid.T, k *kiosk) *house {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "central"), os.DirFS(h.dir))
	}
	for _, secret := range []string{"sign.key", "seal.key"} {
		err = errors.Join(err, os.Chmod(filepath.Join(dir, "central", secret), 0o600))
	}
	if err != nil {
		rt.Fatal(err)
	}
	own := &house{t: t, ctx: t.Context(), dir: filepath.Join(dir, "central"), clock: h.clock, kiosks: map[string]*kiosk{"a": k}}
	own.open()
	return own
}

// mangle does one of the things that happen to batches on the way.
func (h *house) mangle(rt *rapid.T, k *kiosk, n int) {
	from := rapid.IntRange(1, n).Draw(rt, "from")
	to := rapid.IntRange(from, n).Draw(rt, "to")
	cut := rapid.IntRange(0, 12).Draw(rt, "cut")
	h.step = func(string) error {
		if cut--; cut == 0 {
			return errors.New("the power is gone")
		}
		return nil
	}
	topic, msg := k.cred.Topics().Ev(), k.batch(uint64(from), uint64(to))
	if rapid.IntRange(0, 4).Draw(rt, "hello") == 0 {
		topic, msg = k.cred.Topics().Hi(), k.sign("hello", k.hello())
	}
	_, err := h.c.Handle(h.ctx, topic, msg)
	h.step = nil
	if err != nil {
		h.c.Close()
		h.open()
	}
}

func (h *house) send(rt *rapid.T, k *kiosk, from, to int) {
	outs, err := h.c.Handle(h.ctx, k.cred.Topics().Ev(), k.batch(uint64(from), uint64(to)))
	if err != nil {
		rt.Fatal(err)
	}
	if a := k.ack(outs); a.Through != uint64(to) || a.Hash != k.chain[to] {
		rt.Fatalf("got acknowledged through %d, want %d", a.Through, to)
	}
}

// picture is the record in words, without what depends on when it was made.
func (h *house) picture(rt *rapid.T) string {
	var s strings.Builder
	loans, err1 := h.c.Loans(h.ctx, true)
	events, err2 := h.c.Events(h.ctx, "a", 1000)
	cases, err3 := h.c.Cases(h.ctx, true)
	if err := errors.Join(err1, err2, err3); err != nil {
		rt.Fatal(err)
	}
	for _, l := range loans {
		fmt.Fprintf(&s, "loan %+v\n", l)
	}
	for i, e := range events {
		if e.N != uint64(i+1) {
			rt.Fatalf("got event %d in place %d", e.N, i+1)
		}
		fmt.Fprintf(&s, "event %d %s %s %d\n", e.N, e.Out, e.Reason, e.Case)
	}
	for _, c := range cases {
		fmt.Fprintf(&s, "case %+v\n", c)
	}
	return s.String()
}
