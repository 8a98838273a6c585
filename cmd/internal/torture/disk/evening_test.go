package disk

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// evening is a few hundred events of one kiosk: an epoch that has ended, one
// that grows, most of it acknowledged and some of it not, and everything open
// that can be. It ends with the files as a power cut leaves them (cut) and as a
// clean stop does (closed).
type evening struct {
	*town
	cut, closed           files
	cacheCut, cacheClosed files
}

func newEvening(t testing.TB, r *rand.Rand) *evening {
	t.Helper()
	w := newTown(t)
	ctx := context.Background()
	must(t, w.sync())
	w.live(t, r, 40)
	must(t, w.sync())
	must(t, w.ledger.NewEpoch(ctx, w.now))
	w.live(t, r, 180)
	must(t, w.sync())
	must(t, w.close())
	w.open(t)
	w.live(t, r, 60)
	w.unfinished(t, r)
	e := &evening{town: w}
	must(t, w.seen())
	e.cut, e.cacheCut = read(t, w.path("ledger.db")), read(t, w.path("cache.db"))
	must(t, w.close())
	must(t, w.central.Close())
	e.closed, e.cacheClosed = read(t, w.path("ledger.db")), read(t, w.path("cache.db"))
	return e
}

// seen lets the cache learn what the tags say.
func (w *town) seen() error {
	for n, u := range allTags() {
		s := cache.Seen{UID: u, Item: item(n / 2), Part: 1 + n%2, Of: 2, Owner: "GB-LEI", Model: "28560-3", ReadAt: w.now.Wall}
		if _, _, err := w.cache.Learn(context.Background(), s); err != nil {
			return err
		}
	}
	return nil
}

// unfinished leaves issues, returns, doubts, messages and wrong PINs.
func (w *town) unfinished(t testing.TB, r *rand.Rand) {
	t.Helper()
	ctx := context.Background()
	for n := range 24 {
		receipt := w.act(t, r, n*5%books, false)
		if n%4 == 0 && receipt.State == circ.Pending {
			_, err := w.ledger.Drop(ctx, w.now, receipt.Tx)
			must(t, err)
		}
	}
	for n := range 6 {
		must(t, w.ledger.PINTried(ctx, w.now, w.reader(n).Key, false))
	}
	must(t, w.ledger.Note(ctx, w.now, w.visit, contract.TagFault, contract.TagNote{Item: item(1), Why: "quiet without a known loan"}))
	must(t, w.ledger.Told(ctx, w.now, w.visit, w.reader(1), circ.FeedVersion{}, []string{contract.MsgRenewedAll}))
	w.pass(time.Second)
}

// files is a file with what belongs to it, by the end of its name.
type files map[string][]byte

func read(t testing.TB, path string) files {
	t.Helper()
	f := files{}
	for _, part := range []string{"", "-wal", "-last"} {
		b, err := os.ReadFile(path + part)
		if err == nil && len(b) > 0 {
			f[part] = b
		} else if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return f
}

// lay puts the files in place of whatever is there.
func (f files) lay(t testing.TB, path string) {
	t.Helper()
	for _, part := range []string{"", "-wal", "-shm", "-last", "-reserve"} {
		os.Remove(path + part)
		if b, ok := f[part]; ok {
			must(t, os.WriteFile(path+part, b, 0o600))
		}
	}
}

func allTags() (uids []drivers.UID) {
	for n := range 2 * books {
		uids = append(uids, uid(n))
	}
	return uids
}
