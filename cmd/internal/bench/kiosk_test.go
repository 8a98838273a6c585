package bench

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/pads"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
	"nightdesk/drivers/feig"
	"nightdesk/drivers/iso28560"
	"nightdesk/drivers/label"
	"nightdesk/drivers/sim"
	"nightdesk/drivers/wire"
)

const (
	loud  drivers.AFI = 0x07
	quiet drivers.AFI = 0xC2

	ada circ.Card = "21221012345671"

	betweenRounds = 20 * time.Millisecond // as the agent has it
)

// kiosk is a desk with one pad, put together as the agent does it: the pad on
// a goroutine of its own, the desk on another, files on the real disk.
type kiosk struct {
	table  *sim.Table
	cable  *cable
	desk   *agent.Desk
	cache  *cache.Cache
	clock  *agent.Clock
	look   *pads.Watch
	todo   chan func(context.Context) error
	placed chan time.Time // when a tag was told of

	mu    sync.Mutex // guards what follows
	lines int        // as many as are waited for
	shown time.Time  // when so many were first on the screen
	done  chan time.Time
	state visit.State
}

func newKiosk(b *testing.B, p pile) *kiosk {
	b.Helper()
	k := &kiosk{table: sim.NewTable(), cable: &cable{}, clock: agent.NewClock(time.Time{}), lines: p.tags,
		todo: make(chan func(context.Context) error, 256), placed: make(chan time.Time, 256), done: make(chan time.Time, 1)}
	reader, err := sim.NewReader(k.table, "pad", sim.Options{TrueTiming: true, Baud: p.baud, WriteTime: sim.TypicalWrite, Quiet: psst})
	must(b, err)
	b.Cleanup(func() { reader.Close() })
	_, seal, err := contract.NewSealKeys()
	must(b, err)
	dir := b.TempDir()
	book, err := ledger.Open(b.Context(), filepath.Join(dir, "ledger.db"), ledger.Options{Kiosk: "syston-1", Seal: seal})
	must(b, err)
	b.Cleanup(func() { book.Close() })
	k.cache, err = cache.Open(b.Context(), filepath.Join(dir, "cache.db"))
	must(b, err)
	b.Cleanup(func() { k.cache.Close() })
	k.desk = &agent.Desk{Ledger: book, Facts: k.cache, CardKey: make([]byte, 32), Quiet: quiet, Now: k.clock.Now,
		Online: func() bool { return true }, Show: k.show, Poke: func() {}, Log: slog.New(slog.DiscardHandler)}
	k.fill(b, p)
	port, err := wire.Open(reader.Path(), wire.Mode{Baud: p.baud, Parity: wire.Even})
	must(b, err)
	pad, err := feig.Open(b.Context(), wire.Trace(port, k.cable.note), feig.Options{})
	must(b, err)
	b.Cleanup(func() { pad.Close() })
	k.look = pads.New(pads.Config{Security: pads.Security{Loud: loud, Quiet: quiet}, Now: k.clock.Now, Visit: k.desk.Visit,
		Emit: k.emit}, book, memory{k.cache}).Watch("pad", pad)
	return k
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func itemOf(i int) circ.ItemID { return circ.ItemID(fmt.Sprintf("3122101%07d", i)) }

// fill is what central told: rules, one borrower and the items of the pile.
func (k *kiosk) fill(b *testing.B, p pile) {
	b.Helper()
	key := k.desk.Borrower(ada).Key
	own := []contract.Row{
		row(b, contract.RowBorrower, hex.EncodeToString(key[:]), contract.BorrowerRow{Category: "adult", AgeBand: 18}),
		row(b, contract.RowCalendar, "calendar", circ.Calendar{}),
		row(b, contract.RowRules, "rules", circ.RuleBook{Version: "r1", Venue: "Syston", TimeZone: "Europe/London",
			Classes: map[string]circ.ClassRule{"book": {Days: 21}}, Categories: map[string]circ.CategoryRule{"adult": {Limit: 40}}}),
	}
	var items []contract.Row
	for i := range p.tags {
		items = append(items, row(b, contract.RowItem, string(itemOf(i)), contract.ItemRow{Title: fmt.Sprint("Volume ", i), Class: "book"}))
	}
	for feed, rows := range map[contract.Feed][]contract.Row{contract.FeedOwn: own, contract.FeedItems: items} {
		_, err := k.cache.Apply(b.Context(), contract.Chunk{Statement: contract.Statement{V: 1, Issued: time.Now()}, Feed: feed,
			To: circ.FeedVersion{Generation: 1, Version: 1}, Reset: true, Last: true, Total: len(rows), Rows: rows})
		must(b, err)
	}
}

func row(b *testing.B, kind contract.RowKind, key string, v any) contract.Row {
	b.Helper()
	data, err := json.Marshal(v)
	must(b, err)
	return contract.Row{Kind: kind, Key: key, Ver: 1, Data: data}
}

// tag is the tag of the pile's i-th book: a 28560-3 basic block.
func tag(u drivers.UID, i int) drivers.Tag {
	data := make([]byte, 112)
	data[0], data[1], data[2] = 0x11, 1, 1
	copy(data[3:19], itemOf(i))
	copy(data[21:34], "GBLEI")
	crc := iso28560.BlockCRC([34]byte(data[:34]))
	data[19], data[20] = byte(crc), byte(crc>>8)
	return drivers.Tag{UID: u, AFI: loud, BlockSize: 4, Data: data}
}

// learn makes the kiosk remember the pile's tags from an earlier visit.
func (k *kiosk) learn(b *testing.B, n int) {
	b.Helper()
	for i, u := range uids(n) {
		t := tag(u, i)
		t.Data = t.Data[:firstRead*4]
		l, err := label.Decode(t, label.Options{})
		if err != nil {
			t.Data = tag(u, i).Data
			l, err = label.Decode(t, label.Options{})
		}
		must(b, err)
		must(b, memory{k.cache}.Learn(b.Context(), k.clock.Now(), u, l, t.Data))
	}
}

// emit hands a pad's event to the desk.
func (k *kiosk) emit(e pads.Event) {
	if _, ok := e.(pads.Placed); ok {
		k.placed <- time.Now()
	}
	k.todo <- func(ctx context.Context) error { return k.desk.Pad(ctx, e, visit.RoleBoth) }
}

// show is the screen: it notes when every line was there, and every one done.
func (k *kiosk) show(s visit.State, _ circ.Moment) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = s
	done := 0
	for _, l := range s.Lines {
		if l.State == visit.LineDone && l.Decision.Verdict == circ.Yes {
			done++
		}
	}
	if len(s.Lines) == k.lines && k.shown.IsZero() {
		k.shown = now
	}
	if done == k.lines && len(k.done) == 0 {
		k.done <- now
	}
}

