package malice

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/torture"
)

// forgedToCentral speaks to central in the name of a kiosk, of another one, of
// one that is revoked and of one that is none.
func forgedToCentral(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "forged, altered and misdirected messages to central, in the name of kiosks", Unit: "messages",
		Target: "every one refused, nothing stored, genuine ones between them answered", Short: 1500, Long: 50_000,
	})
	was := a.stored(t)
	before := a.unused(t)
	bases := a.recorded("syston-1/up/ev", "syston-1/up/hi", "syston-1/up/st")
	answered := 0
	for sent := 0; sent < r.Count; sent++ {
		m := a.toCentral(r.Rand, bases)
		a.publish(t, m.topic, m.payload)
		if sent%between == between-1 {
			a.genuineHello(t)
			answered++
		}
	}
	a.genuineHello(t)
	time.Sleep(1200 * time.Millisecond) // central writes at most one line a second about these
	a.publish(t, "nd/1/leics/k/nobody/up/ev", []byte("{}"))
	now := a.unused(t)
	for deadline := time.Now().Add(20 * time.Second); now-before != r.Count+1 && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		now = a.unused(t)
	}
	if now-before != r.Count+1 {
		t.Errorf("%d of %d were refused", now-before-1, r.Count)
	}
	unharmed(t, was, a.stored(t))
	if took, err := peak(a.Central.PID()); err != nil || took > mostMemory {
		t.Errorf("central took %s, want at most %s (%v)", mb(took), mb(mostMemory), err)
	}
	r.Reached("%d of %d refused, %d genuine ones answered between them", now-before-1, r.Count, answered+1)
}

// replayedToCentral says again what the kiosk has said before, in any order:
// all of it is well signed.
func replayedToCentral(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "genuine messages of the kiosk said to central again, in any order", Unit: "messages",
		Target: "nothing stored twice, no loan and no case changed, the kiosk goes on as before", Short: 200, Long: 5_000,
	})
	was, stored := a.belongings(t), a.stored(t)
	all := a.recorded("syston-1/up/ev", "syston-1/up/hi", "syston-1/up/st")
	for i := range r.Count {
		m := all[r.Rand.IntN(len(all))]
		a.publish(t, m.topic, m.payload)
		if i%between == between-1 {
			a.genuineHello(t)
		}
	}
	a.genuineHello(t)
	unharmed(t, stored, a.stored(t))
	unharmed(t, was, a.belongings(t))
	r.Reached("of %d different ones, none had an effect", len(all))
}

// toCentral is a message that central must refuse.
func (a *attacked) toCentral(r *rand.Rand, bases []heard) heard {
	base := bases[r.IntN(len(bases))]
	as := func(name string) string { return strings.Replace(base.topic, "syston-1", name, 1) }
	oadby, gone := a.other["oadby-1"], a.other["gone-1"]
	hello := func(c contract.Credential, change func(*contract.Hello)) heard {
		m := contract.Hello{V: 1, Kiosk: c.Kiosk, Epoch: circ.Epoch(uuid.New()), First: 1, Boot: uuid.New(), Session: uuid.New(), Sent: time.Now().UTC()}
		change(&m)
		return heard{c.Topics().Hi(), encode(contract.KindHello, m, c.Key())}
	}
	switch r.IntN(10) {
	case 0:
		return heard{as([]string{"oadby-1", "gone-1", "nobody", "-", strings.Repeat("x", 60000)}[r.IntN(5)]), base.payload}
	case 1:
		return hello(gone, func(*contract.Hello) {})
	case 2:
		return hello(oadby, func(m *contract.Hello) { m.Kiosk = "syston-1" })
	case 3:
		return hello(oadby, func(m *contract.Hello) { m.First = 7 })
	case 4:
		return hello(oadby, func(m *contract.Hello) { m.First, m.Last = 1, 1<<63 })
	case 5:
		m := hello(oadby, func(*contract.Hello) {})
		m.topic = strings.Replace(m.topic, "up/hi", []string{"up/ev", "up/st", "up/hb", "up/ask", "up/jb", "up/xx"}[r.IntN(6)], 1)
		return m
	case 6:
		m := contract.Pull{V: 1, Kiosk: "syston-1", Feed: contract.FeedOwn}
		return heard{a.cred.Topics().Hi(), encode(contract.KindPull, m, oadby.Key())}
	}
	all := forgeries()
	others := a.forgers()
	return heard{base.topic, all[r.IntN(len(all))].do(r, base.payload, others)}
}

// genuineHello has oadby-1 say hello, and waits for central's answer.
func (a *attacked) genuineHello(t *testing.T) {
	t.Helper()
	c := a.other["oadby-1"]
	answers := a.said("oadby-1/dn/ak")
	m := contract.Hello{V: 1, Kiosk: c.Kiosk, Epoch: a.epoch, First: 1, Boot: uuid.UUID(a.epoch), Session: uuid.New(), Sent: time.Now().UTC()}
	a.publish(t, c.Topics().Hi(), encode(contract.KindHello, m, c.Key()))
	if err := a.await(t.Context(), answers, "oadby-1/dn/ak"); err != nil {
		t.Fatalf("central answers no genuine message: %v", err)
	}
}

// stored is what no attack may change at central.
func (a *attacked) stored(t *testing.T) string {
	t.Helper()
	c, err := central.Open(t.Context(), a.CentralDir(), central.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	events, err1 := c.Events(t.Context(), "", 1_000_000)
	loans, err2 := c.Loans(t.Context(), true)
	cases, err3 := c.Cases(t.Context(), true)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	return fmt.Sprintf("%d events, loans %+v, cases %+v", len(events), loans, cases)
}

var sinceTheLast = regexp.MustCompile(`message not used.*since the last line"?=(\d+)`)

// unused is how many messages led to nothing, as central's log says.
func (a *attacked) unused(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile(a.Central.Log)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sinceTheLast.FindAllStringSubmatch(string(text), -1) {
		more, _ := strconv.Atoi(m[1])
		n += more
	}
	return n
}
