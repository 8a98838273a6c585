package disk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
)

const (
	books   = 120
	readers = 24
	kiosk   = "syston-1"
)

// town is a real central and what one kiosk keeps of its life.
type town struct {
	dir     string
	cred    contract.Credential
	now     circ.Moment
	central *central.Central
	ledger  *ledger.Ledger
	cache   *cache.Cache
	visit   circ.Visit
	reserve int64 // of the ledger; 0: its own default
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func item(n int) circ.ItemID { return circ.ItemID(fmt.Sprintf("30230%09d", n)) }
func uid(n int) drivers.UID  { return drivers.UID{0xE0, 4, 1, 0, 0, 0, byte(n >> 8), byte(n)} }

func (w *town) reader(n int) circ.Borrower {
	card := circ.Card(fmt.Sprintf("21221%09d", n))
	return circ.Borrower{Card: card, Key: contract.CardKey(w.cred.CardKey, card)}
}

func yes(circ.Moment, circ.Request, circ.Facts) circ.Decision {
	return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: time.Date(2026, 3, 23, 23, 59, 59, 0, time.UTC), Rules: "r1"}
}

// newTown makes a central with books, readers and reservations, and enrols the kiosk.
func newTown(t testing.TB) *town {
	t.Helper()
	ctx := context.Background()
	w := &town{dir: torture.Memory(t), visit: uuid.New(), reserve: 4096,
		now: circ.Moment{Wall: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Mono: time.Minute, Boot: uuid.New(), Quality: circ.Synced}}
	must(t, central.Create(ctx, filepath.Join(w.dir, "central"), "leics", w.now.Wall))
	w.openCentral(t)
	data := filepath.Join(w.dir, "exports")
	must(t, os.Mkdir(data, 0o700))
	for name, text := range exports() {
		must(t, os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	_, err := w.central.ImportFrom(ctx, data)
	must(t, err)
	w.cred, err = w.central.AddKiosk(ctx, central.Enrolment{Name: kiosk, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1"})
	must(t, err)
	w.open(t)
	return w
}

func exports() map[string]string {
	var items, people, holds strings.Builder
	items.WriteString("item,title,class,owner,parts,age,not_for_loan\n")
	people.WriteString("card,category,blocked,expires,age_band,messages\n")
	holds.WriteString("item,card,ready\n")
	for n := range books {
		fmt.Fprintf(&items, "%s,The %dth book of the shelf,book,,,%s,\n", item(n), n, []string{"", "", "", "12"}[n%4])
	}
	for n := range readers {
		fmt.Fprintf(&people, "21221%09d,adult,,2027-01-%02d,18,\n", n, n+1)
	}
	for n := range 20 {
		fmt.Fprintf(&holds, "%s,21221%09d,\n", item(n*5), n)
	}
	return map[string]string{"items.csv": items.String(), "borrowers.csv": people.String(), "holds.csv": holds.String(),
		"policy.toml": "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n[default.classes.book]\ndays = 21\n" +
			"renewals = 5\n[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n",
		"calendar.toml": "[default]\n"}
}

func (w *town) path(name string) string { return filepath.Join(w.dir, name) }

func (w *town) options() ledger.Options {
	return ledger.Options{Kiosk: w.cred.Kiosk, Seal: w.cred.SealKey, Reserve: w.reserve}
}

func (w *town) openCentral(t testing.TB) {
	t.Helper()
	var err error
	w.central, err = central.Open(context.Background(), w.path("central"), central.Options{Now: func() time.Time { return w.now.Wall }, Serving: true})
	must(t, err)
}

func (w *town) open(t testing.TB) {
	t.Helper()
	var err error
	w.ledger, err = ledger.Open(context.Background(), w.path("ledger.db"), w.options())
	must(t, err)
	w.cache, err = cache.Open(context.Background(), w.path("cache.db"))
	must(t, err)
}

func (w *town) close() error { return errors.Join(w.ledger.Close(), w.cache.Close()) }

func (w *town) pass(d time.Duration) { w.now.Wall, w.now.Mono = w.now.Wall.Add(d), w.now.Mono+d }

// line is the broker: what is published reaches central at once.
type line struct {
	w   *town
	in  chan uplink.Message
	end chan struct{}
}

func (l *line) Messages() <-chan uplink.Message { return l.in }
func (l *line) Done() <-chan struct{}           { return l.end }
func (l *line) Err() error                      { return nil }

func (l *line) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	outs, err := l.w.central.Handle(ctx, topic, payload)
	for _, o := range outs {
		l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
	}
	return err
}

// sync is one session with central, until neither has anything more to say.
func (w *town) sync() error {
	ctx := context.Background()
	l := &line{w: w, in: make(chan uplink.Message, 256), end: make(chan struct{})}
	u := uplink.New(uplink.Config{Credential: w.cred, Now: func() circ.Moment { return w.now }}, w.ledger, w.cache)
	c, err := u.Conversation(l)
	if err != nil {
		return err
	}
	if err := c.Open(ctx); err != nil {
		return err
	}
	for quiet := 0; quiet < 40; {
		select {
		case m := <-l.in:
			quiet = 0
			if err := c.Handle(ctx, m); err != nil {
				return err
			}
		default:
			quiet++
			w.pass(time.Second)
		}
		if err := c.Tick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// live is a part of an evening: visits in which items are lent and come back.
func (w *town) live(t testing.TB, r *rand.Rand, acts int) {
	t.Helper()
	for range acts {
		w.pass(time.Duration(5+r.IntN(60)) * time.Second)
		if r.IntN(3) == 0 {
			w.visit = uuid.New()
		}
		w.act(t, r, r.IntN(books), true)
	}
}

// act lends an item or takes it back; without confirmation its tags stay open.
func (w *town) act(t testing.TB, r *rand.Rand, n int, confirm bool) circ.Receipt {
	t.Helper()
	ctx := context.Background()
	lent, err := w.ledger.Lent(ctx, item(n))
	must(t, err)
	req := circ.Request{Tx: ledger.NewTx(), Kind: circ.Issue, Visit: w.visit, Item: item(n)}
	if lent.Open {
		req.Kind = circ.Return
	} else {
		req.Who = w.reader(r.IntN(readers))
	}
	if n%3 > 0 {
		for part := range 1 + n%2 {
			req.Tags = append(req.Tags, circ.SeenTag{UID: uid(2*n + part), Part: part + 1, Of: 1 + n%2, AFI: 0x07})
		}
	}
	receipts, err := w.ledger.Record(ctx, w.now, []circ.Request{req}, circ.Facts{}, yes)
	must(t, err)
	if confirm {
		for _, tag := range req.Tags {
			_, err := w.ledger.Settle(ctx, w.now, circ.Wish{UID: tag.UID, Tx: req.Tx})
			must(t, err)
		}
	}
	return receipts[0]
}