// work is the desk's goroutine.
func (k *kiosk) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case do := <-k.todo:
			if err := do(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// watch is the pad's goroutine.
func (k *kiosk) watch(ctx context.Context) error {
	between := time.NewTimer(0)
	defer between.Stop()
	for {
		if err := k.look.Round(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if k.look.Eager() {
			continue
		}
		between.Reset(betweenRounds)
		select {
		case <-ctx.Done():
			return nil
		case <-between.C:
		}
	}
}

// memory is the cache as the pads need it, as in the agent.
type memory struct{ cache *cache.Cache }

func (m memory) Recall(ctx context.Context, at circ.Moment, uid drivers.UID) (label.Label, bool, error) {
	s, known, err := m.cache.Recall(ctx, uid)
	if err != nil || !known || !s.Usable(at.Wall) {
		return label.Label{}, false, err
	}
	return label.Label{Model: s.Model, Kind: label.KindItem, Item: string(s.Item), Owner: s.Owner, Usage: s.Usage,
		Parts: s.Of, Part: s.Part}, true, nil
}

func (m memory) Learn(ctx context.Context, at circ.Moment, uid drivers.UID, l label.Label, data []byte) error {
	_, _, err := m.cache.Learn(ctx, cache.Seen{UID: uid, Item: circ.ItemID(l.Item), Part: l.Part, Of: l.Parts,
		Digest: cache.Digest(data), Usage: l.Usage, Owner: l.Owner, Model: l.Model, ReadAt: at.Wall})
	return err
}
