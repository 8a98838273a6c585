package soak

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/policy"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
)

const (
	perDay   = 500 // transactions: half of them issues, half returns
	pileOf   = 5
	mostDisk = 100 << 20 // bytes, after thirty days
	wanted   = 2 * time.Second
	shelves  = 300 // books
)

// A month without a network at 500 transactions a day: the ledger stays small,
// opens after a power cut as if nothing had been, and is then sent, all of it
// and nothing twice.
func TestAMonthWithoutANetwork(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "days without a network, 500 transactions each, then a power cut, then all of it sent", Unit: "days",
		Target: "at most 100 MB in 30 days, open again within 2 s, nothing lost, nothing doubled", Short: 8, Long: 30})
	if err := desk.Warm(); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	if err := os.Mkdir(cut, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		m := newMonth(t)
		for range run.Count {
			m.day()
		}
		size := m.size()
		copyLedger(t, m.k.Dir, cut)
		v := m.send()
		for _, h := range v.Harms {
			t.Error(h)
		}
		if most := int64(mostDisk) / 30 * int64(run.Count); size > most+mostLog {
			t.Errorf("%d MB after %d days", size>>20, run.Count)
		}
		if v.Acked < m.acts {
			t.Errorf("%d events acknowledged, of %d transactions", v.Acked, m.acts)
		}
		run.Reached("%d transactions, %.1f MB on disk; %s", m.acts, float64(size)/1e6, v)
	})
	took, waiting := opened(t, cut)
	run.Reached("opened after the power cut in %.2f s with %d events waiting", took.Seconds(), waiting)
	if took > 10*wanted { // a busy computer is no reason to fail
		t.Errorf("opening took %s, wanted %s", took, wanted)
	}
}

// month is a kiosk's ledger and what is done with it. There is no screen: each
// act is what a visit ends in, in the order of a visit.
type month struct {
	*testing.T
	k     *desk.Kiosk
	afi   map[circ.ItemID]drivers.AFI
	cards []circ.Card
	next  int // book that is lent next
	acts  int
}

func newMonth(t *testing.T) *month {
	m := &month{T: t, afi: map[circ.ItemID]drivers.AFI{}}
	var all []desk.Item
	for n := range uint32(shelves) {
		all = append(all, desk.Item{ID: item(n)})
	}
	for n := range 40 {
		m.cards = append(m.cards, circ.Card(fmt.Sprintf("212210123456%02d", n)))
	}
	m.k = desk.Open(t, desk.Options{Items: all, Cards: m.cards, Rules: "offline.full_days = 400\noffline.capped_days = 500\n"})
	m.must(m.k.Sync(t.Context()))
	return m
}

// day is 500 transactions between eight and eight.
func (m *month) day() {
	const piles = perDay / pileOf / 2
	for range piles {
		var pile []uint32
		for range pileOf {
			pile = append(pile, uint32(m.next%shelves))
			m.next++
		}
		who := m.k.Desk.Borrower(m.cards[m.next/pileOf%len(m.cards)])
		m.act(circ.Issue, who, pile)
		time.Sleep(6 * time.Minute)
		m.act(circ.Return, circ.Borrower{}, pile)
		time.Sleep(8 * time.Minute)
	}
	time.Sleep(20 * time.Minute)
	_, err := m.k.Ledger.Prune(m.Context(), m.k.Now())
	m.must(err)
}

// act is one pile: recorded, its tags written, and what they say crossed off.
func (m *month) act(kind circ.Kind, who circ.Borrower, pile []uint32) {
	ctx, at := m.Context(), m.k.Now()
	visit := ledger.NewTx()
	var reqs []circ.Request
	var ids []circ.ItemID
	var uids []drivers.UID
	for _, n := range pile {
		reqs = append(reqs, circ.Request{Kind: kind, Tx: ledger.NewTx(), Visit: visit, Who: who, Item: item(n),
			Tags: []circ.SeenTag{{UID: desk.UID(n), Part: 1, Of: 1, AFI: m.afi[item(n)]}}, Owner: "GB-LEI"})
		ids, uids = append(ids, item(n)), append(uids, desk.UID(n))
	}
	facts, err := m.k.Cache.Facts(ctx, at, m.k.Desk.CardKey, who, ids)
	m.must(err)
	receipts, err := m.k.Ledger.Record(ctx, at, reqs, facts, policy.Rules{Zone: time.UTC}.Decide)
	m.must(err)
	for _, r := range receipts {
		if r.Decision.Verdict != circ.Yes {
			m.Fatalf("%s of %s: %+v", kind, r.Item.Tail(), r.Decision)
		}
	}
	wishes, err := m.k.Ledger.Wanted(ctx, visit, uids)
	m.must(err)
	if len(wishes) != len(pile) {
		m.Fatalf("%d of %d tags are to be written", len(wishes), len(pile))
	}
	afi := map[circ.Kind]drivers.AFI{circ.Issue: desk.Quiet, circ.Return: desk.Loud}[kind]
	for _, id := range ids {
		m.afi[id] = afi
		t := check.Told{Item: id, Kind: kind}
		if kind == circ.Issue {
			t.Card = who.Card
		}
		m.k.Told = append(m.k.Told, t)
	}
	_, err = m.k.Ledger.Settle(ctx, at, wishes...)
	m.must(err)
	m.acts += len(pile)
}

// size is what lies on the kiosk's disk.
func (m *month) size() (size int64) {
	all, err := filepath.Glob(filepath.Join(m.k.Dir, "*.db*"))
	m.must(err)
	for _, path := range all {
		info, err := os.Stat(path)
		m.must(err)
		size += info.Size()
	}
	return size
}

// send is the network that is back.
func (m *month) send() check.Verdict {
	m.must(m.k.Sync(m.Context()))
	m.must(m.k.Sync(m.Context()))
	var tags []check.Tag
	for n := range uint32(shelves) {
		t := desk.Tag(n, item(n), 1, 1)
		if afi, known := m.afi[item(n)]; known {
			t.AFI = afi
		}
		tags = append(tags, desk.Witness(t, item(n), 1, 1))
	}
	r, err := m.k.Read(tags)
	m.must(err)
	return check.AtRest(r)
}

func (m *month) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// copyLedger copies a ledger that is open, as a power cut leaves it.
func copyLedger(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"ledger.db", "ledger.db-wal"} {
		src, err := os.Open(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		dst, err := os.Create(filepath.Join(to, name))
		if err == nil {
			_, err = io.Copy(dst, src)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := dst.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// opened opens a ledger as a kiosk does at its start, and says how long it took.
func opened(t *testing.T, dir string) (took time.Duration, waiting uint64) {
	t.Helper()
	ctx := context.Background()
	began := time.Now()
	l, err := ledger.Open(ctx, filepath.Join(dir, "ledger.db"), ledger.Options{Kiosk: "syston-1"})
	if err != nil {
		t.Fatal(err)
	}
	took = time.Since(began)
	defer l.Close()
	p, err := l.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return took, p.Last - p.Acked
}

// The check must find a kiosk that takes for sent what was only handed over,
// one that believes a broker's word instead of central's, and forgets it after
// its month. (Before that nothing is lost even so: central asks for what it
// lacks.)
func TestABelievedBrokerIsFound(t *testing.T) {
	if err := desk.Warm(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		m := newMonth(t)
		m.act(circ.Issue, m.k.Desk.Borrower(m.cards[0]), []uint32{1, 2, 3})
		p, err := m.k.Ledger.Position(t.Context())
		m.must(err)
		m.must(m.k.Ledger.Acked(t.Context(), p.Epoch, p.Last, p.Hash))
		time.Sleep(31 * 24 * time.Hour)
		gone, err := m.k.Ledger.Prune(t.Context(), m.k.Now())
		m.must(err)
		if v := m.send(); len(v.Harms) == 0 {
			t.Errorf("%d events were forgotten and it was not noticed: %s", gone, v)
		}
	})
}
